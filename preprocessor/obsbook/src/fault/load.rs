//! More or fewer users, through the web API of the Locust that makes the traffic.
//! Format: <https://docs.locust.io/en/stable/api.html>, `/swarm`.

use std::time::Duration;

use obsbook_lab::address::Address;
use obsbook_lab::compose::LOAD_USERS_LABEL;

use crate::stack::{AddressProblem, Stack};

const PATIENCE: Duration = Duration::from_secs(5);
/// Users that come or go in a second: a ramp would blur the moment at which the load changed.
pub(super) const SPAWN_RATE: &str = "100";

/// Why the traffic could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The traffic's service does not say how many users are usual.
    #[error("{service} has no label {LOAD_USERS_LABEL} with the usual number of users")]
    NoUsual {
        /// The service.
        service: String,
    },
    /// The service runs, and does not do it.
    #[error("{service} does not change its traffic: {reason}")]
    Refused {
        /// The service.
        service: String,
        /// The reason.
        reason: String,
    },
}

/// Returns the number of users when nothing is broken.
pub(super) fn usual_users(stack: &Stack, service: &str) -> Result<u64, LoadError> {
    let labels = stack
        .model()
        .services
        .get(service)
        .map(|service| &service.labels);
    let users = labels.and_then(|labels| labels.get(LOAD_USERS_LABEL)?.parse().ok());
    users.ok_or_else(|| LoadError::NoUsual {
        service: service.to_owned(),
    })
}

/// Makes the traffic what `users` users do, at once.
pub(super) async fn set_users(stack: &Stack, service: &str, users: u64) -> Result<(), LoadError> {
    let refused = |reason: String| LoadError::Refused {
        service: service.to_owned(),
        reason,
    };
    let address = Address {
        service: service.to_owned(),
        port: None,
        path: "/swarm".to_owned(),
    };
    let url = stack
        .url(&address)
        .await
        .map_err(|problem: AddressProblem| refused(problem.to_string()))?;
    let users = users.to_string();
    let form = [("user_count", users.as_str()), ("spawn_rate", SPAWN_RATE)];
    let answer = stack
        .http()
        .post(url)
        .form(&form)
        .timeout(PATIENCE)
        .send()
        .await;
    let answer = answer.map_err(|error| refused(error.to_string()))?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(refused(format!("it answered {}", answer.status())))
}
