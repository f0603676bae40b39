//! What authors see when a block is wrong: one table of blocks, one snapshot a block.

mod support;

use std::path::Path;

use obsbook_lab::block::Scenario;
use obsbook_lab::book::{Book, Document, Role};
use obsbook_lab::compose::ComposeModel;
use obsbook_lab::span::SourceFile;
use support::surroundings::{COMPOSE, surroundings};

fn read_good(block: &str) -> Book {
    assert!(support::fits_the_schema(block));
    let book = read(block);
    assert!(book.diagnostics.is_empty(), "{:?}", book.diagnostics);
    book
}

fn read(block: &str) -> Book {
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
    Book::read(&[document], &surroundings())
}

/// Where a problem can be seen: in the block's shape alone, or only beside the book and the compose files.
#[derive(PartialEq)]
enum Seen {
    Shape,
    Book,
}

fn check(name: &str, seen: Seen, block: &str) {
    assert_eq!(
        support::fits_the_schema(block),
        seen == Seen::Book,
        "{name}"
    );
    let book = read(block);
    let problems: Vec<_> = book.diagnostics.iter().map(|d| d.render(false)).collect();
    assert!(!problems.is_empty(), "{name} has no problem");
    insta::assert_snapshot!(name, problems.join("\n\n"));
}

