"""Rate, errors and duration of each service."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import panels
from dashboards.board import board, services_of_metric
from dashboards.links import to_logs, to_traces
from dashboards.queries import buckets, promql, with_exemplars

# Each service measures its work in the histogram of its protocol: one selector over the three finds
# the one that the chosen service has.
BUCKETS = (
    '{__name__=~"http_server_request_duration_seconds_bucket'
    "|rpc_server_call_duration_seconds_bucket"
    '|order_fulfillment_duration_seconds_bucket", service=~"$service"}'
)


def dashboard() -> Dashboard:
    """The dashboard."""
    rate = panels.lines(
        "Rate",
        "How many requests does each service answer in a second?",
        "reqps",
        promql('job:requests:rate15s{service=~"$service"}', "{{service}}"),
    ).data_links([to_logs()])
    errors = panels.lines(
        "Errors",
        "Which share of them fails by the service's own fault?",
        "percentunit",
        promql('job:request_errors:ratio_rate15s{service=~"$service"}', "{{service}}"),
    ).data_links([to_logs(pipeline='| json | level="error"'), to_traces()])

    heat = panels.heat(
        "Durations",
        "Are all requests slower, or is there a second group? A quantile cannot tell these apart.",
        "s",
        buckets(f"sum by (le) (rate({BUCKETS}[$__rate_interval]))"),
    )
    answers = panels.lines(
        "Answers by status",
        "What did the service answer? 4xx and NOT_FOUND are the caller's errors.",
        "reqps",
        promql(
            "sum by (service, http_response_status_code) "
            '(rate(http_server_request_duration_seconds_count{service=~"$service"}[$__rate_interval]))',
            "{{service}} {{http_response_status_code}}",
        ),
        promql(
            "sum by (service, rpc_response_status_code) "
            '(rate(rpc_server_call_duration_seconds_count{service=~"$service"}[$__rate_interval]))',
            "{{service}} {{rpc_response_status_code}}",
        ),
        promql(
            "sum by (service, outcome) "
            '(rate(order_fulfillment_duration_seconds_count{service=~"$service"}[$__rate_interval]))',
            "{{service}} {{outcome}}",
        ),
    )
    calls = panels.lines(
        "Calls from web-gateway to order-api",
        "What does web-gateway get from the service that it depends on? Retries count as calls.",
        "reqps",
        promql(
            "sum by (rpc_response_status_code) "
            "(rate(rpc_client_call_duration_seconds_count[$__rate_interval]))",
            "{{rpc_response_status_code}}",
        ),
        promql("sum(rate(rpc_client_retries_total[$__rate_interval]))", "retries"),
    )
    customers = panels.lines(
        "What customers get",
        "What do those see who ask? Only they count the requests that never arrived.",
        "reqps",
        promql(
            "sum by (error_type) "
            "(rate(http_client_request_duration_seconds_count[$__rate_interval]))",
            "error: {{error_type}}",
        ),
    ).override_by_name("error: ", [panels.named("answered")])

    return (
        board("requests", "Requests", "Rate, errors and duration of each service.")
        .with_variable(services_of_metric("job:requests:rate15s"))
        .with_panel(rate)
        .with_panel(errors)
        .with_panel(_quantile("p50", 0.5, "How long does a request usually take?"))
        .with_panel(_quantile("p95", 0.95, "How long do the slowest 5 % take, at least?"))
        .with_panel(_quantile("p99", 0.99, "How long do the slowest 1 % take, at least?"))
        .with_panel(heat)
        .with_panel(answers)
        .with_panel(calls)
        .with_panel(customers)
    )


def _quantile(title: str, quantile: float, question: str) -> panels.Lines:
    return panels.lines(
        title,
        f"{question} Each dot is one request: it leads to its trace.",
        "s",
        with_exemplars(
            f"histogram_quantile({quantile}, "
            f"sum by (service, le) (rate({BUCKETS}[$__rate_interval])))",
            "{{service}}",
        ),
        width=panels.THIRD,
    ).data_links([to_traces(), to_logs()])
