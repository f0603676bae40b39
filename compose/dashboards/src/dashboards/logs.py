"""What the services say, and whether all of it arrives."""

from grafana_foundation_sdk.builders.dashboard import CustomVariable, Dashboard, TextBoxVariable
from grafana_foundation_sdk.models.dashboard import VariableOption

from dashboards import panels
from dashboards.board import board, services_with_logs
from dashboards.links import to_logs
from dashboards.queries import logql, promql

CHOSEN = '{service=~"$service"} | severity_text=~"$level"'


def dashboard() -> Dashboard:
    """The dashboard."""
    level = (
        CustomVariable("level")
        .label("Level")
        .description("The levels to show")
        .values("error,warn,info,debug")
        .multi(True)
        .include_all(True)
        # Lines that are no JSON have no level, and are shown as well.
        .all_value(".*")
        .current(VariableOption(text="All", value="$__all"))
    )
    search = (
        TextBoxVariable("search")
        .label("Search")
        .description("A regular expression that the lines contain")
        .default_value("")
        .current(VariableOption(text="", value=""))
    )

    rate = panels.areas(
        "Lines by service",
        "Who says how much? A service that falls silent is as telling as one that shouts.",
        "short",
        logql(f"sum by (service) (count_over_time({CHOSEN} [$__auto]))", "{{service}}"),
    ).data_links([to_logs()])
    levels = panels.areas(
        "Lines by level",
        "Is there more to worry about than usual?",
        "short",
        logql(f"sum by (severity_text) (count_over_time({CHOSEN} [$__auto]))", "{{severity_text}}"),
    )
    errors = panels.lines(
        "Errors and warnings by service",
        "Which service complains?",
        "short",
        logql(
            'sum by (service, severity_text) (count_over_time({service=~"$service"}'
            ' | severity_text=~"error|warn" [$__auto])) or vector(0)',
            "{{service}} {{severity_text}}",
        ),
    ).data_links([to_logs(pipeline='| severity_text=~"error|warn"')])
    slow = panels.lines(
        "Duration in the access log, p95",
        "How slow was the gateway by its own lines? These are durations without buckets.",
        "ms",
        logql(
            'quantile_over_time(0.95, {service="web-gateway"} | json duration_ms="duration_ms"'
            ' | duration_ms!="" | unwrap duration_ms | __error__="" [30s]) by (service)',
            "{{service}}",
        ),
    ).data_links([to_logs(pipeline="| json | duration_ms > 700")])
    arriving = panels.lines(
        "Lines on their way",
        "Does every line that was read reach Loki? A gap that stays is a loss.",
        "ops",
        promql(
            "sum(rate(otelcol_receiver_accepted_log_records_total"
            '{service="collector"}[$__rate_interval]))',
            "read by the Collector",
        ),
        promql("sum(rate(loki_distributor_lines_received_total[$__rate_interval]))", "in Loki"),
        promql(
            # There only after the first failure.
            "sum(rate(otelcol_exporter_send_failed_log_records_total"
            '{service="collector"}[$__rate_interval])) or vector(0)',
            "given up",
        ),
    ).data_links([to_logs("collector")])
    waiting = panels.dashed(
        panels.lines(
            "Queue to Loki",
            "How much waits because Loki takes it too slowly, or not at all?",
            "short",
            promql('max(otelcol_exporter_queue_size{service="collector"})', "waiting"),
            promql('max(otelcol_exporter_queue_capacity{service="collector"})', "at most"),
        ),
        "at most",
    )
    lines = panels.log_lines(
        "Log lines",
        "What exactly happened? A line with a trace id leads to its trace.",
        logql(f"{CHOSEN} |~ `$search`"),
    )
    return (
        board("logs", "Logs", "What the services say, and whether all of it arrives.")
        .with_variable(services_with_logs())
        .with_variable(level)
        .with_variable(search)
        .with_panel(rate)
        .with_panel(levels)
        .with_panel(errors)
        .with_panel(slow)
        .with_panel(lines)
        .with_panel(arriving)
        .with_panel(waiting)
    )
