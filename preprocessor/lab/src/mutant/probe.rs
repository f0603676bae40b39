//! The mistakes of one probe: a comparison the wrong way round, a name that does not exist.

use crate::block::{
    AlertExpectation, AlertState, ContainerExpectation, HttpExpectation, LogExpectation,
    MetricExpectation, PanelQuery, Probe, Quantifier, RunExpectation, TraceSearch,
};
use crate::comparison::{Comparison, Operator};
use crate::{logql, promql};

/// What every number satisfies.
const ANYTHING: Comparison = Comparison {
    operator: Operator::GreaterOrEqual,
    bound: -1e12,
};
/// Put behind a name, it makes one that nobody uses.
const NOBODY: &str = "_of_nobody";

/// Returns the probe with one mistake each, and the mistake in words.
pub(super) fn mistakes(probe: &Probe) -> Vec<(String, Probe)> {
    let mut all = Vec::new();
    if let Some(negated) = negated(probe) {
        all.push((format!("negated to {}", negated.bound()), negated));
    }
    if let Some(broken) = misnamed(probe) {
        all.push((format!("misnamed: {}", broken.subject()), broken));
    }
    let named = |broken: Probe| (format!("broken: {}", broken.subject()), broken);
    all.extend(broken_parts(probe).into_iter().map(named));
    all
}

/// Returns the probe with one thing wrong in each part of what it searches for.
fn broken_parts(probe: &Probe) -> Vec<Probe> {
    let mut all = Vec::new();
    match probe {
        Probe::Trace { search, count } => {
            let mut with = |change: &dyn Fn(&mut TraceSearch)| {
                let mut search = search.clone();
                change(&mut search);
                all.push(Probe::Trace {
                    search,
                    count: *count,
                });
            };
            if !search.through.is_empty() {
                with(&|search| search.through[0].push_str(NOBODY));
            }
            if !search.calls.is_empty() {
                with(&|search| {
                    let (from, to) = &mut search.calls[0];
                    std::mem::swap(from, to);
                });
            }
            if !search.attributes.is_empty() {
                with(&|search| {
                    let value = search.attributes.values_mut().next();
                    value.into_iter().for_each(|value| value.push_str(NOBODY));
                });
            }
            if search.longer_than.is_some() != search.shorter_than.is_some() {
                with(&|search| std::mem::swap(&mut search.longer_than, &mut search.shorter_than));
            }
            if let Some(error) = search.error {
                with(&|search| search.error = Some(!error));
            }
        }
        Probe::Alert { labels, .. } if !labels.is_empty() => {
            let mut changed = probe.clone();
            if let Probe::Alert { labels, .. } = &mut changed
                && let Some(value) = labels.values_mut().next()
            {
                value.push_str(NOBODY);
            }
            all.push(changed);
        }
        _ => {}
    }
    all
}

/// Returns the probe with a bound that everything satisfies, if it has one.
pub(super) fn always_true(probe: &Probe) -> Option<Probe> {
    if let Probe::Alert {
        expectation: AlertExpectation::Group(_),
        ..
    } = probe
    {
        // Before the first notification there is no number that a bound could let pass.
        return None;
    }
    let mut changed = probe.clone();
    *comparison(&mut changed)? = ANYTHING;
    Some(changed)
}

/// Returns whether the probe asks for a name that nobody has. Not so `absent()`, which nobody satisfies.
pub(super) fn asks_for_nobody(probe: &Probe) -> bool {
    let subject = probe.subject();
    subject.contains(NOBODY) && !subject.contains("absent")
}

/// Returns whether the probe counts from the fault on, with a bound that no thing at all satisfies as well. The decoder refuses it where
/// something is expected.
pub(super) fn is_true_of_nothing(probe: &Probe) -> bool {
    let count = match probe {
        Probe::Logql {
            expectation: LogExpectation::Count(count),
            ..
        }
        | Probe::Trace { count, .. } => count,
        Probe::Alert {
            expectation: AlertExpectation::Notifications(count) | AlertExpectation::Group(count),
            ..
        } => count,
        _ => return false,
    };
    count.holds(0.0)
}

/// The number that is compared, where there is one.
fn comparison(probe: &mut Probe) -> Option<&mut Comparison> {
    match probe {
        Probe::Promql { expectation, .. } => match expectation {
            MetricExpectation::Value { comparison, .. }
            | MetricExpectation::Stays { comparison, .. } => Some(comparison),
            MetricExpectation::Increases { by } => Some(by),
            MetricExpectation::Absent => None,
        },
        Probe::Logql { expectation, .. } => match expectation {
            LogExpectation::Count(comparison) | LogExpectation::Value { comparison, .. } => {
                Some(comparison)
            }
            LogExpectation::Complete { .. } => None,
        },
        Probe::Trace { count, .. } => Some(count),
        Probe::Alert { expectation, .. } => match expectation {
            AlertExpectation::Notifications(comparison) | AlertExpectation::Group(comparison) => {
                Some(comparison)
            }
            AlertExpectation::Is(_) => None,
        },
        Probe::Panel(panel) => Some(&mut panel.comparison),
        Probe::Sql { comparison, .. } => Some(comparison),
        Probe::Http { expectation, .. } => match expectation {
            HttpExpectation::Status(comparison) | HttpExpectation::Time(comparison) => {
                Some(comparison)
            }
            HttpExpectation::BodyContains(_) | HttpExpectation::Unreachable => None,
        },
        Probe::Container { expectation, .. } => match expectation {
            ContainerExpectation::Restarts(comparison)
            | ContainerExpectation::Memory(comparison) => Some(comparison),
            ContainerExpectation::Is(_) | ContainerExpectation::IsNot(_) => None,
        },
        Probe::Run { expectation, .. } => match expectation {
            RunExpectation::Exits(comparison) => Some(comparison),
            RunExpectation::Prints(_) => None,
        },
    }
}

