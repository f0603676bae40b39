//! Exercises and challenges on a real stack, in the hands of a reader who edits, gives up, and is interrupted.
//!
//! Needs an engine and the images `obsbook/prometheus` and `obsbook/node-exporter`; fails without.

#[path = "support/stack.rs"]
#[allow(dead_code, reason = "not every test asks it")]
mod stack;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use stack::{Stack, signal};
use support::{Told, copy_books, told};

/// A reader with a copy of the book, and a stack.
struct Reader {
    stack: Stack,
    folder: tempfile::TempDir,
}

impl Reader {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy_books(&["tasks"], folder.path());
        let reader = Self {
            stack: Stack::new(name),
            folder,
        };
        // What somebody edited in the fixture itself is theirs.
        for left in ["labs/mine", ".obsbook"] {
            let _ = fs::remove_dir_all(reader.root().join(left));
        }
        reader
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("tasks")
    }

    fn types(&self, args: &[&str]) -> Told {
        told(&mut self.stack.call(&self.root(), args))
    }

    /// Writes what stands in `from` into the file that the exercise names.
    fn edits(&self, file: &str, from: &str) {
        let from = self.root().join(from);
        fs::copy(from, self.root().join(file)).expect("copied");
    }

    fn done(&self) -> String {
        self.types(&["progress"]).out
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.types(&["down", "--volumes"]);
    }
}

fn ended(said: &Told, status: i32, words: &[&str]) {
    assert_eq!(said.status, status, "{}{}", said.out, said.err);
    for word in words {
        let told = said.out.contains(word) || said.err.contains(word);
        assert!(told, "{word}: {}{}", said.out, said.err);
    }
}

#[test]
fn an_exercise_is_unsolved_then_failed_then_passed() {
    let reader = Reader::new("exercise");
    let check = || reader.types(&["check", "page-down-rule"]);
    let mine = "labs/mine/rules.yml";
    ended(&check(), 0, &["unsolved", "is made from its starter"]);
    ended(&check(), 0, &["unsolved", "is as it was handed out"]);
    reader.edits(mine, "solutions/rules-broken.yml");
    ended(&check(), 1, &["failed", "metrics does not take it"]);
    reader.edits(mine, "solutions/rules.yml");
    ended(&check(), 0, &["1 passed", "steady again"]);
    assert!(reader.done().contains("1 of 3"), "{}", reader.done());
    // Nothing of it is left in the service.
    let name = format!("{}-metrics-1", reader.stack.project);
    let mounts = Command::new("docker")
        .args(["inspect", "-f", "{{json .Mounts}}", &name])
        .output();
    let mounts = String::from_utf8_lossy(&mounts.expect("docker").stdout).into_owned();
    assert!(!mounts.contains("/rules"), "{mounts}");
}

#[test]
fn what_a_killed_run_mounted_is_forgotten_with_the_stack() {
    let reader = Reader::new("exercise-killed");
    let check = ["check", "page-down-rule"];
    ended(&reader.types(&check), 0, &["is made from its starter"]);
    reader.edits("labs/mine/rules.yml", "solutions/rules.yml");
    let mut killed = reader.stack.start_until(&reader.root(), &check, "break");
    signal(&killed, "-KILL");
    killed.wait().expect("an end");
    ended(&reader.types(&["down"]), 0, &["gone with its container"]);
    ended(&reader.types(&check), 0, &["1 passed", "steady again"]);
}

#[test]
fn a_service_is_built_with_the_readers_file_and_then_with_its_own() {
    let reader = Reader::new("rebuild");
    let said = reader.types(&["prove", "page-closes"]);
    ended(&said, 0, &["2 of 2 proven"]);
    let said = reader.types(&["check", "page-closes"]);
    ended(&said, 0, &["unsolved"]);
}

#[test]
fn commands_of_the_prose_print_what_is_shown() {
    let reader = Reader::new("console");
    let said = reader.types(&["prove", "--queries"]);
    ended(&said, 0, &["tasks-console-1", "1 of 1 proven"]);
    let chapter = reader.root().join("src/tasks.md");
    let text = fs::read_to_string(&chapter).expect("text");
    fs::write(&chapter, text.replace("shop_open 1\n", "shop_open 3\n")).expect("written");
    let said = reader.types(&["prove", "--queries"]);
    let words = ["shown:   shop_open 3", "src/tasks.md:5"];
    ended(&said, 1, &words);
}

