//! What is true of any text at all: nothing panics or hangs, places lie inside the file, unknown keys are told.
//!
//! `PROPTEST_CASES=100000 cargo test -p obsbook-lab --test properties` looks longer; `tests/fuzz` does so for minutes.

mod support;

use std::fmt::Write;
use std::time::{Duration, Instant};

use obsbook_lab::book::{Book, Document, Role};
use obsbook_lab::compose::ComposeModel;
use obsbook_lab::dashboard::Dashboard;
use obsbook_lab::mutant::mutants;
use obsbook_lab::plan;
use obsbook_lab::selector::select;
use obsbook_lab::span::SourceFile;
use obsbook_lab::{logql, promql};
use proptest::prelude::*;
use support::surroundings::{COMPOSE, surroundings};

/// A chapter of this is read in milliseconds; more means that something grows faster than the text.
const PATIENCE: Duration = Duration::from_secs(5);

/// Blocks that lint clean and between them use most of the grammar.
const BLOCKS: [&str; 4] = [
    r#"id: slow-orders
title: One slow service makes the whole checkout slow
profile: full
steady:
  - promql: job:request_latency_seconds:p95{service="order-api"}
    is: "< 0.25"
inject:
  - latency: { service: order-api, by: 800ms, ratio: 50% }
  - network: { from: order-api, to: postgres, latency: 300ms, jitter: 10ms }
expect:
  - promql: sum(rate(requests_total{code=~"5.."}[5s])) / sum(rate(requests_total[5s]))
    is: any > 0.7
    within: 20s
  - alert: OrderLatencyHigh
    labels: { severity: page }
    is: firing
  - trace: { root: nginx, through: [order-api], longer_than: 700ms, calls: [{ from: nginx, to: order-api }] }
  - logql: '{service="order-api"} | json | duration_ms > 700'
    is: count > 3
  - http: nginx/api/products
    is: status == 200
    always: true
    for: 10s
    disproved_by: { kill: order-api }
predict: { question: What moves?, choices: [p50, p99] }
hints: [look, compare, ask]
disproves: [1, 2]
tags: [slow]
"#,
    r#"id: seen
title: An observation
steady:
  - sql: SELECT count(*) FROM orders
    is: "> 0"
  - container: nginx
    is: healthy
  - panel: { dashboard: requests, panel: Latency, query: A, variables: { service: nginx } }
    is: all < 3
disproved_by: { crash: order-api }
"#,
    r#"id: rule
kind: exercise
title: A rule that fires
edit: { file: labs/mine.yml, as: /etc/rules.yml, reload: prometheus }
starter: labs/broken.conf
solution: labs/broken.conf
wrong_fixes: [{ file: labs/broken.conf, why: it is the starter, misconception: 3 }]
expect: [{ promql: up, is: absent }]
"#,
    r#"id: silent
kind: challenge
title: Nobody answers
steady: [{ container: nginx, is: healthy }]
breakage: [{ pause: nginx }]
symptom: [{ container: nginx, is: paused }]
solution: labs/broken.conf
wrong_fixes: [{ file: labs/broken.conf, why: a }, { file: labs/broken.conf, why: b }]
questions: [{ ask: who, type: service, answer: nginx }, { ask: how, type: choice, choices: [a, b], answer: b }]
"#,
];

fn fenced(block: &str) -> String {
    format!(
        "# A chapter\n\n- in a list\n\n  ```lab\n{}  ```\n",
        indented(block)
    )
}

fn indented(block: &str) -> String {
    block.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  {line}");
        text
    })
}

/// Reads a chapter as `lint` does, and everything that is done with its labs before any of them runs.
fn read(text: &str) -> Book {
    let started = Instant::now();
    let document = Document {
        source: SourceFile::new("src/a.md", text),
        role: Role::Chapter {
            name: "A".to_owned(),
            number: vec![1],
        },
    };
    let around = surroundings();
    let book = Book::read(&[document], &around);
    let lines = text.lines().count().max(1);
    for diagnostic in &book.diagnostics {
        let (start, end) = (diagnostic.start, diagnostic.end);
        assert!(start.line >= 1 && start.column >= 1, "{diagnostic:?}");
        assert!(end.line <= lines + 1 && start <= end, "{diagnostic:?}");
        assert!(!diagnostic.message.is_empty() && !diagnostic.render(false).is_empty());
    }
    for lab in book.labs() {
        assert!(text.get(lab.id_span.clone()).is_some(), "{:?}", lab.id_span);
        let _ = (plan::conditions(lab), plan::at_most(lab), lab.content());
        let _ = mutants(lab, around.model.as_ref());
    }
    let _ = plan::stages(book.labs());
    let _ = select(&book, &["chapter-1".to_owned()]);
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    book
}

