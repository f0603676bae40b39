//! The probe `http`: one request to a service of the stack.

use std::time::{Duration, Instant};

use obsbook_lab::address::Address;
use obsbook_lab::block::HttpExpectation;

use super::observe::{Observation, ProbeError};
use super::source::plain;
use crate::stack::{AddressProblem, Stack};

/// A service that needs longer than this for one request counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of an answer's body a failure shows.
const SHOWN: usize = 160;

pub(super) async fn observe(
    stack: &Stack,
    address: &Address,
    method: &str,
    body: Option<&str>,
    expectation: &HttpExpectation,
) -> Result<Observation, ProbeError> {
    let wants_none = matches!(expectation, HttpExpectation::Unreachable);
    let url = match stack.url(address).await {
        Ok(url) => url,
        Err(AddressProblem::Down(reason)) => return Ok(Observation::now(wants_none, reason)),
        Err(AddressProblem::Engine(error)) => return Err(error.into()),
        Err(AddressProblem::OutOfReach(reason)) => {
            return Err(ProbeError::Away {
                source_name: address.service.clone(),
                reason,
            });
        }
        Err(AddressProblem::Wrong(reason)) => return Err(ProbeError::Invalid(reason)),
    };
    let started = Instant::now();
    let method = reqwest::Method::from_bytes(method.as_bytes())
        .map_err(|_| ProbeError::Invalid(format!("`{method}` is no HTTP method")))?;
    let mut request = stack.http().request(method, url).timeout(PATIENCE);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_owned());
    }
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Ok(Observation::now(wants_none, plain(&error))),
    };
    let status = response.status();
    let Ok(text) = response.text().await else {
        return Ok(Observation::now(wants_none, "the connection broke"));
    };
    let seconds = started.elapsed().as_secs_f64();
    let code = f64::from(status.as_u16());
    let with_value = |met, value: f64, seen: String| Observation {
        met,
        value: Some(value),
        seen,
        evidence: None,
    };
    Ok(match expectation {
        HttpExpectation::Status(comparison) => with_value(
            comparison.holds(code),
            code,
            format!("status {}", status.as_u16()),
        ),
        HttpExpectation::Time(comparison) => with_value(
            comparison.holds(seconds),
            seconds,
            format!("{seconds:.3} s"),
        ),
        HttpExpectation::BodyContains(part) => {
            let shown: String = text.chars().take(SHOWN).collect();
            Observation::now(
                text.contains(part.as_str()),
                format!("status {}, body {shown:?}", status.as_u16()),
            )
        }
        HttpExpectation::Unreachable => {
            Observation::now(false, format!("status {}", status.as_u16()))
        }
    })
}

pub(super) async fn explain(stack: &Stack, address: &Address) -> Vec<String> {
    match stack.url(address).await {
        Ok(url) => vec![format!("look for yourself: curl -i {url}")],
        Err(problem) => vec![problem.to_string()],
    }
}
