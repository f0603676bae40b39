//! A whole lab, and how a fenced block becomes one.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::challenge::Challenge;
use super::condition::{Condition, Section};
use super::decode::Decoder;
use super::exercise::Exercise;
use super::fault::Fault;
use super::keys::{KEYS, KINDS};
use super::probe::Signal;
use super::shape::shape;
use super::teaching::Predict;
use crate::compose::ComposeModel;
use crate::console::Shown;
use crate::diagnostic::Diagnostic;
use crate::markdown::Fence;
use crate::span::{Position, SourceFile, Span, Spanned};
use crate::suggest;
use crate::surroundings::Surroundings;
use crate::yaml::{self, Node};

/// What a block is to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A demonstration that proves itself.
    Lab,
    /// A task: its reader edits a file.
    Exercise,
    /// A task: its reader finds out what is broken, and mends it.
    Challenge,
}

impl Kind {
    /// Returns the word that a block names it by.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lab => "lab",
            Self::Exercise => "exercise",
            Self::Challenge => "challenge",
        }
    }
}

/// One lab block.
#[derive(Debug, Clone, PartialEq)]
pub struct Lab {
    /// Unique in the whole book.
    pub id: String,
    /// The sentence that the lab proves.
    pub title: String,
    /// What the block is to its reader.
    pub kind: Kind,
    /// The compose profile that it runs in.
    pub profile: String,
    /// What must hold before the fault and again after it; empty means "all containers healthy".
    pub steady: Vec<Condition>,
    /// The faults, of a challenge its breakage; `None` for an observation, which breaks nothing and expects nothing.
    pub inject: Option<Vec<Fault>>,
    /// What must become true by the fault, of a challenge its symptom.
    pub expect: Vec<Condition>,
    /// What must become true by undoing it.
    pub after: Vec<Condition>,
    /// The fault under which an observation is seen to fail.
    pub disproved_by: Option<Fault>,
    /// What its reader edits, if it is an exercise.
    pub exercise: Option<Exercise>,
    /// What mends it and what does not, if it is a challenge.
    pub challenge: Option<Challenge>,
    /// Commands of the prose with what they print; such a lab does nothing else.
    pub console: Vec<Shown>,
    /// The question asked before the run.
    pub predict: Option<Predict>,
    /// The question on the reader's own run.
    pub after_pass: Option<String>,
    /// Up to three hints, a ladder.
    pub hints: Vec<String>,
    /// Numbers of the misconceptions that the lab disproves.
    pub disproves: Vec<u64>,
    /// Words to select by.
    pub tags: Vec<String>,
    /// How long it takes, as its author says.
    pub takes: Option<Duration>,
    /// The file, relative to the book's root.
    pub file: std::path::PathBuf,
    /// Where the opening fence stands.
    pub at: Position,
    /// Where the id stands in the file.
    pub id_span: Span,
}

impl Lab {
    /// Returns the signals that its conditions read.
    pub fn signals(&self) -> BTreeSet<Signal> {
        let conditions = self.steady.iter().chain(&self.expect).chain(&self.after);
        conditions
            .flat_map(|condition| condition.probe.signals())
            .collect()
    }

    /// Returns everything that decides how the lab runs, as text; not where it stands, nor what it says to its reader.
    pub fn content(&self) -> String {
        let mut all = vec![
            self.id.clone(),
            self.profile.clone(),
            format!("{:?}", self.inject),
            format!("{:?}", self.disproved_by),
            format!("{:?}", self.exercise),
            format!("{:?}", self.challenge),
            format!("{:?}", self.console),
        ];
        for section in [&self.steady, &self.expect, &self.after] {
            let conditions = section.iter().map(|condition| {
                format!(
                    "{:?} {:?} {:?}",
                    condition.probe, condition.within, condition.always
                )
            });
            all.extend(conditions);
            all.push(String::new());
        }
        all.join("\n")
    }

    /// Returns the book's files that decide how the lab runs, beside its block.
    pub fn files(&self) -> Vec<&Path> {
        let always = self
            .expect
            .iter()
            .filter_map(|condition| condition.always.as_ref());
        let disproving = always.map(|always| &always.disproved_by);
        let injected = self.inject.iter().flatten();
        let faults = injected.chain(&self.disproved_by).chain(disproving);
        let mut files: Vec<_> = faults.filter_map(|fault| fault.kind.file()).collect();
        if let Some(exercise) = &self.exercise {
            files.extend([exercise.starter.as_path(), exercise.edit.file.as_path()]);
        }
        files
    }

    /// Returns the longest time, from the first injection on, that a fault of this lab may have to last.
    pub fn longest_deadline(&self) -> Duration {
        let expectations = self.expect.iter().map(|condition| match &condition.always {
            Some(always) => always.at_least,
            None => condition.within,
        });
        expectations.max().unwrap_or_default()
    }
}

