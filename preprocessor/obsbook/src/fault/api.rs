//! The fault API that services of a stack offer; `GET /faults`, `PUT /faults/KIND`, `POST /faults/crash`,
//! `DELETE /faults/KIND`, `POST /faults/reset`, each with a bearer token.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::stack::{AddressProblem, Stack};
use obsbook_lab::block::FaultKind;

/// The API answers at once even when its service is slowed: it has a listener of its own.
const PATIENCE: Duration = Duration::from_secs(5);

/// The fault API of one service.
pub struct FaultApi<'s> {
    stack: &'s Stack,
    service: String,
}

/// What the fault API says is active.
#[derive(Debug, Clone, Deserialize)]
pub struct FaultState {
    /// The active faults.
    pub faults: Vec<ActiveFault>,
}

/// One active fault.
#[derive(Debug, Clone, Deserialize)]
pub struct ActiveFault {
    /// Its kind.
    pub kind: String,
    /// Seconds until it ends by itself.
    pub remaining_s: f64,
}

/// Why the fault API did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The API refuses the fault: it is over a cap, or the service does not know it. A token that it does not take is
    /// none of this.
    #[error("the fault API of {service} refuses: {reason}")]
    Refused {
        /// The service.
        service: String,
        /// The API's own words.
        reason: String,
    },
    /// The API does not answer, or not as a fault API does.
    #[error("the fault API of {service} does not answer: {reason}")]
    Away {
        /// The service.
        service: String,
        /// The reason.
        reason: String,
    },
}

/// Returns the method and the body that ask a fault API for a fault.
pub(super) fn request(kind: &FaultKind, time_to_live: Duration) -> (Method, Value) {
    let ttl = time_to_live.as_secs();
    match kind {
        FaultKind::Latency { by_ms, ratio } => (
            Method::PUT,
            json!({"by_ms": by_ms, "ratio": ratio, "ttl_s": ttl}),
        ),
        FaultKind::Error { ratio } => (Method::PUT, json!({"ratio": ratio, "ttl_s": ttl})),
        FaultKind::Memory { mib } => (Method::PUT, json!({"mib": mib, "ttl_s": ttl})),
        FaultKind::Retries { attempts } => {
            (Method::PUT, json!({"attempts": attempts, "ttl_s": ttl}))
        }
        FaultKind::Leak { connections } => (
            Method::PUT,
            json!({"connections": connections, "ttl_s": ttl}),
        ),
        FaultKind::Stall => (Method::PUT, json!({"ttl_s": ttl})),
        _ => (Method::POST, json!({})),
    }
}

impl<'s> FaultApi<'s> {
    /// Returns the fault API of `service`.
    pub fn new(stack: &'s Stack, service: impl Into<String>) -> Self {
        Self {
            stack,
            service: service.into(),
        }
    }

    /// Puts a fault in place for `time_to_live`, after which the service ends it by itself.
    ///
    /// # Errors
    /// The API refuses, or does not answer.
    pub async fn put(&self, kind: &FaultKind, time_to_live: Duration) -> Result<(), ApiError> {
        let (method, body) = request(kind, time_to_live);
        self.call(method, &format!("/faults/{}", kind.word()), Some(body))
            .await
            .map(drop)
    }

    /// Ends one kind of fault; it is fine if there is none.
    ///
    /// # Errors
    /// As [`FaultApi::put`].
    pub async fn delete(&self, word: &str) -> Result<(), ApiError> {
        self.call(Method::DELETE, &format!("/faults/{word}"), None)
            .await
            .map(drop)
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// As [`FaultApi::put`].
    pub async fn reset(&self) -> Result<(), ApiError> {
        self.call(Method::POST, "/faults/reset", None)
            .await
            .map(drop)
    }

    /// Returns the active faults.
    ///
    /// # Errors
    /// As [`FaultApi::put`].
    pub async fn state(&self) -> Result<FaultState, ApiError> {
        let answer = self.call(Method::GET, "/faults", None).await?;
        serde_json::from_value(answer).map_err(|error| self.away(error.to_string()))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, ApiError> {
        let address = self
            .stack
            .fault_address(&self.service, path)
            .map_err(|reason| self.away(reason))?;
        let url = self
            .stack
            .url(&address)
            .await
            .map_err(|problem| match problem {
                AddressProblem::Down(reason) => self.away(reason),
                other => self.away(other.to_string()),
            })?;
        let token = self
            .stack
            .fault_token(&self.service)
            .await
            .map_err(|reason| self.away(reason))?;
        let mut request = self
            .stack
            .http()
            .request(method, url)
            .bearer_auth(token)
            .timeout(PATIENCE);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.away(error.to_string()))?;
        let status = response.status();
        let text = response
            .text()
            .await
            .map_err(|error| self.away(error.to_string()))?;
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        match status {
            status if status.is_success() => Ok(answer),
            StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::UNPROCESSABLE_ENTITY => {
                let words = ["error", "hint"]
                    .iter()
                    .filter_map(|key| answer.get(key)?.as_str());
                Err(ApiError::Refused {
                    service: self.service.clone(),
                    reason: words.collect::<Vec<_>>().join("; "),
                })
            }
            _ => Err(self.away(format!("status {}", status.as_u16()))),
        }
    }

    fn away(&self, reason: impl Into<String>) -> ApiError {
        ApiError::Away {
            service: self.service.clone(),
            reason: reason.into(),
        }
    }
}
