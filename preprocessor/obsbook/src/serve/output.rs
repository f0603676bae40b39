//! Work as pages see it.

use std::sync::Arc;

use obsbook_lab::block::Lab;
use obsbook_lab::event::{Event, Record};
use obsbook_lab::plan;
use serde::Serialize;

use super::hub::Hub;
use super::outages::Outages;
use crate::images::Progress;
use crate::report::{LabView, Output, State};

/// Keeps the view of one lab, and hands each change of it to the hub.
pub(super) struct HubOutput {
    hub: Arc<Hub>,
    outages: Arc<Outages>,
    view: LabView,
    only_watches: bool,
}

impl HubOutput {
    /// Returns the output of a run of `lab`, which begins now.
    ///
    /// `state` is what it does until its first event; somebody who only watches goes on watching.
    pub(super) fn new(hub: &Arc<Hub>, outages: &Arc<Outages>, lab: &Lab, state: State) -> Self {
        let output = Self {
            hub: Arc::clone(hub),
            outages: Arc::clone(outages),
            view: LabView {
                lasting: plan::time_to_live(lab),
                ..LabView::new(&lab.id, state)
            },
            only_watches: state == State::Watching,
        };
        output.show();
        output
    }

    fn show(&self) {
        self.hub.set("lab", &self.view.id, &self.view);
    }

    fn pass_by(&mut self, line: &str) {
        self.view.activity = Some(line.to_owned());
        self.show();
    }
}

impl Output for HubOutput {
    fn record(&mut self, record: &Record) {
        if record.lab.as_ref().is_none_or(|lab| *lab != self.view.id) {
            return;
        }
        match &record.event {
            Event::FaultInjected { fault } => self.outages.begin(&fault.to_string(), record.time),
            Event::FaultUndone { fault } => self.outages.end(&fault.to_string(), record.time),
            Event::LabFinished { .. } => self.outages.lab_ended(record.time),
            _ => {}
        }
        self.view.add(&record.run, record.time, &record.event);
        if self.only_watches {
            self.view.state = State::Watching;
        }
        self.show();
    }

    fn progress(&mut self, line: &str) {
        self.pass_by(line);
    }

    fn activity(&mut self, line: &str) {
        self.pass_by(line);
    }

    fn building(&mut self, progress: &Progress) {
        if let Some(line) = words(progress) {
            self.pass_by(&line);
        }
    }
}

/// What is being done with the stack itself.
#[derive(Default, Serialize)]
struct StackWork {
    /// What, if anything.
    doing: Option<&'static str>,
    /// The last lines that were said of it.
    lines: Vec<String>,
}

/// Hands what is said while the stack comes up or goes down to the hub.
pub(super) struct StackOutput {
    hub: Arc<Hub>,
    work: StackWork,
}

/// Lines that a page shows.
const LINES: usize = 6;

impl StackOutput {
    pub(super) fn new(hub: &Arc<Hub>, doing: &'static str) -> Self {
        let work = StackWork {
            doing: Some(doing),
            lines: Vec::new(),
        };
        hub.set("work", "", &work);
        Self {
            hub: Arc::clone(hub),
            work,
        }
    }

    /// Shows that nothing is being done, and that all went well.
    pub(super) fn end(hub: &Hub) {
        hub.set("work", "", &StackWork::default());
    }

    fn say(&mut self, line: &str) {
        self.work.lines.push(line.to_owned());
        let too_many = self.work.lines.len().saturating_sub(LINES);
        self.work.lines.drain(..too_many);
        if line.starts_with("error: ") {
            self.work.doing = None;
        }
        self.hub.set("work", "", &self.work);
    }
}

impl Output for StackOutput {
    fn record(&mut self, _: &Record) {}

    fn progress(&mut self, line: &str) {
        self.say(line);
    }

    fn activity(&mut self, line: &str) {
        self.say(line);
    }

    fn building(&mut self, progress: &Progress) {
        if let Some(line) = words(progress) {
            self.say(&line);
        }
    }
}

/// What a page is told while images are built; what a step writes passes by.
fn words(progress: &Progress) -> Option<String> {
    Some(match progress {
        Progress::Step { what, .. } => what.clone(),
        Progress::Pulling { image } => format!("pulling {image}"),
        Progress::Started { images, .. } => format!("building {} images", images.len()),
        Progress::Building {
            image, step, steps, ..
        } => format!("building {image}: step {step} of {steps}"),
        Progress::Built { image, .. } => format!("built {image}"),
        Progress::Warning(line) => line.clone(),
        _ => return None,
    })
}
