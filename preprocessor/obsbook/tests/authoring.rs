//! What helps those who write a book: schemas, scaffolds, completions. No engine.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Told, copy_books, obsbook, told};

fn run(folder: &Path, args: &[&str]) -> Told {
    let state = tempfile::tempdir().expect("a folder");
    told(
        obsbook(state.path())
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .current_dir(folder)
            .args(args),
    )
}

/// A copy of a fixture book that a test may change.
fn copy(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    copy_books(&[name, "compose"], folder.path());
    let book = folder.path().join(name);
    (folder, book)
}

fn text(book: &Path, file: &str) -> String {
    fs::read_to_string(book.join(file)).expect(file)
}

#[test]
fn the_committed_schemas_are_those_that_are_printed() {
    for (args, file) in [
        (&["schema"][..], "lab.schema.json"),
        (&["schema", "lab"], "lab.schema.json"),
        (&["schema", "panel"], "panel.schema.json"),
        (&["schema", "quiz"], "quiz.schema.json"),
        (&["schema", "scenario"], "scenario.schema.json"),
    ] {
        let said = run(Path::new("/"), args);
        assert_eq!(said.status, 0, "{}", said.err);
        let labs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs");
        let committed = text(&labs, file);
        // As values: the order of keys is that of the build's serde_json.
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("json");
        assert!(
            value(&committed) == value(&said.out),
            "obsbook {} > labs/{file}",
            args.join(" ")
        );
    }
    assert_eq!(run(Path::new("/"), &["schema", "book"]).status, 2);
}

#[test]
fn a_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = run(Path::new("/"), &["completions", shell]);
        assert_eq!(said.status, 0, "{shell}: {}", said.err);
        assert!(said.out.contains("scenario"), "{shell}: {}", said.out);
    }
    assert_eq!(run(Path::new("/"), &["completions", "tcsh"]).status, 2);
}

#[test]
fn a_lesson_lints_clean_as_it_is_written_in_every_book() {
    for name in ["good", "failing", "vacuous", "unsteady"] {
        let (_folder, book) = copy(name);
        let said = run(
            &book,
            &["new", "lesson", "caching/first", "--title", "A [new] one"],
        );
        assert_eq!(said.status, 0, "{name}: {}", said.err);
        let summary = text(&book, "src/SUMMARY.md");
        let line = r"- [A \[new\] one](caching/first.md)";
        assert!(
            summary.ends_with(&format!("- [Target](target.md)\n{line}\n")),
            "{summary}"
        );
        let page = text(&book, "src/caching/first.md");
        assert!(page.starts_with("# A [new] one\n"), "{page}");
        let said = run(&book, &["list", "caching-first-first"]);
        assert_eq!(said.status, 0, "{name}: {}{}", said.out, said.err);
    }
}

#[test]
fn a_lesson_stands_where_its_author_wants_it() {
    let (_folder, book) = copy("good");
    for (args, expected) in [
        (&["b"][..], "- [Target](target.md)\n- [B](b.md)\n"),
        (
            &["a", "--after", "target.md"],
            "- [Target](target.md)\n- [A](a.md)\n- [B](b.md)\n",
        ),
        (
            &["c", "--after", "src/b.md"],
            "- [A](a.md)\n- [B](b.md)\n- [C](c.md)\n",
        ),
    ] {
        let said = run(&book, &[&["new", "lesson"], args].concat());
        assert_eq!(said.status, 0, "{args:?}: {}", said.err);
        let summary = text(&book, "src/SUMMARY.md");
        assert!(summary.contains(expected), "{summary}");
    }
    let said = run(&book, &["lint"]);
    assert_eq!(
        (said.status, said.out.as_str()),
        (0, "6 labs in 4 chapters, no problem\n")
    );
}

