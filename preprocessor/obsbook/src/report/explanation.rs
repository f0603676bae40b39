//! What a lab will do, told before it does it.

use std::fmt;
use std::path::Path;

use obsbook_lab::block::{Condition, Edit, Fault, FaultKind, Lab, Probe, Reach};
use obsbook_lab::event::{Phase, Planned};
use obsbook_lab::verdict::Verdict;
use obsbook_lab::{duration, plan};
use serde::Serialize;

use super::evidence::Evidence;
use crate::book::LoadedBook;
use crate::fault::{ByHand, by_hand};

/// What one lab will do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Version of this format.
    pub v: u32,
    /// The lab's id.
    pub id: String,
    /// The sentence that it proves.
    pub title: String,
    /// Its file, relative to the book's root.
    pub file: String,
    /// The line of its fence.
    pub line: usize,
    /// The profile that it runs in.
    pub profile: String,
    /// What runs in that profile.
    pub services: Vec<ServicePlan>,
    /// What is looked at, in the order of the block.
    pub conditions: Vec<ConditionPlan>,
    /// Of an exercise: where the reader's file goes, in words.
    pub edit: Option<String>,
    /// Whether its faults are for its reader to find out.
    pub hides: bool,
    /// What is broken, in the order of injection; none for an observation.
    pub faults: Vec<FaultPlan>,
    /// Whether the lab breaks nothing and only looks.
    pub observes: bool,
    /// The fault under which `obsbook prove` sees an observation fail.
    pub disproved_by: Option<String>,
    /// Seconds that its newest run took, if that passed.
    pub took: Option<f64>,
    /// Seconds that it takes at most, on a stack that is up.
    pub at_most: f64,
}

/// One service of the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServicePlan {
    /// Its name.
    pub name: String,
    /// Its memory limit in bytes, if the compose files tell it.
    pub memory_limit: Option<u64>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConditionPlan {
    /// The condition, its bound and its deadline.
    #[serde(flatten)]
    pub planned: Planned,
    /// What it reads, in words.
    pub reads: String,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultPlan {
    /// The fault.
    pub fault: Fault,
    /// The fault in words.
    pub words: String,
    /// Its undo in words.
    pub undo: String,
    /// Seconds after which the service ends it by itself, whatever becomes of obsbook; `None` when it does not.
    pub time_to_live: Option<f64>,
    /// The commands that do the same, where they are known.
    pub by_hand: Option<ByHand>,
}

impl Explanation {
    /// Returns what `lab` of `book` will do in the stack `project`; of the evidence at `root`, what its newest run took.
    pub fn new(lab: &Lab, book: &LoadedBook, project: &str, root: &Path) -> Self {
        let conditions = lab.steady.iter().chain(&lab.expect).chain(&lab.after);
        let took = Evidence::read(root, &lab.id)
            .filter(|evidence| evidence.verdict == Verdict::Passed)
            .map(|evidence| evidence.seconds);
        let services = book
            .around
            .model
            .iter()
            .flat_map(|model| model.in_profile(&lab.profile))
            .map(|(name, service)| ServicePlan {
                name: name.to_owned(),
                memory_limit: service.memory_limit,
            });
        Self {
            v: 1,
            id: lab.id.clone(),
            title: lab.title.clone(),
            file: lab.file.display().to_string(),
            line: lab.at.line,
            profile: lab.profile.clone(),
            services: services.collect(),
            conditions: conditions
                .zip(plan::conditions(lab))
                .map(|(condition, planned)| ConditionPlan {
                    planned,
                    reads: reads(condition),
                })
                .collect(),
            edit: lab.exercise.as_ref().map(|exercise| edit(&exercise.edit)),
            hides: lab.challenge.is_some(),
            faults: lab
                .inject
                .iter()
                .flatten()
                .filter(|_| lab.challenge.is_none())
                .map(|fault| fault_plan(fault, lab, book, project))
                .collect(),
            observes: lab.inject.is_none(),
            disproved_by: lab.disproved_by.as_ref().map(ToString::to_string),
            took,
            at_most: plan::at_most(lab).as_secs_f64(),
        }
    }

    fn section(&self, phase: Phase) -> impl Iterator<Item = &ConditionPlan> {
        self.conditions
            .iter()
            .filter(move |condition| condition.planned.phase == phase)
    }
}

fn edit(edit: &Edit) -> String {
    let Edit {
        file,
        service,
        target,
        ..
    } = edit;
    let file = file.display();
    match edit.reach {
        Reach::Reload => format!("{service} reads {file} as its {target}, the starter first"),
        Reach::Rebuild => {
            format!("{service} is built with {file} as its {target}, the starter first")
        }
    }
}

fn fault_plan(fault: &Fault, lab: &Lab, book: &LoadedBook, project: &str) -> FaultPlan {
    let time_to_live = plan::time_to_live(lab);
    let model = book.around.model.as_ref();
    let ends = fault.kind.needs_fault_api() && fault.kind != FaultKind::Crash;
    FaultPlan {
        fault: fault.clone(),
        words: fault.to_string(),
        undo: fault.undo_words(),
        time_to_live: ends.then_some(time_to_live.as_secs_f64()),
        by_hand: model.and_then(|model| by_hand(fault, model, project, time_to_live)),
    }
}

fn reads(condition: &Condition) -> String {
    let signals: Vec<_> = condition
        .probe
        .signals()
        .iter()
        .map(ToString::to_string)
        .collect();
    match &condition.probe {
        Probe::Http { address, .. } => format!("the answer of {}", address.service),
        Probe::Container { service, .. } => format!("the engine's state of {service}"),
        Probe::Run { service, .. } => format!("a command in {service}"),
        _ => signals.join(", "),
    }
}

impl fmt::Display for ConditionPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { planned, reads } = self;
        let within = seconds(planned.within);
        let condition = &planned.condition;
        match planned.phase {
            _ if planned.always => {
                write!(f, "{condition}, at every sample for {within} at least")
            }
            Phase::After => write!(f, "{condition}, within {within} of the undo"),
            Phase::Expect => write!(f, "{condition}, within {within} of the fault"),
            _ => write!(f, "{condition}, within {within}"),
        }?;
        write!(f, "; reads {reads}")
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            title,
            file,
            line,
            ..
        } = self;
        writeln!(f, "{id}  {title}  ({file}:{line})")?;
        step(f, "profile", &self.profile_words())?;
        let mut steady = self.section(Phase::Steady).peekable();
        if steady.peek().is_none() {
            step(f, "steady", "every container is healthy, within 60s")?;
        }
        for condition in steady {
            step(f, "steady", &condition.to_string())?;
        }
        if !self.observes {
            step(f, "control", "what is expected is false before the fault")?;
            self.faults(f)?;
        }
        if let Some(fault) = &self.disproved_by {
            step(f, "prove", &format!("it must fail when you {fault}"))?;
        }
        let at_most = format!("at most {} on a stack that is up", seconds(self.at_most));
        let takes = match self.took {
            Some(took) => format!("{took:.0} s when it last ran; {at_most}"),
            None => at_most,
        };
        write!(f, "  {:<9} {takes}", "takes")
    }
}

