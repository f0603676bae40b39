//! What obsbook says and returns where nothing has to run.

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use support::{Told, book, copy_books, obsbook, told};

fn run(args: &[&str]) -> Told {
    let state = tempfile::tempdir().expect("a folder");
    told(obsbook(state.path()).args(args))
}

fn in_book(name: &str, args: &[&str]) -> Told {
    let folder = book(name);
    let mut all = vec!["--book", folder.to_str().expect("a path")];
    all.extend(args);
    run(&all)
}

#[test]
fn a_broken_book_is_told_with_every_problem_and_nothing_runs() {
    for command in ["lint", "check", "list", "prove"] {
        let said = in_book("broken", &[command]);
        assert_eq!(said.status, 2, "{command}: {}", said.err);
        assert_eq!(
            said.out.matches("--> src/target.md:").count(),
            6,
            "{command}: {}",
            said.out
        );
    }
    insta::assert_snapshot!(in_book("broken", &["lint"]).out);
}

#[test]
fn problems_are_events_in_json() {
    let said = in_book("broken", &["lint", "--format", "json"]);
    let first: serde_json::Value =
        serde_json::from_str(said.out.lines().next().expect("a line")).expect("json");
    assert_eq!(first["event"], "diagnostic");
    assert_eq!(
        (
            first["v"].as_u64(),
            first["line"].as_u64(),
            first["column"].as_u64()
        ),
        (Some(1), Some(4), Some(5))
    );
    assert_eq!(first["file"], "src/target.md");
}

#[test]
fn labs_are_listed_for_people_and_programs() {
    insta::assert_snapshot!(in_book("good", &["list"]).out);
    let said = in_book("good", &["list", "--format", "json", "tag:fast"]);
    let rows: serde_json::Value = serde_json::from_str(&said.out).expect("json");
    insta::assert_snapshot!(rows.to_string(), @r#"[{"chapter":"chapter-1","faults":["kill"],"file":"src/target.md","id":"target-killed","kind":"lab","line":3,"profile":"core"}]"#);
}

#[test]
fn a_selector_that_matches_nothing_is_wrong_usage() {
    for command in ["check", "list", "prove"] {
        let said = in_book("good", &[command, "target-kiled"]);
        assert_eq!(said.status, 2);
        assert!(
            said.err.contains("did you mean `target-killed`?"),
            "{}",
            said.err
        );
    }
    for args in [
        &["chek"][..],
        &["check", "--nope"],
        &["up", "--images", "x"],
    ] {
        assert_eq!(in_book("good", args).status, 2, "{args:?}");
    }
}

#[test]
fn no_book_is_said_with_the_way_out() {
    let empty = tempfile::tempdir().expect("a folder");
    let said = told(obsbook(empty.path()).arg("list").current_dir(empty.path()));
    assert_eq!(said.status, 2);
    assert!(
        said.err.contains("no book.toml") && said.err.contains("--book DIR"),
        "{}",
        said.err
    );
}

#[test]
fn no_engine_is_status_3_and_says_what_to_type() {
    let state = tempfile::tempdir().expect("a folder");
    for command in [
        &["check"][..],
        &["up"],
        &["down"],
        &["status"],
        &["reset"],
        &["prove"],
        &["doctor"],
    ] {
        let mut call = obsbook(state.path());
        let said = told(
            call.arg("--book")
                .arg(book("good"))
                .args(command)
                .env("DOCKER_HOST", "unix:///nowhere/docker.sock"),
        );
        assert_eq!(said.status, 3, "{command:?}: {}{}", said.out, said.err);
        assert!(
            said.err.contains("= help:") || said.out.contains("help"),
            "{command:?}: {}",
            said.err
        );
    }
}

#[test]
fn a_run_without_an_engine_still_ends_every_lab() {
    let state = tempfile::tempdir().expect("a folder");
    let mut call = obsbook(state.path());
    let said = told(
        call.arg("--book")
            .arg(book("good"))
            .args(["check", "--format", "json"])
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock"),
    );
    let events: Vec<serde_json::Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect();
    let unsteady = events
        .iter()
        .filter(|event| event["event"] == "lab_finished" && event["verdict"] == "unsteady")
        .count();
    assert_eq!(unsteady, 3);
    assert_eq!(events.last().expect("an event")["counts"]["unsteady"], 3);
}

/// Sends what mdBook would send, with the book's own root and the given renderer.
fn preprocess(name: &str, renderer: &str, engine: &str) -> Told {
    let root = book(name);
    let chapter = fs::read_to_string(root.join("src/target.md")).expect("a chapter");
    let input = serde_json::json!([
        {"root": root, "config": {"book": {"src": "src"}, "preprocessor": {"obsbook": {"compose": "../compose/compose.yaml"}}}, "renderer": renderer, "mdbook_version": "0.5.4"},
        {"items": [{"Chapter": {"name": "Target", "content": chapter, "number": [1], "sub_items": [], "path": "target.md", "source_path": "target.md", "parent_names": []}}]},
    ]);
    let state = tempfile::tempdir().expect("a folder");
    let mut child = obsbook(state.path())
        .env("DOCKER_HOST", engine)
        .current_dir(&root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("obsbook starts");
    child
        .stdin
        .take()
        .expect("stdin")
        .write_all(input.to_string().as_bytes())
        .expect("written");
    child.wait_with_output().expect("an end").into()
}

#[test]
fn html_gets_cards_without_engine_or_network() {
    let said = preprocess("good", "html", "unix:///nowhere/docker.sock");
    assert_eq!(said.status, 0, "{}", said.err);
    let out: serde_json::Value = serde_json::from_str(&said.out).expect("json");
    let content = out
        .pointer("/items/0/Chapter/content")
        .and_then(|c| c.as_str())
        .expect("content");
    assert_eq!(content.matches("<section class=\"lab\"").count(), 3);
    assert!(!content.contains("```lab"));
    insta::assert_snapshot!(content.split("</section>").next().expect("a card"));
}

#[test]
fn a_card_has_no_blank_line_since_markdown_would_end_the_html_there() {
    let said = preprocess("good", "html", "unix:///nowhere/docker.sock");
    let out: serde_json::Value = serde_json::from_str(&said.out).expect("json");
    let content = out
        .pointer("/items/0/Chapter/content")
        .and_then(|c| c.as_str())
        .expect("content");
    for card in content.split("<section").skip(1) {
        let card = card.split("</section>").next().expect("a card");
        assert!(!card.lines().any(|line| line.trim().is_empty()), "{card}");
    }
}

#[test]
fn a_test_run_without_an_engine_fails_and_its_results_name_every_lab() {
    let results = book("good").join(".obsbook/results.json");
    let _ = fs::remove_file(&results);
    let said = preprocess("good", "test", "unix:///nowhere/docker.sock");
    assert_eq!(said.status, 3, "{}", said.err);
    let written: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&results).expect("results")).expect("json");
    assert_eq!(written["labs"].as_array().map(Vec::len), Some(3));
    let shown = in_book("good", &["results"]);
    assert_eq!(shown.status, 3, "{}", shown.out);
}

