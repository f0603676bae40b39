//! What a LogQL query says before it is asked: its selections, its windows, and whether it counts lines itself.
//! Grammar: <https://grafana.com/docs/loki/latest/query/>. Loki judges the rest when it is asked.

use std::time::Duration;

use crate::query::check_size;

/// A query whose braces, quotes, matchers and functions are well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The query as it was written.
    pub text: String,
    /// Whether it yields numbers (`rate(…)`), rather than the lines themselves.
    pub is_metric: bool,
    /// Every selection whose lines the answer rests on, with its pipeline up to `unwrap`; those under `absent_over_time` are exempt.
    pub selections: Vec<Selection>,
    /// How far back the answer reaches at most: a range window (`[30s]`) and its `offset`, if there is one.
    pub longest_window: Option<Duration>,
}

/// One stream selector and what filters its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The stream selector alone: `{service="order-api"}`.
    pub selector: String,
    /// The selector with its pipeline: a log query of its own.
    pub text: String,
    /// The labels that the selector asks about.
    pub labels: Vec<String>,
    /// How long before the present its lines are read from, back.
    pub offset: Duration,
}

/// What stands between two expressions, and may stand before a `(`.
const OPERATORS: [&str; 3] = ["and", "or", "unless"];

const FUNCTIONS: [&str; 36] = [
    "rate",
    "rate_counter",
    "bytes_rate",
    "bytes_over_time",
    "count_over_time",
    "absent_over_time",
    "sum_over_time",
    "avg_over_time",
    "max_over_time",
    "min_over_time",
    "first_over_time",
    "last_over_time",
    "stdvar_over_time",
    "stddev_over_time",
    "quantile_over_time",
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "stddev",
    "stdvar",
    "bottomk",
    "topk",
    "approx_topk",
    "sort",
    "sort_desc",
    "label_replace",
    "vector",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
];

impl Query {
    /// Returns the query that `text` spells.
    ///
    /// # Errors
    /// A lowercase fragment: the first thing that Loki's grammar would refuse, as far as it is looked at here.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        check_size(text)?;
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        let mut walk = Walk::new(text);
        walk.expression()?;
        let is_metric = !text.starts_with('{');
        if walk.found == 0 {
            return Err(
                "it selects no stream; begin with a selector such as {service=\"order-api\"}"
                    .to_owned(),
            );
        }
        if is_metric && walk.longest_window.is_none() {
            return Err(
                "it has no range; lines are counted over a window such as [10s]".to_owned(),
            );
        }
        if !is_metric && walk.longest_window.is_some() {
            return Err("a range of lines cannot be compared; wrap it in a function such as count_over_time()".to_owned());
        }
        Ok(Self {
            text: text.to_owned(),
            is_metric,
            selections: walk.selections,
            longest_window: walk.longest_window,
        })
    }
}

