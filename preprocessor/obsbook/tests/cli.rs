//! What obsbook says and returns where nothing has to run.

#[path = "cli/engines.rs"]
mod engines;
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
    preprocess_with(&book(name), renderer, engine, &[])
}

fn preprocess_with(root: &Path, renderer: &str, engine: &str, variables: &[(&str, &str)]) -> Told {
    let chapter = fs::read_to_string(root.join("src/target.md")).expect("a chapter");
    let input = serde_json::json!([
        {"root": root, "config": {"book": {"src": "src"}, "preprocessor": {"obsbook": {"compose": "../compose/compose.yaml"}}}, "renderer": renderer, "mdbook_version": "0.5.4"},
        {"items": [{"Chapter": {"name": "Target", "content": chapter, "number": [1], "sub_items": [], "path": "target.md", "source_path": "target.md", "parent_names": []}}]},
    ]);
    let state = tempfile::tempdir().expect("a folder");
    let mut child = obsbook(state.path())
        .env("DOCKER_HOST", engine)
        .envs(variables.iter().copied())
        .current_dir(root)
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

#[test]
fn variables_that_are_set_to_nothing_or_to_a_number_are_understood() {
    let run = |variables: &[(&str, &str)], args: &[&str]| {
        let state = tempfile::tempdir().expect("a folder");
        let mut call = obsbook(state.path());
        told(
            call.arg("--book")
                .arg(book("good"))
                .args(args)
                .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
                .envs(variables.iter().copied()),
        )
    };
    for variables in [
        [("OBSBOOK_DYNAMIC_PORTS", "1")],
        [("OBSBOOK_DYNAMIC_PORTS", "")],
        [("OBSBOOK_JOBS", "")],
        [("OBSBOOK_PROJECT", "")],
    ] {
        let said = run(&variables, &["check", "target-up"]);
        assert_eq!(said.status, 3, "{variables:?}: {}", said.err);
        assert!(
            said.out.starts_with("1 lab on stack obsbook-fixture"),
            "{}",
            said.out
        );
    }
    let said = run(&[("OBSBOOK_PROJECT", "Not A Name")], &["list"]);
    assert_eq!(said.status, 2);
    assert!(
        said.err.contains("beginning with a letter or a digit"),
        "{}",
        said.err
    );
}

#[test]
fn mdbook_is_answered_whatever_the_environment_says() {
    for variable in ["OBSBOOK_DYNAMIC_PORTS", "OBSBOOK_PROJECT", "OBSBOOK_JOBS"] {
        let state = tempfile::tempdir().expect("a folder");
        let said = told(
            obsbook(state.path())
                .args(["supports", "test"])
                .env(variable, "\u{e9} no"),
        );
        assert_eq!((said.status, said.err.as_str()), (0, ""), "{variable}");
    }
}

#[test]
fn a_test_run_takes_the_stack_that_the_environment_names() {
    let folder = changed("src/target.md", |text| text);
    let engine = "unix:///nowhere/docker.sock";
    let variables = [("OBSBOOK_PROJECT", "mine"), ("OBSBOOK_DYNAMIC_PORTS", "1")];
    let said = preprocess_with(&folder.path().join("good"), "test", engine, &variables);
    assert_eq!(said.status, 3, "{}", said.err);
    assert!(said.err.contains("3 labs on stack mine"), "{}", said.err);
}

#[test]
fn old_results_do_not_speak_for_a_test_run_that_problems_end() {
    let folder = changed("src/target.md", |text| text.replace("- kill:", "- kil:"));
    let root = folder.path().join("good");
    let results = root.join(".obsbook/results.json");
    fs::create_dir(root.join(".obsbook")).expect("made");
    for (old, status, is_left) in [(r#"{"v":1}"#, 2, false), (r#"{"v":2}"#, 2, true)] {
        fs::write(&results, old).expect("written");
        let said = preprocess_with(&root, "test", "unix:///nowhere/docker.sock", &[]);
        assert_eq!(
            (said.status, results.exists()),
            (status, is_left),
            "{}",
            said.err
        );
    }
    fs::write(root.join("src/target.md"), "# No labs\n").expect("written");
    let said = run(&["--book", root.to_str().expect("a path"), "results"]);
    assert_eq!(said.status, 2);
    assert!(
        said.err
            .contains("is of format version 2, and this obsbook knows version 1"),
        "{}",
        said.err
    );
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
    let unreached = "SUMMARY.md does not reach";
    let included = "included file";
    for (file, chapter, expected) in [
        ("src/forgotten.md", "", unreached),
        ("src/more.markdown", "", unreached),
        ("src/Extra.MD", "", unreached),
        ("src/part.md", "{{#include part.md}}", included),
        ("src/lab.txt", "{{#include lab.txt}}", included),
        ("src/part", "{{#include part:anchor}}", included),
        ("x.MD", "{{ #include ../x.MD}}", included),
    ] {
        for mark in ["", "\u{feff}"] {
            let folder = changed(file, |_| format!("{mark}{block}"));
            let page = folder.path().join("good/src/target.md");
            fs::write(page, format!("# T\n\n{chapter}\n")).expect("written");
            let said = lint(folder.path());
            assert_eq!(said.status, 2, "{file}: {}", said.out);
            assert!(said.out.contains(expected), "{file}: {}", said.out);
        }
    }
    let folder = changed("part.md", |_| block.to_owned());
    let page = folder.path().join("good/src/target.md");
    fs::write(page, "# T\n\n\\{{#include ../part.md}}\n").expect("written");
    assert_eq!(lint(folder.path()).out, "0 labs in 1 chapter, no problem\n");
}

#[test]
fn labs_are_found_where_mdbook_finds_blocks() {
    let lab = "```lab\nid: x\ntitle: t\ninject: [{kill: target}]\nexpect: [{container: target, is: exited}]\n```\n";
    let indented = lab.replace('\n', "\n    ");
    for page in [
        format!("\u{feff}{lab}"),
        format!("term\n\n:   what it is\n\n    {indented}\n"),
        format!("- item\n\n\t{}\n", lab.replace('\n', "\n\t")),
    ] {
        let folder = changed("src/target.md", |_| page.clone());
        let said = lint(folder.path());
        assert_eq!(said.out, "1 lab in 1 chapter, no problem\n", "{page}");
    }
}

#[test]
fn a_chapter_that_is_no_utf_8_is_a_problem_of_its_place() {
    let folder = changed("src/target.md", |text| text);
    let page = folder.path().join("good/src/target.md");
    fs::write(page, b"# T\n\ncaf\xe9 au lait\n").expect("written");
    let said = lint(folder.path());
    assert_eq!(said.status, 2);
    assert!(
        said.out.contains("src/target.md:3:4") && said.out.contains("save the file as UTF-8"),
        "{}{}",
        said.out,
        said.err
    );
}

#[test]
fn settings_that_would_make_a_test_run_green_for_nothing_are_refused() {
    for (line, expected) in [
        ("optional = true", "optional = true"),
        ("renderers = [\"html\"]", "renderers"),
        ("renderers = []", "renderers"),
        (
            "project = \"Not A Name\"",
            "cannot be a compose project's name",
        ),
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
