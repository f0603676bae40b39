//! `promql: QUERY`.

use super::kinds::Probe;
use crate::block::decode::Decoder;
use crate::promql::Query;
use crate::span::Spanned;
use crate::yaml::Node;

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
        let (quantifier, comparison) = self.quantified(&is?)?;
        Some(Probe::Promql {
            query: query?,
            quantifier,
            comparison,
        })
    }
}
