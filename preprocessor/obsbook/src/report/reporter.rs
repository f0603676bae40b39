//! The one place that events come from: it stamps them and hands them to every output.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use obsbook_lab::event::{Event, Record, VERSION};

use crate::images::Progress;

/// Something that reads the event stream.
pub trait Output: Send {
    /// Takes the next event.
    fn record(&mut self, record: &Record);
    /// Returns what the output could not do since it was last asked, for people to read; it changes no verdict.
    fn trouble(&mut self) -> Option<String> {
        None
    }
    /// Takes a line about work that is no event: an image being built, a container starting.
    fn progress(&mut self, _line: &str) {}
    /// Takes what passes by and matters only while it lasts: a container being created.
    fn activity(&mut self, _line: &str) {}
    /// Takes the next thing that happened to an image or an installation.
    fn building(&mut self, _progress: &Progress) {}
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
        // Ids sort by time; two runs of one moment differ in the process.
        let run = format!(
            "{}-{}",
            now.strftime("%Y%m%dT%H%M%S%3fZ"),
            std::process::id()
        );
        Self {
            run,
            outputs: Mutex::new(outputs),
        }
    }

    /// Returns the reporter with more outputs behind those that it has.
    #[must_use]
    pub fn and(mut self, more: Vec<Box<dyn Output>>) -> Self {
        let outputs = self.outputs.get_mut();
        outputs.unwrap_or_else(PoisonError::into_inner).extend(more);
        self
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
        self.pass(&record);
    }

    /// Hands an event that has its time and run already to every output, and tells what an output could not do.
    pub fn pass(&self, record: &Record) {
        let mut troubles = Vec::new();
        self.each(|output| {
            output.record(record);
            troubles.extend(output.trouble());
        });
        for trouble in troubles {
            self.progress(&trouble);
        }
    }

    /// Hands a line about other work to every output.
    pub fn progress(&self, line: &str) {
        self.each(|output| output.progress(line));
    }

    /// Hands a passing line to every output.
    pub fn activity(&self, line: &str) {
        self.each(|output| output.activity(line));
    }

    /// Hands what happened to an image or an installation to every output.
    pub fn building(&self, progress: &Progress) {
        self.each(|output| output.building(progress));
    }

    fn each(&self, mut tell: impl FnMut(&mut dyn Output)) {
        let mut outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        outputs.iter_mut().for_each(|output| tell(output.as_mut()));
    }
}
