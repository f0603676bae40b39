//! The schema against the decoder: what the tables say, both must say.

use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value as Json, json};

use super::document;
use crate::block::fault::FAULTS;
use crate::block::grammar::{Choice, Key, Keys, Value};
use crate::block::probe::{Asked, PROBES};
use crate::dashboard::Dashboard;
use crate::span::SourceFile;
use crate::surroundings::Surroundings;

const DASHBOARD: &str = r#"{"uid": "requests", "title": "Requests",
  "templating": {"list": [{"name": "a", "current": {"value": "b"}}]}, "panels": [
  {"title": "Latency", "targets": [{"refId": "A", "datasource": {"type": "prometheus"}, "expr": "up"}]}]}"#;

fn decoder_accepts(block: &Json) -> bool {
    let mut around = Surroundings {
        profile: "core".to_owned(),
        ..Surroundings::default()
    };
    let dashboard = Dashboard::parse(DASHBOARD).expect("a dashboard");
    around.dashboards.insert(dashboard.uid.clone(), dashboard);
    // JSON is YAML.
    let text = format!("```lab\n{block}\n```\n");
    let fence = crate::markdown::fences(&text).remove(0);
    let (lab, _) = crate::block::decode(&SourceFile::new(Path::new("a.md"), text), &fence, &around);
    lab.is_some()
}

pub(super) fn both(validator: &Validator, block: &Json, expected: bool, what: &str) {
    assert_eq!(decoder_accepts(block), expected, "decoder, {what}: {block}");
    assert_eq!(
        validator.is_valid(block),
        expected,
        "schema, {what}: {block}"
    );
}

pub(super) fn validator() -> Validator {
    jsonschema::draft202012::new(&document::lab()).expect("a schema")
}

pub(super) fn value(key: &Key) -> Json {
    match (key.example, key.value) {
        (Some(example), Value::True | Value::Flag) => json!(example == "true"),
        (Some(example), _) => json!(example),
        (None, Value::Service) => json!("order-api"),
        (None, Value::Services) => json!(["order-api"]),
        (None, Value::Texts { least, .. }) => json!(vec!["a"; least.max(1)]),
        (None, Value::Words) => json!({"a": "b"}),
        (None, Value::Flag | Value::True) => json!(true),
        (None, Value::OneOf(words) | Value::AnyCase(words)) => json!(words[0]),
        (None, Value::Mappings(keys)) => json!([least(keys)]),
        (None, Value::Mapping(keys) | Value::ServiceOr(keys)) => least(keys),
        (None, _) => json!("a"),
    }
}

