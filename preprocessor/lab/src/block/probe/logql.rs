//! `logql: QUERY`: lines are counted, numbers compared.

use super::kinds::{Probe, Quantifier};
use crate::block::condition::Section;
use crate::block::decode::Decoder;
use crate::block::grammar::Form;
use crate::comparison::Comparison;
use crate::logql::Query;
use crate::span::Spanned;
use crate::yaml::Node;

/// What is expected of a query's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum LogExpectation {
    /// How many lines there are, counted from the moment that the run counts from.
    Count(Comparison),
    /// From the moment that the run counts from, no line is missing and none is there twice, as this field of
    /// the lines tells: a number that each process counts up from one.
    Complete {
        /// The field of the JSON lines.
        field: String,
    },
    /// What a metric query yields.
    Value {
        /// How many of its series must satisfy the comparison.
        quantifier: Quantifier,
        /// The comparison.
        comparison: Comparison,
    },
}

const COUNT: &str = "count";
const COMPLETE_BY: &str = "complete by ";

pub(super) const FORMS: [Form; 3] = [
    Form::Counted(COUNT),
    Form::Then(COMPLETE_BY),
    Form::Quantified,
];

impl Decoder<'_> {
    pub(super) fn logql(
        &mut self,
        subject: &Node,
        is: Option<Spanned<String>>,
        section: Section,
    ) -> Option<Probe> {
        let text = self.text(subject, "logql")?;
        let query = match Query::parse(&text.value) {
            Ok(query) => Some(query),
            Err(reason) => {
                let hint = "a selector with filters, such as {service=\"order-api\"} |= \"error\"";
                self.report(&text.span, format!("not a LogQL query: {reason}"), hint);
                None
            }
        };
        let is = is?;
        let query = query?;
        if let Some(field) = is
            .value
            .strip_prefix(COMPLETE_BY)
            .filter(|_| !query.is_metric)
        {
            let field = field.trim().to_owned();
            return Some(Probe::Logql {
                query,
                expectation: LogExpectation::Complete { field },
            });
        }
        let counted = is.value.strip_prefix(COUNT);
        let expectation = match (query.is_metric, counted) {
            (true, None) => {
                let (quantifier, comparison) = self.quantified(&is.value, &is)?;
                LogExpectation::Value {
                    quantifier,
                    comparison,
                }
            }
            (false, Some(rest)) => {
                let instead = "count what the fault brings (`count > 3`), or ask for silence: absent_over_time({…}[5s]) with `is: \"== 1\"`";
                LogExpectation::Count(self.count_from_zero(rest, &is, section, instead)?)
            }
            (true, Some(_)) => {
                self.report(
                    &is.span,
                    "`count` of a query that yields numbers",
                    "compare the number itself: \"> 3\"",
                );
                return None;
            }
            (false, None) => {
                self.report(
                    &is.span,
                    format!("`{}` says nothing of lines", is.value),
                    "count them: \"count > 3\", or see that none is missing: \"complete by seq\"",
                );
                return None;
            }
        };
        Some(Probe::Logql { query, expectation })
    }
}
