//! Jaeger's query API, `/api/traces`. Format: <https://www.jaegertracing.io/docs/latest/architecture/apis/#internal-http-json>.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::ask::{QueryError, Server};

/// How many traces a look around brings.
const TRACES: usize = 200;

/// A Jaeger server.
#[derive(Debug, Clone)]
pub struct Jaeger(Server);

/// One trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Its id, in hexadecimal.
    pub id: String,
    /// Its spans, the earliest first.
    pub spans: Vec<Span>,
}

/// One span.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its id.
    pub id: String,
    /// The id of its parent, if it has one.
    pub parent: Option<String>,
    /// The service that made it.
    pub service: String,
    /// Its name.
    pub name: String,
    /// When it began.
    pub start: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// Its attributes, as text.
    pub attributes: BTreeMap<String, String>,
    /// What happened within it, the earliest first.
    pub events: Vec<SpanEvent>,
}

/// Something that happened within a span.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanEvent {
    /// When.
    pub at: Timestamp,
    /// What it was, as names and text.
    pub fields: BTreeMap<String, String>,
}

/// That one service calls another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// Who calls.
    pub parent: String,
    /// Who is called.
    pub child: String,
    /// How often.
    pub call_count: u64,
}

/// What Jaeger itself looks for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The service of a span.
    pub service: &'a str,
    /// The name of a span of that service, if one is asked for.
    pub operation: Option<&'a str>,
    /// What the trace takes at least, if that is asked for.
    pub at_least: Option<Duration>,
    /// How many traces it brings at most.
    pub limit: usize,
}

impl Span {
    /// Returns when it ended.
    pub fn ended(&self) -> Timestamp {
        let end = self.start.checked_add(self.duration);
        end.unwrap_or(Timestamp::MAX)
    }

    /// Returns whether its status is an error.
    pub fn failed(&self) -> bool {
        let is =
            |key: &str, value: &str| self.attributes.get(key).is_some_and(|found| found == value);
        is("error", "true") || is("otel.status_code", "ERROR")
    }
}

impl Trace {
    /// Returns the span without a parent; where there is none, the earliest whose parent is not in the trace: it
    /// may still be on its way, or be one of somebody who exports no spans.
    pub fn root(&self) -> Option<&Span> {
        let is_orphan = |span: &&Span| {
            let mut others = self.spans.iter();
            !others.any(|other| Some(&other.id) == span.parent.as_ref())
        };
        let first = self.spans.iter().find(|span| span.parent.is_none());
        first.or_else(|| self.spans.iter().find(is_orphan))
    }

    /// Returns when the last of its spans ended, as far as they have arrived.
    pub fn ended(&self) -> Option<Timestamp> {
        let ends = self.spans.iter().map(Span::ended);
        ends.max()
    }

    /// Returns the services that have a span in it, sorted.
    pub fn services(&self) -> Vec<&str> {
        let mut services: Vec<_> = self
            .spans
            .iter()
            .map(|span| span.service.as_str())
            .collect();
        services.sort_unstable();
        services.dedup();
        services
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
}

#[derive(Deserialize)]
struct RawTrace {
    #[serde(rename = "traceID")]
    id: String,
    spans: Vec<RawSpan>,
    processes: BTreeMap<String, RawProcess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSpan {
    #[serde(rename = "spanID")]
    id: String,
    operation_name: String,
    #[serde(default)]
    references: Vec<RawReference>,
    start_time: i64,
    duration: u64,
    #[serde(default)]
    tags: Vec<RawTag>,
    #[serde(default)]
    logs: Vec<RawLog>,
    #[serde(rename = "processID")]
    process: String,
}

#[derive(Deserialize)]
struct RawLog {
    timestamp: i64,
    #[serde(default)]
    fields: Vec<RawTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReference {
    ref_type: String,
    #[serde(rename = "spanID")]
    span: String,
    #[serde(rename = "traceID")]
    trace: String,
}

#[derive(Deserialize)]
struct RawTag {
    key: String,
    value: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawProcess {
    service_name: String,
}

impl Jaeger {
    /// Returns the server at `base`, such as `http://127.0.0.1:16686`.
    pub fn new(base: impl Into<String>, client: reqwest::Client) -> Self {
        Self(Server {
            name: "jaeger",
            base: base.into(),
            client,
        })
    }

    /// Returns the address that lists traces of `service`.
    pub fn link(&self, service: &str) -> String {
        self.0.link(
            "/api/traces",
            &[("service", service), ("limit", "20"), ("lookback", "1h")],
        )
    }

    /// Returns the traces with a span of `service` that began at `from` or later, on our clock, and that took `at_least` if given; two hundred at most.
    ///
    /// # Errors
    /// The server refuses the search, or does not answer.
    pub async fn traces(
        &self,
        service: &str,
        from: Timestamp,
        at_least: Option<Duration>,
    ) -> Result<Vec<Trace>, QueryError> {
        let search = Search {
            service,
            operation: None,
            at_least,
            limit: TRACES,
        };
        self.search(&search, from, Timestamp::now()).await
    }