#[test]
fn hints_come_one_at_a_time_and_stay() {
    let reader = Reader::new("hints");
    for (shown, more) in [(1, true), (2, true), (3, false), (3, false)] {
        let said = reader.types(&["hint", "page-down-rule"]);
        ended(&said, 0, &[]);
        assert_eq!(said.out.matches("hint ").count() - usize::from(more), shown);
    }
    let said = reader.types(&["hint", "page-closes"]);
    ended(&said, 2, &["has no hints"]);
    let said = reader.types(&["hint", "page-close"]);
    ended(&said, 2, &["did you mean `page-closes`?"]);
}

#[test]
fn a_challenge_is_judged_by_the_stack_and_by_the_answers() {
    let reader = Reader::new("challenge");
    let challenge = |args: &[&str]| reader.types(&[&["challenge"], args].concat());
    let answer = |one: &str, other: &str| challenge(&["answer", "silent-page", one, other]);
    ended(
        &challenge(&["start", "page-closes"]),
        2,
        &["not a challenge"],
    );
    ended(&answer("page", "b"), 2, &["it has not begun"]);
    ended(&reader.types(&["check", "silent-page"]), 0, &["unsolved"]);

    let begun = challenge(&["start", "silent-page"]);
    ended(&begun, 0, &["Something is broken now", "up{job=\"page\"}"]);
    let status = reader.types(&["status"]);
    ended(&status, 0, &["the breakage of the challenge silent-page"]);
    for told in [&begun, &status] {
        let all = format!("{}{}", told.out, told.err);
        assert!(!all.contains("pause page"), "{all}");
    }
    ended(
        &challenge(&["answer", "silent-page", "page"]),
        2,
        &["1 answer(s) to 2"],
    );

    let name = format!("{}-page-1", reader.stack.project);
    let mended = Command::new("docker").args(["unpause", &name]).status();
    assert!(mended.expect("docker").success());
    ended(
        &answer("metrics", "b"),
        1,
        &["mended after", "1 of 2 answers"],
    );
    assert!(reader.done().contains("0 of 3"), "{}", reader.done());
    ended(
        &answer("page", "it does nothing"),
        0,
        &["solutions/silent-page.sh"],
    );
    assert!(reader.done().contains("1 of 3"), "{}", reader.done());

    ended(&challenge(&["start", "silent-page"]), 0, &[]);
    let said = challenge(&["give-up", "silent-page"]);
    ended(&said, 0, &["pause page", "What does not:", "whole again"]);
    assert_eq!(reader.stack.state_of("page"), "running");
}

#[test]
fn a_challenge_that_is_under_way_ends_when_a_lab_needs_a_whole_stack() {
    let reader = Reader::new("ended");
    ended(
        &reader.types(&["challenge", "start", "silent-page"]),
        0,
        &[],
    );
    let said = reader.types(&["up"]);
    ended(
        &said,
        0,
        &["the breakage of the challenge silent-page; it is undone now"],
    );
    assert_eq!(reader.stack.state_of("page"), "running");
}

#[test]
fn an_edit_is_taken_back_after_kill_9() {
    let reader = Reader::new("edit-killed");
    reader.types(&["check", "page-down-rule"]);
    reader.edits("labs/mine/rules.yml", "solutions/rules.yml");
    let mut child =
        reader
            .stack
            .start_until(&reader.root(), &["check", "page-down-rule"], "control");
    stack::signal(&child, "-KILL");
    child.wait().expect("an end");
    let said = reader.types(&["status"]);
    ended(&said, 0, &["let metrics read", "it is undone now"]);
    let left = reader.stack.state().join("obsbook/stacks");
    assert!(!has_folder(&left, "config"), "{}", left.display());
}

/// Whether a folder of this name with anything in it lies below another.
fn has_folder(root: &Path, name: &str) -> bool {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let path = entry.path();
        let filled = fs::read_dir(&path).is_ok_and(|mut inside| inside.next().is_some());
        path.is_dir() && ((entry.file_name() == name && filled) || has_folder(&path, name))
    })
}