#[test]
fn a_good_block_is_a_lab() {
    let book = read_good(
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
    insta::assert_debug_snapshot!(book.labs().next().expect("a lab"));
}

#[test]
fn every_problem_of_a_block_is_told_at_once() {
    check(
        "many_problems",
        Seen::Shape,
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
fn a_task_says_what_is_wrong_with_it() {
    check(
        "exercise",
        Seen::Shape,
        r#"
id: exercise
title: t
kind: exercise
edit: { file: solutions/x.yml, as: rules.yml, reload: prometheus, rebuild: nginx }
starter: labs/nowhere.conf
wrong_fixes:
  - file: labs/broken.conf
  - { file: labs/broken.conf, why: no, misconception: many }
breakage: [{ kill: nginx }]
inject:
  - edit: { service: order-api }
"#,
    );
    check(
        "exercise_paths",
        Seen::Book,
        r#"
id: exercise
title: t
kind: exercise
edit: { file: labs/broken.conf, as: ../rules.yml, rebuild: prometheus }
starter: labs/broken.conf
solution: labs/broken.conf
expect: [{ container: nginx, is: exited }]
"#,
    );
    check(
        "challenge",
        Seen::Shape,
        r#"
id: challenge
title: t
kind: challenge
inject: [{ kill: nginx }]
expect: [{ container: nginx, is: exited }]
solution: labs/broken.conf
wrong_fixes: [{ file: labs/broken.conf, why: no }]
questions:
  - { ask: who, type: service, answer: ngnix }
  - { ask: what, type: choice, choices: [a, b], answer: c }
  - { ask: how much, type: number, answer: 5ms, choices: [a] }
  - { ask: why, type: essay, answer: because }
"#,
    );
}

#[test]
fn names_are_checked_against_the_compose_files() {
    check(
        "names",
        Seen::Shape,
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
        Seen::Shape,
        "id: a\ntitle: t\nsteady:\n  - container: nginx\n    is: healthy\nexpect:\n  - container: nginx\n    is: exited\n",
    );
    check(
        "observation_without_disproof",
        Seen::Shape,
        "id: a\ntitle: t\nsteady:\n  - container: nginx\n    is: healthy\n",
    );
    check(
        "only_always",
        Seen::Shape,
        "id: a\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - container: nginx\n    is: healthy\n    always: true\n    for: 5s\n    disproved_by: {kill: nginx}\n",
    );
    check(
        "always_without_disproof",
        Seen::Shape,
        "id: a\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - container: nginx\n    is: healthy\n    always: true\n",
    );
    check(
        "inject_without_expect",
        Seen::Shape,
        "id: a\ntitle: t\ninject: []\n",
    );
    check(
        "window_too_long",
        Seen::Book,
        "id: a\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - promql: rate(x[5m])\n    is: \"> 1\"\n    within: 20s\n  - panel: { dashboard: requests, panel: Budget }\n    is: \"any > 1\"\n    within: 20s\n  - panel: { dashboard: requests, panel: Budget, query: A }\n    is: \"> 1\"\n    within: 20s\n",
    );
}

#[test]
fn broken_yaml_and_missing_keys_point_at_a_place() {
    check("bad_yaml", Seen::Shape, "id: a\ntitle: t: u\n");
    check("not_a_mapping", Seen::Shape, "- id: a\n");
    check("empty", Seen::Shape, "");
    check(
        "nothing_asked",
        Seen::Shape,
        "id: a\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - is: \"> 1\"\n  - promql: up\n",
    );
    check(
        "twice",
        Seen::Shape,
        "id: a\nid: b\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - container: nginx\n    is: exited\n",
    );
    check(
        "reserved_id",
        Seen::Shape,
        "id: chapter-3\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - container: nginx\n    is: exited\n",
    );
}

#[test]
fn every_signal_and_every_kind_of_fault_has_its_words() {
    let book = read_good(
        r#"
id: all-signals
title: All signals
profile: full
inject:
  - scenario: slow-database
  - network: { from: order-api, to: nginx, latency: 100ms, jitter: 20ms }
  - network: { from: order-api, to: nginx, bandwidth: 16 }
  - network: { from: order-api, to: nginx, timeout: 2s }
  - network: { from: order-api, to: nginx, reset: true }
  - network: { from: order-api, to: nginx, down: true }
  - load: { users: 40 }
  - retries: { service: order-api, attempts: 5 }
  - leak: { service: order-api, connections: 8 }
  - stall: order-api
  - limits: { service: order-api, mib: 64, cpus: 0.2 }
  - config: { service: nginx, file: labs/broken.conf, as: /etc/nginx/nginx.conf }
expect:
  - promql: up{job="a"}
    is: absent
  - promql: sum(x_total)
    is: increases
  - promql: sum(x_total)
    is: increases by >= 5
  - promql: up
    is: stays all == 1 for 10s
  - container: nginx
    is: memory > 64 MiB
  - run: promtool check rules /x.yml
    in: prometheus
    is: exits 0
  - run: ls /x
    in: nginx
    is: prints no such file
  - logql: '{service="order-api"} | json | duration_ms > 700'
    is: "count > 3"
  - logql: sum(rate({service="order-api"} |= "error" [10s]))
    is: "> 0.5"
  - trace: { root: order-api, through: [nginx], calls: [{ from: order-api, to: nginx }], longer_than: 700ms, error: true, attributes: { a: b } }
  - alert: OrderLatencyHigh
    labels: { service: order-api }
    is: firing
  - alert: OrderLatencyHigh
    channel: slack
    is: notifications >= 1
  - panel: { dashboard: requests, panel: Latency, query: B, variables: { service: nginx } }
    is: "> 1"
  - sql: SELECT count(*) FROM orders WHERE created_at > :since
    is: "> 3"
"#,
    );
    let lab = book.labs().next().expect("a lab");
    let faults = lab.inject.iter().flatten().map(ToString::to_string);
    let expectations = lab.expect.iter().map(ToString::to_string);
    let words: Vec<_> = faults.chain(expectations).collect();
    insta::assert_snapshot!(words.join("\n"));
}

#[test]
fn questions_that_no_source_can_answer_are_refused() {
    check(
        "signals",
        Seen::Shape,
        r#"
id: signals
title: t
inject:
  - network: { from: order-api, latency: 1s, down: true }
  - network: { from: order-api, to: nginx }
  - network: { from: order-api, to: nginx, reset: true, jitter: 1s }
  - scenario: slow-databas
  - load: {}
  - leak: order-api
  - limits: { service: order-api }
  - limits: { service: order-api, cpus: none }
  - config: { service: nginx, file: labs/brokn.conf, as: /etc/nginx/nginx.conf }
  - config: { service: nginx, file: labs/broken.conf, as: nginx.conf }
  - config: { service: nginx }
expect:
  - promql: x
    is: increases by > -1
  - promql: x
    is: stays < 1
  - promql: x
    is: stays < 1 for ever
  - run: ls
    is: exits 0
  - run: ls
    in: nginx
    is: fine
  - logql: '{service=order-api}'
    is: "count > 1"
  - logql: '{service="order-api"}'
    is: "count < 1"
  - logql: rate({service="order-api"}[5m])
    is: "> 1"
  - trace: { root: order-api }
  - trace: { through: [nginx] }
  - trace: { root: order-api, calls: [{ from: order-api }] }
  - alert: X
    is: burning
    body: "{}"
  - alert: X
    is: notifications <= 2
  - panel: { dashboard: request, panel: Latency }
    is: "> 1"
  - panel: { dashboard: requests, panel: Latncy }
    is: "> 1"
  - panel: { dashboard: requests, panel: Latency, query: C }
    is: "> 1"
  - sql: DELETE FROM orders
    is: "> 1"
  - sql: SELECT 1; SELECT 2
    is: "> 1"
"#,
    );
}

#[test]
fn a_title_that_several_panels_have_names_none_of_them() {
    check(
        "panels_of_one_title",
        Seen::Book,
        "id: a\ntitle: t\ninject: [{kill: nginx}]\nexpect:\n  - panel: { dashboard: requests, panel: Rate }\n    is: \"> 1\"\n",
    );
}

#[test]
fn a_scenario_with_problems_points_into_its_file() {
    let source = SourceFile::new(
        "labs/scenarios/wrong.yaml",
        "# Why\ntitel: x\ninject:\n  - kill: ngnix\n",
    );
    let (scenario, problems) = Scenario::decode(&source, &surroundings());
    assert!(scenario.is_none());
    let problems: Vec<_> = problems
        .iter()
        .map(|problem| problem.render(false))
        .collect();
    insta::assert_snapshot!(problems.join("\n\n"));
}

#[test]
fn every_part_of_a_lab_can_be_mistaken() {
    let book = read(
        r#"
id: slow-orders
title: t
inject:
  - latency: { service: order-api, by: 800ms }
expect:
  - promql: p95{service="order-api"}
    is: "> 0.7"
  - http: nginx/healthz
    is: unreachable
  - container: nginx
    is: healthy
    always: true
    for: 5s
    disproved_by: { kill: nginx }
after:
  - alert: Slow
    is: resolved
"#,
    );
    let lab = book.labs().next().expect("a lab");
    // Another service could have the fault, but does not run in the lab's profile.
    let compose = COMPOSE.replace(
        "  kafka:\n",
        "  kafka:\n    labels: { dev.obsbook.faults.port: \"9903\" }\n",
    );
    assert_ne!(compose, COMPOSE);
    let model = ComposeModel::read(Path::new("compose.yaml"), &|_| Ok(compose.clone()), &|_| {
        None
    });
    let model = model.expect("a model");
    let all: Vec<_> = obsbook_lab::mutant::mutants(lab, Some(&model))
        .into_iter()
        .map(|mutant| format!("{:?}: {}", mutant.caught, mutant.change))
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}
