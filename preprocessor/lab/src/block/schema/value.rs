//! What may stand behind a key, as a schema.

use serde_json::{Map, Value as Json, json};

use super::pattern;
use crate::block::condition::Section;
use crate::block::grammar::{Choice, Key, Keys, Value};

/// Returns the schema of a key's value, with its description.
pub(super) fn property(key: &Key) -> Json {
    let mut schema = of(key.value);
    schema["description"] = json!(key.about);
    if let Some(example) = key.example {
        schema["examples"] = json!([example]);
    }
    schema
}

/// Returns the schema of a mapping: its keys and no others.
pub(super) fn mapping(keys: &Keys) -> Json {
    let mut schema = object(keys.known);
    let names = keys.choice.names().iter();
    let choices: Vec<_> = names.map(|name| json!({"required": [name]})).collect();
    match keys.choice {
        Choice::None => {}
        Choice::One(_) => schema["oneOf"] = json!(choices),
        Choice::Some(_) => schema["anyOf"] = json!(choices),
    }
    schema
}

/// Returns the schema of an object with these keys and no others.
pub(super) fn object(keys: &[Key]) -> Json {
    object_of(keys, property)
}

/// Returns the schema of an object with these keys and no others, each being what `of` makes of it.
pub(super) fn object_of(keys: &[Key], of: impl Fn(&Key) -> Json) -> Json {
    let properties: Map<_, _> = keys
        .iter()
        .map(|key| (key.name.to_owned(), of(key)))
        .collect();
    let needed: Vec<_> = keys.iter().filter(|key| key.needed).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !needed.is_empty() {
        let names: Vec<_> = needed.iter().map(|key| key.name).collect();
        schema["required"] = json!(names);
    }
    let together = keys
        .iter()
        .filter_map(|key| Some((key.name.to_owned(), json!([key.with?]))));
    let together: Map<_, _> = together.collect();
    if !together.is_empty() {
        schema["dependentRequired"] = Json::Object(together);
    }
    schema
}

/// Returns the definitions that the values of every document refer to.
pub(super) fn definitions() -> Map<String, Json> {
    let all = json!({
        // YAML reads `title: 5` as a number; the decoder takes it as text.
        "text": {"type": ["string", "number", "boolean"], "pattern": pattern::TEXT},
        "duration": {
            "type": "string",
            "pattern": pattern::duration(),
            "description": "A number and its unit, such as 800ms, 20s or 2m; above zero, an hour at most.",
        },
        "count": {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": pattern::COUNT},
            ],
        },
        "share": {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                {"type": "string", "pattern": pattern::SHARE},
            ],
        },
        "flag": {"enum": [true, false, "true", "false"]},
        "words": {"type": "object", "additionalProperties": reference("text")},
    });
    match all {
        Json::Object(all) => all,
        _ => Map::new(),
    }
}

/// Returns a reference to a definition of the same document.
pub(super) fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn of(value: Value) -> Json {
    match value {
        Value::Text | Value::Service => reference("text"),
        Value::Id => json!({"type": ["string", "integer"], "minimum": 0, "pattern": pattern::ID}),
        Value::Duration => reference("duration"),
        Value::Share => reference("share"),
        Value::Count => reference("count"),
        Value::Counts => json!({
            "anyOf": [reference("count"), {"type": "array", "items": reference("count")}],
        }),
        Value::Processors => json!({
            "anyOf": [
                {"type": "number", "minimum": 0.01, "maximum": 1024},
                {"type": "string", "pattern": pattern::PROCESSORS},
            ],
        }),
        Value::Mappings(keys) => json!({"type": "array", "items": mapping(keys)}),
        Value::Flag => reference("flag"),
        Value::True => json!({"enum": [true, "true"]}),
        Value::OneOf(words) => json!({"enum": words, "default": words.first()}),
        Value::AnyCase(words) => json!({
            "anyOf": [{"enum": words}, {"type": "string", "pattern": pattern::any_case(words)}],
            "default": words.first(),
        }),
        Value::Texts { least, most } => texts(least, most),
        Value::Services => texts(0, None),
        Value::Words => reference("words"),
        Value::Path => json!({"type": "string", "pattern": pattern::PATH}),
        Value::Address => json!({"type": "string", "pattern": pattern::ADDRESS}),
        Value::Mapping(keys) => mapping(keys),
        Value::ServiceOr(keys) => json!({"anyOf": [reference("text"), mapping(keys)]}),
        // Each probe says more, in a rule of the condition.
        Value::Is => json!({"type": ["string", "integer"]}),
        Value::Conditions(section) => {
            json!({"type": "array", "items": reference(name(section))})
        }
        Value::Fault => reference("fault"),
        Value::Faults => json!({"type": "array", "items": reference("break")}),
    }
}

/// Returns the name of the definition of a section's conditions.
pub(super) fn name(section: Section) -> &'static str {
    match section {
        Section::Steady => "steady",
        Section::Expect => "expect",
        Section::After => "after",
    }
}

fn texts(least: usize, most: Option<usize>) -> Json {
    let mut schema = json!({"type": "array", "items": reference("text")});
    if least > 0 {
        schema["minItems"] = json!(least);
    }
    if let Some(most) = most {
        schema["maxItems"] = json!(most);
    }
    schema
}
