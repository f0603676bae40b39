//! From a condition's keys to its probe.

use super::keys::{Asked, PROBES};
use super::kinds::{Probe, Quantifier};
use crate::block::condition::{Section, head};
use crate::block::decode::Decoder;
use crate::comparison::Comparison;
use crate::span::Spanned;
use crate::yaml::Node;

impl Decoder<'_> {
    /// Returns the probe that a condition names, with what `is` expects of it.
    pub(in crate::block) fn probe(
        &mut self,
        asked: &Asked,
        subject: &Node,
        node: &Node,
        section: Section,
    ) -> Option<Probe> {
        let word = asked.subject.name;
        for other in PROBES.iter().filter(|other| other.subject.name != word) {
            for key in other.further {
                if let Some(value) = node.get(key.name) {
                    let message = format!("`{}` goes with `{}`", key.name, other.subject.name);
                    self.report(&value.span, message, "remove it");
                }
            }
        }
        let is = match node.get("is") {
            Some(is) => self.text(is, "is"),
            None if asked.alone => None,
            None => {
                self.report(
                    &head(node),
                    format!("`{word}` without `is`"),
                    "say what is expected: `is: \"< 0.25\"`",
                );
                None
            }
        };
        match word {
            "promql" => self.promql(subject, is),
            "logql" => self.logql(subject, is, section),
            "trace" => self.trace(subject, is, section),
            "alert" => self.alert(subject, is, node, section),
            "panel" => self.panel(subject, is),
            "sql" => self.sql(subject, is),
            "http" => self.http(subject, is, node),
            "run" => self.run(subject, is, node),
            _ => self.container(subject, is),
        }
    }

    pub(super) fn comparison(&mut self, text: &str, whole: &Spanned<String>) -> Option<Comparison> {
        match Comparison::parse(text) {
            Ok(comparison) => Some(comparison),
            Err(error) => {
                self.report(&whole.span, error.message, error.hint);
                None
            }
        }
    }

    /// Reads `any > 3`, `all == 1` or `< 0.25`; `is` is what it is a part of.
    pub(super) fn quantified(
        &mut self,
        text: &str,
        is: &Spanned<String>,
    ) -> Option<(Quantifier, Comparison)> {
        let (quantifier, rest) = match text.split_once(char::is_whitespace) {
            Some(("any", rest)) => (Quantifier::Any, rest),
            Some(("all", rest)) => (Quantifier::All, rest),
            _ => (Quantifier::One, text),
        };
        Some((quantifier, self.comparison(rest, is)?))
    }

    /// Reads a count of things that begins at zero when the fault is injected. One that zero satisfies would be
    /// true at that very moment, whatever the fault does.
    pub(super) fn count_from_zero(
        &mut self,
        text: &str,
        is: &Spanned<String>,
        section: Section,
        instead: &str,
    ) -> Option<Comparison> {
        let comparison = self.comparison(text, is)?;
        if section != Section::Steady && comparison.holds(0.0) {
            let message = format!(
                "`{}` is true of nothing at all, so it holds the moment that counting begins",
                is.value
            );
            self.report(&is.span, message, instead);
            return None;
        }
        Some(comparison)
    }
}
