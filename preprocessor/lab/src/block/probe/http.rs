//! `http: service/path`.

use super::kinds::Probe;
use crate::address::Address;
use crate::block::decode::Decoder;
use crate::block::grammar::{Form, Key, Value};
use crate::comparison::Comparison;
use crate::span::Spanned;
use crate::yaml::Node;

/// What is expected of an answer over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub enum HttpExpectation {
    /// The status code.
    Status(Comparison),
    /// The seconds until the whole answer was there.
    Time(Comparison),
    /// The body holds this text.
    BodyContains(String),
    /// No answer comes: refused, reset, or none within five seconds.
    Unreachable,
}

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const STATUS: &str = "status";
const TIME: &str = "time ";
const BODY_CONTAINS: &str = "body contains ";
const UNREACHABLE: &str = "unreachable";

pub(super) const FORMS: [Form; 4] = [
    Form::Status(STATUS),
    Form::Measured(TIME, "s"),
    Form::Then(BODY_CONTAINS),
    Form::Word(UNREACHABLE),
];

pub(super) const FURTHER: [Key; 2] = [
    Key::optional(
        "method",
        Value::AnyCase(&METHODS),
        "Of `http`: the request's method. Default: GET.",
    ),
    Key::optional(
        "body",
        Value::Text,
        "Of `http`: the request's body, sent as JSON.",
    ),
];

impl Decoder<'_> {
    pub(super) fn http(
        &mut self,
        subject: &Node,
        is: Option<Spanned<String>>,
        node: &Node,
    ) -> Option<Probe> {
        let text = self.text(subject, "http")?;
        let address = match Address::parse(&text.value) {
            Ok(address) => self
                .check_service(&address.service, &text.span)
                .then_some(address),
            Err(error) => {
                self.report(&text.span, error.message, error.hint);
                None
            }
        };
        let method = match node.get("method") {
            Some(method) => {
                let method = self.text(method, "method")?;
                let upper = method.value.to_uppercase();
                if !METHODS.contains(&upper.as_str()) {
                    self.report(
                        &method.span,
                        format!("unknown method `{}`", method.value),
                        format!("one of: {}", METHODS.join(", ")),
                    );
                    return None;
                }
                upper
            }
            None => "GET".to_owned(),
        };
        let body = match node.get("body") {
            Some(body) => Some(self.text(body, "body")?.value),
            None => None,
        };
        let is = is?;
        let expectation = self.http_expectation(&is)?;
        Some(Probe::Http {
            address: address?,
            method,
            body,
            expectation,
        })
    }

    fn http_expectation(&mut self, is: &Spanned<String>) -> Option<HttpExpectation> {
        let text = is.value.as_str();
        if text == UNREACHABLE {
            return Some(HttpExpectation::Unreachable);
        }
        if let Some(part) = text.strip_prefix(BODY_CONTAINS) {
            return Some(HttpExpectation::BodyContains(part.trim().to_owned()));
        }
        if let Some(rest) = text.strip_prefix(TIME) {
            let rest = rest.trim().trim_end_matches('s');
            return self.comparison(rest, is).map(HttpExpectation::Time);
        }
        let status = text.strip_prefix(STATUS).unwrap_or(text).trim();
        // A bare status code reads as "the status is 200".
        if status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit()) {
            return self
                .comparison(&format!("== {status}"), is)
                .map(HttpExpectation::Status);
        }
        match Comparison::parse(status) {
            Ok(comparison) => Some(HttpExpectation::Status(comparison)),
            Err(_) => {
                let hint = "one of: \"status == 200\", \"time < 0.5\", \"body contains fulfilled\", \"unreachable\"";
                self.report(
                    &is.span,
                    format!("`{text}` says nothing of an answer"),
                    hint,
                );
                None
            }
        }
    }
}