fn negated(probe: &Probe) -> Option<Probe> {
    let mut changed = probe.clone();
    if let Some(comparison) = comparison(&mut changed) {
        comparison.operator = match comparison.operator {
            Operator::Less => Operator::GreaterOrEqual,
            Operator::LessOrEqual => Operator::Greater,
            Operator::Greater => Operator::LessOrEqual,
            Operator::GreaterOrEqual => Operator::Less,
            Operator::Equal => Operator::NotEqual,
            Operator::NotEqual => Operator::Equal,
        };
        return Some(changed);
    }
    match &mut changed {
        Probe::Promql { expectation, .. } => {
            *expectation = MetricExpectation::Value {
                quantifier: Quantifier::Any,
                comparison: ANYTHING,
            };
        }
        Probe::Container { expectation, .. } => {
            *expectation = match expectation {
                ContainerExpectation::Is(state) => ContainerExpectation::IsNot(*state),
                ContainerExpectation::IsNot(state) => ContainerExpectation::Is(*state),
                _ => return None,
            };
        }
        Probe::Alert {
            expectation: AlertExpectation::Is(state),
            ..
        } => {
            *state = match state {
                AlertState::Inactive | AlertState::Resolved => AlertState::Firing,
                _ => AlertState::Inactive,
            };
        }
        Probe::Http { expectation, .. } if *expectation == HttpExpectation::Unreachable => {
            *expectation = HttpExpectation::Status(ANYTHING);
        }
        _ => return None,
    }
    Some(changed)
}

fn misnamed(probe: &Probe) -> Option<Probe> {
    let mut changed = probe.clone();
    match &mut changed {
        // What is absent under a wrong name is absent before the fault as well.
        Probe::Promql { query, .. } => *query = misnamed_metric(query)?,
        Probe::Logql { query, .. } => *query = misnamed_stream(query)?,
        Probe::Trace { search, .. } => search.operation = Some(NOBODY.to_owned()),
        Probe::Alert { name, .. } => name.push_str(NOBODY),
        Probe::Panel(panel) => {
            for (_, query) in &mut panel.queries {
                *query = match query {
                    PanelQuery::Promql(query) => PanelQuery::Promql(misnamed_metric(query)?),
                    PanelQuery::Logql(query) => PanelQuery::Logql(misnamed_stream(query)?),
                };
            }
        }
        Probe::Http {
            address,
            expectation: HttpExpectation::Status(_) | HttpExpectation::BodyContains(_),
            ..
        } => address.path.push_str(NOBODY),
        Probe::Run {
            expectation: RunExpectation::Prints(text),
            ..
        } => text.push_str(NOBODY),
        _ => return None,
    }
    Some(changed)
}

/// A label's value that nobody has, or where no label is asked about, a metric that nobody exposes.
fn misnamed_metric(query: &promql::Query) -> Option<promql::Query> {
    let labelled = misnamed_value(&query.text);
    let metric = || {
        let name = query.selectors.first()?.metric.as_deref()?;
        Some(query.text.replacen(name, &format!("{name}{NOBODY}"), 1))
    };
    promql::Query::parse(&labelled.or_else(metric)?).ok()
}

fn misnamed_stream(query: &logql::Query) -> Option<logql::Query> {
    logql::Query::parse(&misnamed_value(&query.text)?).ok()
}

/// Changes the value of the first matcher that wants one: `{job="a"}` becomes `{job="a_of_nobody"}`.
fn misnamed_value(query: &str) -> Option<String> {
    let open = query.find('{')?;
    let close = open + query[open..].find('}')?;
    let matchers = &query[open..close];
    let start = ["=\"", "=~\""].iter().find_map(|sign| {
        let at = matchers.find(sign)?;
        // `!="a"` ends with the same sign, and means the opposite.
        (!matchers[..at].ends_with('!')).then_some(open + at + sign.len())
    })?;
    let end = start + query[start..].find('"')?;
    Some(format!("{}{NOBODY}{}", &query[..end], &query[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_that_is_wanted_becomes_nobody_s() {
        let check = |query: &str, expected: Option<&str>| {
            assert_eq!(misnamed_value(query).as_deref(), expected, "{query}");
        };
        check("up{job=\"a\"}", Some("up{job=\"a_of_nobody\"}"));
        check("up{job=~\"a|b\"}", Some("up{job=~\"a|b_of_nobody\"}"));
        check("up{job!=\"a\"}", None);
        check("sum(up)", None);
    }
}
