//! Prometheus' HTTP API, as much of it as the probes need.
//! Format: <https://prometheus.io/docs/prometheus/latest/querying/api/>.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A query to a server on the same machine answers in milliseconds; past this the server is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// A Prometheus server.
#[derive(Debug, Clone)]
pub struct Prometheus {
    base: String,
    client: reqwest::Client,
}

/// One series of an instant query's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The labels, with `__name__` where the answer kept it.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
    /// The time that the query was evaluated for.
    pub at: Timestamp,
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Prometheus understood the request and refuses the query.
    #[error("prometheus refuses the query: {0}")]
    Refused(String),
    /// Prometheus does not answer.
    #[error("{0}")]
    Away(String),
}

#[derive(Deserialize)]
struct Answer<T> {
    status: String,
    data: Option<T>,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum QueryData {
    Vector(Vec<Sample>),
    Scalar((f64, String)),
    String(serde::de::IgnoredAny),
    Matrix(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

impl Prometheus {
    /// Returns the server at `base`, such as `http://127.0.0.1:9090`.
    pub fn new(base: impl Into<String>, client: reqwest::Client) -> Self {
        Self {
            base: base.into(),
            client,
        }
    }

    /// Returns the address that answers `query`; it works without Prometheus' own page, which not every image has.
    pub fn link(&self, query: &str) -> String {
        let parameters = [("query", query)];
        match reqwest::Url::parse_with_params(&format!("{}/api/v1/query", self.base), parameters) {
            Ok(url) => url.to_string(),
            Err(_) => self.base.clone(),
        }
    }

    /// Returns the series of an instant query at the server's present; a scalar is one series without labels.
    ///
    /// # Errors
    /// The server refuses the query, or does not answer in five seconds.
    pub async fn query(&self, query: &str) -> Result<Vec<Series>, QueryError> {
        let data: QueryData = self.get("/api/v1/query", &[("query", query)]).await?;
        match data {
            QueryData::Vector(samples) => samples
                .into_iter()
                .map(|sample| series(sample.metric, &sample.value))
                .collect(),
            QueryData::Scalar(value) => Ok(vec![series(BTreeMap::new(), &value)?]),
            QueryData::String(_) | QueryData::Matrix(_) => Err(QueryError::Refused(
                "the answer is neither a vector nor a number".to_owned(),
            )),
        }
    }

    /// Returns the names of all metrics.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn metric_names(&self) -> Result<Vec<String>, QueryError> {
        self.get("/api/v1/label/__name__/values", &[]).await
    }

    /// Returns the time of the newest raw sample that a selector finds, or `None` when it finds none.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn newest_sample(&self, selector: &str) -> Result<Option<Timestamp>, QueryError> {
        let found = self.query(&format!("max(timestamp({selector}))")).await?;
        Ok(found.first().and_then(|series| seconds(series.value)))
    }

    /// Returns whether the server says that it is ready to answer queries.
    pub async fn is_ready(&self) -> bool {
        let request = self
            .client
            .get(format!("{}/-/ready", self.base))
            .timeout(PATIENCE);
        request
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, QueryError> {
        let request = self
            .client
            .get(format!("{}{path}", self.base))
            .query(parameters)
            .timeout(PATIENCE);
        let away = |error: reqwest::Error| QueryError::Away(plain(&error));
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        let text = response.text().await.map_err(away)?;
        let answer: Answer<T> = serde_json::from_str(&text).map_err(|_| {
            QueryError::Away(format!(
                "it answered {status} with something else than Prometheus' format"
            ))
        })?;
        match answer.data {
            Some(data) if answer.status == "success" => Ok(data),
            // 503 is a time-out or an abort: the query may be fine.
            _ if status.is_server_error() => Err(QueryError::Away(answer.error)),
            _ => Err(QueryError::Refused(answer.error)),
        }
    }
}

fn series(labels: BTreeMap<String, String>, value: &(f64, String)) -> Result<Series, QueryError> {
    let number = value.1.parse::<f64>();
    match (number, seconds(value.0)) {
        (Ok(value), Some(at)) => Ok(Series { labels, value, at }),
        _ => Err(QueryError::Refused(format!("`{}` is no number", value.1))),
    }
}

fn seconds(value: f64) -> Option<Timestamp> {
    #[allow(clippy::cast_possible_truncation)]
    Timestamp::from_millisecond((value * 1000.0).round() as i64).ok()
}

/// An error without the address, which changes from run to run.
pub(super) fn plain(error: &reqwest::Error) -> String {
    let word = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "connection refused"
    } else {
        "the connection broke"
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    async fn ask(status: u16, body: &str) -> Result<Vec<Series>, QueryError> {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(method("GET"))
            .and(path("/api/v1/query"))
            .respond_with(answer)
            .mount(&server)
            .await;
        Prometheus::new(server.uri(), reqwest::Client::new())
            .query("up")
            .await
    }

    #[tokio::test]
    async fn answers_are_read_with_their_values_and_times() {
        let body = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"a"},"value":[1700000000.5,"NaN"]},{"metric":{},"value":[1700000000.5,"+Inf"]}]}}"#;
        let found = ask(200, body).await.expect("series");
        assert!(found[0].value.is_nan());
        assert_eq!(found[0].labels["job"], "a");
        assert_eq!(found[0].at.as_millisecond(), 1_700_000_000_500);
        assert!(found[1].value.is_infinite());
        let scalar =
            r#"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"3"]}}"#;
        assert_eq!(ask(200, scalar).await.expect("one")[0].value, 3.0);
    }

    #[tokio::test]
    async fn a_refusal_is_not_an_absence() {
        let refused = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        assert!(
            matches!(ask(400, refused).await, Err(QueryError::Refused(reason)) if reason == "parse error")
        );
        let overloaded = r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#;
        assert!(matches!(
            ask(503, overloaded).await,
            Err(QueryError::Away(_))
        ));
        assert!(matches!(ask(502, "<html>").await, Err(QueryError::Away(_))));
        let nobody = Prometheus::new("http://127.0.0.1:1", reqwest::Client::new());
        assert!(
            matches!(nobody.query("up").await, Err(QueryError::Away(reason)) if reason == "connection refused")
        );
    }
}