/// What an author's slip, or somebody's malice, makes of a text.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let bits = prop_oneof![
        Just("  ".to_owned()),
        Just("\n".to_owned()),
        Just("- ".to_owned()),
        Just("{ ".to_owned()),
        Just("[".to_owned()),
        Just("\"".to_owned()),
        Just("&a *a".to_owned()),
        Just("!!binary ".to_owned()),
        Just("\t".to_owned()),
        Just("```\n".to_owned()),
        Just("é\u{200b}\u{0}".to_owned()),
        "\\PC{0,8}",
    ];
    let damage = (any::<prop::sample::Index>(), 0..12usize, bits);
    prop::collection::vec(damage, 1..6).prop_map(move |all| {
        let mut characters: Vec<char> = text.chars().collect();
        for (at, gone, new) in all {
            let at = at.index(characters.len() + 1);
            let end = (at + gone).min(characters.len());
            characters.splice(at..end, new.chars());
        }
        characters.into_iter().collect()
    })
}

#[test]
fn the_blocks_to_be_damaged_are_whole() {
    for block in BLOCKS {
        let book = read(&fenced(block));
        let told: Vec<_> = book.diagnostics.iter().map(|told| &told.message).collect();
        assert!(told.is_empty(), "{block}{told:?}");
        assert!(support::fits_the_schema(block), "{block}");
    }
}

#[test]
fn what_is_nested_without_end_is_refused_and_not_followed() {
    const DEPTH: usize = 20_000;
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(DEPTH), close.repeat(DEPTH));
    for value in [
        deep("[", "]"),
        deep("[", ""),
        deep("{a: ", "}"),
        deep("- ", ""),
    ] {
        let book = read(&fenced(&format!("id: a\ntitle: {value}\n")));
        assert!(!book.diagnostics.is_empty());
    }
    for query in [deep("(", ")"), deep("sum(", ")"), deep("-", "")] {
        let query = format!("{query}up");
        let block = format!("id: a\ntitle: t\nsteady: [{{promql: '{query}', is: '> 1'}}]\n");
        assert!(!read(&fenced(&block)).diagnostics.is_empty());
        assert!(
            !read(&format!("```promql\n{query}\n```\n"))
                .diagnostics
                .is_empty()
        );
        assert!(
            !read(&format!("```logql\n{query}\n```\n"))
                .diagnostics
                .is_empty()
        );
    }
    let _ = read(&format!("{}```lab\n", "> ".repeat(DEPTH)));
    let _ = read(&deep("- ", ""));
}

proptest! {
    #[test]
    fn any_chapter_is_read(text in "\\PC*|(```lab\n)?[ -~\n]{0,400}") {
        read(&text);
    }

    #[test]
    fn a_damaged_block_is_read(text in prop::sample::select(&BLOCKS[..]).prop_flat_map(damaged)) {
        read(&fenced(&text));
        read(&format!("```lab\n{text}```\n"));
    }

    #[test]
    fn any_query_is_read(text in "[ -~]{0,60}|([a-z_:]{1,4}|[\\[\\]{}()\"'=~|0-9smh,.*+/^-]|rate|sum| by ){0,24}") {
        let _ = promql::Query::parse(&text);
        let _ = logql::Query::parse(&text);
    }

    #[test]
    fn damaged_surroundings_are_read(text in damaged(COMPOSE)) {
        let _ = ComposeModel::read(std::path::Path::new("compose.yaml"), &|_| Ok(text.clone()), &|_| None);
        let _ = Dashboard::parse(&text);
    }

    #[test]
    fn a_key_of_a_later_version_is_told(block in 0..BLOCKS.len(), line in any::<prop::sample::Index>(), word in "[a-z]{3,12}") {
        let key = format!("later_{word}");
        let block = BLOCKS[block];
        let own: Vec<&str> = block.lines().collect();
        let at = line.index(own.len());
        // At the depth of the line that it stands before; inside of a list's item, of its keys.
        let depth = own[at].find(|c| c != ' ' && c != '-').unwrap_or_default();
        let is_item = own[at].trim_start().starts_with("- ");
        let mut lines: Vec<String> = own.iter().map(ToString::to_string).collect();
        let place = if is_item { at + 1 } else { at };
        lines.insert(place, format!("{}{key}: 1", " ".repeat(depth)));
        let book = read(&fenced(&(lines.join("\n") + "\n")));
        let told = book.diagnostics.iter().any(|told| told.message.contains(&key) || told.message.contains("one fault an item"));
        prop_assert!(told, "{:?}\n{}", book.diagnostics, lines.join("\n"));
    }
}
