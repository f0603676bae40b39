//! Reading typed values out of a block's YAML tree, collecting every problem on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use super::grammar::Keys;
use crate::diagnostic::Diagnostic;
use crate::markdown::Fence;
use crate::span::{SourceFile, Span, Spanned};
use crate::suggest;
use crate::surroundings::Surroundings;
use crate::yaml::{Kind, Node};

/// One block being read.
pub(super) struct Decoder<'a> {
    pub(super) source: &'a SourceFile,
    pub(super) fence: &'a Fence,
    /// What names are checked against.
    pub(super) around: &'a Surroundings,
    /// The profile that the lab runs in, once it is known.
    pub(super) profile: Option<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'a> Decoder<'a> {
    /// Returns a decoder that has found no problem yet.
    pub(super) fn new(source: &'a SourceFile, fence: &'a Fence, around: &'a Surroundings) -> Self {
        Self {
            source,
            fence,
            around,
            profile: None,
            diagnostics: Vec::new(),
        }
    }
}

impl Decoder<'_> {
    /// Records a problem at a place of the block's text.
    pub(super) fn report(
        &mut self,
        body: &Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let span = self.fence.locate(body.clone());
        self.diagnostics
            .push(Diagnostic::new(self.source, span, message).hint(hint));
    }

    /// Records a problem of the block as a whole: it points at the opening fence.
    pub(super) fn report_block(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::new(self.source, self.fence.opening.clone(), message).hint(hint));
    }

    /// Returns whether `node` is a mapping, and reports its unknown, planned and repeated keys.
    pub(super) fn mapping(&mut self, node: &Node, keys: &Keys) -> bool {
        let Kind::Mapping(entries) = &node.kind else {
            let message = format!("{} is {}, not keys and values", keys.what, node.describe());
            self.report(
                &node.span,
                message,
                format!("keys: {}", keys.names().join(", ")),
            );
            return false;
        };
        let mut seen: Vec<&str> = Vec::new();
        for (key, _) in entries {
            let Some(name) = key.text() else {
                self.report(
                    &key.span,
                    format!("a key of {} is not a word", keys.what),
                    "write it as text",
                );
                continue;
            };
            if seen.contains(&name) {
                self.report(
                    &key.span,
                    format!("`{name}` stands twice in {}", keys.what),
                    "keep one of the two",
                );
            } else if keys.planned.contains(&name) {
                self.report(
                    &key.span,
                    format!("`{name}` is not implemented in this version of obsbook"),
                    format!(
                        "remove it; {} can have: {}",
                        keys.what,
                        keys.names().join(", ")
                    ),
                );
            } else if !keys.names().contains(&name) {
                let hint = suggest::hint(name, keys.names());
                self.report(
                    &key.span,
                    format!("unknown key `{name}` in {}", keys.what),
                    hint,
                );
            }
            seen.push(name);
        }
        true
    }

    /// Returns the text of a scalar.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match node.text().map(str::trim) {
            Some(text) if !text.is_empty() => {
                Some(Spanned::new(text.to_owned(), node.span.clone()))
            }
            _ => {
                let message = format!(
                    "{what} is {}, not text",
                    if node.text().is_some() {
                        "empty"
                    } else {
                        node.describe()
                    }
                );
                self.report(&node.span, message, format!("write {what} as text"));
                None
            }
        }
    }

    /// Returns the items of a list.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::Sequence(items) => items,
            _ => {
                let message = format!("{what} is {}, not a list", node.describe());
                self.report(&node.span, message, "begin each item with `- `");
                &[]
            }
        }
    }

    /// Returns a list of texts.
    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Vec<Spanned<String>> {
        let items = self.list(node, what).to_vec();
        items
            .iter()
            .filter_map(|item| self.text(item, &format!("an item of {what}")))
            .collect()
    }

    /// Returns a mapping of words to words, such as labels.
    pub(super) fn words(&mut self, node: &Node, what: &str) -> Option<BTreeMap<String, String>> {
        let Kind::Mapping(entries) = &node.kind else {
            let message = format!("{what} is {}, not names and values", node.describe());
            self.report(&node.span, message, "write `{ service: order-api }`");
            return None;
        };
        let entries = entries.clone();
        let pairs = entries.iter().map(|(name, value)| {
            let name = self.text(name, &format!("a name in {what}"))?;
            Some((
                name.value,
                self.text(value, &format!("a value in {what}"))?.value,
            ))
        });
        pairs.collect()
    }

    /// Returns a duration such as `800ms`, `20s` or `1m 30s`, greater than zero.
    pub(super) fn duration(&mut self, node: &Node, what: &str) -> Option<Duration> {
        let text = self.text(node, what)?;
        let parsed = humantime::parse_duration(&text.value);
        match parsed {
            Ok(duration) if !duration.is_zero() && duration <= Duration::from_secs(3600) => {
                Some(duration)
            }
            Ok(duration) if duration.is_zero() => {
                self.report(
                    &node.span,
                    format!("{what} is zero"),
                    "a duration above zero, such as 20s",
                );
                None
            }
            Ok(_) => {
                self.report(
                    &node.span,
                    format!("{what} is longer than an hour"),
                    "a lab is done in minutes: 1h at most",
                );
                None
            }
            Err(_) => {
                let message = format!("`{}` is not a duration", text.value);
                let hint = match text.value.parse::<f64>() {
                    Ok(_) => format!("give the unit: {}s or {}ms", text.value, text.value),
                    Err(_) => "a number and its unit, such as 800ms, 20s or 2m".to_owned(),
                };
                self.report(&node.span, message, hint);
                None
            }
        }
    }

    /// Returns a share above 0 and up to 1, written `0.5` or `50%`.
    pub(super) fn share(&mut self, node: &Node, what: &str) -> Option<f64> {
        let text = self.text(node, what)?;
        let parsed = match text.value.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().map(|value| value / 100.0),
            None => text.value.parse::<f64>(),
        };
        match parsed {
            Ok(share) if share > 0.0 && share <= 1.0 => Some(share),
            _ => {
                let message = format!("`{}` is not a share", text.value);
                self.report(
                    &node.span,
                    message,
                    "a number above 0 and up to 1, or a percentage: 0.5 or 50%",
                );
                None
            }
        }
    }

    /// Returns a whole number of at least one.
    pub(super) fn count(&mut self, node: &Node, what: &str) -> Option<u64> {
        let text = self.text(node, what)?;
        match text.value.parse::<u64>() {
            Ok(count) if count > 0 => Some(count),
            _ => {
                let message = format!("`{}` is not a whole number above zero", text.value);
                self.report(&node.span, message, format!("write {what} as 1, 2, 3, …"));
                None
            }
        }
    }

    /// Returns `true` or `false`.
    pub(super) fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.text() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            other => {
                let message = format!(
                    "{what} is `{}`, not true or false",
                    other.unwrap_or("nothing")
                );
                self.report(&node.span, message, "write true or false");
                None
            }
        }
    }

    /// Returns a service's name, checked against the compose model and the lab's profile.
    pub(super) fn service(&mut self, node: &Node) -> Option<String> {
        let name = self.text(node, "the service")?;
        self.check_service(&name.value, &node.span)
            .then_some(name.value)
    }

    /// Returns whether the compose model has `name` in the lab's profile, and reports it otherwise.
    pub(super) fn check_service(&mut self, name: &str, span: &Span) -> bool {
        let Some(model) = &self.around.model else {
            return true;
        };
        let Some(service) = model.services.get(name) else {
            let hint = suggest::hint(name, model.services.keys().map(String::as_str));
            self.report(span, format!("unknown service `{name}`"), hint);
            return false;
        };
        let outside = self
            .profile
            .as_deref()
            .filter(|profile| !service.runs_in(profile));
        if let Some(profile) = outside {
            let message = format!("service `{name}` does not run in profile `{profile}`");
            let hint = format!("it runs in: {}", service.profiles.join(", "));
            self.report(span, message, hint);
            return false;
        }
        true
    }
}
