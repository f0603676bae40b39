"""What a customer does, once a second, however slow the shop is."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import gevent
from gevent.pool import Pool
from locust import FastHttpUser, between, task
from locust.env import Environment

from traffic.metrics import error_type

_TIMEOUT_S = 5.0

# More than can be unanswered at once at this rate and time-out. Bounded all the same: requests
# that pile up without end while the shop is away would fall on it together when it returns.
_IN_FLIGHT = 12


class Shopper(FastHttpUser):
    # Locust's users wait for their answer before they go on, so that a slow shop would be asked
    # less and look better than it is. Real customers do not wait for each other: each turn here
    # starts its request and does not wait for it, and the rate stays what it was set to. Once a
    # second on average; a fixed second would keep all users in step, as they start together.
    wait_time = between(0.5, 1.5)
    connection_timeout = _TIMEOUT_S
    network_timeout = _TIMEOUT_S
    concurrency = _IN_FLIGHT
    max_redirects = 0

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.in_flight = Pool(_IN_FLIGHT)
        self.skus: list[str] = []
        self.orders: deque[str] = deque(maxlen=20)

    def on_start(self) -> None:
        gevent.sleep(random.random())

    def on_stop(self) -> None:
        self.in_flight.kill(block=False)

    @task(5)
    def browse(self) -> None:
        self._begin(self._browse)

    @task(3)
    def order(self) -> None:
        self._begin(self._order if self.skus else self._browse)

    @task(2)
    def read(self) -> None:
        self._begin(self._read if self.orders else self._browse)

    def _begin(self, action: Callable[[], None]) -> None:
        if not self.in_flight.full():
            self.in_flight.spawn(action)

    def _browse(self) -> None:
        if answer := self._ask("GET", "/api/products", 200):
            self.skus = [product["sku"] for product in answer["products"]]

    def _order(self) -> None:
        chosen = random.sample(self.skus, k=random.choice((1, 1, 2, 3)))
        body = {
            "items": [{"sku": sku, "quantity": random.choice((1, 1, 1, 2, 5))} for sku in chosen]
        }
        headers = {"Idempotency-Key": str(uuid4())}
        if answer := self._ask("POST", "/api/orders", 201, json=body, headers=headers):
            self.orders.append(answer["id"])

    def _read(self) -> None:
        order_id = random.choice(self.orders)
        self._ask("GET", f"/api/orders/{order_id}", 200, name="/api/orders/{id}")

    def _ask(self, method: str, path: str, expected: int, **options: Any) -> dict[str, Any]:
        """The body of the expected answer; nothing of any other, which counts as a failure."""
        with self.client.request(method, path, catch_response=True, **options) as response:
            if response.status_code == expected:
                try:
                    answer = response.json()
                except ValueError:
                    answer = None
                if isinstance(answer, dict):
                    return answer
                response.failure(error_type(response))
            else:
                # Locust keeps every distinct text for ever, and its own holds the order's id.
                response.failure(error_type(response))
        return {}
