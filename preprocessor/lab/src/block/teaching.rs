//! The keys for teaching: predictions, hints, misconceptions, tags.

use super::decode::Decoder;
use super::grammar::{Choice, Key, Keys, Value};
use crate::yaml::Node;

/// A question asked before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predict {
    /// The question.
    pub question: String,
    /// The answers to choose from.
    pub choices: Vec<String>,
}

const LEAST_CHOICES: usize = 2;
const MOST_HINTS: usize = 3;

const QUESTION: Keys<'static> = Keys {
    what: "`predict`",
    known: &[
        Key::needed("question", Value::Text, "The question.").example("What happens to p99?"),
        Key::needed(
            "choices",
            Value::Texts {
                least: LEAST_CHOICES,
                most: None,
            },
            "The answers to choose from, two or more.",
        ),
    ],
    planned: &[],
    choice: Choice::None,
};

pub(super) const PREDICT: Key = Key::optional(
    "predict",
    Value::Mapping(&QUESTION),
    "A question asked before the run, and set beside its evidence.",
);

pub(super) const HINTS: Key = Key::optional(
    "hints",
    Value::Texts {
        least: 0,
        most: Some(MOST_HINTS),
    },
    "At most three, a ladder: where to look, what to compare, the analogous query.",
);

impl Decoder<'_> {
    pub(super) fn predict(&mut self, root: &Node) -> Option<Predict> {
        let node = root.get(PREDICT.name)?;
        if !self.mapping(node, &QUESTION) {
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
        if choices.len() < LEAST_CHOICES {
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
        let Some(node) = root.get(HINTS.name) else {
            return Vec::new();
        };
        let hints = self.texts(node, "hints");
        if let Some(excess) = hints.get(MOST_HINTS) {
            self.report(
                &excess.span,
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
