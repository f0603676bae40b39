//! What a book's quizzes hold against wrong answers, set against the labs that are there.

use std::collections::BTreeSet;

use crate::block::{Belief, Lab, Mistake, Quiz};
use crate::suggest;

/// Returns each mistake of `quizzes` that no lab disproves, with what is wrong and what to do about it.
pub(crate) fn without_lab<'q>(
    quizzes: impl Iterator<Item = &'q Quiz>,
    labs: &[&Lab],
) -> Vec<(&'q Quiz, &'q Mistake, String, String)> {
    let ids: BTreeSet<&str> = labs.iter().map(|lab| lab.id.as_str()).collect();
    let numbers: BTreeSet<u64> = labs.iter().flat_map(|lab| lab.disproves.clone()).collect();
    let mut found = Vec::new();
    for quiz in quizzes {
        let answers = quiz.questions.iter().flat_map(|question| &question.answers);
        for mistake in answers.filter_map(|answer| answer.mistake.as_ref()) {
            let problem = match (&mistake.lab, &mistake.belief) {
                (Some(lab), _) if ids.contains(lab.as_str()) => continue,
                (Some(lab), _) => (
                    format!("unknown lab `{lab}`"),
                    suggest::hint(lab, ids.iter().copied()),
                ),
                (None, Belief::Number(number)) if numbers.contains(number) => continue,
                (None, Belief::Number(number)) => (
                    format!("no lab disproves misconception {number}"),
                    "name a `lab` that does, or give one `disproves` with this number".to_owned(),
                ),
                (None, Belief::Words(_)) => (
                    "a belief in words without `lab`".to_owned(),
                    "name the lab that disproves it".to_owned(),
                ),
            };
            found.push((quiz, mistake, problem.0, problem.1));
        }
    }
    found
}
