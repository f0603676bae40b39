"""What spans say about every operation, and whether all of them arrive. For profile `tracing`."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import panels
from dashboards.board import board, services_of_metric
from dashboards.links import to_logs, to_traces
from dashboards.queries import buckets, promql, with_exemplars

CALLS = "traces_span_metrics_calls_total"
DURATIONS = "traces_span_metrics_duration_seconds_bucket"
CHOSEN = 'service=~"$service"'


def dashboard() -> Dashboard:
    """The dashboard."""
    rate = panels.lines(
        "Spans by operation",
        "Which operations does the shop consist of, and how often does each run?",
        "ops",
        promql(
            f"sum by (service, span_name) (rate({CALLS}{{{CHOSEN}}}[$__rate_interval]))",
            "{{service}} {{span_name}}",
        ),
    ).data_links([to_traces(), to_logs()])
    errors = panels.lines(
        "Errors by operation",
        "Which operation fails? The deepest one that does is where to look first.",
        "percentunit",
        promql(
            "sum by (service, span_name) "
            f'(rate({CALLS}{{{CHOSEN}, status_code="STATUS_CODE_ERROR"}}[$__rate_interval]))'
            " / on (service, span_name) sum by (service, span_name) "
            f"(rate({CALLS}{{{CHOSEN}}}[$__rate_interval]))"
            " or sum by (service, span_name) "
            f"(rate({CALLS}{{{CHOSEN}}}[$__rate_interval]) > 0) * 0",
            "{{service}} {{span_name}}",
        ),
    ).data_links([to_traces(), to_logs()])
    p95 = panels.lines(
        "p95 by operation",
        "Which operation is slow? A parent is as slow as its slowest child: look for the deepest.",
        "s",
        with_exemplars(
            "histogram_quantile(0.95, sum by (service, span_name, le) "
            f"(rate({DURATIONS}{{{CHOSEN}}}[$__rate_interval])))",
            "{{service}} {{span_name}}",
        ),
    ).data_links([to_traces(), to_logs()])
    heat = panels.heat(
        "Durations of entry spans",
        "How long do whole requests take? Each dot is a trace.",
        "s",
        buckets(
            "sum by (le) (rate("
            f'{DURATIONS}{{{CHOSEN}, span_kind="SPAN_KIND_SERVER"}}[$__rate_interval]))'
        ),
    )

    exported = panels.lines(
        "Spans exported by the services",
        "Do the services get rid of their spans? `failed` were given up after the last attempt.",
        "ops",
        promql(
            'sum by (service) (rate(otel_sdk_exporter_span_exported_total{error_type=""}'
            "[$__rate_interval]))",
            "{{service}} delivered",
        ),
        promql(
            'sum by (service) (rate(otel_sdk_exporter_span_exported_total{error_type!=""}'
            "[$__rate_interval]))",
            "{{service}} failed",
        ),
    ).data_links([to_logs()])
    dropped = panels.lines(
        "Spans dropped by the services",
        "Did a queue overflow? These spans are lost; the requests were served all the same.",
        "ops",
        promql(
            "sum by (service) (rate(otel_sdk_processor_span_dropped_total[$__rate_interval]))",
            "{{service}}",
        ),
    ).data_links([to_logs()])
    collected = panels.lines(
        "Spans in the trace-collector",
        "Does what arrives also leave? Sampling keeps some traces and lets the others go.",
        "ops",
        promql(
            "sum(rate(otelcol_receiver_accepted_spans_total"
            '{service="trace-collector"}[$__rate_interval]))',
            "accepted",
        ),
        promql(
            "sum(rate(otelcol_exporter_sent_spans_total"
            '{service="trace-collector"}[$__rate_interval]))',
            "sent",
        ),
        promql(
            # There only after the first failure.
            "sum(rate(otelcol_exporter_send_failed_spans_total"
            '{service="trace-collector"}[$__rate_interval])) or vector(0)',
            "failed",
        ),
    ).data_links([to_logs("trace-collector")])
    sampled = panels.lines(
        "Traces kept",
        "Which share of the traces does each rule of the sampling decide to keep?",
        "ops",
        promql(
            "sum by (policy, sampled) (rate("
            "otelcol_processor_tail_sampling_count_traces_sampled_total[$__rate_interval]))",
            "{{policy}} {{sampled}}",
        ),
    )
    queue = panels.lines(
        "Queue to Jaeger",
        "How much waits because Jaeger takes it too slowly, or not at all?",
        "short",
        promql('max(otelcol_exporter_queue_size{service="trace-collector"})', "waiting"),
        promql('max(otelcol_exporter_queue_capacity{service="trace-collector"})', "at most"),
    )
    memory = panels.lines(
        "Memory of the trace path",
        "What does tracing cost? Tail sampling holds every trace until it is decided.",
        "bytes",
        promql(
            "sum by (container) (container_memory_working_set_bytes"
            '{container=~"trace-collector|jaeger"})',
            "{{container}}",
        ),
    )

    return (
        board("traces", "Traces", "What spans say. Needs the profile `tracing`.", "traces")
        .with_variable(services_of_metric("otel_sdk_exporter_span_exported_total"))
        .with_panel(rate)
        .with_panel(errors)
        .with_panel(p95)
        .with_panel(heat)
        .with_panel(exported)
        .with_panel(dropped)
        .with_panel(collected)
        .with_panel(sampled)
        .with_panel(panels.dashed(queue, "at most"))
        .with_panel(memory)
    )
