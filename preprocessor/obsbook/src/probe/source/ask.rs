//! One request to a data source, and the ways in which it ends.

use std::time::Duration;

use reqwest::StatusCode;
use serde::de::DeserializeOwned;

/// A query to a server on the same machine answers in milliseconds; past this the server is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The data source understood the request and refuses the query.
    #[error("{source_name} refuses the query: {reason}")]
    Refused {
        /// The data source.
        source_name: &'static str,
        /// Its own words.
        reason: String,
    },
    /// The data source does not answer.
    #[error("{0}")]
    Away(String),
}

/// A server that answers over HTTP.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) base: String,
    pub(super) client: reqwest::Client,
}

impl Server {
    pub(super) fn refused(&self, reason: impl Into<String>) -> QueryError {
        QueryError::Refused {
            source_name: self.name,
            reason: reason.into(),
        }
    }

    /// Returns the status and the text of an answer.
    pub(super) async fn get(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<(StatusCode, String), QueryError> {
        let request = self
            .client
            .get(format!("{}{path}", self.base))
            .query(parameters)
            .timeout(PATIENCE);
        let away = |error: reqwest::Error| QueryError::Away(plain(&error));
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        Ok((status, response.text().await.map_err(away)?))
    }

    /// Returns the answer read as JSON; a status of 400 is a refusal in the server's own words.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, QueryError> {
        let (status, text) = self.get(path, parameters).await?;
        match status {
            status if status.is_success() => serde_json::from_str(&text).map_err(|error| {
                QueryError::Away(format!(
                    "it answered with something else than {}'s format: {error}",
                    self.name
                ))
            }),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(self.refused(text.trim()))
            }
            status => Err(QueryError::Away(format!("it answered {status}"))),
        }
    }

    pub(super) async fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<(), QueryError> {
        let request = self.client.post(format!("{}{path}", self.base));
        self.tell(request.json(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), QueryError> {
        self.tell(self.client.delete(format!("{}{path}", self.base)))
            .await
    }

    async fn tell(&self, request: reqwest::RequestBuilder) -> Result<(), QueryError> {
        let answer = request
            .timeout(PATIENCE)
            .send()
            .await
            .map_err(|error| QueryError::Away(plain(&error)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let reason = answer.text().await.unwrap_or_default();
        Err(self.refused(format!("{status}: {}", reason.trim())))
    }

    pub(super) async fn is_ready(&self, path: &str) -> bool {
        self.get(path, &[])
            .await
            .is_ok_and(|(status, _)| status.is_success())
    }

    pub(super) fn link(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let url = reqwest::Url::parse_with_params(&format!("{}{path}", self.base), parameters);
        url.map_or_else(|_| self.base.clone(), |url| url.to_string())
    }
}

/// An error without the address, which changes from run to run.
pub(in crate::probe) fn plain(error: &reqwest::Error) -> String {
    let word = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "connection refused"
    } else {
        "the connection broke"
    };
    word.to_owned()
}
