"""Which alerts fire, who was told, and what fired before."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import panels
from dashboards.board import board
from dashboards.links import to_dashboard, to_logs
from dashboards.queries import promql


def dashboard() -> Dashboard:
    """The dashboard."""
    firing = panels.number(
        "Firing",
        "How many alerts ask for somebody at this moment?",
        "short",
        # ALERTS is there only while there are some: no series is the good answer, and it is zero.
        promql('count(ALERTS{alertstate="firing"}) or vector(0)', "firing"),
    ).thresholds(panels.limits((1, "red")))
    pending = panels.number(
        "Pending",
        "How many alerts will fire if what they see goes on?",
        "short",
        promql('count(ALERTS{alertstate="pending"}) or vector(0)', "pending"),
    ).thresholds(panels.limits((1, "orange")))
    told = panels.number(
        "Notifications",
        "How many notifications arrived within the range shown?",
        "short",
        promql("sum(increase(notifications_received_total[$__range]))", "received"),
    )
    failed = panels.number(
        "Notifications failed",
        "How many could not be delivered within the range shown? Who is not told does not come.",
        "short",
        promql("sum(increase(alertmanager_notifications_failed_total[$__range]))", "failed"),
    ).thresholds(panels.limits((1, "red")))

    history = panels.states(
        "Alert history",
        "Which alert was pending or firing, and from when until when?",
        promql(
            'max by (alertname, service) (ALERTS{alertstate="firing"} * 2 or ALERTS)'
            " or on () vector(0)",
            "{{alertname}} {{service}}",
        ),
        names={
            "0": ("nothing", "green"),
            "1": ("pending", "orange"),
            "2": ("firing", "red"),
        },
    ).data_links([to_dashboard("requests", "Requests of the service"), to_logs()])
    severity = panels.areas(
        "Firing by severity",
        "Is it worth waking somebody?",
        "short",
        promql(
            'count by (severity) (ALERTS{alertstate="firing"}) or on () vector(0)', "{{severity}}"
        ),
    )
    held = panels.lines(
        "Alerts in Alertmanager",
        "Of which alerts does it tell nobody? Silenced and inhibited ones are `suppressed`.",
        "short",
        promql("sum by (state) (alertmanager_alerts)", "{{state}}"),
    )
    received = panels.lines(
        "Notifications by channel",
        "Which notifications arrived, and where? Repetitions would show as a staircase.",
        "short",
        promql(
            "sum by (channel, status) (increase(notifications_received_total[$__rate_interval]))",
            "{{channel}} {{status}}",
        ),
    )
    sent = panels.lines(
        "Deliveries by integration",
        "What did Alertmanager send, and what failed?",
        "short",
        promql(
            "sum by (integration) (increase(alertmanager_notifications_total"
            '{integration=~"webhook|slack|pagerduty"}[$__rate_interval]))',
            "{{integration}}",
        ),
        promql(
            "sum(increase(alertmanager_notifications_failed_total[$__rate_interval]))", "failed"
        ),
    ).data_links([to_logs("alertmanager")])
    rules = panels.lines(
        "Time to evaluate the rules",
        "Does Prometheus keep up with its rules? Above one second it would fall behind.",
        "s",
        promql(
            "sum by (rule_group) (label_replace(prometheus_rule_group_last_duration_seconds,"
            ' "rule_group", "$1", "rule_group", ".*;(.+)"))',
            "{{rule_group}}",
        ),
    )
    lost = panels.lines(
        "From Prometheus to Alertmanager",
        "Does every alert reach Alertmanager? Anything but `sent` was never told to anybody.",
        "short",
        promql("sum(increase(prometheus_notifications_sent_total[$__rate_interval]))", "sent"),
        promql("sum(increase(prometheus_notifications_errors_total[$__rate_interval]))", "errors"),
        promql(
            "sum(increase(prometheus_notifications_dropped_total[$__rate_interval]))", "dropped"
        ),
        promql("sum(prometheus_notifications_queue_length)", "waiting"),
    )

    return (
        board("alerts", "Alerts", "Which alerts fire, who was told, and what fired before.")
        .with_panel(firing)
        .with_panel(pending)
        .with_panel(told)
        .with_panel(failed)
        .with_panel(history)
        .with_panel(received)
        .with_panel(sent)
        .with_panel(held)
        .with_panel(severity)
        .with_panel(lost)
        .with_panel(rules)
    )
