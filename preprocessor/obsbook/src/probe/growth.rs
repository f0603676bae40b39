//! How much the one value of a query has grown since counting began.

use jiff::Timestamp;
use obsbook_lab::comparison::Comparison;
use obsbook_lab::promql::Query;

use super::observe::Observation;
use super::series::number;
use super::source::{Prometheus, QueryError, Series, same_labels};

/// How far back a series that is stale when counting begins is looked for.
const REMEMBERED: &str = "1h";

/// Returns by how much `now`, the one series that the query yields, has grown since `from`.
///
/// A counter that fell began anew with its process; whatever else fell did not grow. A single series that was never
/// there before began at zero; of a sum, nothing says what it would have been.
///
/// # Errors
/// As [`Prometheus::query`].
pub(super) async fn growth(
    prometheus: &Prometheus,
    query: &Query,
    now: &Series,
    by: &Comparison,
    from: Timestamp,
) -> Result<Observation, QueryError> {
    let before = match before(prometheus, query, now, from).await? {
        Some(value) => value,
        None if query.is_bare => 0.0,
        None => {
            let seen = format!("{}, but no data when counting began", number(now.value));
            return Ok(Observation::of(false, now.value, seen));
        }
    };
    let now = now.value;
    let grown = if now < before && query.is_counter() {
        now
    } else {
        now - before
    };
    let word = if grown < 0.0 { "less" } else { "more" };
    let seen = format!(
        "{} {word} than before, {}",
        number(grown.abs()),
        number(now)
    );
    let met = grown >= 0.0 && by.holds(grown);
    Ok(Observation::of(met, grown, seen))
}

/// The value of the same series at `from`; of one that was stale then, because its target was down, its last value.
async fn before(
    prometheus: &Prometheus,
    query: &Query,
    now: &Series,
    from: Timestamp,
) -> Result<Option<f64>, QueryError> {
    let of_series = |found: Vec<Series>| {
        let mut found = found.into_iter();
        let same = found.find(|series| same_labels(series, now));
        same.map(|series| series.value)
    };
    let at_once = of_series(prometheus.query_at(&query.text, from).await?);
    if at_once.is_some() || !query.is_bare {
        return Ok(at_once);
    }
    let Some(selector) = query.selectors.first() else {
        return Ok(None);
    };
    let last = format!("last_over_time({}[{REMEMBERED}])", selector.text);
    Ok(of_series(prometheus.query_at(&last, from).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wiremock::matchers::{any, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    fn vector(value: Option<f64>) -> ResponseTemplate {
        let result: Vec<_> = value
            .iter()
            .map(|value| json!({"metric": {"a": "b"}, "value": [1, value.to_string()]}))
            .collect();
        ResponseTemplate::new(200).set_body_json(
            json!({"status": "success", "data": {"resultType": "vector", "result": result}}),
        )
    }

    async fn check(
        query: &str,
        before: Option<f64>,
        remembered: Option<f64>,
        now: f64,
        met: bool,
        seen: &str,
    ) {
        let server = MockServer::start().await;
        let query = Query::parse(query).expect(query);
        let asked = |text: &str, value: Option<f64>| {
            let mock = Mock::given(any()).and(query_param("query", text));
            mock.respond_with(vector(value))
        };
        let last = format!("last_over_time({}[1h])", query.text);
        server.register(asked(&query.text, before)).await;
        server.register(asked(&last, remembered)).await;
        let prometheus = Prometheus::new(server.uri(), reqwest::Client::new());
        let series = Series {
            labels: [("a".to_owned(), "b".to_owned())].into(),
            value: now,
            at: Timestamp::UNIX_EPOCH,
        };
        let by = Comparison::parse("> 0").expect("a comparison");
        let found = growth(&prometheus, &query, &series, &by, Timestamp::UNIX_EPOCH).await;
        let found = found.expect("an observation");
        assert_eq!(
            (found.met, found.seen.as_str()),
            (met, seen),
            "{}",
            query.text
        );
    }

    #[tokio::test]
    async fn only_what_grew_has_grown() {
        let rose = "2 more than before, 10";
        check("x_total", Some(8.0), None, 10.0, true, rose).await;
        check("sum(x_total)", Some(8.0), None, 10.0, true, rose).await;
        check("depth", Some(8.0), None, 10.0, true, rose).await;
        check(
            "depth",
            Some(3.0),
            None,
            3.0,
            false,
            "0 more than before, 3",
        )
        .await;
    }

    #[tokio::test]
    async fn only_a_counter_that_fell_began_anew() {
        let anew = "3 more than before, 3";
        check("x_total", Some(8.0), None, 3.0, true, anew).await;
        let fell = "5 less than before, 3";
        check("depth", Some(8.0), None, 3.0, false, fell).await;
        check("sum(x_count)", Some(8.0), None, 3.0, false, fell).await;
    }

    #[tokio::test]
    async fn a_series_that_was_stale_when_counting_began_goes_on_from_its_last_value() {
        let seen = "0 more than before, 1000";
        check("x_total", None, Some(1000.0), 1000.0, false, seen).await;
        let new = "4 more than before, 4";
        check("x_total", None, None, 4.0, true, new).await;
        let unknown = "4, but no data when counting began";
        check("sum(x_total)", None, Some(1.0), 4.0, false, unknown).await;
    }
}
