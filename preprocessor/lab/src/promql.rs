//! What a PromQL query says before it is asked: its selectors, its windows, the type of its answer.

use std::time::Duration;

use promql_parser::parser::value::ValueType;
use promql_parser::parser::{AtModifier, Expr, Offset, VectorSelector, parse};

use crate::query::check_size;

/// A query that Prometheus' grammar accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The query as it was written.
    pub text: String,
    /// Every selector whose samples the answer rests on; those under `absent` are exempt.
    pub selectors: Vec<Selector>,
    /// How far back the answer reaches at most: a range window (`[30s]`), its `offset`, and the subqueries around it.
    pub longest_window: Option<Duration>,
    /// Whether the query is one selector and nothing else, read at the present.
    pub is_bare: bool,
}

/// One vector selector of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The selector in PromQL, without a range, `offset` and `@`: `up{job="order-api"}`.
    pub text: String,
    /// The metric's name, when the selector gives it.
    pub metric: Option<String>,
    /// The labels that the selector asks about, without `__name__`.
    pub labels: Vec<String>,
    /// From when on it reads back, as PromQL puts it behind the selector: ` offset 30s`; empty for the present.
    pub moment: String,
    /// How far back it reads from there: its range and those of the subqueries around it; `None` for one instant.
    pub window: Option<Duration>,
}

impl Selector {
    /// Returns the selector at the moment that the query reads it: `up offset 30s`.
    pub fn instant(&self) -> String {
        format!("{}{}", self.text, self.moment)
    }

    /// Returns the raw samples of the time before that moment: `up[15s] offset 30s`.
    pub fn over(&self, window: Duration) -> String {
        format!("{}[{}]{}", self.text, Offset::Pos(window), self.moment)
    }
}

/// The ends of names that Prometheus' naming practice keeps for what only grows.
const COUNTERS: [&str; 4] = ["_total", "_count", "_sum", "_bucket"];

impl Query {
    /// Returns whether it is the selector of one counter: a fall of its value is a process that was started again.
    pub fn is_counter(&self) -> bool {
        let metric = self.selectors.first();
        let metric = metric.and_then(|selector| selector.metric.as_deref());
        self.is_bare && metric.is_some_and(|name| COUNTERS.iter().any(|end| name.ends_with(end)))
    }

    /// Returns the query that `text` spells.
    ///
    /// # Errors
    /// A lowercase fragment: what the grammar refuses, or an answer that is neither an instant vector nor a scalar.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        check_size(text)?;
        let expression = parse(text)?;
        match expression.value_type() {
            ValueType::Vector | ValueType::Scalar => {}
            ValueType::Matrix => {
                return Err(
                    "a range of samples cannot be compared; wrap it in a function such as rate()"
                        .to_owned(),
                );
            }
            ValueType::String => return Err("a string cannot be compared with a number".to_owned()),
        }
        let mut walk = Walk::default();
        walk.visit(&expression, &Around::default());
        Ok(Self {
            text: text.to_owned(),
            is_bare: is_bare(&expression),
            selectors: walk.selectors,
            longest_window: walk.longest_window,
        })
    }
}

fn is_bare(expression: &Expr) -> bool {
    match expression {
        Expr::Paren(paren) => is_bare(&paren.expr),
        Expr::VectorSelector(selector) => selector.offset.is_none() && selector.at.is_none(),
        _ => false,
    }
}

/// What the subqueries around an expression make of the time that it is read at.
#[derive(Clone, Default)]
struct Around {
    at: Option<AtModifier>,
    /// How long before, in milliseconds; below zero it is later.
    offset: i128,
    window: Duration,
}

impl Around {
    /// Returns what is around the inside of something with these modifiers.
    fn inside(&self, at: Option<&AtModifier>, offset: Option<&Offset>, window: Duration) -> Self {
        let own = match offset {
            Some(Offset::Pos(offset)) => offset.as_millis().cast_signed(),
            Some(Offset::Neg(offset)) => -offset.as_millis().cast_signed(),
            None => 0,
        };
        Self {
            at: at.or(self.at.as_ref()).cloned(),
            // With `@` the time no longer depends on what is further out.
            offset: if at.is_some() { own } else { self.offset + own },
            window: self.window + window,
        }
    }

    /// Returns the modifiers as PromQL writes them behind a selector.
    fn moment(&self) -> String {
        let at = self.at.as_ref().map(|at| format!(" {at}"));
        let time = Duration::from_millis(u64::try_from(self.offset.abs()).unwrap_or(u64::MAX));
        let offset = match self.offset {
            0 => None,
            1.. => Some(Offset::Pos(time)),
            _ => Some(Offset::Neg(time)),
        };
        let offset = offset.map(|offset| format!(" offset {offset}"));
        [at, offset].into_iter().flatten().collect()
    }

