//! A scenario: faults that belong together, in a file of their own, with a name that labs and learners use.

use std::path::PathBuf;

use super::decode::Decoder;
use super::fault::Fault;
use super::grammar::{Choice, Key, Keys, Value};
use crate::diagnostic::Diagnostic;
use crate::markdown::Fence;
use crate::span::SourceFile;
use crate::surroundings::Surroundings;
use crate::yaml;

/// Faults that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The file's name without its ending.
    pub name: String,
    /// What happens, in a few words.
    pub title: String,
    /// What to look at while it lasts, a line each.
    pub watch: Vec<String>,
    /// The faults, in the order in which they are injected.
    pub faults: Vec<Fault>,
    /// The file, relative to the book's root.
    pub file: PathBuf,
}

pub(super) const KEYS: Keys<'static> = Keys {
    what: "a scenario",
    known: &[
        Key::needed("title", Value::Text, "What happens, in a few words."),
        Key::optional(
            "watch",
            Value::Texts {
                least: 0,
                most: None,
            },
            "What to look at while it lasts, a line each.",
        ),
        Key::needed("inject", Value::Faults, "The faults, in their order."),
    ],
    planned: &[],
    choice: Choice::None,
};

impl Scenario {
    /// Returns the scenario that a file spells, unless it has problems; the problems come with it.
    pub fn decode(source: &SourceFile, around: &Surroundings) -> (Option<Self>, Vec<Diagnostic>) {
        let fence = Fence::whole(&source.text);
        let mut decoder = Decoder::new(source, &fence, around);
        let scenario = decoder.scenario_file();
        let scenario = scenario.filter(|_| decoder.diagnostics.is_empty());
        (scenario, decoder.diagnostics)
    }
}

impl Decoder<'_> {
    fn scenario_file(&mut self) -> Option<Scenario> {
        let root = match yaml::parse(&self.fence.body) {
            Ok(root) => root,
            Err(error) => {
                self.report(&error.span, error.message, "check indentation and quotes");
                return None;
            }
        };
        if !self.mapping(&root, &KEYS) {
            return None;
        }
        let title = match root.get("title") {
            Some(node) => self.text(node, "title").map(|text| text.value),
            None => {
                self.report_block("this scenario has no `title`", "add a line `title: …`");
                None
            }
        };
        let faults = match root.get("inject") {
            Some(node) => self.faults(node),
            None => {
                self.report_block("this scenario has no `inject`", "say what it breaks");
                return None;
            }
        };
        let watch = root.get("watch").map(|node| self.texts(node, "watch"));
        let name = self.source.path.file_stem().unwrap_or_default();
        Some(Scenario {
            name: name.to_string_lossy().into_owned(),
            title: title?,
            watch: watch
                .unwrap_or_default()
                .into_iter()
                .map(|text| text.value)
                .collect(),
            faults,
            file: self.source.path.clone(),
        })
    }
}
