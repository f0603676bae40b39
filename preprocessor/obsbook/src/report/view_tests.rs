//! A lab as a page shows it, event by event.

use std::time::Duration;

use obsbook_lab::event::{Event, Phase, Planned};
use obsbook_lab::verdict::Verdict;

use super::samples::{at, fault, looked, planned, started};
use super::view::{LabView, State, Step};

const SERVICE_ENDS_IT_AFTER: Duration = Duration::from_secs(80);

/// The view of a lab in which all of this happened, an event a second.
fn view(conditions: Vec<Planned>, events: impl IntoIterator<Item = Event>) -> LabView {
    let mut view = LabView::new("a", State::Preparing);
    view.lasting = SERVICE_ENDS_IT_AFTER;
    for (second, event) in (1..).zip([started(conditions)].into_iter().chain(events)) {
        let record = at(second, "a", event);
        view.add(&record.run, record.time, &record.event);
    }
    view
}

/// A lab from its beginning to the moment when its fault is in place.
fn broken() -> Vec<Event> {
    vec![
        Event::SteadyHeld { seconds: 1.0 },
        Event::ControlHeld { seconds: 1.0 },
        Event::FaultJournaled { fault: fault() },
        Event::FaultInjected { fault: fault() },
    ]
}

fn met(condition: &str) -> Event {
    Event::ExpectationMet {
        phase: Phase::Expect,
        condition: condition.to_owned(),
        after: 2.5,
    }
}

fn ended(verdict: Verdict) -> [Event; 3] {
    [
        Event::FaultUndone { fault: fault() },
        Event::SteadyRestored { seconds: 1.0 },
        Event::LabFinished {
            verdict,
            reason: None,
            seen: Vec::new(),
            seconds: 9.0,
        },
    ]
}

fn held(view: &LabView) -> Vec<(Step, bool)> {
    let steps = view.steps.iter();
    steps.map(|step| (step.step, step.held)).collect()
}

#[test]
fn a_part_is_held_once_it_came_out_as_it_should() {
    let conditions = || {
        let watched = Planned {
            always: true,
            ..planned(Phase::Expect, "flows", 5.0)
        };
        vec![
            planned(Phase::Expect, "slow", 20.0),
            planned(Phase::Expect, "firing", 30.0),
            watched,
        ]
    };
    let check = |events: Vec<Event>, verdict: Verdict, expected: bool| {
        let events = broken().into_iter().chain(events).chain(ended(verdict));
        let parts = [
            (Step::Steady, true),
            (Step::Control, true),
            (Step::Break, true),
            (Step::Expect, expected),
            (Step::Recover, true),
        ];
        assert_eq!(held(&view(conditions(), events)), parts, "{verdict}");
    };
    check(vec![met("slow"), met("firing")], Verdict::Passed, true);
    check(vec![met("slow")], Verdict::Failed, false);
    let not_always = looked(Phase::Expect, "flows", false, "0");
    let events = vec![met("slow"), met("firing"), not_always];
    check(events, Verdict::Failed, false);
}

#[test]
fn a_fault_that_its_service_carries_has_an_end() {
    let view = view(vec![], broken());
    let injected = view.faults[0].injected.expect("injected");
    assert_eq!(view.faults[0].ends, Some(injected + 80_000));
}

#[test]
fn an_exercise_is_broken_after_the_comparison_whatever_was_handed_out_before() {
    let hand_out = [
        Event::SteadyHeld { seconds: 1.0 },
        Event::FaultJournaled { fault: fault() },
        Event::FaultInjected { fault: fault() },
    ];
    assert_eq!(
        held(&view(vec![], hand_out)),
        [(Step::Steady, true), (Step::Control, false)]
    );
}
