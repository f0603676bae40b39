from __future__ import annotations

import pytest
import redis
from prometheus_client import CollectorRegistry

from order_api.catalogue import Catalogue
from order_api.metrics import Metrics
from order_api.orders import Product
from tests.fakes import PRODUCTS, Clock


class FakeCache:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.ttl_s: int | None = None
        self.away = False
        self.calls = 0

    def get(self, name: str) -> str | None:
        self._call()
        return self.values.get(name)

    def set(self, name: str, value: str, *, ex: int) -> None:
        self._call()
        self.values[name] = value
        self.ttl_s = ex

    def _call(self) -> None:
        self.calls += 1
        if self.away:
            raise redis.ConnectionError("refused")


class Setting:
    def __init__(self) -> None:
        self.cache = FakeCache()
        self.clock = Clock()
        self.metrics = Metrics(CollectorRegistry())
        self.loads = 0
        self.catalogue = Catalogue(self.cache, self._load, self.metrics, self.clock)

    def _load(self) -> list[Product]:
        self.loads += 1
        return PRODUCTS

    def count(self, result: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "catalogue_cache_requests_total", {"result": result}
        )


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_both_results_are_counted_from_zero(setting: Setting) -> None:
    assert (setting.count("hit"), setting.count("miss")) == (0, 0)


def test_a_miss_fills_the_cache_for_five_seconds(setting: Setting) -> None:
    assert setting.catalogue.products() == PRODUCTS
    assert setting.catalogue.products() == PRODUCTS
    assert (setting.loads, setting.cache.ttl_s) == (1, 5)
    assert (setting.count("hit"), setting.count("miss")) == (1, 1)


def test_without_redis_every_read_is_a_miss_and_none_an_error(setting: Setting) -> None:
    setting.cache.away = True
    for _ in range(5):
        assert setting.catalogue.products() == PRODUCTS
    assert (setting.loads, setting.count("miss")) == (5, 5)


def test_an_absent_cache_is_asked_once_a_second(setting: Setting) -> None:
    setting.cache.away = True
    for _ in range(5):
        setting.catalogue.products()
    assert setting.cache.calls == 1
    setting.cache.away = False
    setting.clock.now += 1
    setting.catalogue.products()
    setting.catalogue.products()
    assert setting.count("hit") == 1


@pytest.mark.parametrize("text", ["", "{", "{}1", "[1]", '[{"sku": "A"}]', '[{"colour": "red"}]'])
def test_what_cannot_be_read_is_a_miss(setting: Setting, text: str) -> None:
    setting.catalogue.products()
    setting.cache.values = dict.fromkeys(setting.cache.values, text)
    assert setting.catalogue.products() == PRODUCTS
    assert setting.count("hit") == 0
