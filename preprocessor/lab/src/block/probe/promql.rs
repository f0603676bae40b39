//! `promql: QUERY`.

use std::fmt;
use std::time::Duration;

use super::kinds::{Probe, Quantifier};
use crate::block::decode::Decoder;
use crate::block::grammar::Form;
use crate::comparison::{Comparison, Operator};
use crate::duration;
use crate::promql::Query;
use crate::span::Spanned;
use crate::yaml::Node;

/// What is expected of a query's series.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricExpectation {
    /// Their values now: `< 0.25`, `any > 3`.
    Value {
        /// How many of the series must satisfy the comparison.
        quantifier: Quantifier,
        /// The comparison.
        comparison: Comparison,
    },
    /// There is none: `absent`.
    Absent,
    /// The value has grown since counting began, the moment before the fault: `increases`, `increases by >= 5`.
    Increases {
        /// The comparison of the difference.
        by: Comparison,
    },
    /// Their values now and all the time before: `stays < 0.5 for 10s`.
    Stays {
        /// How many of the series must satisfy the comparison at each moment.
        quantifier: Quantifier,
        /// The comparison.
        comparison: Comparison,
        /// For how long.
        lasting: Duration,
    },
}

const ABSENT: &str = "absent";
const INCREASES: &str = "increases";
const INCREASES_BY: &str = "increases by ";
const STAYS: &str = "stays ";

pub(super) const FORMS: [Form; 5] = [
    Form::Quantified,
    Form::Word(ABSENT),
    Form::Word(INCREASES),
    Form::Counted(INCREASES_BY),
    Form::Lasting(STAYS),
];

const ANY_GROWTH: Comparison = Comparison {
    operator: Operator::Greater,
    bound: 0.0,
};

impl fmt::Display for MetricExpectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value {
                quantifier,
                comparison,
            } => write!(f, "{quantifier}{comparison}"),
            Self::Absent => f.write_str(ABSENT),
            Self::Increases { by } if *by == ANY_GROWTH => f.write_str(INCREASES),
            Self::Increases { by } => write!(f, "{INCREASES_BY}{by}"),
            Self::Stays {
                quantifier,
                comparison,
                lasting,
            } => write!(
                f,
                "{STAYS}{quantifier}{comparison} for {}",
                duration::words(*lasting)
            ),
        }
    }
}

impl Decoder<'_> {
    pub(super) fn promql(&mut self, subject: &Node, is: Option<Spanned<String>>) -> Option<Probe> {
        let text = self.text(subject, "promql")?;
        let query = match Query::parse(&text.value) {
            Ok(query) => Some(query),
            Err(reason) => {
                let hint = "try it on Prometheus' own page first";
                self.report(&text.span, format!("not a PromQL query: {reason}"), hint);
                None
            }
        };
        let expectation = self.metric_expectation(&is?)?;
        Some(Probe::Promql {
            query: query?,
            expectation,
        })
    }

    fn metric_expectation(&mut self, is: &Spanned<String>) -> Option<MetricExpectation> {
        let text = is.value.as_str();
        if text == ABSENT {
            return Some(MetricExpectation::Absent);
        }
        if text == INCREASES {
            return Some(MetricExpectation::Increases { by: ANY_GROWTH });
        }
        if let Some(by) = text.strip_prefix(INCREASES_BY) {
            return self.increase(by, is);
        }
        if let Some(rest) = text.strip_prefix(STAYS) {
            return self.stays(rest, is);
        }
        let (quantifier, comparison) = self.quantified(text, is)?;
        Some(MetricExpectation::Value {
            quantifier,
            comparison,
        })
    }

    fn increase(&mut self, by: &str, is: &Spanned<String>) -> Option<MetricExpectation> {
        let by = self.comparison(by, is)?;
        if by.holds(0.0) {
            let message = format!("`{}` is true of no increase at all", is.value);
            self.report(&is.span, message, "such as `increases by >= 5`");
            return None;
        }
        Some(MetricExpectation::Increases { by })
    }

    fn stays(&mut self, text: &str, is: &Spanned<String>) -> Option<MetricExpectation> {
        let Some((bound, time)) = text.split_once(" for ") else {
            let message = format!("`{}` does not say for how long", is.value);
            self.report(&is.span, message, "such as `stays < 0.5 for 10s`");
            return None;
        };
        let (quantifier, comparison) = self.quantified(bound.trim(), is)?;
        let lasting = humantime::parse_duration(time.trim()).ok();
        let lasting = lasting.filter(|time| !time.is_zero());
        if lasting.is_none() {
            let message = format!("`{}` is not a duration", time.trim());
            self.report(&is.span, message, "a number and its unit, such as 10s");
        }
        Some(MetricExpectation::Stays {
            quantifier,
            comparison,
            lasting: lasting?,
        })
    }
}
