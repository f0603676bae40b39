//! Running the obsbook binary as a person does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Returns the folder of a fixture book.
pub(crate) fn book(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/books")
        .join(name)
}

/// Copies fixture books into a folder, without what runs of other tests are leaving in them just now.
#[allow(dead_code, reason = "not every test changes a book")]
pub(crate) fn copy_books(names: &[&str], folder: &Path) {
    for name in names {
        copy(&book(name), &folder.join(name));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == ".obsbook" {
            continue;
        }
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("copied");
        }
    }
}

/// Returns a call of obsbook that nothing on this machine bends, with a state folder of its own.
pub(crate) fn obsbook(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_obsbook"));
    for variable in [
        "OBSBOOK_PROJECT",
        "OBSBOOK_IMAGES",
        "OBSBOOK_DYNAMIC_PORTS",
        "OBSBOOK_JOBS",
        "COMPOSE_PROJECT_NAME",
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_WORKSPACE",
    ] {
        command.env_remove(variable);
    }
    command.env("XDG_STATE_HOME", state).env("NO_COLOR", "1");
    command
}

/// What a finished call printed and returned.
#[allow(dead_code, reason = "not every test runs a call to its end")]
pub(crate) struct Told {
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
    /// The exit status.
    pub(crate) status: i32,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        Self {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            status: output.status.code().unwrap_or(-1),
        }
    }
}

/// Runs a call to its end.
#[allow(dead_code, reason = "not every test does")]
pub(crate) fn told(command: &mut Command) -> Told {
    command.output().expect("obsbook starts").into()
}
