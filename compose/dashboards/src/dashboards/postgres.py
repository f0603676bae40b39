"""PostgreSQL by the USE method: utilisation, saturation, errors."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import panels
from dashboards.board import board
from dashboards.links import to_logs, to_traces
from dashboards.queries import promql, with_exemplars

DATABASE = 'datname="orders"'


def dashboard() -> Dashboard:
    """The dashboard."""
    up = panels.states(
        "Reachable",
        "Does the database answer? One that hangs keeps its exporter waiting: no answer.",
        promql('min(pg_up or up{service="postgres-exporter"} * 0)', "postgres"),
        names={"0": ("down", "red"), "1": ("up", "green")},
    ).height(4)

    pool = panels.dashed(
        panels.lines(
            "Utilisation: connections of the pool",
            "How many of its connections does each service use? At the dashed line requests wait.",
            "short",
            promql(
                'sum by (service) (db_client_connection_count{state="used"})', "{{service}} used"
            ),
            promql("sum by (service) (db_client_connection_max)", "{{service}} at most"),
        ),
        " at most$",
    ).data_links([to_logs()])
    resources = panels.lines(
        "Utilisation: CPU and memory",
        "How much of a core does the database use, and how much of its memory?",
        "percentunit",
        promql(
            'sum(rate(container_cpu_usage_seconds_total{container="postgres"}[$__rate_interval]))',
            "CPU, of one core",
        ),
        promql(
            'max(container_memory_working_set_bytes{container="postgres"}'
            " / container_spec_memory_limit_bytes)",
            "memory, of its limit",
        ),
    )
    sessions = panels.areas(
        "Utilisation: sessions by state",
        "What do the sessions do? `idle in transaction` holds locks and does nothing.",
        "short",
        promql(f"sum by (state) (pg_stat_activity_count{{{DATABASE}}})", "{{state}}"),
    )
    cache = panels.lines(
        "Utilisation: blocks found in memory",
        "Which share of the blocks that were read did not have to come from disk?",
        "percentunit",
        promql(
            f"sum(rate(pg_stat_database_blks_hit{{{DATABASE}}}[$__rate_interval])) / "
            f"(sum(rate(pg_stat_database_blks_hit{{{DATABASE}}}[$__rate_interval])) + "
            f"sum(rate(pg_stat_database_blks_read{{{DATABASE}}}[$__rate_interval])))",
            "found",
        ),
    ).max(1)

    waiting = panels.lines(
        "Saturation: waiting for a connection",
        "How many requests wait for a connection? If that lasts, the pool is too small.",
        "short",
        promql("sum by (service) (db_client_connection_pending_requests)", "{{service}}"),
    ).data_links([to_logs(), to_traces()])
    transaction = panels.lines(
        "Saturation: longest transaction",
        "How long has the oldest transaction been open? Others may wait for its locks.",
        "s",
        promql(f"max(pg_stat_activity_max_tx_duration{{{DATABASE}}})", "longest"),
    )
    locks = panels.lines(
        "Saturation: locks",
        "How many locks are held, and of which strength?",
        "short",
        promql(f"sum by (mode) (pg_locks_count{{{DATABASE}}})", "{{mode}}"),
    )
    latency = panels.lines(
        "Saturation: statements, p95",
        "How long do statements take, seen from the services? Each dot leads to a trace.",
        "s",
        with_exemplars(
            "histogram_quantile(0.95, sum by (service, db_operation_name, le) "
            "(rate(db_client_operation_duration_seconds_bucket"
            '{db_system_name="postgresql"}[$__rate_interval])))',
            "{{service}} {{db_operation_name}}",
        ),
    ).data_links([to_traces()])

    timeouts = panels.lines(
        "Errors: no connection in time",
        "How many requests gave up waiting for a connection of the pool?",
        "ops",
        promql(
            "sum by (service) (rate(db_client_connection_timeouts_total[$__rate_interval]))",
            "{{service}}",
        ),
    ).data_links([to_logs(pipeline='| json | level="error"')])
    rollbacks = panels.lines(
        "Errors: transactions rolled back",
        "How many transactions were undone, and how many locked each other out?",
        "ops",
        promql(
            f"sum(rate(pg_stat_database_xact_rollback{{{DATABASE}}}[$__rate_interval]))",
            "rolled back",
        ),
        promql(
            f"sum(rate(pg_stat_database_deadlocks{{{DATABASE}}}[$__rate_interval]))", "deadlocks"
        ),
    )
    commits = panels.lines(
        "Work: transactions and rows",
        "How much does the database do?",
        "ops",
        promql(
            f"sum(rate(pg_stat_database_xact_commit{{{DATABASE}}}[$__rate_interval]))", "commits"
        ),
        promql(
            f"sum(rate(pg_stat_database_tup_inserted{{{DATABASE}}}[$__rate_interval]))",
            "rows inserted",
        ),
        promql(
            f"sum(rate(pg_stat_database_tup_updated{{{DATABASE}}}[$__rate_interval]))",
            "rows updated",
        ),
    )
    size = panels.lines(
        "Work: size on disk",
        "How fast does the database grow?",
        "bytes",
        promql(f"max(pg_database_size_bytes{{{DATABASE}}})", "orders"),
    )

    return (
        board("postgres", "PostgreSQL", "Utilisation, saturation and errors of the database.")
        .with_panel(up)
        .with_panel(pool)
        .with_panel(waiting)
        .with_panel(timeouts)
        .with_panel(latency)
        .with_panel(resources)
        .with_panel(sessions)
        .with_panel(transaction)
        .with_panel(rollbacks)
        .with_panel(locks)
        .with_panel(cache)
        .with_panel(commits)
        .with_panel(size)
    )
