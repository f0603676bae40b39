//! The patterns of scalars against the decoder.

use serde_json::json;

use super::pattern;
use super::tests::{both, breaking, expecting, validator, value, with};
use crate::block::probe::PROBES;
use crate::comparison::Comparison;

#[test]
fn words_in_scalars_are_the_same_to_both() {
    let validator = validator();
    let within = |text: &str| json!({"container": "nginx", "is": "exited", "within": text});
    for unit in pattern::UNITS {
        let text = format!("1{unit}");
        both(&validator, &expecting(within(&text)), true, &text);
    }
    for (text, fine) in [
        ("1m 30s", true),
        ("1.5s", true),
        (" 20 s ", true),
        ("20", false),
        ("0s", false),
        ("s", false),
        ("20 parsecs", false),
        ("-1s", false),
    ] {
        both(&validator, &expecting(within(text)), fine, text);
    }
    for (text, fine) in [
        ("0.5", true),
        ("1", true),
        ("50%", true),
        ("100 %", true),
        ("0", false),
        ("0%", false),
        ("1.5", false),
        ("101%", false),
    ] {
        let block = breaking(json!({"error": {"service": "a", "ratio": text}}));
        both(&validator, &block, fine, text);
    }
    for (text, fine) in [
        ("slow-orders", true),
        ("p95", true),
        ("7", true),
        ("chapter-x", true),
        ("chapter-3", false),
        ("Slow", false),
        ("-a", false),
        ("a-", false),
        ("a b", false),
    ] {
        let block = with(&expecting(within("1s")), "", "id", Some(json!(text)));
        both(&validator, &block, fine, text);
    }
    for (text, fine) in [
        ("nginx", true),
        ("nginx/a?b=c", true),
        ("nginx:9102/metrics", true),
        ("localhost:8080/x", false),
        ("127.0.0.1/x", false),
        ("http://nginx/x", false),
        ("nginx:http/", false),
        ("a b/c", false),
    ] {
        let block = expecting(json!({"http": text, "is": "unreachable"}));
        both(&validator, &block, fine, text);
    }
}

#[test]
fn what_is_expected_is_the_same_to_both() {
    let validator = validator();
    for (word, is, fine) in [
        ("promql", "< 0.25", true),
        ("promql", "any >= .5", true),
        ("promql", "all != -1e3", true),
        ("promql", "= 3", false),
        ("promql", "3", false),
        ("promql", "< 250ms", false),
        ("promql", "count > 3", false),
        ("promql", "absent", true),
        ("promql", "increases", true),
        ("promql", "increases by >= 5", true),
        ("promql", "increases >= 5", false),
        ("promql", "stays all == 1 for 10s", true),
        ("promql", "stays < 1", false),
        ("promql", "stays < 1 for ever", false),
        ("logql", "absent", false),
        ("run", "exits 0", true),
        ("run", "exits != 0", true),
        ("run", "prints no such file", true),
        ("run", "0", false),
        ("logql", "count>3", true),
        ("logql", "complete by seq", true),
        ("logql", "burning", false),
        ("trace", "count >= 3", true),
        ("trace", ">= 3", false),
        ("alert", "inhibited", true),
        ("alert", "group >= 2", true),
        ("alert", "notifications", false),
        ("sql", "== 0", true),
        ("sql", "any == 0", false),
        ("http", "200", true),
        ("http", "status == 200", true),
        ("http", "status 200", true),
        ("http", "< 500", true),
        ("http", "time < 0.5", true),
        ("http", "time < 0.5 s", true),
        ("http", "body contains a b", true),
        ("http", "fine", false),
        ("container", "restarts >= 1", true),
        ("container", "not paused", true),
        ("container", "heathy", false),
        ("container", "memory > 64 MiB", true),
        ("container", "memory > 64", true),
        ("container", "memory", false),
    ] {
        let asked = PROBES.iter().find(|asked| asked.subject.name == word);
        let subject = value(&asked.expect("a probe").subject);
        both(
            &validator,
            &expecting(json!({word: subject, "is": is})),
            fine,
            is,
        );
    }
    both(
        &validator,
        &expecting(json!({"http": "nginx", "is": 200})),
        true,
        "a number",
    );
    assert!(Comparison::parse("< 1e999").is_err());
}
