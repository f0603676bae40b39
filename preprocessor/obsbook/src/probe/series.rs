//! Series set against a bound, whichever data source they come from.

use obsbook_lab::block::Quantifier;
use obsbook_lab::comparison::Comparison;

use super::observe::{Observation, ProbeError};
use super::source::Series;

/// Sets what came back against the bound; no data and NaN never satisfy it.
pub(super) fn judge(
    series: &[Series],
    quantifier: Quantifier,
    comparison: &Comparison,
) -> Result<Observation, ProbeError> {
    let holds = |series: &Series| comparison.holds(series.value);
    let (met, shown) = match (quantifier, series) {
        (_, []) => return Ok(Observation::now(false, "no data")),
        (Quantifier::One, [one]) => (holds(one), one),
        (Quantifier::One, _) => return Err(several(series.len())),
        (Quantifier::Any, _) => {
            let hit = series.iter().find(|series| holds(series));
            (hit.is_some(), hit.unwrap_or(&series[0]))
        }
        (Quantifier::All, _) => {
            let miss = series.iter().find(|series| !holds(series));
            (miss.is_none(), miss.unwrap_or(&series[0]))
        }
    };
    let mut seen = number(shown.value);
    if series.len() > 1 {
        seen = format!(
            "{seen} on {} (one of {} series)",
            labels(shown),
            series.len()
        );
    }
    Ok(Observation {
        met,
        value: Some(shown.value),
        seen,
        evidence: None,
    })
}

pub(super) fn several(series: usize) -> ProbeError {
    ProbeError::Invalid(format!(
        "the query yields {series} series, but `is` speaks of one; begin `is` with `any` or `all`, or aggregate with sum(), max() or by()"
    ))
}

/// Four digits that matter: enough to see on which side of a bound a value lies.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value == value.trunc() && value.abs() < 1e12 {
        return format!("{value:.0}");
    }
    let digits = 3 - value.abs().log10().floor().clamp(-9.0, 3.0) as i32;
    let text = format!("{value:.*}", usize::try_from(digits).unwrap_or(0));
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(super) fn labels(series: &Series) -> String {
    let pairs = series.labels.iter().filter(|(name, _)| *name != "__name__");
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn check(values: &[f64], quantifier: Quantifier, is: &str, met: bool, seen: &str) {
        let series: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(index, value)| Series {
                labels: [("i".to_owned(), index.to_string())].into(),
                value: *value,
                at: Timestamp::UNIX_EPOCH,
            })
            .collect();
        let comparison = Comparison::parse(is).expect(is);
        let observation = judge(&series, quantifier, &comparison).expect("an observation");
        assert_eq!(
            (observation.met, observation.seen.as_str()),
            (met, seen),
            "{values:?} {is}"
        );
    }

    #[test]
    fn series_are_set_against_the_bound() {
        use Quantifier::{All, Any, One};
        check(&[], One, "< 1", false, "no data");
        check(&[], All, "< 1", false, "no data");
        check(&[0.25], One, "< 1", true, "0.25");
        check(&[f64::NAN], One, "!= 1", false, "NaN");
        check(&[0.123_456], One, "> 1", false, "0.1235");
        check(&[1234.567], One, "> 1", true, "1235");
        check(
            &[1.0, 5.0],
            Any,
            "> 3",
            true,
            "5 on {i=\"1\"} (one of 2 series)",
        );
        check(
            &[1.0, 5.0],
            All,
            "> 3",
            false,
            "1 on {i=\"0\"} (one of 2 series)",
        );
        check(
            &[4.0, 5.0],
            All,
            "> 3",
            true,
            "4 on {i=\"0\"} (one of 2 series)",
        );
    }

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        for (value, expected) in [
            (1500.3, "1500"),
            (120.04, "120"),
            (20.5, "20.5"),
            (0.100_01, "0.1"),
            (-1500.3, "-1500"),
            (12_000.7, "12001"),
            (0.0, "0"),
        ] {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn several_series_need_a_quantifier() {
        let one = Series {
            labels: [].into(),
            value: 1.0,
            at: Timestamp::UNIX_EPOCH,
        };
        let comparison = Comparison::parse("> 0").expect("a comparison");
        let error = judge(&[one.clone(), one], Quantifier::One, &comparison).expect_err("two");
        assert!(error.to_string().contains("begin `is` with `any` or `all`"));
    }
}
