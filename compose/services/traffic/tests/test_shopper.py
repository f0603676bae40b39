from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from locust.env import Environment
from prometheus_client import CollectorRegistry

from tests.shop import Shop
from traffic.metrics import ClientMetrics
from traffic.shopper import Shopper


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


class Run:
    """Shoppers under Locust's own runner, and what became of their requests."""

    def __init__(self, host: str) -> None:
        self.environment = Environment(user_classes=[Shopper], host=host)
        self.registry = CollectorRegistry()
        self.results: list[dict[str, Any]] = []
        self.environment.events.request.add_listener(ClientMetrics(self.registry).observe)
        self.environment.events.request.add_listener(self._keep)
        self.runner = self.environment.create_local_runner()

    def _keep(self, **result: Any) -> None:
        self.results.append(result)

    def go(self, users: int, seconds: float) -> None:
        self.runner.start(users, spawn_rate=users)
        gevent.sleep(seconds)

    def count(self, error: str, method: str = "GET", route: str = "/api/products") -> float | None:
        return self.registry.get_sample_value(
            "http_client_request_duration_seconds_count",
            {"http_request_method": method, "url_template": route, "error_type": error},
        )

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.quit()


def test_shoppers_browse_order_and_read(shop: Shop) -> None:
    with Run(shop.host) as run:
        run.go(users=40, seconds=6)
        names = Counter((x["request_type"], x["name"]) for x in run.results)
    assert set(names) == {
        ("GET", "/api/products"),
        ("POST", "/api/orders"),
        ("GET", "/api/orders/{id}"),
    }
    total = sum(names.values())
    # More browsing than its half at first, while there is nothing to order or to read yet.
    assert names["GET", "/api/products"] / total == pytest.approx(0.6, abs=0.15)
    assert names["POST", "/api/orders"] / total == pytest.approx(0.25, abs=0.1)
    assert not [x for x in run.results if x["exception"]]


def test_an_order_has_known_products_and_a_key_of_its_own(shop: Shop) -> None:
    with Run(shop.host) as run:
        run.go(users=30, seconds=4)
    orders = [(headers, body) for _, method, _, headers, body in shop.asked if method == "POST"]
    assert len(orders) > 5
    assert len({headers["Idempotency-Key"] for headers, _ in orders}) == len(orders)
    for _, body in orders:
        skus = [item["sku"] for item in body["items"]]
        assert set(skus) <= {"A", "B", "C"}
        assert len(set(skus)) == len(skus)
        assert all(1 <= item["quantity"] <= 100 for item in body["items"])


@pytest.mark.parametrize("delay_s", [0.0, 2.5])
def test_the_rate_is_one_a_second_for_each_user_even_when_the_shop_is_slow(
    shop: Shop, delay_s: float
) -> None:
    shop.delay_s = delay_s
    with Run(shop.host) as run:
        run.go(users=8, seconds=6)
        asked = [at for at, *_ in shop.asked]
        since = time.monotonic() - 4
    # Users who waited for a slow shop would come to a third of this; a busy machine may lose some.
    assert len([at for at in asked if at >= since]) == pytest.approx(32, abs=10)


def test_turns_are_a_second_apart_on_average_and_never_in_step(shop: Shop) -> None:
    shopper = Shopper(Environment(user_classes=[Shopper], host=shop.host))
    waits = [shopper.wait_time() for _ in range(2000)]
    assert sum(waits) / len(waits) == pytest.approx(1, abs=0.05)
    assert min(waits) < 0.6
    assert max(waits) > 1.4


def test_the_rate_follows_the_number_of_users(shop: Shop) -> None:
    with Run(shop.host) as run:
        run.go(users=4, seconds=2)
        run.go(users=16, seconds=2)
        before = len(shop.asked)
        gevent.sleep(3)
        # Four users would make 12.
        assert len(shop.asked) - before == pytest.approx(48, abs=16)


def test_a_closed_shop_is_not_fallen_on_when_it_opens(shop: Shop) -> None:
    host = shop.host
    shop.close()
    with Run(host) as run:
        run.go(users=8, seconds=4)
        assert run.results
        assert all(x["exception"] for x in run.results)
        assert run.count("connection_error") == len(run.results)
        run.results.clear()
        gevent.sleep(2)
        assert len(run.results) == pytest.approx(16, abs=8), "neither stopped nor hurried"


def test_a_silent_shop_costs_five_seconds_and_no_more_than_twelve_requests(shop: Shop) -> None:
    shop.delay_s = 20
    with Run(shop.host) as run:
        run.go(users=1, seconds=8)
        assert len(shop.asked) <= 12
        assert run.count("timeout")
        assert all(4500 < x["response_time"] < 9000 for x in run.results)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, None, "500"),
        (503, None, "503"),
        (404, None, "404"),
        (204, b"", "unexpected_response"),
        (200, b"<html>", "unexpected_response"),
        (200, b"[]", "unexpected_response"),
    ],
)
def test_any_other_answer_is_a_failure_with_a_fixed_text(
    shop: Shop, status: int, body: bytes | None, error: str
) -> None:
    shop.status, shop.body = status, body
    with Run(shop.host) as run:
        run.go(users=4, seconds=1.5)
        results = run.results.copy()
        assert run.count(error) == len(results)
    assert results
    assert len({str(x["exception"]) for x in results}) == 1
    assert "127.0.0.1" not in str(results[0]["exception"])
