//! What a page shows of one lab: a fold over its events that can be sent whole at any moment, so that a page which comes late, or was away, misses nothing.

use std::time::Duration;

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
    /// How long a fault lasts that its service carries by itself.
    #[serde(skip)]
    pub lasting: Duration,
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
    /// Whether it came out as it should.
    pub held: bool,
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
    /// When it ends though nobody undoes it, where its service carries it.
    pub ends: Option<i64>,
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
            lasting: Duration::ZERO,
        }
    }

    /// Takes the next event of the lab.
    pub fn add(&mut self, run: &str, time: Timestamp, event: &Event) {
        let at = time.as_millisecond();
        match event {
            Event::LabStarted { conditions, .. } => {
                *self = Self {
                    lasting: self.lasting,
                    ..Self::new(&self.id, State::Running)
                };
                self.run = Some(run.to_owned());
                self.conditions = conditions.iter().cloned().map(ConditionView::new).collect();
                self.step(Step::Steady, at);
            }
            Event::SteadyHeld { .. } => {
                self.hold();
                self.step(Step::Control, at);
            }
            Event::ControlHeld { .. } => {
                self.hold();
                self.step(Step::Break, at);
            }
            Event::FaultJournaled { fault } => self.faults.push(FaultView {
                words: fault.to_string(),
                injected: None,
                undone: None,
                ends: None,
            }),
            Event::FaultInjected { fault } => {
                let ends = time.checked_add(self.lasting).unwrap_or(time);
                let carried = fault.kind.needs_fault_api();
                let words = fault.to_string();
                let mut waiting = self.faults.iter_mut();
                if let Some(fault) =
                    waiting.find(|known| known.words == words && known.injected.is_none())
                {
                    fault.injected = Some(at);
                    fault.ends = carried.then(|| ends.as_millisecond());
                }
                // An exercise is as it was handed out before anything is compared.
                let all = self.faults.iter().all(|fault| fault.injected.is_some());
                if self.is_at(Step::Break) && all {
                    self.hold();
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
                if self.is_at(Step::Expect) && self.all_seen() {
                    self.hold();
                }
            }
            Event::SteadyRestored { .. } => self.hold(),
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
                self.doubt_expect();
            }
            _ => {}
        }
    }

    fn step(&mut self, step: Step, at: i64) {
        if self.is_at(step) {
            return;
        }
        self.end_step(at);
        self.steps.push(StepView {
            step,
            began: at,
            ended: None,
            held: false,
        });
    }

    fn is_at(&self, step: Step) -> bool {
        self.steps.last().is_some_and(|now| now.step == step)
    }

    /// Whether everything expected was seen, but for what must always hold: that is seen to its end.
    fn all_seen(&self) -> bool {
        let of_phase = |known: &&ConditionView| known.planned.phase == Phase::Expect;
        let mut expected = self.conditions.iter().filter(of_phase);
        expected.all(|known| known.planned.always || known.detected.is_some())
    }

    /// What must always hold may have been false after everything else was seen.
    fn doubt_expect(&mut self) {
        let mut watched = self.conditions.iter().filter(|known| known.planned.always);
        let is_false = watched.any(|known| known.met == Some(false));
        let mut steps = self.steps.iter_mut();
        if let Some(expect) = steps.find(|known| known.step == Step::Expect) {
            expect.held &= !is_false;
        }
    }

    /// The part that is under way came out as it should.
    fn hold(&mut self) {
        if let Some(last) = self.steps.last_mut() {
            last.held = true;
        }
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
