"""Where Locust begins: which users there are, and what its page offers beside its own."""

from __future__ import annotations

from typing import Any

from locust import events
from locust.env import Environment

from traffic import history, logs
from traffic.metrics import ClientMetrics
from traffic.shopper import Shopper

__all__ = ["Shopper"]

logs.set_up()


@events.init.add_listener
def start(environment: Environment, **_: Any) -> None:
    metrics = ClientMetrics()
    environment.events.request.add_listener(metrics.observe)
    environment.events.request.add_listener(logs.failed_request)
    if environment.web_ui and environment.web_ui.app:
        environment.web_ui.app.add_url_rule("/metrics", view_func=metrics.page)
    history.keep_short(environment.stats)
