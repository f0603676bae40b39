//! What authors see when a block is wrong: one table of blocks, one snapshot a block.

use std::path::Path;

use obsbook_lab::book::{Book, Document, Role};
use obsbook_lab::compose::ComposeModel;
use obsbook_lab::span::SourceFile;

const COMPOSE: &str = r#"
name: shop
services:
  order-api:
    profiles: [core, full]
    labels: { dev.obsbook.faults.port: "9902" }
  nginx:
    profiles: [core, full]
  kafka:
    profiles: [full]
"#;

fn read(block: &str) -> Book {
    let model = ComposeModel::read(Path::new("compose.yaml"), &|_| Ok(COMPOSE.to_owned()))
        .expect("a model");
    let text = format!(
        "# Metrics\n\n```lab\n{}```\n",
        block.trim_start_matches('\n')
    );
    let document = Document {
        source: SourceFile::new("src/metrics.md", text),
        role: Role::Chapter {
            name: "Metrics".to_owned(),
            number: vec![2],
        },
    };
    Book::read(&[document], Some(&model), "core")
}

fn check(name: &str, block: &str) {
    let book = read(block);
    let problems: Vec<_> = book.diagnostics.iter().map(|d| d.render(false)).collect();
    assert!(!problems.is_empty(), "{name} has no problem");
    insta::assert_snapshot!(name, problems.join("\n\n"));
}

#[test]
fn a_good_block_is_a_lab() {
    let book = read(
        r#"
id: slow-orders
title: One slow service
profile: full
steady:
  - promql: up{job="order-api"}
    is: "== 1"
inject:
  - latency: { service: order-api, by: 800ms, ratio: 50% }
  - kill: kafka
expect:
  - promql: rate(x_total[15s])
    is: "any > 3"
    within: 20s
  - http: nginx/healthz
    is: status == 200
    always: true
    for: 5s
    disproved_by: { kill: nginx }
after:
  - container: kafka
    is: healthy
predict: { question: "What happens?", choices: [a, b] }
hints: [one, two, three]
tags: [latency]
takes: 1m
"#,
    );
    assert!(book.diagnostics.is_empty(), "{:?}", book.diagnostics);
    insta::assert_debug_snapshot!(book.labs().next().expect("a lab"));
}

#[test]
fn every_problem_of_a_block_is_told_at_once() {
    check(
        "many_problems",
        r#"
id: Slow_Orders
titel: One slow service
profile: coer
steady:
  - promqll: up
    is: "== 1"
inject:
  - latencyy: { service: order-api, by: 800ms }
  - latency: { service: order-ap, by: 800 }
expect:
  - promql: sum(rate(x[5m])
    is: "= 3"
    within: 20
"#,
    );
}

#[test]
fn what_is_planned_is_refused_by_name() {
    check(
        "planned",
        r#"
id: later
title: t
kind: exercise
edit: labs/x.yml
inject:
  - network: { service: order-api }
expect:
  - logql: '{service="order-api"}'
    is: "count > 3"
"#,
    );
}

#[test]
fn names_are_checked_against_the_compose_files() {
    check(
        "names",
        r#"
id: names
title: t
inject:
  - latency: { service: nginx, by: 1s }
  - kill: kafka
  - kill: ngnix
expect:
  - http: localhost:8080/
    is: 200
  - http: order-apy/x
    is: fine
  - container: nginx
    is: heathy
"#,
    );
}

#[test]
fn checks_that_cannot_fail_are_refused() {
    check(
        "expect_without_inject",
        "id: a\ntitle: t\nsteady:\n  - container: nginx\n    is: healthy\nexpect:\n  - container: nginx\n    is: exited\n",
    );
    check(
        "observation_without_disproof",
        "id: a\ntitle: t\nsteady:\n  - container: nginx\n    is: healthy\n",
    );
    check(
        "only_always",
        "id: a\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - container: nginx\n    is: healthy\n    always: true\n    for: 5s\n    disproved_by: {kill: nginx}\n",
    );
    check(
        "always_without_disproof",
        "id: a\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - container: nginx\n    is: healthy\n    always: true\n",
    );
    check("inject_without_expect", "id: a\ntitle: t\ninject: []\n");
    check(
        "window_too_long",
        "id: a\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - promql: rate(x[5m])\n    is: \"> 1\"\n    within: 20s\n",
    );
}

#[test]
fn broken_yaml_and_missing_keys_point_at_a_place() {
    check("bad_yaml", "id: a\ntitle: t: u\n");
    check("not_a_mapping", "- id: a\n");
    check("empty", "");
    check(
        "nothing_asked",
        "id: a\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - is: \"> 1\"\n  - promql: up\n",
    );
    check(
        "twice",
        "id: a\nid: b\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - container: nginx\n    is: exited\n",
    );
    check(
        "reserved_id",
        "id: chapter-3\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - container: nginx\n    is: exited\n",
    );
}
