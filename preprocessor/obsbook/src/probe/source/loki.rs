//! Loki's HTTP API. Format: <https://grafana.com/docs/loki/latest/reference/loki-http-api/>.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::ask::{QueryError, Server};
use super::prometheus::{Series, number_at};

/// How many lines one page has: as many as Loki gives by default.
pub(in crate::probe) const LINES: usize = 5000;
/// The end of a time is no part of it.
const NEXT: SignedDuration = SignedDuration::from_nanos(1);

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
    Matrix(Vec<Row>),
}

#[derive(Deserialize)]
struct Row {
    metric: BTreeMap<String, String>,
    values: Vec<(f64, String)>,
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

    /// Returns the lines that a log query finds from `from` on, the newest first, `limit` at most.
    ///
    /// # Errors
    /// The server refuses the query, does not answer, or has more lines of one instant than it gives at once.
    pub async fn lines(
        &self,
        query: &str,
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Line>, QueryError> {
        self.lines_between(query, from, None, limit).await
    }

    /// Returns lines as [`Loki::lines`] does, of the time before `until`, if it is given.
    ///
    /// # Errors
    /// As [`Loki::lines`].
    pub async fn lines_between(
        &self,
        query: &str,
        from: Timestamp,
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Line>, QueryError> {
        let mut until = until;
        let mut size = LINES;
        let mut lines: Vec<Line> = Vec::new();
        loop {
            let asked = size.min(limit);
            let page = match self.page(query, from, until, asked).await {
                Err(error) => {
                    let allowed = allowed(&error).filter(|allowed| *allowed < asked);
                    size = allowed.ok_or(error)?;
                    continue;
                }
                Ok(page) => page,
            };
            let is_last = page.len() < asked;
            let ends = page.first().zip(page.last());
            let ends = ends.map(|(newest, oldest)| (newest.at, oldest.at));
            add_unseen(&mut lines, page);
            if is_last || lines.len() >= limit {
                lines.truncate(limit);
                return Ok(lines);
            }
            until = match ends {
                // The next page would be the same.
                Some((newest, oldest)) if newest == oldest => {
                    return Err(QueryError::Away(format!(
                        "it has {asked} lines or more of one instant, {oldest}, and gives no more at once"
                    )));
                }
                Some((_, oldest)) => oldest.checked_add(NEXT).ok(),
                None => return Ok(lines),
            };
        }
    }

    async fn page(
        &self,
        query: &str,
        from: Timestamp,
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Line>, QueryError> {
        let start = from.as_nanosecond().to_string();
        let end = until.map(|until| until.as_nanosecond().to_string());
        let limit = limit.to_string();
        let mut parameters = vec![
            ("query", query),
            ("start", &start),
            ("limit", &limit),
            ("direction", "backward"),
        ];
        parameters.extend(end.iter().map(|end| ("end", end.as_str())));
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

    /// Returns what a metric query yields at the moments from `from` to `to`, `step` apart; a moment without a number has none.
    ///
    /// # Errors
    /// As [`Loki::lines`].
    pub async fn query_range(
        &self,
        query: &str,
        from: Timestamp,
        to: Timestamp,
        step: SignedDuration,
    ) -> Result<Vec<Series>, QueryError> {
        let (start, end) = (
            from.as_nanosecond().to_string(),
            to.as_nanosecond().to_string(),
        );
        let step = step.as_secs_f64().to_string();
        let parameters = [
            ("query", query),
            ("start", &start),
            ("end", &end),
            ("step", &step),
        ];
        let answer: Answer<Data> = self.0.json("/loki/api/v1/query_range", &parameters).await?;
        let Data::Matrix(rows) = answer.data else {
            return Err(self.0.refused("the answer holds no numbers"));
        };
        let series = rows.into_iter().flat_map(|row| {
            let Row { metric, values } = row;
            values
                .into_iter()
                .filter_map(move |value| number_at(metric.clone(), &value))
        });
        Ok(series.collect())
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

/// Returns how many lines a Loki gives at once that refused to give more: `… max_entries_limit (5000 > 1000)`.
fn allowed(error: &QueryError) -> Option<usize> {
    let QueryError::Refused { reason, .. } = error else {
        return None;
    };
    let (_, limit) = reason.split_once("max entries limit")?;
    let (_, limit) = limit.rsplit_once('>')?;
    let digits = limit.trim().trim_end_matches(')');
    digits.parse().ok().filter(|limit| *limit > 0)
}

/// Adds an older page, which begins with the instant that `lines` ends with: a line that is there already is no other.
fn add_unseen(lines: &mut Vec<Line>, page: Vec<Line>) {
    let instant = lines.last().map(|line| line.at);
    let seen = lines.iter().rev();
    let seen = seen.take_while(|line| Some(line.at) == instant);
    let mut seen: Vec<Line> = seen.cloned().collect();
    for line in page {
        match seen.iter().position(|known| *known == line) {
            Some(at) => {
                seen.swap_remove(at);
            }
            None => lines.push(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, Request, ResponseTemplate};

    /// A Loki with a line at each of these nanoseconds, that gives `most` at once.
    async fn holding(instants: Vec<i128>, most: usize) -> (Loki, MockServer) {
        let server = MockServer::start().await;
        let answer = move |request: &Request| {
            let number = |name: &str| {
                let mut pairs = request.url.query_pairs();
                let (_, value) = pairs.find(|(key, _)| key == name)?;
                value.parse::<i128>().ok()
            };
            let limit = usize::try_from(number("limit").unwrap_or(100)).expect("a limit");
            if limit > most {
                return ResponseTemplate::new(400).set_body_string(format!(
                    "max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {most})\n"
                ));
            }
            let (start, end) = (number("start"), number("end"));
            let mut found: Vec<_> = instants
                .iter()
                .enumerate()
                .filter(|(_, at)| Some(**at) >= start && end.is_none_or(|end| **at < end))
                .collect();
            found.sort_by_key(|(_, at)| std::cmp::Reverse(**at));
            let values = found.into_iter().take(limit);
            let values: Vec<_> = values
                .map(|(index, at)| json!([at.to_string(), index.to_string()]))
                .collect();
            ResponseTemplate::new(200).set_body_json(json!({"data": {"resultType": "streams", "result": [{"stream": {}, "values": values}]}}))
        };
        Mock::given(any()).respond_with(answer).mount(&server).await;
        (Loki::new(server.uri(), reqwest::Client::new()), server)
    }

    async fn check(instants: &[i128], most: usize, limit: usize, expected: usize) {
        let (loki, _server) = holding(instants.to_vec(), most).await;
        let lines = loki.lines("{a=\"b\"}", Timestamp::UNIX_EPOCH, limit).await;
        let lines = lines.expect("lines");
        let mut texts: Vec<_> = lines.iter().map(|line| line.text.clone()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!((lines.len(), texts.len()), (expected, expected), "{limit}");
        assert!(lines.is_sorted_by_key(|line| std::cmp::Reverse(line.at)));
    }

    #[tokio::test]
    async fn lines_are_read_page_by_page_each_once() {
        let many: Vec<i128> = (1..=12_000).collect();
        check(&many, 5000, usize::MAX, 12_000).await;
        check(&many, 5000, 6001, 6001).await;
        check(&many, 5000, 3, 3).await;
        // Fewer at once than is usual, and pages that end in the middle of an instant.
        check(&[1, 2, 2, 2, 3, 3, 4, 5, 5, 6], 4, usize::MAX, 10).await;
        check(&[], 5000, usize::MAX, 0).await;
    }

    #[tokio::test]
    async fn an_instant_with_more_lines_than_a_page_cannot_be_read() {
        let (loki, _server) = holding(vec![1, 2, 2, 2, 2, 3], 3).await;
        let found = loki.lines("{a=\"b\"}", Timestamp::UNIX_EPOCH, usize::MAX);
        assert!(
            matches!(found.await, Err(QueryError::Away(reason)) if reason.contains("of one instant"))
        );
    }

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
