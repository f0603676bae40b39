"""Is everything there, and is anything wrong? The first look."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import panels
from dashboards.board import board
from dashboards.infrastructure import CLICKED_CONTAINER, MEMORY_SHARE
from dashboards.links import to_dashboard, to_logs, to_traces
from dashboards.queries import promql

SHOP = "web-gateway|order-api|fulfillment-worker"


def dashboard() -> Dashboard:
    """The dashboard."""
    down = panels.number(
        "Down",
        "How many parts of the sandbox do not answer at this moment?",
        "short",
        # `count` of nothing is no data; here nothing is the good answer, and it is zero.
        promql("count(service:up:max == 0) or vector(0)", "down"),
    ).thresholds(panels.limits((1, "red")))
    firing = panels.number(
        "Alerts firing",
        "How many alerts ask for somebody at this moment?",
        "short",
        promql('count(ALERTS{alertstate="firing"}) or vector(0)', "firing"),
    ).thresholds(panels.limits((1, "red")))
    starts = panels.number(
        "Restarts",
        "How often did a service of the shop start anew within the range shown?",
        "short",
        promql(
            f'sum(changes(process_start_time_seconds{{service=~"{SHOP}"}}[$__range]))', "starts"
        ),
    ).thresholds(panels.limits((1, "orange")))
    traffic = panels.number(
        "Requests from customers",
        "Do customers ask at all? Without traffic nothing else here means anything.",
        "reqps",
        promql("sum(rate(http_client_request_duration_seconds_count[$__rate_interval]))", "asked"),
    )

    up = panels.states(
        "Up",
        "Which part did not answer, and from when until when?",
        promql("service:up:max", "{{service}}"),
        names={"0": ("down", "red"), "1": ("up", "green")},
    )

    rate = panels.lines(
        "Request rate",
        "How much work does each service do? A service that stands still shows zero.",
        "reqps",
        promql("job:requests:rate15s", "{{service}}"),
    ).data_links([to_dashboard("requests", "Requests of the service"), to_logs()])
    errors = panels.lines(
        "Error ratio",
        "Which share of its work does each service fail at by its own fault?",
        "percentunit",
        promql("job:request_errors:ratio_rate15s", "{{service}}"),
    ).data_links([to_logs(pipeline='| json | level="error"'), to_traces()])
    p95 = panels.lines(
        "p95",
        "Which service is slow? One request in twenty takes longer than this.",
        "s",
        promql("job:request_latency_seconds:p95", "{{service}}"),
    ).data_links([to_dashboard("requests", "Requests of the service"), to_traces()])
    memory = panels.limit_line(
        panels.lines(
            "Memory against its limit",
            "Which service comes close to the limit at which the kernel kills it?",
            "percentunit",
            promql(
                f"sum by (container) ({MEMORY_SHARE} and container_memory_usage_bytes"
                f'{{container=~"{SHOP}"}})',
                "{{container}}",
            ),
        ).max(1),
        at=0.8,
    ).data_links([to_logs(CLICKED_CONTAINER)])

    return (
        board("service-health", "Service health", "Is everything there, and is anything wrong?")
        .with_panel(down)
        .with_panel(firing)
        .with_panel(starts)
        .with_panel(traffic)
        .with_panel(up)
        .with_panel(rate)
        .with_panel(errors)
        .with_panel(p95)
        .with_panel(memory)
    )
