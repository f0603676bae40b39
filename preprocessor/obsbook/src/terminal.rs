//! What a terminal is asked and told.

use std::io::Write;

use obsbook_lab::event::Record;

use crate::report::Output;

/// Returns whether to write colour: on a terminal, unless NO_COLOR is set (<https://no-color.org>).
pub fn colour(is_terminal: bool) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_terminal && !refused
}

/// Writes progress lines as they come.
pub struct Progress<W> {
    out: W,
}

impl<W: Write + Send> Progress<W> {
    /// Returns an output that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write + Send> Output for Progress<W> {
    fn record(&mut self, _record: &Record) {}

    fn progress(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }
}