struct Walk<'t> {
    text: &'t str,
    at: usize,
    /// The functions whose parentheses are open.
    open: Vec<&'t str>,
    found: usize,
    selections: Vec<Selection>,
    longest_window: Option<Duration>,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            found: 0,
            selections: Vec::new(),
            longest_window: None,
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn expression(&mut self) -> Result<(), String> {
        let mut word = "";
        while let Some(c) = self.rest().chars().next() {
            match c {
                '{' => {
                    self.selection()?;
                    word = "";
                }
                '(' => {
                    let is_known = FUNCTIONS.contains(&word) || OPERATORS.contains(&word);
                    if !word.is_empty() && !is_known {
                        return Err(match crate::suggest::nearest(word, FUNCTIONS) {
                            Some(near) => {
                                format!("there is no function `{word}`; did you mean `{near}`?")
                            }
                            None => format!("there is no function `{word}`"),
                        });
                    }
                    self.open.push(word);
                    self.at += 1;
                    word = "";
                }
                ')' => {
                    if self.open.pop().is_none() {
                        return Err("a `)` without its `(`".to_owned());
                    }
                    self.at += 1;
                    word = "";
                }
                '[' => {
                    self.window()?;
                }
                '"' | '`' => {
                    self.quoted()?;
                }
                '}' | ']' => return Err(format!("a `{c}` without its opening mark")),
                c if c.is_ascii_alphabetic() || c == '_' => {
                    let rest = self.rest();
                    let end = rest
                        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                        .unwrap_or(rest.len());
                    word = &rest[..end];
                    self.at += end;
                }
                c if c.is_whitespace() => self.at += c.len_utf8(),
                c => {
                    word = "";
                    self.at += c.len_utf8();
                }
            }
        }
        match self.open.last() {
            Some(_) => Err("a `(` is never closed".to_owned()),
            None => Ok(()),
        }
    }

    /// A selector with its pipeline, up to `[`, to the `)` that closes the function around it, or to the end.
    fn selection(&mut self) -> Result<(), String> {
        let start = self.at;
        let labels = self.selector()?;
        let selector = self.text[start..self.at].to_owned();
        self.found += 1;
        let mut depth = 0_usize;
        let mut end_of_log = None;
        while let Some(c) = self.rest().chars().next() {
            match c {
                '"' | '`' => {
                    self.quoted()?;
                    continue;
                }
                '(' => depth += 1,
                ')' if depth == 0 => break,
                ')' => depth -= 1,
                '[' => break,
                '|' if end_of_log.is_none()
                    && self.rest()[1..].trim_start().starts_with("unwrap ") =>
                {
                    end_of_log = Some(self.at);
                }
                _ => {}
            }
            self.at += c.len_utf8();
        }
        let text = self.text[start..end_of_log.unwrap_or(self.at)]
            .trim()
            .to_owned();
        let offset = if self.rest().starts_with('[') {
            self.window()?
        } else {
            Duration::ZERO
        };
        let found = Selection {
            selector,
            text,
            labels,
            offset,
        };
        if self.open.last() != Some(&"absent_over_time") && !self.selections.contains(&found) {
            self.selections.push(found);
        }
        Ok(())
    }

    fn selector(&mut self) -> Result<Vec<String>, String> {
        let mut labels = Vec::new();
        let mut selects = false;
        self.at += 1;
        loop {
            let rest = self.rest().trim_start();
            self.at = self.text.len() - rest.len();
            if rest.starts_with('}') {
                self.at += 1;
                break;
            }
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            if end == 0 {
                return Err(
                    "a selector is never closed, or names no label: {label=\"value\"}".to_owned(),
                );
            }
            let label = rest[..end].to_owned();
            let after = rest[end..].trim_start();
            let operator = ["=~", "!~", "!=", "="]
                .into_iter()
                .find(|operator| after.starts_with(operator))
                .ok_or_else(|| format!("label `{label}` has none of =, !=, =~, !~ behind it"))?;
            let value = after[operator.len()..].trim_start();
            self.at = self.text.len() - value.len();
            let length = self
                .quoted()
                .map_err(|_| format!("the value of label `{label}` is not in quotes"))?;
            selects |= matches!(operator, "=" | "=~") && length > 0;
            labels.push(label);
            let rest = self.rest().trim_start();
            self.at = self.text.len() - rest.len();
            if rest.starts_with(',') {
                self.at += 1;
            } else if !rest.starts_with('}') {
                return Err("two matchers of a selector need a `,` between them".to_owned());
            }
        }
        if selects {
            Ok(labels)
        } else {
            Err("a selector needs at least one label that equals something, such as {service=\"order-api\"}".to_owned())
        }
    }

    /// Skips a quoted text and returns the length of what it holds.
    fn quoted(&mut self) -> Result<usize, String> {
        let rest = self.rest();
        let mark = rest.chars().next().filter(|c| matches!(c, '"' | '`'));
        let Some(mark) = mark else {
            return Err("no quoted text".to_owned());
        };
        let mut escaped = false;
        for (index, c) in rest.char_indices().skip(1) {
            if escaped {
                escaped = false;
            } else if c == '\\' && mark == '"' {
                escaped = true;
            } else if c == mark {
                self.at += index + 1;
                return Ok(index - 1);
            }
        }
        Err(format!("a {mark} is never closed"))
    }

    /// Skips a range and the `offset` behind it, and returns the offset.
    fn window(&mut self) -> Result<Duration, String> {
        let rest = self.rest();
        let end = rest.find(']').ok_or("a `[` is never closed")?;
        let text = rest[1..end].trim();
        let window = humantime::parse_duration(text)
            .map_err(|_| format!("`[{text}]` is not a range; write [10s] or [5m]"))?;
        self.at += end + 1;
        let offset = self.offset()?;
        self.longest_window = self.longest_window.max(Some(window + offset));
        Ok(offset)
    }

    fn offset(&mut self) -> Result<Duration, String> {
        let Some(rest) = self.rest().trim_start().strip_prefix("offset ") else {
            return Ok(Duration::ZERO);
        };
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let text = &rest[..end.unwrap_or(rest.len())];
        self.at = self.text.len() - rest.len() + text.len();
        humantime::parse_duration(text)
            .map_err(|_| format!("`offset {text}` is no time before now; write offset 30s"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, is_metric: bool, selections: &[&str], window: Option<u64>) {
        let query = Query::parse(text).expect(text);
        let found = query.selections.iter().map(|selection| {
            let offset = selection.offset.as_secs();
            if offset == 0 {
                return selection.text.clone();
            }
            format!("{}, {offset} s before", selection.text)
        });
        assert_eq!(
            (query.is_metric, found.collect::<Vec<_>>().as_slice()),
            (
                is_metric,
                selections
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .as_slice()
            ),
            "{text}"
        );
        assert_eq!(
            query.longest_window,
            window.map(Duration::from_secs),
            "{text}"
        );
    }

    #[test]
    fn selections_and_windows_are_found() {
        check(r#"{service="a"}"#, false, &[r#"{service="a"}"#], None);
        let pipeline =
            r#"{service="a", level=~"warn|error"} |= "x } [5m]" | json | duration_ms > 700"#;
        check(pipeline, false, &[pipeline], None);
        check(
            r#"sum by (service) (rate({service=~".+"} |= `(` [10s]))"#,
            true,
            &[r#"{service=~".+"} |= `(`"#],
            Some(10),
        );
        check(
            r#"max(max_over_time({s="a"} | json | unwrap seq [1m])) - min(min_over_time({s="a"} | json | unwrap seq [1m]))"#,
            true,
            &[r#"{s="a"} | json"#],
            Some(60),
        );
        check(r#"absent_over_time({s="a"}[5s])"#, true, &[], Some(5));
        check(
            r#"rate({s="a"}[5s] offset 30s) / rate({s="a"}[5s])"#,
            true,
            &[r#"{s="a"}, 30 s before"#, r#"{s="a"}"#],
            Some(35),
        );
        for operator in ["or", "and", "unless"] {
            check(
                &format!(r#"rate({{s="a"}}[5s]) {operator} (rate({{s="b"}}[5s]))"#),
                true,
                &[r#"{s="a"}"#, r#"{s="b"}"#],
                Some(5),
            );
        }
        check(
            r#"{s="a"} | addr = ip("10.0.0.0/8")"#,
            false,
            &[r#"{s="a"} | addr = ip("10.0.0.0/8")"#],
            None,
        );
    }

    #[test]
    fn what_loki_would_refuse_is_refused() {
        for (text, reason) in [
            ("", "it is empty"),
            ("rate(x[5m])", "it selects no stream"),
            ("{}", "at least one label"),
            (r#"{a!="b"}"#, "at least one label"),
            (r#"{a=""}"#, "at least one label"),
            ("{a=b}", "not in quotes"),
            (r#"{a="b" c="d"}"#, "a `,` between them"),
            (r#"{a="b"#, "not in quotes"),
            (r#"{a="b""#, "a `,` between"),
            (r#"{a "b"}"#, "none of ="),
            (r#"rate({a="b"})"#, "no range"),
            (r#"{a="b"}[5m]"#, "wrap it in a function"),
            (r#"rate({a="b"}[5])"#, "not a range"),
            (r#"rte({a="b"}[5s])"#, "did you mean `rate`?"),
            (r#"rate({a="b"}[5s] offset soon)"#, "no time before now"),
            (r#"sum(rate({a="b"}[5s])"#, "never closed"),
            (r#"rate({a="b"}[5s]))"#, "without its `(`"),
        ] {
            let error = Query::parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
