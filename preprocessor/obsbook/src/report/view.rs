//! What a page shows of one lab: a fold over its events that can be sent whole at any moment, so that a page which comes late, or was away, misses nothing.

use jiff::Timestamp;
use obsbook_lab::chart::{spark, spark_bound};
use obsbook_lab::comparison::Comparison;
use obsbook_lab::event::{Event, Phase, Planned};
use obsbook_lab::verdict::Verdict;
use serde::Serialize;

/// Points of a condition that are kept: ten minutes of looks.
const POINTS: usize = 1500;

/// One lab as a page shows it. Times are milliseconds since 1970 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabView {
    /// The lab's id.
    pub id: String,
    /// What it is doing.
    pub state: State,
    /// The run, once there is one.
    pub run: Option<String>,
    /// What passes by and matters only while it lasts.
    pub activity: Option<String>,
    /// The parts of the run, in their order.
    pub steps: Vec<StepView>,
    /// The faults, in the order of their injection.
    pub faults: Vec<FaultView>,
    /// What is looked at, in the order of the block.
    pub conditions: Vec<ConditionView>,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// Why, unless it passed.
    pub reason: Option<String>,
    /// What was seen instead, a line each.
    pub seen: Vec<String>,
    /// Seconds that it took.
    pub seconds: Option<f64>,
    /// When it ended.
    pub ended: Option<i64>,
}

/// What a lab is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing.
    Idle,
    /// It waits for another one.
    Queued,
    /// The stack comes up.
    Preparing,
    /// It is looked at or broken.
    Running,
    /// The fault is gone, and the stack mends.
    Recovering,
    /// It has ended.
    Ended,
    /// Its conditions are looked at, and somebody else breaks things.
    Watching,
}

/// A part of a lab's run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The steady state is looked at.
    Steady,
    /// The negative control.
    Control,
    /// The faults are put in place.
    Break,
    /// The expectations are looked at.
    Expect,
    /// The steady state is looked at again.
    Recover,
}

/// A part of a run with its times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepView {
    /// The part.
    pub step: Step,
    /// When it began.
    pub began: i64,
    /// When it ended.
    pub ended: Option<i64>,
}

/// A fault with its times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultView {
    /// The fault in words.
    pub words: String,
    /// When it was in place.
    pub injected: Option<i64>,
    /// When it was gone.
    pub undone: Option<i64>,
}

/// A condition and what is seen of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConditionView {
    /// The condition.
    #[serde(flatten)]
    pub planned: Planned,
    /// Whether it held when it was looked at last.
    pub met: Option<bool>,
    /// What was seen then, in words.
    pub seen: Option<String>,
    /// Seconds from the injection, or from the undo, until it was seen to be true.
    pub detected: Option<f64>,
    /// What was seen since the beginning, as the path of a small curve.
    pub spark: String,
    /// Where the bound stands beside that curve.
    pub spark_bound: Option<f64>,
    #[serde(skip)]
    points: Vec<(f64, f64)>,
}

impl ConditionView {
    fn new(planned: Planned) -> Self {
        Self {
            planned,
            met: None,
            seen: None,
            detected: None,
            spark: String::new(),
            spark_bound: None,
            points: Vec::new(),
        }
    }

    fn look(&mut self, at: Timestamp, met: bool, value: Option<f64>, seen: &str) {
        self.met = Some(met);
        self.seen = Some(seen.to_owned());
        let Some(value) = value.filter(|value| value.is_finite()) else {
            return;
        };
        if self.points.len() == POINTS {
            self.points.remove(0);
        }
        #[allow(clippy::cast_precision_loss)]
        self.points.push((at.as_millisecond() as f64, value));
        let bound = Comparison::parse(&self.planned.bound)
            .ok()
            .map(|known| known.bound);
        self.spark = spark(&self.points, bound);
        self.spark_bound = spark_bound(&self.points, bound);
    }
}

impl LabView {
    /// Returns the view of a lab of which nothing is known but what it is doing.
    pub fn new(id: &str, state: State) -> Self {
        Self {
            id: id.to_owned(),
            state,
            run: None,
            activity: None,
            steps: Vec::new(),
            faults: Vec::new(),
            conditions: Vec::new(),
            verdict: None,
            reason: None,
            seen: Vec::new(),
            seconds: None,
            ended: None,
        }
    }

    /// Takes the next event of the lab.
    pub fn add(&mut self, run: &str, time: Timestamp, event: &Event) {
        let at = time.as_millisecond();
        match event {
            Event::LabStarted { conditions, .. } => {
                *self = Self::new(&self.id, State::Running);
                self.run = Some(run.to_owned());
                self.conditions = conditions.iter().cloned().map(ConditionView::new).collect();
                self.step(Step::Steady, at);
            }
            Event::SteadyHeld { .. } => self.step(Step::Control, at),
            Event::ControlHeld { .. } => self.step(Step::Break, at),
            Event::FaultJournaled { fault } => self.faults.push(FaultView {
                words: fault.to_string(),
                injected: None,
                undone: None,
            }),
            Event::FaultInjected { fault } => {
                let words = fault.to_string();
                let mut waiting = self.faults.iter_mut();
                if let Some(fault) =
                    waiting.find(|known| known.words == words && known.injected.is_none())
                {
                    fault.injected = Some(at);
                }
                if self.faults.iter().all(|fault| fault.injected.is_some()) {
                    self.step(Step::Expect, at);
                }
            }
            Event::FaultUndone { fault } => {
                let words = fault.to_string();
                let mut waiting = self.faults.iter_mut().rev();
                if let Some(fault) =
                    waiting.find(|known| known.words == words && known.undone.is_none())
                {
                    fault.undone = Some(at);
                }
                self.state = State::Recovering;
                self.step(Step::Recover, at);
            }
            Event::Observation {
                phase,
                condition,
                met,
                value,
                seen,
            } => {
                if let Some(known) = self.find(*phase, condition) {
                    known.look(time, *met, *value, seen);
                }
            }
            Event::ExpectationMet {
                phase,
                condition,
                after,
            } => {
                if let Some(known) = self
                    .find(*phase, condition)
                    .filter(|known| !known.planned.always)
                {
                    known.detected.get_or_insert(*after);
                }
            }
            Event::LabFinished {
                verdict,
                reason,
                seen,
                seconds,
            } => {
                self.state = State::Ended;
                self.activity = None;
                self.verdict = Some(*verdict);
                self.reason.clone_from(reason);
                self.seen.clone_from(seen);
                self.seconds = Some(*seconds);
                self.ended = Some(at);
                self.end_step(at);
            }
            _ => {}
        }
    }

    fn step(&mut self, step: Step, at: i64) {
        if self.steps.last().is_some_and(|last| last.step == step) {
            return;
        }
        self.end_step(at);
        self.steps.push(StepView {
            step,
            began: at,
            ended: None,
        });
    }

    fn end_step(&mut self, at: i64) {
        if let Some(last) = self.steps.last_mut() {
            last.ended.get_or_insert(at);
        }
    }

    /// The condition that was looked at: what must be false before the fault stands among the expectations.
    fn find(&mut self, phase: Phase, words: &str) -> Option<&mut ConditionView> {
        let sections: &[Phase] = match phase {
            Phase::Steady | Phase::Recover => &[Phase::Steady],
            Phase::Control => &[Phase::Expect, Phase::After],
            Phase::Expect => &[Phase::Expect],
            Phase::After => &[Phase::After],
        };
        let mut known = self.conditions.iter_mut();
        known.find(|known| {
            sections.contains(&known.planned.phase) && known.planned.condition == words
        })
    }
}
