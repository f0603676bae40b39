"""Redis by the USE method: utilisation, saturation, errors."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import panels
from dashboards.board import board
from dashboards.links import to_logs, to_traces
from dashboards.queries import promql, with_exemplars


def dashboard() -> Dashboard:
    """The dashboard."""
    up = panels.states(
        "Reachable",
        "Does Redis answer? One that hangs keeps its exporter waiting, and that is no answer.",
        promql('min(redis_up or up{service="redis-exporter"} * 0)', "redis"),
        names={"0": ("down", "red"), "1": ("up", "green")},
    ).height(4)

    memory = panels.limit_line(
        panels.lines(
            "Utilisation: memory",
            "How much of its memory does Redis use? At 1 it evicts keys, or refuses to write.",
            "percentunit",
            promql("max(redis_memory_used_bytes / redis_memory_max_bytes)", "used"),
        ).max(1),
        at=0.9,
    )
    processor = panels.lines(
        "Utilisation: CPU",
        "How busy is the one thread that runs all commands? 1 is all of the time.",
        "percentunit",
        promql(
            "sum(rate(redis_cpu_sys_main_thread_seconds_total[$__rate_interval])"
            " + rate(redis_cpu_user_main_thread_seconds_total[$__rate_interval]))",
            "main thread",
        ),
    )
    clients = panels.lines(
        "Utilisation: clients",
        "Who is connected? `blocked` clients wait for orders, as the worker does when it has none.",
        "short",
        promql("max(redis_connected_clients)", "connected"),
        promql("max(redis_blocked_clients)", "blocked"),
    )
    cache = panels.lines(
        "Utilisation: keys found",
        "Which share of the look-ups found their key?",
        "percentunit",
        promql(
            "sum(rate(redis_keyspace_hits_total[$__rate_interval])) / "
            "(sum(rate(redis_keyspace_hits_total[$__rate_interval])) + "
            "sum(rate(redis_keyspace_misses_total[$__rate_interval])))",
            "found",
        ),
    ).max(1)

    stream = panels.lines(
        "Saturation: the stream of orders",
        "How many orders wait in the stream, and how many were taken and not confirmed?",
        "short",
        promql('max(redis_stream_length{stream="orders"})', "in the stream"),
        promql('max(redis_stream_group_messages_pending{stream="orders"})', "taken, not confirmed"),
    ).data_links([to_logs("fulfillment-worker")])
    latency = panels.lines(
        "Saturation: time for a command",
        "How long does Redis itself take for a command? The network is not in it.",
        "s",
        promql(
            "sum by (cmd) (rate(redis_commands_duration_seconds_total[$__rate_interval]))"
            " / (sum by (cmd) (rate(redis_commands_total[$__rate_interval])) > 0)",
            "{{cmd}}",
        ),
    )
    seen = panels.lines(
        "Saturation: commands, p95, seen from the services",
        "How long do services wait for Redis, network and all? Each dot leads to a trace.",
        "s",
        with_exemplars(
            "histogram_quantile(0.95, sum by (service, db_operation_name, le) "
            "(rate(db_client_operation_duration_seconds_bucket"
            '{db_system_name="redis"}[$__rate_interval])))',
            "{{service}} {{db_operation_name}}",
        ),
    ).data_links([to_traces()])
    slow = panels.lines(
        "Saturation: slow commands",
        "How many commands took longer than 10 ms within the last rate interval?",
        "short",
        promql("increase(redis_slowlog_last_id[$__rate_interval])", "slow commands"),
    )

    network = panels.lines(
        "Utilisation: network",
        "How many bytes go in and out?",
        "binBps",
        promql("rate(redis_net_input_bytes_total[$__rate_interval])", "in"),
        promql("rate(redis_net_output_bytes_total[$__rate_interval])", "out"),
    )

    failed = panels.lines(
        "Errors: commands failed or rejected",
        "Which commands does Redis refuse, or fail at?",
        "ops",
        promql(
            "sum by (cmd) (rate(redis_commands_failed_calls_total[$__rate_interval])"
            " + rate(redis_commands_rejected_calls_total[$__rate_interval]))",
            "{{cmd}}",
        ),
    ).data_links([to_logs("order-api", '| json | level="error"')])
    lost = panels.lines(
        "Errors: evicted and refused",
        "Did Redis drop keys for lack of memory, or turn clients away?",
        "ops",
        promql("rate(redis_evicted_keys_total[$__rate_interval])", "keys evicted"),
        promql("rate(redis_rejected_connections_total[$__rate_interval])", "clients refused"),
    )
    commands = panels.areas(
        "Work: commands",
        "What is Redis asked to do?",
        "ops",
        promql("sum by (cmd) (rate(redis_commands_total[$__rate_interval]))", "{{cmd}}"),
    )

    return (
        board("redis", "Redis", "Utilisation, saturation and errors of cache and queue.")
        .with_panel(up)
        .with_panel(stream)
        .with_panel(memory)
        .with_panel(latency)
        .with_panel(seen)
        .with_panel(processor)
        .with_panel(failed)
        .with_panel(lost)
        .with_panel(clients)
        .with_panel(slow)
        .with_panel(network)
        .with_panel(commands)
        .with_panel(cache)
    )
