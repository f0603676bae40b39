"""The business: orders, from created to fulfilled."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import panels
from dashboards.board import board
from dashboards.links import to_logs, to_traces
from dashboards.queries import logql, promql, with_exemplars


def dashboard() -> Dashboard:
    """The dashboard."""
    created = panels.number(
        "Created",
        "How many orders did customers place within the range shown?",
        "short",
        promql("sum(increase(orders_created_total[$__range]))", "created"),
    )
    fulfilled = panels.number(
        "Fulfilled",
        "How many orders were fulfilled within the range shown?",
        "short",
        promql("sum(increase(orders_fulfilled_total[$__range]))", "fulfilled"),
    )
    waiting = panels.number(
        "Waiting",
        "How many orders are in the queue at this moment?",
        "short",
        promql("max(order_queue_depth)", "waiting"),
    ).thresholds(panels.limits((10, "orange"), (50, "red")))
    oldest = panels.number(
        "Oldest waiting",
        "How long has the customer waited who waits longest?",
        "s",
        promql("max(order_queue_oldest_age_seconds)", "oldest"),
    ).thresholds(panels.limits((5, "orange"), (30, "red")))

    flow = panels.lines(
        "Orders created and fulfilled",
        "Does fulfilment keep up? While the lower line lags, the queue grows.",
        "ops",
        promql("sum(rate(orders_created_total[$__rate_interval]))", "created"),
        promql("sum(rate(orders_fulfilled_total[$__rate_interval]))", "fulfilled"),
    )
    depth = panels.lines(
        "Queue depth",
        "How many orders wait? A busy hour and a consumer that stands still look alike here.",
        "short",
        promql("max(order_queue_depth)", "in the queue"),
        promql("max(redis_stream_group_messages_pending)", "taken, not confirmed"),
    ).data_links([to_logs("fulfillment-worker")])
    age = panels.lines(
        "Queue age",
        "How old is the oldest order? When nobody consumes, it grows by a second each second.",
        "s",
        promql("max(order_queue_oldest_age_seconds)", "oldest"),
    ).data_links([to_logs("fulfillment-worker")])
    duration = panels.lines(
        "Fulfilment duration",
        "How long does the worker take for one order? Each dot is one, and leads to its trace.",
        "s",
        *(
            with_exemplars(
                f"histogram_quantile({quantile}, sum by (le) "
                "(rate(order_fulfillment_duration_seconds_bucket[$__rate_interval])))",
                name,
            )
            for quantile, name in ((0.5, "p50"), (0.95, "p95"))
        ),
    ).data_links([to_traces("fulfillment-worker")])
    outcomes = panels.lines(
        "Attempts by outcome",
        "Do attempts fail, and do orders come twice? A duplicate is not fulfilled again.",
        "ops",
        promql(
            "sum by (outcome) (rate(order_fulfillment_duration_seconds_count[$__rate_interval]))",
            "{{outcome}}",
        ),
    ).data_links([to_logs("fulfillment-worker")])
    placing = panels.lines(
        "Placing an order",
        "How long does a customer wait for the answer to an order? Each dot leads to a trace.",
        "s",
        *(
            with_exemplars(
                f"histogram_quantile({quantile}, sum by (le) "
                "(rate(http_server_request_duration_seconds_bucket"
                '{http_request_method="POST", http_route="/api/orders"}[$__rate_interval])))',
                name,
            )
            for quantile, name in ((0.5, "p50"), (0.95, "p95"))
        ),
    ).data_links([to_traces("web-gateway")])
    cache = panels.lines(
        "Catalogue from the cache",
        "Which share of the reads of the catalogue does Redis answer, without the database?",
        "percentunit",
        promql(
            'sum(rate(catalogue_cache_requests_total{result="hit"}[$__rate_interval]))'
            " / sum(rate(catalogue_cache_requests_total[$__rate_interval]))",
            "hits",
        ),
    ).max(1)
    refused = panels.lines(
        "Orders by answer",
        "What did customers hear when they placed an order? 201 is an order.",
        "reqps",
        promql(
            "sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count"
            '{http_request_method="POST", http_route="/api/orders"}[$__rate_interval]))',
            "{{http_response_status_code}}",
        ),
    ).data_links([to_logs("web-gateway")])

    value = panels.lines(
        "Value of orders",
        "What is the business worth at this moment? No metric says so, and the log lines do.",
        "short",
        logql(
            'sum(sum_over_time({service="order-api"} |= "order created"'
            ' | json msg="msg", total_cents="total_cents" | msg="order created"'
            ' | unwrap total_cents | __error__="" [30s])) / 100 / 30',
            "a second, over 30 s",
        ),
        width=panels.FULL,
    ).data_links([to_logs("order-api", '|= "order created"')])

    return (
        board("orders", "Orders", "The business: orders, from created to fulfilled.")
        .with_panel(created)
        .with_panel(fulfilled)
        .with_panel(waiting)
        .with_panel(oldest)
        .with_panel(flow)
        .with_panel(refused)
        .with_panel(depth)
        .with_panel(age)
        .with_panel(duration)
        .with_panel(outcomes)
        .with_panel(placing)
        .with_panel(cache)
        .with_panel(value)
    )
