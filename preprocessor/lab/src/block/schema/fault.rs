//! Faults as a schema: one an item.

use serde_json::{Map, Value as Json, json};

use super::value::{object_of, property, reference};
use crate::block::fault::{FAULTS, SCENARIO};
use crate::block::grammar::Key;

/// Returns the definitions of one fault (`fault`), of an item of `inject` (`break`), and of every fault's settings.
pub(super) fn definitions() -> Map<String, Json> {
    let all = [&FAULTS[..], &[SCENARIO]].concat();
    let settings = all.iter().map(|key| (name(key), property(key)));
    let mut definitions: Map<_, _> = settings.collect();
    definitions.insert("fault".to_owned(), one(&FAULTS, "One fault."));
    let about = "One fault, or the name of a scenario.";
    definitions.insert("break".to_owned(), one(&all, about));
    definitions
}

fn one(keys: &[Key], about: &str) -> Json {
    let mut schema = object_of(keys, |key| reference(&name(key)));
    schema["minProperties"] = json!(1);
    schema["maxProperties"] = json!(1);
    schema["description"] = json!(about);
    schema
}

fn name(key: &Key) -> String {
    format!("fault-{}", key.name)
}
