"""What customers get, against what they were promised."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import panels
from dashboards.board import board
from dashboards.links import to_dashboard, to_logs, to_traces
from dashboards.queries import buckets, promql

OBJECTIVE = "objective"
GATEWAY = 'service="web-gateway"'
REQUESTS = f"http_server_request_duration_seconds_count{{{GATEWAY}}}"
FAILED = (
    f'http_server_request_duration_seconds_count{{{GATEWAY}, http_response_status_code=~"5.."}}'
)
ALL_FAILED = f"sum(increase({FAILED}[$__range]))"
ALL_REQUESTS = f"sum(increase({REQUESTS}[$__range]))"


def dashboard() -> Dashboard:
    """The dashboard."""
    share = panels.number(
        "Availability in the range",
        "Which share of all requests of the range shown was answered without an error of the shop?",
        "percentunit",
        promql(f"1 - {ALL_FAILED} / {ALL_REQUESTS}", "answered"),
    ).decimals(3)
    budget = panels.number(
        "Error budget spent",
        "Which part of the failures that the objective allows was used? At 100 % none is left.",
        "percentunit",
        promql(
            f"({ALL_FAILED} / {ALL_REQUESTS}) / (1 - scalar(slo:availability:objective))", "spent"
        ),
    ).thresholds(panels.limits((0.5, "orange"), (1, "red")))
    in_time = panels.number(
        "Answered in time",
        "Which share of the requests of the range shown took less than 0.2 s?",
        "percentunit",
        promql(
            "sum(increase(http_server_request_duration_seconds_bucket"
            f'{{{GATEWAY}, le="0.2"}}[$__range])) / {ALL_REQUESTS}',
            "in time",
        ),
    ).decimals(2)
    promises = panels.number(
        "Objectives met",
        "How many of the three objectives are met over the last five minutes?",
        "short",
        promql(
            "sum(sli:availability:ratio_rate5m >= bool on (service) slo:availability:objective)"
            + "".join(
                f" + sum(sli:latency_{quantile}_seconds:rate5m"
                f" < bool on (service) slo:latency_{quantile}_seconds:objective)"
                for quantile in ("p95", "p99")
            ),
            "of 3",
        ),
    )

    availability = panels.dashed(
        panels.lines(
            "Availability",
            "Which share is answered? 15 s show an experiment, 5 minutes are calm enough to judge.",
            "percentunit",
            promql("sli:availability:ratio_rate15s", "15 s"),
            promql("sli:availability:ratio_rate5m", "5 min"),
            promql("slo:availability:objective", OBJECTIVE),
            width=panels.FULL,
        ).max(1),
        OBJECTIVE,
    ).data_links([to_logs("web-gateway", '| json | level="error"'), to_traces("web-gateway")])

    heat = panels.heat(
        "Durations at the gateway",
        "How are the durations spread that the quantiles are made of? Each dot leads to a trace.",
        "s",
        buckets(
            "sum by (le) "
            f"(rate(http_server_request_duration_seconds_bucket{{{GATEWAY}}}[$__rate_interval]))"
        ),
    )
    burn = panels.limit_line(
        panels.lines(
            "Burn rate",
            "How much faster than allowed is the budget spent? At 1 it lasts as long as promised.",
            "short",
            promql(
                "(1 - sli:availability:ratio_rate15s)"
                " / on (service) (1 - slo:availability:objective)",
                "15 s",
            ),
            promql(
                "(1 - sli:availability:ratio_rate5m)"
                " / on (service) (1 - slo:availability:objective)",
                "5 min",
            ),
        ),
        at=1,
    ).data_links([to_dashboard("requests", "Requests of the gateway", "web-gateway")])

    return (
        board("slis", "SLIs", "What customers get, against what they were promised.")
        .with_panel(share)
        .with_panel(budget)
        .with_panel(in_time)
        .with_panel(promises)
        .with_panel(availability)
        .with_panel(_latency("p95"))
        .with_panel(_latency("p99"))
        .with_panel(burn)
        .with_panel(heat)
    )


def _latency(quantile: str) -> panels.Lines:
    panel = panels.lines(
        f"Latency, {quantile}",
        f"Is the {quantile} of the gateway's answers below its objective?",
        "s",
        promql(f"sli:latency_{quantile}_seconds:rate15s", "15 s"),
        promql(f"sli:latency_{quantile}_seconds:rate5m", "5 min"),
        promql(f"slo:latency_{quantile}_seconds:objective", OBJECTIVE),
    )
    return panels.dashed(panel, OBJECTIVE).data_links([to_traces("web-gateway")])
