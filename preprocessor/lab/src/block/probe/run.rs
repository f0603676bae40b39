//! `run: COMMAND`, in a service's container.

use std::fmt;

use super::kinds::Probe;
use crate::block::decode::Decoder;
use crate::block::grammar::{Form, Key, Value};
use crate::comparison::Comparison;
use crate::compose::TOOLBOX_LABEL;
use crate::span::Spanned;
use crate::yaml::Node;

/// What is expected of a command that has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum RunExpectation {
    /// Its exit status: `exits 0`, `exits != 0`.
    Exits(Comparison),
    /// Its output, or its error output, holds this text: `prints SUCCESS`.
    Prints(String),
}

const EXITS: &str = "exits ";
const PRINTS: &str = "prints ";

pub(super) const FORMS: [Form; 2] = [Form::Exits(EXITS), Form::Then(PRINTS)];

pub(super) const FURTHER: [Key; 1] = [Key::optional(
    "in",
    Value::Service,
    "Of `run`: the service in whose container it runs. Default: the one that the compose files label as the toolbox.",
)
.example("prometheus")];

impl fmt::Display for RunExpectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exits(comparison) => write!(f, "{EXITS}{comparison}"),
            Self::Prints(text) => write!(f, "{PRINTS}{text}"),
        }
    }
}

impl Decoder<'_> {
    pub(super) fn run(
        &mut self,
        subject: &Node,
        is: Option<Spanned<String>>,
        node: &Node,
    ) -> Option<Probe> {
        let command = self.text(subject, "run")?;
        let toolbox = self
            .around
            .model
            .as_ref()
            .map(|model| model.labelled(TOOLBOX_LABEL));
        let service = match (node.get("in"), toolbox) {
            (Some(service), _) => self.service(service)?,
            (None, Some(Some(toolbox))) => {
                let toolbox = toolbox.to_owned();
                self.check_service(&toolbox, &command.span)
                    .then_some(toolbox)?
            }
            (None, None) => String::new(),
            (None, Some(None)) => {
                let hint = format!(
                    "add `in: prometheus`; or label the service that has the tools: `{TOOLBOX_LABEL}: \"true\"`"
                );
                self.report(&command.span, "`run` does not say in which container", hint);
                return None;
            }
        };
        let expectation = self.run_expectation(&is?)?;
        Some(Probe::Run {
            service,
            command: command.value,
            expectation,
        })
    }

    fn run_expectation(&mut self, is: &Spanned<String>) -> Option<RunExpectation> {
        if let Some(text) = is.value.strip_prefix(PRINTS) {
            return Some(RunExpectation::Prints(text.trim().to_owned()));
        }
        let Some(status) = is.value.strip_prefix(EXITS).map(str::trim) else {
            let message = format!("`{}` says nothing of a command", is.value);
            let hint = "one of: \"exits 0\", \"exits != 0\", \"prints SUCCESS\"";
            self.report(&is.span, message, hint);
            return None;
        };
        let comparison = if status.parse::<u8>().is_ok() {
            self.comparison(&format!("== {status}"), is)
        } else {
            self.comparison(status, is)
        };
        comparison.map(RunExpectation::Exits)
    }
}
