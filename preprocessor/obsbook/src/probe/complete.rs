//! Whether log lines are all there, by the number that each process counts up from one.

use jiff::Timestamp;

use super::observe::Observation;
use super::source::Line;

/// How old the newest line may be: a service that is heard of wrote something since.
const FRESH: f64 = 3.0;

/// Returns whether no line is missing and none is there twice. `lines` are the newest first; with `since` the newest must be younger.
///
/// A number that falls back to one is a process that was started again. Numbers that are missing before the first
/// line, or lost with a process that died, cannot be known.
pub(super) fn complete(
    lines: &[Line],
    field: &str,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Observation {
    let Some(newest) = lines.first().map(|line| line.at) else {
        return Observation::now(false, "no lines");
    };
    let age = now.duration_since(newest).as_secs_f64();
    if age > FRESH || since.is_some_and(|since| newest < since) {
        return Observation::now(
            false,
            format!("{} lines, the newest {age:.1} s old", lines.len()),
        );
    }
    let mut numbers = lines.iter().rev().map(|line| number(&line.text, field));
    let mut missing = 0;
    let mut twice = 0;
    let mut without = 0;
    let mut last: Option<u64> = None;
    for number in &mut numbers {
        match (last, number) {
            (_, None) => without += 1,
            (Some(last), Some(number)) if number == last => twice += 1,
            (Some(last), Some(number)) if number > last => missing += number - last - 1,
            // Started again: what comes before its first line is missing.
            (Some(_), Some(number)) => missing += number - 1,
            (None, Some(_)) => {}
        }
        last = number.or(last);
    }
    #[allow(clippy::cast_precision_loss)]
    let value = missing as f64;
    let mut seen = format!("{} lines, {missing} missing, {twice} twice", lines.len());
    if without > 0 {
        seen.push_str(&format!(", {without} without `{field}`"));
    }
    Observation::of(
        missing == 0 && twice == 0 && without < lines.len(),
        value,
        seen,
    )
}

fn number(line: &str, field: &str) -> Option<u64> {
    let parsed: serde_json::Value = serde_json::from_str(line).ok()?;
    parsed.get(field)?.as_u64().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn check(numbers: &[&str], age: i64, expected: bool, seen: &str) {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let written = numbers
            .iter()
            .rev()
            .enumerate()
            .map(|(index, number)| Line {
                at: now
                    - SignedDuration::from_secs(age)
                    - SignedDuration::from_millis(i64::try_from(index).expect("small")),
                text: format!("{{\"seq\": {number}}}"),
                labels: [].into(),
            });
        let found = complete(&written.collect::<Vec<_>>(), "seq", None, now);
        assert_eq!(
            (found.met, found.seen.as_str()),
            (expected, seen),
            "{numbers:?}"
        );
    }

    #[test]
    fn gaps_and_repetitions_are_counted() {
        check(&["7", "8", "9"], 0, true, "3 lines, 0 missing, 0 twice");
        check(&["7", "9"], 0, false, "2 lines, 1 missing, 0 twice");
        check(
            &["7", "8", "8", "9"],
            0,
            false,
            "4 lines, 0 missing, 1 twice",
        );
        check(
            &["7", "8", "1", "2"],
            0,
            true,
            "4 lines, 0 missing, 0 twice",
        );
        check(&["7", "8", "3"], 0, false, "3 lines, 2 missing, 0 twice");
        check(&["7", "8"], 10, false, "2 lines, the newest 10.0 s old");
        check(&[], 0, false, "no lines");
        check(
            &["\"a\""],
            0,
            false,
            "1 lines, 0 missing, 0 twice, 1 without `seq`",
        );
        check(
            &["1", "null", "2"],
            0,
            true,
            "3 lines, 0 missing, 0 twice, 1 without `seq`",
        );
    }
}
