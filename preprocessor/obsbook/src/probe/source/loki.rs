//! Loki's HTTP API. Format: <https://grafana.com/docs/loki/latest/reference/loki-http-api/>.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::ask::{QueryError, Server};
use super::prometheus::{Series, number_at};

/// How many lines one query brings: as many as Loki gives by default.
pub(in crate::probe) const LINES: usize = 5000;

/// A Loki server.
#[derive(Debug, Clone)]
pub struct Loki(Server);

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was written.
    pub at: Timestamp,
    /// The line as its service wrote it.
    pub text: String,
    /// Its stream's labels and its structured metadata.
    pub labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Streams(Vec<Stream>),
    Vector(Vec<Sample>),
    Scalar((f64, String)),
    Matrix(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Stream {
    stream: BTreeMap<String, String>,
    values: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

impl Loki {
    /// Returns the server at `base`, such as `http://127.0.0.1:3100`.
    pub fn new(base: impl Into<String>, client: reqwest::Client) -> Self {
        Self(Server {
            name: "loki",
            base: base.into(),
            client,
        })
    }

    /// Returns the address that answers `query`.
    pub fn link(&self, query: &str) -> String {
        self.0.link("/loki/api/v1/query_range", &[("query", query)])
    }

    /// Returns the lines that a log query finds from `from` on, the newest first, five thousand at most.
    ///
    /// # Errors
    /// The server refuses the query, or does not answer.
    pub async fn lines(
        &self,
        query: &str,
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Line>, QueryError> {
        let start = from.as_nanosecond().to_string();
        let limit = limit.min(LINES).to_string();
        let parameters = [
            ("query", query),
            ("start", &start),
            ("limit", &limit),
            ("direction", "backward"),
        ];
        let answer: Answer<Data> = self.0.json("/loki/api/v1/query_range", &parameters).await?;
        let Data::Streams(streams) = answer.data else {
            return Err(self.0.refused("the answer holds no lines"));
        };
        let mut lines: Vec<Line> = streams
            .into_iter()
            .flat_map(|stream| {
                let labels = stream.stream;
                stream
                    .values
                    .into_iter()
                    .map(move |value| (labels.clone(), value))
            })
            .filter_map(|(labels, (at, text))| {
                let at = Timestamp::from_nanosecond(at.parse().ok()?).ok()?;
                Some(Line { at, text, labels })
            })
            .collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.at));
        Ok(lines)
    }

    /// Returns the series of a metric query at the present.
    ///
    /// # Errors
    /// As [`Loki::lines`].
    pub async fn query(&self, query: &str) -> Result<Vec<Series>, QueryError> {
        let answer: Answer<Data> = self
            .0
            .json("/loki/api/v1/query", &[("query", query)])
            .await?;
        let read = |labels, value: &(f64, String)| {
            number_at(labels, value)
                .ok_or_else(|| self.0.refused(format!("`{}` is no number", value.1)))
        };
        match answer.data {
            Data::Vector(samples) => samples
                .into_iter()
                .map(|sample| read(sample.metric, &sample.value))
                .collect(),
            Data::Scalar(value) => Ok(vec![read(BTreeMap::new(), &value)?]),
            Data::Streams(_) | Data::Matrix(_) => Err(self.0.refused("the answer is no number")),
        }
    }

    /// Returns the labels that streams had over the last hour.
    ///
    /// # Errors
    /// As [`Loki::lines`].
    pub async fn labels(&self) -> Result<Vec<String>, QueryError> {
        let answer: Answer<Option<Vec<String>>> = self.0.json("/loki/api/v1/labels", &[]).await?;
        Ok(answer.data.unwrap_or_default())
    }

    /// Returns the values of a label over the last hour.
    ///
    /// # Errors
    /// As [`Loki::lines`].
    pub async fn label_values(&self, label: &str) -> Result<Vec<String>, QueryError> {
        let answer: Answer<Option<Vec<String>>> = self
            .0
            .json(&format!("/loki/api/v1/label/{label}/values"), &[])
            .await?;
        Ok(answer.data.unwrap_or_default())
    }

    /// Returns whether the server says that it is ready to answer queries.
    pub async fn is_ready(&self) -> bool {
        self.0.is_ready("/ready").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    async fn loki(status: u16, body: &str) -> (Loki, MockServer) {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        (Loki::new(server.uri(), reqwest::Client::new()), server)
    }

    #[tokio::test]
    async fn lines_come_newest_first_with_their_labels() {
        let body = r#"{"status":"success","data":{"resultType":"streams","result":[
            {"stream":{"service":"a","trace_id":"1"},"values":[["1700000000000000001","old"]]},
            {"stream":{"service":"b"},"values":[["1700000000000000002","new"]]}],"stats":{}}}"#;
        let (loki, _server) = loki(200, body).await;
        let lines = loki
            .lines("{service=~\".+\"}", Timestamp::UNIX_EPOCH, 10)
            .await
            .expect("lines");
        assert_eq!(
            lines
                .iter()
                .map(|line| line.text.as_str())
                .collect::<Vec<_>>(),
            ["new", "old"]
        );
        assert_eq!(lines[1].labels["trace_id"], "1");
    }

    #[tokio::test]
    async fn a_refusal_is_not_an_absence() {
        let (refusing, _server) = loki(400, "parse error at line 1").await;
        assert!(
            matches!(refusing.query("x").await, Err(QueryError::Refused { reason, .. }) if reason == "parse error at line 1")
        );
        let (starting, _server) = loki(503, "Ingester not ready").await;
        assert!(matches!(
            starting.query("x").await,
            Err(QueryError::Away(_))
        ));
    }
}