impl Explanation {
    fn faults(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(edit) = &self.edit {
            step(f, "edit", edit)?;
        } else if self.hides {
            let start = format!(
                "what you are to find out: obsbook challenge start {}",
                self.id
            );
            step(f, "break", &start)?;
        } else if self.faults.is_empty() {
            step(f, "break", "nothing: this is the control")?;
        }
        for fault in &self.faults {
            let lasts = match (&fault.fault.kind, fault.time_to_live) {
                (_, Some(lives)) => format!("ends by itself after {}", seconds(lives)),
                (FaultKind::Crash, _) => "its restart policy brings it back".to_owned(),
                (FaultKind::Restart, _) => "it comes back by itself".to_owned(),
                _ => "lasts until it is undone".to_owned(),
            };
            step(f, "break", &format!("{}; {lasts}", fault.words))?;
            if let Some(by_hand) = &fault.by_hand {
                step(f, "", &format!("$ {}", by_hand.inject))?;
            }
        }
        for condition in self.section(Phase::Expect) {
            step(f, "expect", &condition.to_string())?;
        }
        for fault in self.faults.iter().rev() {
            step(f, "undo", &fault.undo)?;
            if let Some(by_hand) = &fault.by_hand {
                step(f, "", &format!("$ {}", by_hand.undo))?;
            }
        }
        for condition in self.section(Phase::After) {
            step(f, "after", &condition.to_string())?;
        }
        step(f, "recover", "the steady state holds again")
    }

    fn profile_words(&self) -> String {
        let limits: Vec<u64> = self
            .services
            .iter()
            .filter_map(|service| service.memory_limit)
            .collect();
        let all = limits.iter().sum::<u64>() >> 20;
        let without = self.services.len() - limits.len();
        let limit = match (limits.len(), without) {
            (0, _) => "no memory limits".to_owned(),
            (_, 0) => format!("memory limits of {all} MiB in all"),
            (_, without) => format!("memory limits of {all} MiB in all, {without} without"),
        };
        let names: Vec<_> = self
            .services
            .iter()
            .map(|service| service.name.as_str())
            .collect();
        let count = names.len();
        let plural = if count == 1 { "service" } else { "services" };
        let names = names.join(", ");
        format!("{}: {count} {plural}, {limit}: {names}", self.profile)
    }
}

fn step(f: &mut fmt::Formatter<'_>, name: &str, text: &str) -> fmt::Result {
    writeln!(f, "  {name:<9} {text}")
}

fn seconds(seconds: f64) -> String {
    duration::words(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
