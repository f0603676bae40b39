//! Prometheus' HTTP API. Format: <https://prometheus.io/docs/prometheus/latest/querying/api/>.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use obsbook_lab::promql::Selector;

use super::ask::{QueryError, Server};

/// How far back an instant query looks for a sample.
const LOOK_BACK: Duration = Duration::from_mins(5);

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
    String(IgnoredAny),
    Matrix(Vec<Row>),
}

#[derive(Deserialize)]
struct Row {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
    /// Samples that are native histograms, which are no numbers.
    #[serde(default)]
    histograms: Vec<(f64, IgnoredAny)>,
}

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    /// `None` of a native histogram, which is no number.
    value: Option<(f64, String)>,
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
            if !row.histograms.is_empty() {
                return Err(self.no_number());
            }
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
                .map(|sample| {
                    let value = sample.value.ok_or_else(|| self.no_number())?;
                    self.series(sample.metric, &value)
                })
                .collect(),
            QueryData::Scalar(value) => Ok(vec![self.series(BTreeMap::new(), &value)?]),
            QueryData::String(_) | QueryData::Matrix(_) => Err(self
                .0
                .refused("the answer is neither a vector nor a number")),
        }
    }

    fn no_number(&self) -> QueryError {
        self.0.refused(
            "the answer has native histograms, which are no numbers; ask for one of their numbers, by histogram_quantile(), histogram_count() or histogram_avg()",
        )
    }

    /// Returns the names of all metrics.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn metric_names(&self) -> Result<Vec<String>, QueryError> {
        self.label_values("__name__").await
    }

    /// Returns the values of a label; none where no series has it.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn label_values(&self, label: &str) -> Result<Vec<String>, QueryError> {
        let path = format!("/api/v1/label/{label}/values");
        self.get(&path, &[]).await
    }

    /// Returns the names of the labels that series have, those of one metric if it is named; without `__name__`.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn label_names(&self, metric: Option<&str>) -> Result<Vec<String>, QueryError> {
        let of_metric: Vec<_> = metric
            .map(|metric| ("match[]", metric))
            .into_iter()
            .collect();
        let mut names: Vec<String> = self.get("/api/v1/labels", &of_metric).await?;
        names.retain(|name| name != "__name__");
        Ok(names)
    }

    /// Returns the time of the newest raw sample that the answer takes of a selector, or `None` when there is none.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn newest_sample(
        &self,
        selector: &Selector,
    ) -> Result<Option<Timestamp>, QueryError> {
        if selector.metric.is_some() {
            let newest = format!("max(timestamp({}))", selector.instant());
            let found = self.query(&newest).await?;
            let found = found.first().and_then(|series| seconds(series.value));
            // A target that is down has no sample now, and a window over it still has those from before.
            if found.is_some() || selector.window.is_none() {
                return Ok(found);
            }
        }
        // `timestamp()` drops the names, and series of several metrics may differ in nothing else: the samples
        // themselves are asked for, without a window as far back as an instant query looks.
        let window = selector.window.unwrap_or(LOOK_BACK);
        let rows = self.rows(&selector.over(window)).await?;
        let newest = rows.iter().flat_map(|row| {
            let value = row.values.last().map(|(at, _)| *at);
            let histogram = row.histograms.last().map(|(at, _)| *at);
            [value, histogram]
        });
        Ok(newest.flatten().filter_map(seconds).max())
    }

    /// Returns the newest raw sample of each series of a range selector, such as `up[15m]`.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn raw(&self, range: &str) -> Result<Vec<Series>, QueryError> {
        let rows = self.rows(range).await?;
        let newest = rows.into_iter().filter_map(|row| {
            let last = row.values.last()?;
            Some(self.series(row.metric.clone(), last))
        });
        newest.collect()
    }

    async fn rows(&self, range: &str) -> Result<Vec<Row>, QueryError> {
        match self.get("/api/v1/query", &[("query", range)]).await? {
            QueryData::Matrix(rows) => Ok(rows),
            _ => Err(self.0.refused("the answer is no matrix")),
        }
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

/// Returns whether two series are one and the same, whether or not the answers kept the metric's name.
pub(in crate::probe) fn same_labels(one: &Series, other: &Series) -> bool {
    let of = |series: &Series| {
        let labels = series.labels.iter();
        labels
            .filter(|(name, _)| *name != "__name__")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    of(one) == of(other)
}

fn seconds(value: f64) -> Option<Timestamp> {
    #[allow(clippy::cast_possible_truncation)]
    Timestamp::from_millisecond((value * 1000.0).round() as i64).ok()
}
