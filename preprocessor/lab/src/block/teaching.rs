//! The keys for teaching: predictions, hints, misconceptions, tags.

use super::decode::{Decoder, Keys};
use crate::yaml::Node;

/// A question asked before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predict {
    /// The question.
    pub question: String,
    /// The answers to choose from.
    pub choices: Vec<String>,
}

impl Decoder<'_> {
    pub(super) fn predict(&mut self, root: &Node) -> Option<Predict> {
        const KEYS: Keys = Keys {
            what: "`predict`",
            known: &["question", "choices"],
            planned: &[],
        };
        let node = root.get("predict")?;
        if !self.mapping(node, &KEYS) {
            return None;
        }
        let Some(question) = node.get("question") else {
            self.report(&node.span, "`predict` asks nothing", "add `question: …`");
            return None;
        };
        let question = self.text(question, "question")?.value;
        let choices = node
            .get("choices")
            .map(|node| self.texts(node, "choices"))
            .unwrap_or_default();
        if choices.len() < 2 {
            self.report(
                &node.span,
                "`predict` offers fewer than two choices",
                "add `choices: [it rises, it falls]`",
            );
        }
        Some(Predict {
            question,
            choices: choices.into_iter().map(|choice| choice.value).collect(),
        })
    }

    pub(super) fn hints(&mut self, root: &Node) -> Vec<String> {
        let Some(node) = root.get("hints") else {
            return Vec::new();
        };
        let hints = self.texts(node, "hints");
        if hints.len() > 3 {
            self.report(
                &hints[3].span,
                "more than three hints",
                "where to look, what to compare, the analogous query: no more",
            );
        }
        hints.into_iter().map(|hint| hint.value).collect()
    }

    pub(super) fn disproves(&mut self, root: &Node) -> Vec<u64> {
        let Some(node) = root.get("disproves") else {
            return Vec::new();
        };
        let items = if node.text().is_some() {
            vec![node.clone()]
        } else {
            self.list(node, "disproves").to_vec()
        };
        items
            .iter()
            .filter_map(|item| self.count(item, "a misconception's number"))
            .collect()
    }

    pub(super) fn tags(&mut self, root: &Node) -> Vec<String> {
        let Some(node) = root.get("tags") else {
            return Vec::new();
        };
        self.texts(node, "tags")
            .into_iter()
            .map(|tag| tag.value)
            .collect()
    }
}
