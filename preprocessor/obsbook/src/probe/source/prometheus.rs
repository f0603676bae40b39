//! Prometheus' HTTP API. Format: <https://prometheus.io/docs/prometheus/latest/querying/api/>.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use obsbook_lab::promql::Selector;

use super::ask::{QueryError, Server};

/// A Prometheus server.
#[derive(Debug, Clone)]
pub struct Prometheus(Server);

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

/// An alert that a rule has found.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Its labels, its name under `alertname`.
    pub labels: BTreeMap<String, String>,
    /// `pending` or `firing`.
    pub state: String,
    /// Since when its rule finds it.
    pub active_at: Timestamp,
}

#[derive(Deserialize)]
struct ExemplarSeries {
    exemplars: Vec<Exemplar>,
}

#[derive(Deserialize)]
struct Exemplar {
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    name: String,
}

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<Alert>,
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
    Matrix(Vec<Row>),
}

#[derive(Deserialize)]
struct Row {
    metric: BTreeMap<String, String>,
    values: Vec<(f64, String)>,
}

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

impl Prometheus {
    /// Returns the server at `base`, such as `http://127.0.0.1:9090`.
    pub fn new(base: impl Into<String>, client: reqwest::Client) -> Self {
        Self(Server {
            name: "prometheus",
            base: base.into(),
            client,
        })
    }

    /// Returns the address that answers `query`; it works without Prometheus' own page, which not every image has.
    pub fn link(&self, query: &str) -> String {
        self.0.link("/api/v1/query", &[("query", query)])
    }

    /// Returns the series of an instant query at the server's present; a scalar is one series without labels.
    ///
    /// # Errors
    /// The server refuses the query, or does not answer in five seconds.
    pub async fn query(&self, query: &str) -> Result<Vec<Series>, QueryError> {
        self.instant(&[("query", query)]).await
    }