    /// Returns the traces that a search finds and that began at `from` or later, as many as its limit says at most.
    /// `from` and `now`, the present, are on the clock of those who make the spans.
    ///
    /// # Errors
    /// As [`Jaeger::traces`].
    pub async fn search(
        &self,
        search: &Search<'_>,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Trace>, QueryError> {
        let limit = search.limit.to_string();
        let start = from.as_microsecond().to_string();
        let end = (now.as_microsecond() + 60_000_000).to_string();
        let mut parameters = vec![
            ("service", search.service),
            ("start", &start),
            ("end", &end),
            ("limit", &limit),
        ];
        parameters.extend(search.operation.map(|name| ("operation", name)));
        let at_least = search.at_least;
        let at_least = at_least.map(|duration| format!("{}us", duration.as_micros()));
        parameters.extend(
            at_least
                .iter()
                .map(|duration| ("minDuration", duration.as_str())),
        );
        let answer: Answer<Vec<RawTrace>> = self.0.json("/api/traces", &parameters).await?;
        Ok(answer
            .data
            .unwrap_or_default()
            .into_iter()
            .map(Trace::from)
            .collect())
    }

    /// Returns who called whom in the traces of the time from `from` to `now`, both on the clock of those who make the spans.
    ///
    /// # Errors
    /// As [`Jaeger::traces`].
    pub async fn dependencies(
        &self,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Dependency>, QueryError> {
        let end = now.as_millisecond().to_string();
        let back = (now.as_millisecond() - from.as_millisecond()).to_string();
        let answer: Answer<Vec<Dependency>> = self
            .0
            .json("/api/dependencies", &[("endTs", &end), ("lookback", &back)])
            .await?;
        Ok(answer.data.unwrap_or_default())
    }

    /// Returns the services that have sent spans.
    ///
    /// # Errors
    /// As [`Jaeger::traces`].
    pub async fn services(&self) -> Result<Vec<String>, QueryError> {
        let answer: Answer<Vec<String>> = self.0.json("/api/services", &[]).await?;
        Ok(answer.data.unwrap_or_default())
    }

    /// Returns whether the server answers queries.
    pub async fn is_ready(&self) -> bool {
        self.0.is_ready("/api/services").await
    }
}

impl From<RawTrace> for Trace {
    fn from(raw: RawTrace) -> Self {
        let service = |process: &str| {
            raw.processes
                .get(process)
                .map(|process| process.service_name.clone())
                .unwrap_or_default()
        };
        let mut spans: Vec<_> = raw
            .spans
            .into_iter()
            .map(|span| Span {
                parent: span
                    .references
                    .iter()
                    .find(|reference| reference.ref_type == "CHILD_OF" && reference.trace == raw.id)
                    .map(|reference| reference.span.clone()),
                service: service(&span.process),
                id: span.id,
                name: span.operation_name,
                start: Timestamp::from_microsecond(span.start_time).unwrap_or_default(),
                duration: Duration::from_micros(span.duration),
                attributes: texts(span.tags),
                events: span
                    .logs
                    .into_iter()
                    .map(|log| SpanEvent {
                        at: Timestamp::from_microsecond(log.timestamp).unwrap_or_default(),
                        fields: texts(log.fields),
                    })
                    .collect(),
            })
            .collect();
        spans.sort_by_key(|span| span.start);
        Self { id: raw.id, spans }
    }
}

fn texts(tags: Vec<RawTag>) -> BTreeMap<String, String> {
    tags.into_iter()
        .map(|tag| (tag.key, text(&tag.value)))
        .collect()
}

fn text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"{"traceID":"t","processes":{"p1":{"serviceName":"order-api"},"p2":{"serviceName":"web-gateway"}},"spans":[
            {"spanID":"b","operationName":"CreateOrder","references":[{"refType":"CHILD_OF","traceID":"t","spanID":"a"}],"startTime":1700000000000100,"duration":5,"tags":[{"key":"error","type":"bool","value":true}],"processID":"p1"},
            {"spanID":"a","operationName":"POST /api/orders","references":[{"refType":"CHILD_OF","traceID":"t","spanID":"elsewhere"}],"startTime":1700000000000000,"duration":900000,"tags":[{"key":"http.response.status_code","type":"int64","value":500}],"processID":"p2"}]}"#;

    fn trace() -> Trace {
        let raw = serde_json::from_str::<RawTrace>(TRACE);
        raw.expect("a trace").into()
    }

    #[test]
    fn a_trace_knows_its_root_services_and_errors() {
        let trace = trace();
        let root = trace.root().expect("a root");
        assert_eq!((root.id.as_str(), root.failed()), ("a", false));
        assert_eq!(root.attributes["http.response.status_code"], "500");
        assert!(trace.spans[1].failed());
        assert_eq!(trace.services(), ["order-api", "web-gateway"]);
        let ended = trace.ended().expect("an end");
        assert_eq!(ended.as_millisecond(), 1_700_000_000_900);
    }

    #[test]
    fn a_span_without_a_parent_is_the_root_however_early_an_orphan_began() {
        let mut trace = trace();
        let mut late = trace.spans[0].clone();
        (late.id, late.parent) = ("c".to_owned(), None);
        trace.spans.push(late);
        assert_eq!(trace.root().expect("a root").id, "c");
    }
}
