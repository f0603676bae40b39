//! Conditions as a schema: one probe, what goes with it, and what its answer may be set against.

use serde_json::{Map, Value as Json, json};

use super::pattern;
use super::value::{self, object_of, property, reference};
use crate::block::condition::Section;
use crate::block::grammar::{Form, Key};
use crate::block::probe::{Asked, PROBES};
use crate::duration;

/// Returns the definitions of each section's conditions, of every probe, and of what may be expected of it.
pub(super) fn definitions() -> Map<String, Json> {
    let probes = PROBES.iter().map(|asked| {
        let key = &asked.subject;
        (name(key), property(key))
    });
    let mut definitions: Map<_, _> = probes.collect();
    let answers: Vec<_> = PROBES.iter().map(answer).collect();
    definitions.insert("answers".to_owned(), json!({"allOf": answers}));
    for section in [Section::Steady, Section::Expect, Section::After] {
        definitions.insert(value::name(section).to_owned(), condition(section));
    }
    definitions
}

fn condition(section: Section) -> Json {
    // Each probe says by itself whether it needs `is`.
    let optional = |key: Key| Key {
        needed: false,
        ..key
    };
    let probes = PROBES.iter().map(|asked| optional(asked.subject));
    let terms = section.terms().into_iter().map(optional);
    let further = PROBES.iter().flat_map(|asked| {
        let word = asked.subject.name;
        asked.further.iter().map(move |key| key.with(word))
    });
    let keys: Vec<Key> = probes.chain(terms).chain(further).collect();
    let is_probe = |key: &Key| PROBES.iter().any(|asked| asked.subject.name == key.name);
    let mut schema = object_of(&keys, |key| {
        if is_probe(key) {
            reference(&name(key))
        } else {
            property(key)
        }
    });
    let word = |asked: &Asked| json!({"required": [asked.subject.name]});
    let mut rules = vec![reference("answers")];
    if section == Section::Expect {
        rules.push(always());
    }
    schema["properties"]["within"]["default"] = json!(duration::words(section.default_within()));
    schema["oneOf"] = PROBES.iter().map(word).collect();
    schema["allOf"] = json!(rules);
    schema
}

fn name(probe: &Key) -> String {
    format!("probe-{}", probe.name)
}

/// Returns the rule of what `is` may be for one probe.
fn answer(asked: &Asked) -> Json {
    let mut then = json!({"properties": {"is": is(asked.is)}});
    if !asked.alone {
        then["required"] = json!(["is"]);
    }
    json!({"if": {"required": [asked.subject.name]}, "then": then})
}

fn is(forms: &[Form]) -> Json {
    let text = json!({"type": "string", "pattern": pattern::is(forms)});
    let code = forms.iter().any(|form| matches!(form, Form::Status(_)));
    if code {
        // YAML reads `is: 200` as a number.
        json!({"anyOf": [text, {"type": "integer", "minimum": 100, "maximum": 999}]})
    } else {
        text
    }
}

/// Returns the rule of an expectation that must hold at every sample.
fn always() -> Json {
    let without: Map<_, _> = Section::Expect
        .terms()
        .iter()
        .filter(|key| key.with.is_some())
        .map(|key| (key.name.to_owned(), json!(false)))
        .collect();
    let needed: Vec<_> = without.keys().collect();
    json!({
        "if": {"required": ["always"], "properties": {"always": {"enum": [true, "true"]}}},
        "then": {"required": needed, "properties": {"within": false}},
        "else": {"properties": without},
    })
}
