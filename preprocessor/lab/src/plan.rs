//! In which order labs run, what each will look at, and for how long their faults must be able to last.

use std::time::Duration;

use crate::block::{Condition, Lab};
use crate::book::Book;
use crate::event::{Phase, Place, Planned};

/// Added to the longest deadline when a service carries a fault by itself: time for the engine's
/// own steps, so that the fault never ends before the lab does.
const MARGIN: Duration = Duration::from_secs(60);

/// How long the steady state of a lab that names none may take.
const UNNAMED_STEADY: Duration = Duration::from_secs(60);

/// The labs of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage<'b> {
    /// The profile to boot.
    pub profile: &'b str,
    /// The places of its labs among those that were given, in their order.
    pub labs: Vec<usize>,
}

/// Returns labs grouped by profile, so that a stack boots each profile once; profiles come in the order of their first lab.
pub fn stages<'b>(labs: impl IntoIterator<Item = &'b Lab>) -> Vec<Stage<'b>> {
    let mut stages: Vec<Stage<'b>> = Vec::new();
    for (place, lab) in labs.into_iter().enumerate() {
        match stages.iter_mut().find(|stage| stage.profile == lab.profile) {
            Some(stage) => stage.labs.push(place),
            None => stages.push(Stage {
                profile: &lab.profile,
                labs: vec![place],
            }),
        }
    }
    stages
}

/// Returns how long a fault that a service carries itself must last: longer than the lab's longest deadline.
pub fn time_to_live(lab: &Lab) -> Duration {
    lab.longest_deadline() + MARGIN
}

/// Returns every lab of a book with its place, in the book's order.
pub fn places(book: &Book) -> Vec<Place> {
    let place = |lab: &Lab| Place {
        id: lab.id.clone(),
        title: lab.title.clone(),
        chapter: book
            .chapter_of(lab)
            .map(|chapter| chapter.name.clone())
            .unwrap_or_default(),
        file: lab.file.display().to_string(),
        line: lab.at.line,
        profile: lab.profile.clone(),
    };
    book.labs().map(place).collect()
}

/// Returns what a lab will look at, in the order of its sections.
pub fn conditions(lab: &Lab) -> Vec<Planned> {
    let planned = |phase: Phase, condition: &Condition| {
        let always = condition.always.as_ref();
        Planned {
            phase,
            condition: condition.to_string(),
            subject: condition.subject(),
            bound: condition.bound(),
            within: always
                .map_or(condition.within, |always| always.at_least)
                .as_secs_f64(),
            always: always.is_some(),
            line: condition.at.line,
        }
    };
    let sections = [
        (Phase::Steady, &lab.steady),
        (Phase::Expect, &lab.expect),
        (Phase::After, &lab.after),
    ];
    sections
        .into_iter()
        .flat_map(|(phase, section)| {
            section
                .iter()
                .map(move |condition| planned(phase, condition))
        })
        .collect()
}

/// Returns the longest time that a lab can take on a stack that is up and answers: each step to its deadline.
pub fn at_most(lab: &Lab) -> Duration {
    let longest = |section: &[Condition]| section.iter().map(|condition| condition.within).max();
    let steady = longest(&lab.steady).unwrap_or(UNNAMED_STEADY);
    if lab.inject.is_none() {
        return steady;
    }
    // The steady state is waited for twice, and the negative control has as long as it.
    steady * 3 + lab.longest_deadline() + longest(&lab.after).unwrap_or_default()
}
