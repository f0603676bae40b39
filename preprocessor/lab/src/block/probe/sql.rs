//! `sql: STATEMENT`: one number from the sandbox's database.

use super::kinds::Probe;
use crate::block::decode::Decoder;
use crate::span::Spanned;
use crate::yaml::Node;

impl Decoder<'_> {
    pub(super) fn sql(&mut self, subject: &Node, is: Option<Spanned<String>>) -> Option<Probe> {
        let text = self.text(subject, "sql")?;
        let query = text.value.trim_end_matches(';').trim().to_owned();
        let first = query
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_lowercase();
        if !matches!(first.as_str(), "select" | "with") {
            self.report(
                &text.span,
                "a statement that does not select",
                "a check reads: begin with SELECT or WITH",
            );
            return None;
        }
        if query.contains(';') {
            self.report(
                &text.span,
                "two statements in one condition",
                "put each behind a `- ` of its own",
            );
            return None;
        }
        let is = is?;
        let comparison = self.comparison(&is.value, &is)?;
        Some(Probe::Sql { query, comparison })
    }
}
