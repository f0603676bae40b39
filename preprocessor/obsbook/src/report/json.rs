//! One event a line, for programs.

use std::io::Write;

use obsbook_lab::event::Record;

use super::reporter::Output;

/// Writes each event as one line of JSON.
pub struct JsonLines<W> {
    out: W,
}

impl<W: Write + Send> JsonLines<W> {
    /// Returns an output that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write + Send> Output for JsonLines<W> {
    fn record(&mut self, record: &Record) {
        // A reader that went away must not keep a fault from being undone.
        if let Ok(line) = serde_json::to_string(record) {
            let _ = writeln!(self.out, "{line}");
            let _ = self.out.flush();
        }
    }
}