#[test]
fn supports_answers_by_status_alone() {
    for (renderer, status) in [("html", 0), ("test", 0), ("epub", 1)] {
        let said = run(&["supports", renderer]);
        assert_eq!(
            (said.status, said.out.as_str(), said.err.as_str()),
            (status, "", ""),
            "{renderer}"
        );
    }
}

/// A copy of the good book with one file changed.
fn changed(file: &str, change: impl Fn(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy_books(&["good", "compose"], folder.path());
    let path = folder.path().join("good").join(file);
    let text = fs::read_to_string(&path).unwrap_or_default();
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, change(text)).expect("written");
    folder
}

fn lint(folder: &Path) -> Told {
    run(&[
        "--book",
        folder.join("good").to_str().expect("a path"),
        "lint",
    ])
}

#[test]
fn labs_that_would_silently_never_run_are_problems() {
    let block = "```lab\nid: x\ntitle: t\ninject: [{kill: target}]\nexpect: [{container: target, is: exited}]\n```\n";
    for (file, text, expected) in [
        (
            "src/forgotten.md",
            block.to_owned(),
            "SUMMARY.md does not reach",
        ),
        (
            "src/target.md",
            "# T\n\n{{#include part.md}}\n".to_owned(),
            "",
        ),
    ] {
        let folder = changed(file, |_| text.clone());
        if expected.is_empty() {
            fs::write(folder.path().join("good/src/part.md"), block).expect("written");
        }
        let said = lint(folder.path());
        assert_eq!(said.status, 2, "{}", said.out);
        let expected = if expected.is_empty() {
            "included file"
        } else {
            expected
        };
        assert!(said.out.contains(expected), "{}", said.out);
    }
}

#[test]
fn settings_that_would_make_a_test_run_green_for_nothing_are_refused() {
    for (line, expected) in [
        ("optional = true", "optional = true"),
        ("renderers = [\"html\"]", "renderers"),
        ("compse = \"x\"", "compse"),
    ] {
        let folder = changed("book.toml", |text| {
            text.replace("before =", &format!("{line}\nbefore ="))
        });
        let said = lint(folder.path());
        assert_eq!(said.status, 2);
        assert!(
            said.err.contains(expected) && said.err.contains("= help:"),
            "{}",
            said.err
        );
    }
    let folder = changed("book.toml", |text| {
        text.replace("../compose/compose.yaml", "nowhere.yaml")
    });
    let said = lint(folder.path());
    assert_eq!(said.status, 2);
    assert!(
        said.out.contains("nowhere.yaml") && said.out.contains("compose"),
        "{}{}",
        said.out,
        said.err
    );
}
