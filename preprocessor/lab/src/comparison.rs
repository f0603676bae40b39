//! Typed comparisons, as in `is: "< 0.25"`.

use std::fmt;

/// How a measured number is set against a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

const OPERATORS: [(&str, Operator); 6] = [
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// Returns the operators as they are written, the longer ones first.
pub fn operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|(word, _)| *word)
}

/// An operator and its bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The operator.
    pub operator: Operator,
    /// The number on its right.
    pub bound: f64,
}

/// Why a text is no comparison: a lowercase fragment, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparisonError {
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub hint: String,
}

impl Comparison {
    /// Returns the comparison that `text` spells, such as `< 0.25` or `>=3`.
    ///
    /// # Errors
    /// The text begins with no operator, or no finite number follows it.
    pub fn parse(text: &str) -> Result<Self, ComparisonError> {
        let text = text.trim();
        let found = OPERATORS
            .iter()
            .find_map(|(word, operator)| Some((*operator, text.strip_prefix(word)?)));
        let Some((operator, rest)) = found else {
            return Err(match text.strip_prefix('=') {
                Some(rest) => ComparisonError {
                    message: "`=` is not a comparison".to_owned(),
                    hint: format!("did you mean `== {}`?", rest.trim()),
                },
                None => ComparisonError {
                    message: format!("`{text}` is not a comparison"),
                    hint:
                        "an operator and a number, such as \"< 0.25\"; operators: < <= > >= == !="
                            .to_owned(),
                },
            });
        };
        let rest = rest.trim();
        match rest.parse::<f64>() {
            Ok(bound) if bound.is_finite() => Ok(Self { operator, bound }),
            _ => Err(ComparisonError {
                message: format!("`{rest}` is not a number"),
                hint: "a plain number in the query's own unit; Prometheus measures durations in seconds"
                    .to_owned(),
            }),
        }
    }

    /// Returns whether `value` satisfies the comparison; NaN satisfies none, not even `!=`.
    pub fn holds(&self, value: f64) -> bool {
        if value.is_nan() {
            return false;
        }
        match self.operator {
            Operator::Less => value < self.bound,
            Operator::LessOrEqual => value <= self.bound,
            Operator::Greater => value > self.bound,
            Operator::GreaterOrEqual => value >= self.bound,
            Operator::Equal => value == self.bound,
            Operator::NotEqual => value != self.bound,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = OPERATORS
            .iter()
            .find(|(_, operator)| *operator == self.operator)
            .map_or("", |(word, _)| word);
        write!(f, "{word} {}", self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_read_and_applied() {
        for (text, value, expected) in [
            ("< 0.25", 0.2, true),
            ("< 0.25", 0.25, false),
            ("<=0.25", 0.25, true),
            ("> 3", 4.0, true),
            (">= 3", 3.0, true),
            ("== 0", 0.0, true),
            ("!= 0", 0.0, false),
            ("!= 0", f64::NAN, false),
            ("< 1e3", f64::NAN, false),
        ] {
            let comparison = Comparison::parse(text).expect(text);
            assert_eq!(comparison.holds(value), expected, "{value} {text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_a_way_out() {
        for (text, hint) in [
            ("= 3", "did you mean `== 3`?"),
            ("3", "an operator and a number"),
            ("< 250ms", "a plain number"),
            ("< NaN", "a plain number"),
            ("> inf", "a plain number"),
            ("", "an operator and a number"),
        ] {
            let error = Comparison::parse(text).expect_err(text);
            assert!(error.hint.starts_with(hint), "{text}: {}", error.hint);
        }
    }
}
