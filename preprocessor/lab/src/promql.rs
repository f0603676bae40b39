//! What a PromQL query says before it is asked: its selectors, its windows, the type of its answer.

use std::time::Duration;

use promql_parser::parser::value::ValueType;
use promql_parser::parser::{Expr, VectorSelector, parse};

use crate::query::check_size;

/// A query that Prometheus' grammar accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The query as it was written.
    pub text: String,
    /// Every selector whose samples the answer rests on, without `offset` and `@`; those under `absent` are exempt.
    pub selectors: Vec<Selector>,
    /// The longest range window (`[30s]`), if there is one.
    pub longest_window: Option<Duration>,
}

/// One vector selector of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The selector in PromQL: `up{job="order-api"}`.
    pub text: String,
    /// The metric's name, when the selector gives it.
    pub metric: Option<String>,
    /// The labels that the selector asks about, without `__name__`.
    pub labels: Vec<String>,
}

impl Query {
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
        walk.visit(&expression);
        Ok(Self {
            text: text.to_owned(),
            selectors: walk.selectors,
            longest_window: walk.longest_window,
        })
    }
}

#[derive(Default)]
struct Walk {
    selectors: Vec<Selector>,
    longest_window: Option<Duration>,
}

impl Walk {
    fn visit(&mut self, expression: &Expr) {
        match expression {
            Expr::Aggregate(aggregate) => {
                self.visit(&aggregate.expr);
                if let Some(parameter) = &aggregate.param {
                    self.visit(parameter);
                }
            }
            Expr::Unary(unary) => self.visit(&unary.expr),
            Expr::Binary(binary) => {
                self.visit(&binary.lhs);
                self.visit(&binary.rhs);
            }
            Expr::Paren(paren) => self.visit(&paren.expr),
            Expr::Subquery(subquery) => {
                self.window(subquery.range);
                self.visit(&subquery.expr);
            }
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => {
                self.window(matrix.range);
                self.selector(&matrix.vs);
            }
            // What is meant to be missing has no young sample to show.
            Expr::Call(call) if call.func.name.starts_with("absent") => {}
            Expr::Call(call) => call
                .args
                .args
                .iter()
                .for_each(|argument| self.visit(argument)),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }

    fn window(&mut self, range: Duration) {
        self.longest_window = self.longest_window.max(Some(range));
    }

    fn selector(&mut self, selector: &VectorSelector) {
        let mut plain = selector.clone();
        plain.offset = None;
        plain.at = None;
        let text = plain.to_string();
        if self.selectors.iter().any(|known| known.text == text) {
            return;
        }
        let names = |name: &String| name != "__name__";
        let labels = plain.matchers.matchers.iter().map(|m| m.name.clone());
        self.selectors.push(Selector {
            text,
            metric: plain.name.clone(),
            labels: labels.filter(names).collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, selectors: &[&str], window: Option<u64>) {
        let query = Query::parse(text).expect(text);
        let found: Vec<_> = query.selectors.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(found, selectors, "{text}");
        assert_eq!(
            query.longest_window,
            window.map(Duration::from_secs),
            "{text}"
        );
    }

    #[test]
    fn selectors_and_windows_are_found() {
        check("up", &["up"], None);
        check(
            r#"up{job="a"} == 0 or up{job="a"}"#,
            &[r#"up{job="a"}"#],
            None,
        );
        check(
            "histogram_quantile(0.95, sum by (le) (rate(x_bucket[15s])))",
            &["x_bucket"],
            Some(15),
        );
        check("x offset 5m / y", &["x", "y"], None);
        check("absent(up{job=\"gone\"})", &[], None);
        check("max_over_time(rate(x[10s])[1m:5s])", &["x"], Some(60));
        check("vector(1)", &[], None);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        for text in ["up[5m]", "\"text\"", "sum(", "rate(up)", "up{job=}", ""] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }
}