    /// Returns how far back from the present samples are read.
    fn reach(&self) -> Duration {
        let offset = u64::try_from(self.offset).unwrap_or(0);
        self.window + Duration::from_millis(offset)
    }
}

#[derive(Default)]
struct Walk {
    selectors: Vec<Selector>,
    longest_window: Option<Duration>,
}

impl Walk {
    fn visit(&mut self, expression: &Expr, around: &Around) {
        match expression {
            Expr::Aggregate(aggregate) => {
                self.visit(&aggregate.expr, around);
                if let Some(parameter) = &aggregate.param {
                    self.visit(parameter, around);
                }
            }
            Expr::Unary(unary) => self.visit(&unary.expr, around),
            Expr::Binary(binary) => {
                self.visit(&binary.lhs, around);
                self.visit(&binary.rhs, around);
            }
            Expr::Paren(paren) => self.visit(&paren.expr, around),
            Expr::Subquery(query) => {
                let inside = around.inside(query.at.as_ref(), query.offset.as_ref(), query.range);
                self.visit(&query.expr, &inside);
            }
            Expr::VectorSelector(selector) => self.selector(selector, Duration::ZERO, around),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs, matrix.range, around),
            // What is meant to be missing has no young sample to show.
            Expr::Call(call) if call.func.name.starts_with("absent") => {}
            Expr::Call(call) => call
                .args
                .args
                .iter()
                .for_each(|argument| self.visit(argument, around)),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }

    fn selector(&mut self, selector: &VectorSelector, range: Duration, around: &Around) {
        let read = around.inside(selector.at.as_ref(), selector.offset.as_ref(), range);
        let some = |time: Duration| Some(time).filter(|time| !time.is_zero());
        self.longest_window = self.longest_window.max(some(read.reach()));
        let mut plain = selector.clone();
        plain.offset = None;
        plain.at = None;
        let names = |name: &String| name != "__name__";
        let labels = plain.matchers.matchers.iter().map(|m| m.name.clone());
        let found = Selector {
            text: plain.to_string(),
            metric: plain.name.clone(),
            labels: labels.filter(names).collect(),
            moment: read.moment(),
            window: some(read.window),
        };
        if !self.selectors.contains(&found) {
            self.selectors.push(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, selectors: &[&str], window: Option<u64>) {
        let query = Query::parse(text).expect(text);
        let found = query
            .selectors
            .iter()
            .map(|selector| match selector.window {
                Some(window) => selector.over(window),
                None => selector.instant(),
            });
        assert_eq!(found.collect::<Vec<_>>(), selectors, "{text}");
        assert_eq!(
            query.longest_window,
            window.map(Duration::from_secs),
            "{text}"
        );
    }

    #[test]
    fn selectors_are_found_with_the_time_that_they_read() {
        check("up", &["up"], None);
        check(
            r#"up{job="a"} == 0 or up{job="a"}"#,
            &[r#"up{job="a"}"#],
            None,
        );
        check(
            "histogram_quantile(0.95, sum by (le) (rate(x_bucket[15s])))",
            &["x_bucket[15s]"],
            Some(15),
        );
        check("x offset 5m / y", &["x offset 5m", "y"], Some(300));
        check(
            "rate(x[15s] offset 30s) / rate(x[15s])",
            &["x[15s] offset 30s", "x[15s]"],
            Some(45),
        );
        check("rate(x[15s] offset -5s)", &["x[15s] offset -5s"], Some(15));
        check("x @ 1700000000", &["x @ 1700000000.000"], None);
        check("absent(up{job=\"gone\"})", &[], None);
        check(
            "max_over_time(rate(x[10s])[1m:5s])",
            &["x[1m10s]"],
            Some(70),
        );
        check(
            "max_over_time(rate(x[10s] offset 5s)[1m:5s] offset 20s)",
            &["x[1m10s] offset 25s"],
            Some(95),
        );
        check(
            "max_over_time((x @ 100 offset 5s)[1m:5s] offset 20s)",
            &["x[1m] @ 100.000 offset 5s"],
            Some(65),
        );
        check("vector(1)", &[], None);
    }

    #[test]
    fn only_the_selector_of_one_counter_is_a_counter() {
        for (text, is_bare, is_counter) in [
            (r#"x_total{a="b"}"#, true, true),
            ("(x_bucket)", true, true),
            ("queue_depth", true, false),
            (r#"{__name__="x_total"}"#, true, false),
            ("sum(x_count)", false, false),
            ("x_total offset 5m", false, false),
            ("x_total + 1", false, false),
        ] {
            let query = Query::parse(text).expect(text);
            let found = (query.is_bare, query.is_counter());
            assert_eq!(found, (is_bare, is_counter), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        for text in ["up[5m]", "\"text\"", "sum(", "rate(up)", "up{job=}", ""] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }
}
