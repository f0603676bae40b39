//! The documents that authors write: a lab block, a panel block, a quiz block and a scenario's file.

use serde_json::{Value as Json, json};

use super::{condition, fault, value};
use crate::block::challenge::{BREAKAGE, QUESTIONS, SYMPTOM};
use crate::block::exercise::{EDIT, SOLUTION, STARTER, WRONG_FIXES};
use crate::block::grammar::{Key, Keys};
use crate::block::keys::KEYS as LAB;
use crate::block::panel_block::KEYS as PANEL;
use crate::block::quiz::KEYS as QUIZ;
use crate::block::scenario::KEYS as SCENARIO;

/// Returns the JSON Schema of a lab block's YAML.
pub fn lab() -> Json {
    let mut schema = document(&LAB, "A lab of an obsbook");
    if let Some(definitions) = schema["$defs"].as_object_mut() {
        definitions.extend(condition::definitions());
    }
    let is = |kind: &str| json!({"required": ["kind"], "properties": {"kind": {"const": kind}}});
    schema["if"] = is("exercise");
    schema["then"] = exercise();
    schema["else"] = json!({"if": is("challenge"), "then": challenge(), "else": plain()});
    schema
}

/// Returns the JSON Schema of a panel block's YAML.
pub fn panel() -> Json {
    document(&PANEL, "A panel of an obsbook")
}

/// Returns the JSON Schema of a quiz block's YAML.
pub fn quiz() -> Json {
    document(&QUIZ, "A quiz of an obsbook")
}

/// Expectations of which at least one shows that the change did anything.
fn expectations() -> Json {
    let always =
        json!({"required": ["always"], "properties": {"always": {"enum": [true, "true"]}}});
    json!({"minItems": 1, "contains": {"not": always}})
}

/// A lab that breaks something says what it shows; one that does not is an observation.
fn plain() -> Json {
    let mut rules = json!({
        "if": {"required": ["inject"]},
        "then": {
            "required": ["expect"],
            "properties": {"disproved_by": false, "expect": expectations()},
        },
        "else": {
            "required": ["steady", "disproved_by"],
            "properties": {"steady": {"minItems": 1}, "expect": false, "after": false},
        },
    });
    rules["properties"] = without(&[
        EDIT,
        STARTER,
        SOLUTION,
        WRONG_FIXES,
        BREAKAGE,
        SYMPTOM,
        QUESTIONS,
    ]);
    rules
}

fn exercise() -> Json {
    let mut properties = without(&[BREAKAGE, SYMPTOM, QUESTIONS]);
    properties["disproved_by"] = json!(false);
    properties["expect"] = expectations();
    json!({
        "required": [EDIT.name, STARTER.name, SOLUTION.name, "expect"],
        "properties": properties,
    })
}

fn challenge() -> Json {
    let mut properties = without(&[EDIT, STARTER]);
    for key in ["inject", "expect", "after", "disproved_by"] {
        properties[key] = json!(false);
    }
    properties["steady"] = json!({"minItems": 1});
    properties[SYMPTOM.name] = expectations();
    properties[WRONG_FIXES.name] = json!({"minItems": 2});
    json!({
        "required": ["steady", BREAKAGE.name, SYMPTOM.name, SOLUTION.name, WRONG_FIXES.name],
        "properties": properties,
    })
}

/// Properties that none of these may have.
fn without(keys: &[Key]) -> Json {
    let refused = keys.iter().map(|key| (key.name.to_owned(), json!(false)));
    Json::Object(refused.collect())
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
