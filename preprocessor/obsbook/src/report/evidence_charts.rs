//! What a lab's evidence looks like: one chart for each question that its expectations ask.

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::chart::{Bound, Chart, Mark, Outage, Unit};
use obsbook_lab::comparison::Comparison;
use obsbook_lab::event::{Curve, Phase};

use super::evidence::{ConditionEvidence, Evidence};

/// Seconds between the points of a curve that is made of looks.
const LOOKS_STEP: f64 = 0.5;
/// How long a look says something about the time after it: less than any pause between two looks would be a gap.
const LOOKS_HOLD: SignedDuration = SignedDuration::from_secs(3);

/// Returns the charts of a run, in the order of the block; none when nothing was broken, or nothing that was asked for is a number.
pub fn charts(evidence: &Evidence) -> Vec<Chart> {
    let Some(broken) = evidence
        .faults
        .iter()
        .filter_map(|fault| fault.injected)
        .max()
    else {
        return Vec::new();
    };
    let mut subjects: Vec<&str> = Vec::new();
    let asked = || {
        evidence
            .conditions
            .iter()
            .filter(|known| known.planned.phase != Phase::Steady)
    };
    for condition in asked() {
        if !subjects.contains(&condition.planned.subject.as_str()) {
            subjects.push(&condition.planned.subject);
        }
    }
    let chart = |subject: &&str| {
        let conditions: Vec<_> = asked()
            .filter(|known| known.planned.subject == **subject)
            .collect();
        of_subject(evidence, broken, subject, &conditions)
    };
    subjects.iter().filter_map(chart).collect()
}

fn of_subject(
    evidence: &Evidence,
    broken: Timestamp,
    subject: &str,
    conditions: &[&ConditionEvidence],
) -> Option<Chart> {
    let series = evidence
        .series
        .iter()
        .find(|series| series.subject == subject);
    let curves = match series {
        Some(series) => series.curves.clone(),
        None => vec![looks(evidence, conditions)?],
    };
    let unit = if series.is_some() {
        Unit::of_query(subject)
    } else {
        Unit::None
    };
    let undone = evidence
        .faults
        .iter()
        .filter_map(|fault| fault.undone)
        .max();
    let mut bounds: Vec<Bound> = Vec::new();
    let mut marks = Vec::new();
    let mut sentences = Vec::new();
    for condition in conditions {
        let planned = &condition.planned;
        if let Some(bound) = bound(&planned.bound)
            && !bounds.contains(&bound)
        {
            bounds.push(bound);
        }
        let from = if planned.phase == Phase::After {
            undone
        } else {
            Some(broken)
        };
        if let (Some(from), Some(detected)) = (from, condition.detected) {
            let since = SignedDuration::try_from_secs_f64(detected).unwrap_or_default();
            let words = format!("{} after {detected:.1} s", planned.bound);
            sentences.push(words.clone());
            marks.push(Mark {
                at: from.checked_add(since).unwrap_or(from),
                words,
            });
        }
    }
    let seen = if sentences.is_empty() {
        "what was asked for was not seen".to_owned()
    } else {
        sentences.join(", ")
    };
    let outages = evidence.faults.iter().filter_map(|fault| {
        Some(Outage {
            from: fault.injected?,
            until: fault.undone,
            words: fault.words.clone(),
        })
    });
    Some(Chart {
        title: subject.to_owned(),
        description: format!("From before the fault until after the recovery; {seen}."),
        unit,
        origin: broken,
        origin_words: "seconds from the fault".to_owned(),
        window: None,
        curves,
        outages: outages.collect(),
        bounds,
        marks,
    })
}

/// The bound of a comparison; alerts and traces have words instead.
fn bound(words: &str) -> Option<Bound> {
    let of_all = words
        .trim_start_matches("any ")
        .trim_start_matches("all ")
        .trim_start_matches("count ");
    let comparison = Comparison::parse(of_all).ok()?;
    Some(Bound {
        value: comparison.bound,
        words: words.to_owned(),
    })
}

/// What was seen each time that somebody looked, as a curve.
fn looks(evidence: &Evidence, conditions: &[&ConditionEvidence]) -> Option<Curve> {
    let of_these = |words: &str| {
        conditions
            .iter()
            .any(|known| known.planned.condition == words)
    };
    let seen: Vec<(Timestamp, f64)> = evidence
        .attempts
        .iter()
        .filter(|attempt| of_these(&attempt.condition))
        .filter_map(|attempt| {
            Some((
                attempt.time,
                attempt.value.filter(|value| value.is_finite())?,
            ))
        })
        .collect();
    let (from, last) = (seen.first()?.0, seen.last()?.0);
    let step = SignedDuration::try_from_secs_f64(LOOKS_STEP).ok()?;
    let mut values = Vec::new();
    let mut at = from;
    let mut next = 0;
    let mut newest: Option<(Timestamp, f64)> = None;
    while at <= last.checked_add(step).ok()? {
        while next < seen.len() && seen[next].0 <= at {
            newest = Some(seen[next]);
            next += 1;
        }
        values.push(
            newest
                .filter(|(time, _)| at.duration_since(*time) <= LOOKS_HOLD)
                .map(|(_, value)| value),
        );
        at = at.checked_add(step).ok()?;
    }
    Some(Curve {
        labels: Default::default(),
        from,
        step: LOOKS_STEP,
        values,
    })
}
