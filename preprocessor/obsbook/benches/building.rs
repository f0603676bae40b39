//! What obsbook adds to building the book, in turns: mdBook on the text alone, mdBook on the finished pages (a script hands it what
//! obsbook once made of them), and mdBook with obsbook. `cargo bench --bench building -- [ROUNDS]`
//!
//! Needs `mdbook` in the path. All build into folders that are thrown away; the figures are kept for the benchmark `report`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a person watches"
)]

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

const ROUNDS: usize = 21;
/// Names the preprocessor's program whatever `book.toml` says.
const COMMAND: &str = "MDBOOK_PREPROCESSOR__OBSBOOK__COMMAND";
const OBSBOOK: &str = env!("CARGO_BIN_EXE_obsbook");

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // `cargo bench` adds a flag of its own.
    let rounds = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(ROUNDS);
    match compare(&root, rounds) {
        Ok(table) => {
            print!("{table}");
            let kept = root.join(".obsbook/building.md");
            if let Err(error) = fs::write(&kept, table) {
                eprintln!("failed to keep it in {}: {error}", kept.display());
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("failed to build the book: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(root: &Path, rounds: usize) -> io::Result<String> {
    let text = tempfile::tempdir()?;
    without_obsbook(root, text.path())?;
    let out = tempfile::tempdir()?;
    let pages = out.path().join("pages.json");
    let keep = script(
        &out.path().join("keep"),
        &format!("'{OBSBOOK}' | tee '{}'", pages.display()),
    )?;
    let hand_on = script(
        &out.path().join("hand-on"),
        &format!("cat > /dev/null; cat '{}'", pages.display()),
    )?;
    build(root, &out.path().join("kept"), Some(&keep))?;
    let ways = [
        (text.path(), None),
        (root, Some(hand_on.as_str())),
        (root, Some(OBSBOOK)),
    ];
    let mut times = ways.map(|_| Vec::new());
    // The first round warms the disk's cache, and is not counted.
    for round in 0..=rounds {
        for ((book, obsbook), times) in ways.iter().zip(&mut times) {
            let took = build(book, &out.path().join("book"), *obsbook)?;
            if round > 0 {
                times.push(took);
            }
        }
    }
    let [on_text, on_pages, with] = times.map(median);
    Ok(format!(
        "| the whole book, median of {rounds} | seconds | with obsbook against it |\n| --- | --- | --- |\n\
        | mdBook on the finished pages | {on_pages:.3} | {:.2} |\n\
        | mdBook on the text, labs as code | {on_text:.3} | {:.2} |\n\
        | mdBook with obsbook | {with:.3} | 1 |\n",
        with / on_pages,
        with / on_text,
    ))
}

/// Writes a preprocessor that does `what`; returns its path.
fn script(path: &Path, what: &str) -> io::Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let text = format!("#!/bin/sh\n[ \"$1\" = supports ] && exit 0\n{what}\n");
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(path.display().to_string())
}

/// Makes the same book without its preprocessor in `folder`.
fn without_obsbook(root: &Path, folder: &Path) -> io::Result<()> {
    let text = fs::read_to_string(root.join("book.toml"))?;
    let mut settings: toml::Table = toml::from_str(&text).map_err(io::Error::other)?;
    settings.remove("preprocessor");
    let text = toml::to_string(&settings).map_err(io::Error::other)?;
    fs::write(folder.join("book.toml"), text)?;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_hidden = name.to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() && !is_hidden {
            std::os::unix::fs::symlink(entry.path(), folder.join(name))?;
        }
    }
    Ok(())
}

fn build(book: &Path, out: &Path, obsbook: Option<&str>) -> io::Result<Duration> {
    let started = Instant::now();
    let done = Command::new("mdbook")
        .args(["build", "--dest-dir"])
        .arg(out)
        .arg(book)
        .envs(obsbook.map(|program| (COMMAND, program)))
        .output()
        .map_err(|error| io::Error::other(format!("mdbook: {error}")))?;
    let took = started.elapsed();
    if done.status.success() {
        return Ok(took);
    }
    Err(io::Error::other(
        String::from_utf8_lossy(&done.stderr).into_owned(),
    ))
}

/// Seconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}
