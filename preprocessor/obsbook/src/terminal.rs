//! What a terminal is asked and told.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use obsbook_lab::event::Record;

use crate::images::{self, Renderer};
use crate::report::{self, Waiting};

/// `println!` for command output that may be cut off by its reader.
macro_rules! out {
    ($($words:tt)*) => {
        $crate::terminal::line(format_args!($($words)*))
    };
}
pub(crate) use out;

/// `eprintln!` that does not panic where standard error is closed.
macro_rules! told {
    ($($words:tt)*) => {
        $crate::terminal::tell(format_args!($($words)*))
    };
}
pub(crate) use told;

/// Returns whether to write colour: on a terminal, unless NO_COLOR is set (<https://no-color.org>).
pub fn colour(is_terminal: bool) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_terminal && !refused
}

/// Whether a command's output could not be written.
static LOST: AtomicBool = AtomicBool::new(false);
/// Whether that, or the like of a report, has been told.
static TOLD: AtomicBool = AtomicBool::new(false);

/// Writes a line to standard output. A reader that went away, as `head` does, is no error.
pub(crate) fn line(text: Arguments<'_>) {
    if let Err(error) = writeln!(stdout(), "{text}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        LOST.store(true, Ordering::Relaxed);
        tell_lost(&error);
    }
}

/// Writes a line to standard error. One that is closed or full is no reason to stop: a panic would leave faults in place.
pub(crate) fn tell(text: Arguments<'_>) {
    let _ = writeln!(stderr(), "{text}");
}

/// Returns whether output of a command was lost, by a full disk for example.
pub(crate) fn has_lost_output() -> bool {
    LOST.load(Ordering::Relaxed)
}

fn tell_lost(error: &io::Error) {
    if !TOLD.swap(true, Ordering::Relaxed) {
        told!("error: failed to write to standard output: {error}");
        told!("  = help: make room there, or send the output elsewhere");
    }
}

/// Standard output for reports: what they lose is told once, and stops no run.
pub(crate) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        noted(stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        noted(stdout().flush())
    }
}

fn noted<T>(written: io::Result<T>) -> io::Result<T> {
    if let Err(error) = &written
        && !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::Interrupted)
    {
        tell_lost(error);
    }
    written
}

/// Writes progress to standard error: bars and a spinner on a terminal, plain lines elsewhere.
#[derive(Default)]
pub struct Progress {
    renderer: Renderer,
    spinner: Option<ProgressBar>,
    waiting: Waiting,
}

impl Progress {
    fn stop(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }
}

impl report::Output for Progress {
    fn record(&mut self, record: &Record) {
        self.waiting.record(record);
        match self.waiting.line(record) {
            Some(line) => self.activity(&line),
            None => self.stop(),
        }
    }

    fn progress(&mut self, line: &str) {
        self.stop();
        told!("{line}");
    }

    fn activity(&mut self, line: &str) {
        if !stderr().is_terminal() {
            return;
        }
        let spinner = self.spinner.get_or_insert_with(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(Duration::from_millis(200));
            spinner
        });
        spinner.set_message(line.trim().to_owned());
    }

    fn building(&mut self, progress: &images::Progress) {
        self.stop();
        self.renderer.show(progress);
    }
}

impl Drop for Progress {
    /// What ends in the middle leaves no spinner behind.
    fn drop(&mut self) {
        self.stop();
    }
}