    /// Returns the series of an instant query at another moment.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn query_at(&self, query: &str, at: Timestamp) -> Result<Vec<Series>, QueryError> {
        self.instant(&[("query", query), ("time", &at.to_string())])
            .await
    }

    /// Returns what a query yields at each moment from `start` to `end`, `step` apart; moments without series have none.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn query_range(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
        step: SignedDuration,
    ) -> Result<Vec<(Timestamp, Vec<Series>)>, QueryError> {
        // The server counts in milliseconds.
        let start = Timestamp::from_millisecond(start.as_millisecond()).unwrap_or(start);
        let (from, to) = (start.to_string(), end.to_string());
        let seconds = step.as_secs_f64().to_string();
        let parameters = [
            ("query", query),
            ("start", &from),
            ("end", &to),
            ("step", &seconds),
        ];
        let QueryData::Matrix(rows) = self.get("/api/v1/query_range", &parameters).await? else {
            return Err(self.0.refused("the answer is no matrix"));
        };
        let mut moments = BTreeMap::new();
        let mut at = start;
        while at <= end {
            moments.insert(at.as_millisecond(), Vec::new());
            at = at.checked_add(step).unwrap_or(Timestamp::MAX);
        }
        for row in rows {
            for value in &row.values {
                let series = self.series(row.metric.clone(), value)?;
                let moment: &mut Vec<Series> =
                    moments.entry(series.at.as_millisecond()).or_default();
                moment.push(series);
            }
        }
        let moments = moments.into_iter();
        Ok(moments
            .filter_map(|(at, series)| Some((Timestamp::from_millisecond(at).ok()?, series)))
            .collect())
    }

    async fn instant(&self, parameters: &[(&str, &str)]) -> Result<Vec<Series>, QueryError> {
        let data: QueryData = self.get("/api/v1/query", parameters).await?;
        match data {
            QueryData::Vector(samples) => samples
                .into_iter()
                .map(|sample| self.series(sample.metric, &sample.value))
                .collect(),
            QueryData::Scalar(value) => Ok(vec![self.series(BTreeMap::new(), &value)?]),
            QueryData::String(_) | QueryData::Matrix(_) => Err(self
                .0
                .refused("the answer is neither a vector nor a number")),
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
    pub async fn newest_sample(
        &self,
        selector: &Selector,
    ) -> Result<Option<Timestamp>, QueryError> {
        let text = &selector.text;
        if selector.metric.is_some() {
            let found = self.query(&format!("max(timestamp({text}))")).await?;
            return Ok(found.first().and_then(|series| seconds(series.value)));
        }
        // `timestamp()` drops the names, and series of several metrics may differ in nothing else: the samples
        // themselves are asked for, as far back as an instant query looks.
        let samples = format!("{text}[5m]");
        let QueryData::Matrix(rows) = self.get("/api/v1/query", &[("query", &samples)]).await?
        else {
            return Err(self.0.refused("the answer is no matrix"));
        };
        let newest = rows.iter().filter_map(|row| row.values.last());
        Ok(newest.filter_map(|(at, _)| seconds(*at)).max())
    }

    /// Returns the alerts that are pending or firing.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn alerts(&self) -> Result<Vec<Alert>, QueryError> {
        let found: Alerts = self.get("/api/v1/alerts", &[]).await?;
        Ok(found.alerts)
    }

    /// Returns the traces that the exemplars of a selector point to, from `from` on.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn exemplar_traces(
        &self,
        selector: &str,
        from: Timestamp,
    ) -> Result<Vec<String>, QueryError> {
        let (start, end) = (from.to_string(), Timestamp::now().to_string());
        let parameters = [("query", selector), ("start", &start), ("end", &end)];
        let series: Vec<ExemplarSeries> = self.get("/api/v1/query_exemplars", &parameters).await?;
        let exemplars = series.into_iter().flat_map(|series| series.exemplars);
        Ok(exemplars
            .filter_map(|mut exemplar| exemplar.labels.remove("trace_id"))
            .collect())
    }

    /// Returns the names of all alerting rules.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn alert_names(&self) -> Result<Vec<String>, QueryError> {
        let groups: Groups = self.get("/api/v1/rules", &[("type", "alert")]).await?;
        let rules = groups.groups.into_iter().flat_map(|group| group.rules);
        Ok(rules.map(|rule| rule.name).collect())
    }

    /// Returns whether the server says that it is ready to answer queries.
    pub async fn is_ready(&self) -> bool {
        self.0.is_ready("/-/ready").await
    }

    fn series(
        &self,
        labels: BTreeMap<String, String>,
        value: &(f64, String),
    ) -> Result<Series, QueryError> {
        number_at(labels, value)
            .ok_or_else(|| self.0.refused(format!("`{}` is no number", value.1)))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, QueryError> {
        let (status, text) = self.0.get(path, parameters).await?;
        let answer: Answer<T> = serde_json::from_str(&text).map_err(|_| {
            QueryError::Away(format!(
                "it answered {status} with something else than Prometheus' format"
            ))
        })?;
        match answer.data {
            Some(data) if answer.status == "success" => Ok(data),
            // 503 is a time-out or an abort: the query may be fine.
            _ if status.is_server_error() => Err(QueryError::Away(answer.error)),
            _ => Err(self.0.refused(answer.error)),
        }
    }
}

/// Returns the series of a sample as Prometheus and Loki write it: seconds, and the number as text.
pub(super) fn number_at(labels: BTreeMap<String, String>, value: &(f64, String)) -> Option<Series> {
    Some(Series {
        labels,
        value: value.1.parse().ok()?,
        at: seconds(value.0)?,
    })
}

fn seconds(value: f64) -> Option<Timestamp> {
    #[allow(clippy::cast_possible_truncation)]
    Timestamp::from_millisecond((value * 1000.0).round() as i64).ok()
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
            matches!(ask(400, refused).await, Err(QueryError::Refused { reason, .. }) if reason == "parse error")
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
