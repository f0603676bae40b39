//! What a terminal is asked and told.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use obsbook_lab::event::Record;

use crate::images::{self, Renderer};
use crate::report::{Output, Waiting};

/// Returns whether to write colour: on a terminal, unless NO_COLOR is set (<https://no-color.org>).
pub fn colour(is_terminal: bool) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_terminal && !refused
}

/// Writes a line to standard output. A reader that went away, as `head` does, is no error.
pub(crate) fn line(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(stdout(), "{text}");
}

/// Writes a line to standard error. A terminal that went away must not end an undo, as a panic would.
pub(crate) fn error_line(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(stderr(), "{text}");
}

/// `eprintln!` for what is told while the stack may be broken.
macro_rules! err {
    ($($words:tt)*) => {
        $crate::terminal::error_line(format_args!($($words)*))
    };
}
pub(crate) use err;

/// `println!` for command output that may be cut off by its reader.
macro_rules! out {
    ($($words:tt)*) => {
        $crate::terminal::line(format_args!($($words)*))
    };
}
pub(crate) use out;

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

impl Output for Progress {
    fn record(&mut self, record: &Record) {
        self.waiting.record(record);
        match self.waiting.line(record) {
            Some(line) => self.activity(&line),
            None => self.stop(),
        }
    }

    fn progress(&mut self, line: &str) {
        self.stop();
        err!("{line}");
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
