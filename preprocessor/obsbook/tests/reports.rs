//! What a run leaves behind, and what it says when it is shown again. Nothing has to run for it.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::{Told, copy_books, obsbook, told};
use tempfile::TempDir;

/// A copy of a fixture book that runs may leave something in.
struct Copy {
    folder: TempDir,
    name: &'static str,
}

impl Copy {
    fn of(name: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy_books(&[name, "compose"], folder.path());
        let _ = fs::remove_dir_all(folder.path().join(name).join(".obsbook"));
        Self { folder, name }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    /// A call in the book, on a machine without an engine.
    fn call(&self, args: &[&str]) -> Command {
        let mut call = obsbook(self.folder.path());
        call.arg("--book")
            .arg(self.root())
            .args(args)
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .current_dir(self.folder.path());
        call
    }

    fn run(&self, args: &[&str]) -> Told {
        told(&mut self.call(args))
    }

    fn text(&self, path: &str) -> String {
        let path = self.folder.path().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_replay_says_what_the_live_run_said() {
    for name in ["good", "broken"] {
        let copy = Copy::of(name);
        for format in ["human", "json"] {
            let live = copy.run(&["check", "--format", format, "--junit", "live.xml"]);
            let again = copy.run(&["replay", "--format", format, "--junit", "again.xml"]);
            assert_eq!(again.out, live.out, "{name}");
            assert_eq!(again.status, live.status, "{}", again.err);
            assert_eq!(copy.text("again.xml"), copy.text("live.xml"));
        }
        let live = copy.run(&["check", "--format", "json"]);
        fs::write(copy.folder.path().join("mine"), &live.out).expect("written");
        let again = copy.run(&["replay", "mine", "--format", "json"]);
        assert_eq!(again.out, live.out);
        let newest = names(&copy.root().join(".obsbook/runs"))
            .pop()
            .expect("a run");
        let id = newest.trim_end_matches(".jsonl");
        assert_eq!(copy.run(&["replay", id, "--format", "json"]).out, live.out);
    }
}

#[test]
fn a_replay_of_what_is_no_whole_run_says_where() {
    let copy = Copy::of("good");
    let said = copy.run(&["replay"]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("no run is kept"), "{}", said.err);
    let live = copy.run(&["check", "--format", "json"]).out;
    let file = copy.folder.path().join("cut");
    fs::write(&file, &live[..live.len() - 20]).expect("written");
    let lines = live.lines().count();
    let said = copy.run(&["replay", "cut", "--format", "json"]);
    assert_eq!((said.status, said.out.lines().count()), (2, lines - 1));
    let place = format!("cut:{lines}: the run ends in the middle");
    assert!(
        said.err.contains(&place) && said.err.contains("= help:"),
        "{}",
        said.err
    );
    let said = copy.run(&["replay", "nothing"]);
    assert_eq!(said.status, 2);
    assert!(said.err.contains("the newest kept run is"), "{}", said.err);
}

#[test]
fn every_lab_leaves_evidence_and_a_proof_leaves_none() {
    let copy = Copy::of("good");
    copy.run(&["prove"]);
    assert_eq!(names(&copy.root().join(".obsbook")), Vec::<String>::new());
    copy.run(&["check"]);
    let evidence = copy.root().join(".obsbook/evidence");
    let expected = ["target-killed.json", "target-paused.json", "target-up.json"];
    assert_eq!(names(&evidence), expected);
    let read: Value =
        serde_json::from_str(&copy.text("good/.obsbook/evidence/target-up.json")).expect("json");
    assert_eq!(
        (&read["v"], &read["verdict"], &read["lab"]["line"]),
        (&1.into(), &"unsteady".into(), &51.into())
    );
    assert_eq!(read["versions"]["obsbook"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_book_that_cannot_be_written_to_changes_no_verdict() {
    let copy = Copy::of("good");
    let before = copy.run(&["check"]);
    fs::remove_dir_all(copy.root().join(".obsbook")).expect("removed");
    fs::write(copy.root().join(".obsbook"), "in the way").expect("written");
    let said = copy.run(&["check"]);
    assert_eq!((said.status, said.out), (before.status, before.out));
    assert_eq!(
        said.err.matches("no evidence is kept").count(),
        1,
        "{}",
        said.err
    );
    assert_eq!(
        said.err.matches("this run is not kept").count(),
        1,
        "{}",
        said.err
    );
}

#[test]
fn junit_names_every_lab_and_an_old_file_does_not_speak_for_a_new_run() {
    let copy = Copy::of("good");
    copy.run(&["check", "target-up", "--junit", "made/junit.xml"]);
    let xml = copy.text("made/junit.xml");
    for expected in [
        "<testsuites name=\"obsbook\" tests=\"3\" skipped=\"2\" failures=\"0\" errors=\"1\"",
        "<testcase name=\"target-up\" classname=\"src/target.md\"",
        "<property name=\"line\" value=\"51\"/>",
        "<error message=\"not run: ",
        "<skipped message=\"not selected\"/>",
    ] {
        assert!(xml.contains(expected), "{expected}: {xml}");
    }
    let said = copy.run(&["check", "nothing-like-it", "--junit", "made/junit.xml"]);
    assert_eq!(said.status, 2);
    assert!(!copy.folder.path().join("made/junit.xml").exists());
    let said = copy.run(&["check", "--junit", "good/book.toml/junit.xml"]);
    assert_eq!(said.status, 2);
    assert!(
        said.err.contains("JUnit") && said.err.contains("= help:"),
        "{}",
        said.err
    );
}

#[test]
fn what_is_no_file_takes_the_report_and_stays() {
    for (name, expected) in [("good", "</testsuites>"), ("broken", "</testsuites>")] {
        let copy = Copy::of(name);
        let pipe = copy.folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo").success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).expect("the report")
        });
        copy.run(&["check", "--junit", "pipe"]);
        let report = reader.join().expect("read");
        assert_eq!(report.matches(expected).count(), 1, "{report}");
        assert!(!pipe.is_file() && pipe.exists());
    }
}

#[test]
fn a_replay_does_not_write_over_its_run() {
    let copy = Copy::of("good");
    let live = copy.run(&["check", "--format", "json"]);
    fs::write(copy.folder.path().join("same"), &live.out).expect("written");
    std::os::unix::fs::symlink("same", copy.folder.path().join("link")).expect("a link");
    for junit in ["same", "./same", "link"] {
        let said = copy.run(&["replay", "same", "--junit", junit]);
        assert_eq!(said.status, 2, "{junit}");
        assert!(said.err.contains("= help:"), "{}", said.err);
        assert_eq!(copy.text("same"), live.out);
    }
}

#[test]
fn a_replay_takes_a_pipe_and_what_editors_leave() {
    let copy = Copy::of("good");
    let live = copy.run(&["check", "--format", "json"]);
    let edited = format!("\u{feff}\n{}\r\n\n", live.out.replace('\n', "\r\n"));
    fs::write(copy.folder.path().join("edited"), edited).expect("written");
    let input = fs::File::open(copy.folder.path().join("edited")).expect("a file");
    let again = told(
        copy.call(&["replay", "/dev/stdin", "--format", "json"])
            .stdin(input),
    );
    assert_eq!(
        (again.out, again.status),
        (live.out.clone(), live.status),
        "{}",
        again.err
    );
    let mut shell = Command::new("bash");
    shell
        .arg("-c")
        .arg("cat edited | exec \"$0\" replay <(cat edited) --format json");
    let again = told(
        shell
            .arg(env!("CARGO_BIN_EXE_obsbook"))
            .current_dir(copy.folder.path()),
    );
    assert_eq!(
        (again.out, again.status),
        (live.out, live.status),
        "{}",
        again.err
    );
}

#[test]
fn a_proof_is_replayed_as_it_was_told() {
    let copy = Copy::of("good");
    for format in ["human", "json"] {
        let live = copy.run(&["prove", "--format", "json"]);
        assert_eq!(
            live.out.matches(r#""event":"proof","change":"#).count(),
            4,
            "{}",
            live.out
        );
        fs::write(copy.folder.path().join("mine"), &live.out).expect("written");
        let again = copy.run(&["replay", "mine", "--format", format]);
        assert_eq!(again.status, live.status, "{}", again.err);
        if format == "json" {
            assert_eq!(again.out, live.out);
        } else {
            assert_eq!(again.out, copy.run(&["prove"]).out);
            assert!(again.out.ends_with("0 of 4 proven\n"), "{}", again.out);
        }
    }
}

#[test]
fn progress_of_a_newer_obsbook_is_left_as_it_is() {
    let copy = Copy::of("tasks");
    let newer = r#"{"v":2,"labs":"another shape"}"#;
    let file = copy.root().join(".obsbook/progress.json");
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(&file, newer).expect("written");
    let said = copy.run(&["progress"]);
    assert_eq!(said.status, 2);
    assert!(
        said.err.contains("is of format version 2") && said.err.contains("= help:"),
        "{}",
        said.err
    );
    copy.run(&["check"]);
    assert_eq!(fs::read_to_string(&file).expect("the file"), newer);
}

#[test]
fn annotations_go_to_standard_error_and_the_table_to_the_summary() {
    let copy = Copy::of("good");
    let workspace = copy.folder.path();
    let summary = workspace.join("summary.md");
    let said = told(
        copy.call(&["check", "--format", "json"])
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", workspace)
            .env("GITHUB_STEP_SUMMARY", &summary),
    );
    let annotations: Vec<_> = said
        .err
        .lines()
        .filter(|line| line.starts_with("::error "))
        .collect();
    assert_eq!(annotations.len(), 3, "{}", said.err);
    let place =
        "::error file=good/src/target.md,line=3,title=lab target-killed unsteady::not run: ";
    assert!(annotations[0].starts_with(place), "{}", annotations[0]);
    assert!(
        said.out.lines().all(|line| line.starts_with('{')),
        "{}",
        said.out
    );
    let table = copy.text("summary.md");
    assert!(
        table.starts_with("### obsbook: 3 unsteady in 0 s\n\n| lab |"),
        "{table}"
    );
    assert!(!copy.run(&["check"]).err.contains("::error"));
    let said = Copy::of("broken").run(&["check", "--github"]);
    assert_eq!(
        said.err.matches("::error file=src/target.md,line=").count(),
        6,
        "{}",
        said.err
    );
}

#[test]
fn a_test_run_leaves_what_a_check_leaves() {
    let copy = Copy::of("good");
    let root = copy.root();
    let settings = json!({"compose": "../compose/compose.yaml", "junit": "made/junit.xml"});
    let input = json!([
        {"root": root, "config": {"book": {"src": "src"}, "preprocessor": {"obsbook": settings}}, "renderer": "test", "mdbook_version": "0.5.4"},
        {"items": []},
    ]);
    let file = copy.folder.path().join("input");
    fs::write(&file, input.to_string()).expect("written");
    let mut call = obsbook(copy.folder.path());
    call.env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .env("GITHUB_ACTIONS", "true")
        .stdin(fs::File::open(&file).expect("the input"));
    let said = told(&mut call);
    assert_eq!(said.status, 3, "{}", said.err);
    assert_eq!(
        said.err.matches("::error file=src/target.md,").count(),
        3,
        "{}",
        said.err
    );
    assert!(
        copy.text("good/made/junit.xml")
            .contains("tests=\"3\" skipped=\"0\" failures=\"0\" errors=\"3\"")
    );
    assert_eq!(names(&root.join(".obsbook/evidence")).len(), 3);
    let again = copy.run(&["replay", "--junit", "again.xml"]);
    assert_eq!(again.status, 3);
    assert_eq!(copy.text("again.xml"), copy.text("good/made/junit.xml"));
    // A test run tells people on standard error, where progress is as well.
    assert!(
        again.out.lines().all(|line| said.err.contains(line)),
        "{}",
        again.out
    );
}

#[test]
fn what_is_not_a_terminal_gets_plain_lines() {
    let copy = Copy::of("good");
    let mut call = copy.call(&["check"]);
    let said = told(call.env_remove("NO_COLOR"));
    assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'));
    assert!(
        said.out.contains("  unsteady  in 0.0 s  not run: "),
        "{}",
        said.out
    );
}

#[test]
fn a_lab_is_explained_before_it_runs() {
    let copy = Copy::of("good");
    let said = copy.run(&["explain", "target-paused", "target-up"]);
    assert_eq!(said.status, 0, "{}", said.err);
    insta::assert_snapshot!(said.out);
    let said = copy.run(&["explain", "target-killed", "--format", "json"]);
    let explained: Value = serde_json::from_str(&said.out).expect("json");
    assert_eq!(explained["faults"][0]["words"], "kill target");
    assert_eq!(explained["took"], Value::Null);
    assert_eq!(copy.run(&["explain"]).status, 2);
}