/// The smallest mapping that the tables allow.
fn least(keys: &Keys) -> Json {
    let choice = keys.choice.names().first();
    let there = |key: &&Key| key.needed || choice.is_some_and(|name| *name == key.name);
    let entries = keys.known.iter().filter(there);
    entries
        .map(|key| (key.name.to_owned(), value(key)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

pub(super) fn breaking(fault: Json) -> Json {
    json!({"id": "a", "title": "t", "inject": [fault], "expect": [{"container": "nginx", "is": "exited"}]})
}

pub(super) fn expecting(expectation: Json) -> Json {
    json!({"id": "a", "title": "t", "inject": [{"kill": "nginx"}], "expect": [expectation]})
}

fn asking(asked: &Asked) -> Json {
    let is = match asked.subject.name {
        "logql" | "trace" => "count > 3",
        "alert" => "firing",
        "http" => "unreachable",
        "container" => "not healthy",
        "run" => "exits 0",
        _ => "< 3",
    };
    json!({asked.subject.name: value(&asked.subject), "is": is})
}

/// `block` with one entry of the mapping at `pointer` changed; none removes it.
pub(super) fn with(block: &Json, pointer: &str, key: &str, entry: Option<Json>) -> Json {
    let mut block = block.clone();
    let place = block.pointer_mut(pointer).and_then(Json::as_object_mut);
    let place = place.expect("a mapping");
    match entry {
        Some(entry) => place.insert(key.to_owned(), entry),
        None => place.remove(key),
    };
    block
}

/// Every key of a mapping alone: there, away, and not the only one.
fn mapping(validator: &Validator, block: &Json, pointer: &str, keys: &Keys) {
    both(validator, block, true, pointer);
    let unknown = with(block, pointer, "unknown", Some(json!("x")));
    both(validator, &unknown, false, "an unknown key");
    for word in keys.planned {
        let planned = with(block, pointer, word, Some(json!("x")));
        both(validator, &planned, false, "a planned key");
    }
    for key in keys.known {
        if key.needed {
            let without = with(block, pointer, key.name, None);
            both(validator, &without, false, key.name);
        } else if !matches!(keys.choice, Choice::One(_)) {
            let there = with(block, pointer, key.name, Some(value(key)));
            both(validator, &there, true, key.name);
        }
        let odd = if matches!(
            key.value,
            Value::Texts { .. } | Value::Services | Value::Words | Value::Mappings(_)
        ) {
            json!("text")
        } else {
            json!([{}])
        };
        let odd = with(block, pointer, key.name, Some(odd));
        both(validator, &odd, false, key.name);
    }
    let names = keys.choice.names();
    for choice in names {
        let key = keys.known.iter().find(|key| key.name == *choice);
        let key = key.expect("a key of its mapping");
        let first = with(block, pointer, names[0], None);
        both(validator, &first, false, "no choice");
        let other = with(&first, pointer, choice, Some(value(key)));
        both(validator, &other, true, choice);
        if *choice != names[0] {
            let two = with(block, pointer, choice, Some(value(key)));
            both(
                validator,
                &two,
                matches!(keys.choice, Choice::Some(_)),
                "two choices",
            );
        }
    }
}

#[test]
fn every_fault_of_the_table_is_the_same_to_both() {
    let validator = validator();
    for fault in &FAULTS {
        let block = breaking(json!({fault.name: value(fault)}));
        let keys = fault.settings().expect("settings");
        mapping(
            &validator,
            &block,
            &format!("/inject/0/{}", fault.name),
            keys,
        );
        let short = breaking(json!({fault.name: "order-api"}));
        let shortens = matches!(fault.value, Value::ServiceOr(_));
        both(&validator, &short, shortens, "the service alone");
        let two = with(&block, "/inject/0", "scenario", Some(json!("slow")));
        both(&validator, &two, false, "two in one item");
    }
    for word in ["edit", "latencyy"] {
        both(
            &validator,
            &breaking(json!({word: "order-api"})),
            false,
            word,
        );
    }
}

#[test]
fn every_probe_of_the_table_is_the_same_to_both() {
    let validator = validator();
    for asked in &PROBES {
        let word = asked.subject.name;
        let block = expecting(asking(asked));
        if let Some(keys) = asked.subject.settings() {
            mapping(&validator, &block, &format!("/expect/0/{word}"), keys);
        }
        let without = with(&block, "/expect/0", "is", None);
        both(&validator, &without, asked.alone, "without `is`");
        let odd = with(&block, "/expect/0", "is", Some(json!("burning")));
        both(&validator, &odd, false, "an odd `is`");
        for other in &PROBES {
            for key in other.further {
                let further = with(&block, "/expect/0", key.name, Some(value(key)));
                both(
                    &validator,
                    &further,
                    other.subject.name == word,
                    "a further key",
                );
            }
            if other.subject.name != word {
                let entry = Some(value(&other.subject));
                let two = with(&block, "/expect/0", other.subject.name, entry);
                both(&validator, &two, false, "two probes");
            }
        }
    }
}

#[test]
fn the_shape_of_a_lab_is_the_same_to_both() {
    let validator = validator();
    let healthy = json!({"container": "nginx", "is": "healthy"});
    let exited = json!({"container": "nginx", "is": "exited"});
    let always = json!({"container": "nginx", "is": "healthy", "always": true, "for": "5s", "disproved_by": {"kill": "nginx"}});
    let observation =
        json!({"id": "a", "title": "t", "steady": [healthy], "disproved_by": {"kill": "nginx"}});
    let lab = json!({"id": "a", "title": "t", "inject": [{"kill": "nginx"}], "expect": [exited, always], "after": [healthy]});
    both(&validator, &observation, true, "an observation");
    both(&validator, &lab, true, "a lab");
    for (block, key, entry) in [
        (&observation, "steady", None),
        (&observation, "steady", Some(json!([]))),
        (&observation, "disproved_by", None),
        (&observation, "expect", Some(json!([exited]))),
        (&observation, "after", Some(json!([exited]))),
        (&lab, "expect", None),
        (&lab, "expect", Some(json!([]))),
        (&lab, "expect", Some(json!([always]))),
        (&lab, "disproved_by", Some(json!({"kill": "nginx"}))),
        (&lab, "inject", Some(json!({"kill": "nginx"}))),
        (&lab, "inject", Some(json!([]))),
        (&lab, "id", None),
        (&lab, "title", None),
        (&lab, "title", Some(json!(" "))),
        (&lab, "kind", Some(json!("exercise"))),
        (&lab, "hints", Some(json!(["1", "2", "3", "4"]))),
        (
            &lab,
            "predict",
            Some(json!({"question": "q", "choices": ["a"]})),
        ),
        (&lab, "disproves", Some(json!([1, 2]))),
        (&lab, "disproves", Some(json!(["a"]))),
        (&lab, "edit", Some(json!("labs/x.yml"))),
    ] {
        let changed = with(block, "", key, entry.clone());
        let fine = match (key, &entry) {
            ("inject", Some(list)) => list.is_array(),
            ("disproves", Some(list)) => list[0].is_number(),
            _ => false,
        };
        both(&validator, &changed, fine, key);
    }
    for (key, entry) in [
        ("for", None),
        ("disproved_by", None),
        ("always", None),
        ("always", Some(json!(false))),
        ("always", Some(json!("yes"))),
        ("within", Some(json!("5s"))),
    ] {
        both(&validator, &with(&lab, "/expect/1", key, entry), false, key);
    }
    let steady = with(&lab, "", "steady", Some(json!([always])));
    both(&validator, &steady, false, "`always` under `steady`");
}

#[test]
fn a_scenario_is_a_title_and_its_faults() {
    let schema = document::scenario();
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    for (text, fine) in [
        (
            json!({"title": "t", "inject": [{"kill": "a"}], "watch": ["b"]}),
            true,
        ),
        (json!({"title": "t", "inject": [{"scenario": "a"}]}), true),
        (json!({"title": "t"}), false),
        (json!({"inject": [{"kill": "a"}]}), false),
        (json!({"titel": "t", "inject": [{"kill": "a"}]}), false),
    ] {
        assert_eq!(validator.is_valid(&text), fine, "{text}");
    }
}