#[test]
fn a_lab_is_printed_or_appended_and_lints_clean() {
    let (_folder, book) = copy("good");
    let printed = run(&book, &["new", "lab", "second"]);
    insta::assert_snapshot!(printed.out, @r"
    ```lab
    id: second
    title: The fault kill on target is seen
    steady:
      - container: target
        is: healthy
    inject:
      - kill: target
    expect:
      # In place of this: what the fault makes true of the telemetry.
      - container: target
        is: exited
        within: 30s
    after:
      - container: target
        is: healthy
    ```
    ");
    let before = text(&book, "src/target.md");
    for (id, fault) in [("s1", "stop"), ("s2", "pause"), ("s3", "restart")] {
        let args = [
            "new",
            "lab",
            id,
            "--in",
            "src/target.md",
            "--fault",
            fault,
            "--service",
            "metrics",
        ];
        let said = run(&book, &args);
        assert_eq!(said.status, 0, "{fault}: {}", said.err);
        assert!(said.out.starts_with("src/target.md:"), "{}", said.out);
    }
    assert!(text(&book, "src/target.md").starts_with(&before));
    let said = run(&book, &["list", "s1", "s2", "s3"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
}

#[test]
fn a_summary_keeps_its_line_ends_and_its_escapes() {
    let (_folder, book) = copy("good");
    fs::rename(book.join("src/target.md"), book.join("src/my b.md")).expect("renamed");
    let before = "# Summary\r\n\r\n- [Target](my%20b.md)\r\n";
    fs::write(book.join("src/SUMMARY.md"), before).expect("written");
    let said = run(&book, &["new", "lesson", "c", "--after", "my b.md"]);
    assert_eq!(said.status, 0, "{}", said.err);
    assert_eq!(
        text(&book, "src/SUMMARY.md"),
        format!("{before}- [C](c.md)\r\n")
    );
}

#[test]
fn nothing_is_changed_where_something_is_wrong() {
    for (args, expected) in [
        (
            &["lab", "target-up", "--in", "target.md"][..],
            "src/target.md:",
        ),
        (
            &["lab", "x", "--in", "target.md", "--service", "tarjet"],
            "did you mean `target`?",
        ),
        (
            &["lab", "x", "--in", "target.md", "--fault", "kil"],
            "did you mean `kill`?",
        ),
        (
            &["lab", "x", "--in", "target.md", "--fault", "latency"],
            "has no fault API",
        ),
        (
            &["lab", "x", "--in", "target.md", "--fault", "network"],
            "--to SERVICE",
        ),
        (
            &["lab", "x", "--in", "tarket.md"],
            "did you mean `src/target.md`?",
        ),
        (&["lab", "X", "--in", "target.md"], "lowercase letters"),
        (
            &["lab", "x", "--in", "target.md", "--title", "a\nb"],
            "one line",
        ),
        (&["lesson", "target"], "already"),
        (&["lesson", "../outside"], "cannot be a lesson's name"),
        (&["lesson", "chapter-3"], "cannot be a lesson's name"),
        (&["lesson", "x", "--title", " "], "one line"),
        (
            &["lesson", "x", "--after", "tarket"],
            "did you mean `src/target.md`?",
        ),
    ] {
        let (folder, book) = copy("good");
        let said = run(&book, &[&["new"], args].concat());
        assert_eq!(said.status, 2, "{args:?}: {}", said.out);
        assert!(
            said.err.contains(expected) && said.err.contains("= help:"),
            "{args:?}: {}",
            said.err
        );
        let same = Command::new("diff")
            .arg("-r")
            .args([support::book("good"), folder.path().join("good")])
            .arg("--exclude=.obsbook")
            .status();
        assert!(same.expect("diff").success(), "{args:?}");
    }
}

#[test]
fn a_chapter_that_ends_inside_a_block_takes_no_lab() {
    let (_folder, book) = copy("good");
    let page = "# T\n\n```text\nnever closed\n";
    fs::write(book.join("src/target.md"), page).expect("written");
    let said = run(&book, &["new", "lab", "x", "--in", "target.md"]);
    assert_eq!(said.status, 2, "{}", said.out);
    assert!(
        said.err.contains("ends inside another block"),
        "{}",
        said.err
    );
    assert_eq!(text(&book, "src/target.md"), page);
}

#[test]
fn what_was_made_is_told_to_programs() {
    let (_folder, book) = copy("good");
    for (args, expected) in [
        (
            &["new", "lesson", "caching"][..],
            r#"{"file":"src/caching.md","lab":"caching-first","summary":"src/SUMMARY.md"}"#,
        ),
        (
            &["new", "lab", "x", "--in", "target"],
            r#"{"file":"src/target.md","lab":"x","line":62}"#,
        ),
    ] {
        let said = run(&book, &[args, &["--format", "json"]].concat());
        let told: serde_json::Value = serde_json::from_str(&said.out).expect("json");
        assert_eq!(told.to_string(), expected);
    }
}