/// Returns the lab that `fence` spells, unless it has problems; the problems come with it.
///
/// `around` is what names are checked against.
pub fn decode(
    source: &SourceFile,
    fence: &Fence,
    around: &Surroundings,
) -> (Option<Lab>, Vec<Diagnostic>) {
    let mut decoder = Decoder::new(source, fence, around);
    if !fence.closed {
        decoder.report_block(
            "this lab block never ends",
            "close it with a line of the same marks",
        );
        return (None, decoder.diagnostics);
    }
    let root = match yaml::parse(&fence.body) {
        Ok(root) => root,
        Err(error) => {
            decoder.report(
                &error.span,
                error.message,
                "check indentation, and quote values that hold `: ` or begin with a mark",
            );
            return (None, decoder.diagnostics);
        }
    };
    if root.is_null() {
        decoder.report_block(
            "an empty lab block",
            "a lab needs at least `id`, `title`, `inject` and `expect`",
        );
        return (None, decoder.diagnostics);
    }
    let lab = decoder.lab(&root);
    decoder
        .diagnostics
        .sort_by_key(|diagnostic| diagnostic.start);
    let lab = lab.filter(|_| decoder.diagnostics.is_empty());
    (lab, decoder.diagnostics)
}

impl Decoder<'_> {
    fn lab(&mut self, root: &Node) -> Option<Lab> {
        if !self.mapping(root, &KEYS) {
            return None;
        }
        let id = self.required(root, "id");
        if let Some(id) = &id {
            self.check_id(id);
        }
        let title = self.required(root, "title");
        let kind = self.kind(root);
        self.check_keys_of(kind, root);
        let profile = self.profile(root);
        self.profile = profile.clone();
        let words = shape(kind);
        let steady = self.section(root, "steady", Section::Steady);
        let inject = root.get(words.inject).map(|node| self.faults(node));
        let expect = self.section(root, words.expect, Section::Expect);
        let after = self.section(root, "after", Section::After);
        let disproved_by = root.get("disproved_by").and_then(|node| self.fault(node));
        self.check_shape(kind, root, &expect);
        let exercise = match kind {
            Kind::Exercise => Some(self.exercise(root)?),
            _ => None,
        };
        let challenge = match kind {
            Kind::Challenge => Some(self.challenge(root)?),
            _ => None,
        };
        Some(Lab {
            exercise,
            challenge,
            console: Vec::new(),
            predict: self.predict(root),
            after_pass: root
                .get("after_pass")
                .and_then(|node| self.text(node, "after_pass"))
                .map(|text| text.value),
            hints: self.hints(root),
            disproves: self.disproves(root),
            tags: self.tags(root),
            takes: root
                .get("takes")
                .and_then(|node| self.duration(node, "takes")),
            kind,
            profile: profile?,
            steady,
            // What the reader edits is a change as well, so an exercise need not break anything.
            inject: inject.or_else(|| (kind == Kind::Exercise).then(Vec::new)),
            expect,
            after,
            disproved_by,
            file: self.source.path.clone(),
            at: self.source.position(self.fence.opening.start),
            id_span: self.fence.locate(id.as_ref()?.span.clone()),
            id: id?.value,
            title: title?.value,
        })
    }

    fn required(&mut self, root: &Node, key: &str) -> Option<Spanned<String>> {
        match root.get(key) {
            Some(node) => self.text(node, key),
            None => {
                self.report_block(
                    format!("this lab has no `{key}`"),
                    format!("add a line `{key}: …`"),
                );
                None
            }
        }
    }

    pub(super) fn check_id(&mut self, id: &Spanned<String>) {
        let text = id.value.as_str();
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let shaped = text.chars().all(fine) && !text.starts_with('-') && !text.ends_with('-');
        if !shaped {
            self.report(
                &id.span,
                format!("`{text}` cannot be an id"),
                "lowercase letters, digits and single hyphens, such as `slow-orders`",
            );
        } else if text
            .strip_prefix("chapter-")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
        {
            self.report(
                &id.span,
                format!("`{text}` selects a chapter, so no lab can have it as its id"),
                "name the lab after what it shows",
            );
        }
    }

    /// An unknown kind is read as a lab, so that the rest of the block is checked as well.
    fn kind(&mut self, root: &Node) -> Kind {
        let text = root.get("kind").and_then(|node| self.text(node, "kind"));
        let Some(text) = text else { return Kind::Lab };
        let all = [Kind::Lab, Kind::Exercise, Kind::Challenge];
        if let Some(kind) = all.into_iter().find(|kind| kind.word() == text.value) {
            return kind;
        }
        let message = format!("unknown kind `{}`", text.value);
        self.report(&text.span, message, suggest::hint(&text.value, KINDS));
        Kind::Lab
    }

    fn profile(&mut self, root: &Node) -> Option<String> {
        let Some(node) = root.get("profile") else {
            return Some(self.around.profile.clone());
        };
        let name = self.text(node, "profile")?;
        let known = self.around.model.as_ref().map(ComposeModel::profiles);
        if let Some(known) = known.filter(|known| !known.contains(name.value.as_str())) {
            let hint = suggest::hint(&name.value, known);
            self.report(
                &name.span,
                format!("unknown profile `{}`", name.value),
                hint,
            );
            return None;
        }
        Some(name.value)
    }

    fn section(&mut self, root: &Node, key: &str, section: Section) -> Vec<Condition> {
        root.get(key)
            .map(|node| self.conditions(node, section, key))
            .unwrap_or_default()
    }
}
