//! The one place that events come from: it stamps them and hands them to every output.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use obsbook_lab::event::{Event, Record, VERSION};

/// Something that reads the event stream.
pub trait Output: Send {
    /// Takes the next event.
    fn record(&mut self, record: &Record);
    /// Takes a line about work that is no event: an image being built, a container starting.
    fn progress(&mut self, _line: &str) {}
}

/// Stamps events with the run's id and the time, and hands them on.
pub struct Reporter {
    run: String,
    outputs: Mutex<Vec<Box<dyn Output>>>,
}

impl Reporter {
    /// Returns a reporter of a new run.
    pub fn new(outputs: Vec<Box<dyn Output>>) -> Self {
        let now = Timestamp::now();
        // Two runs of one machine differ in the second or in the process.
        let run = format!("{}-{}", now.strftime("%Y%m%dT%H%M%SZ"), std::process::id());
        Self {
            run,
            outputs: Mutex::new(outputs),
        }
    }

    /// Returns the run's id.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Hands an event to every output.
    pub fn emit(&self, lab: Option<&str>, event: Event) {
        let record = Record {
            v: VERSION,
            time: Timestamp::now(),
            run: self.run.clone(),
            lab: lab.map(str::to_owned),
            event,
        };
        for output in self
            .outputs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter_mut()
        {
            output.record(&record);
        }
    }

    /// Hands a line about other work to every output.
    pub fn progress(&self, line: &str) {
        for output in self
            .outputs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter_mut()
        {
            output.progress(line);
        }
    }
}
