//! The two documents that authors write: a lab block and a scenario's file.

use serde_json::{Value as Json, json};

use super::{condition, fault, value};
use crate::block::grammar::Keys;
use crate::block::keys::KEYS as LAB;
use crate::block::scenario::KEYS as SCENARIO;

/// Returns the JSON Schema of a lab block's YAML.
pub fn lab() -> Json {
    let mut schema = document(&LAB, "A lab of an obsbook");
    if let Some(definitions) = schema["$defs"].as_object_mut() {
        definitions.extend(condition::definitions());
    }
    let always =
        json!({"required": ["always"], "properties": {"always": {"enum": [true, "true"]}}});
    // A lab that breaks something says what it shows; one that does not is an observation.
    schema["if"] = json!({"required": ["inject"]});
    schema["then"] = json!({
        "required": ["expect"],
        "properties": {
            "disproved_by": false,
            "expect": {"minItems": 1, "contains": {"not": always}},
        },
    });
    schema["else"] = json!({
        "required": ["steady", "disproved_by"],
        "properties": {"steady": {"minItems": 1}, "expect": false, "after": false},
    });
    schema
}

/// Returns the JSON Schema of a scenario's file.
pub fn scenario() -> Json {
    document(&SCENARIO, "A scenario of an obsbook")
}

fn document(keys: &Keys, title: &str) -> Json {
    let mut schema = value::mapping(keys);
    let mut definitions = value::definitions();
    definitions.extend(fault::definitions());
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(title);
    schema["$defs"] = Json::Object(definitions);
    schema
}
