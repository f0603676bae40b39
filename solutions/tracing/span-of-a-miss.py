"""The catalogue, cached in Redis for a few seconds."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

import redis

from order_api import tracing
from order_api.metrics import Metrics
from order_api.orders import Product

log = logging.getLogger(__name__)

_KEY = "catalogue"
_TTL_S = 5

# A cache that does not answer costs its time-out; for so long nobody else is made to pay it.
_AVOID_S = 1.0


class Cache(Protocol):
    def get(self, name: str) -> str | bytes | None: ...

    def set(self, name: str, value: str, *, ex: int) -> object: ...


class Catalogue:
    def __init__(
        self,
        cache: Cache,
        load: Callable[[], list[Product]],
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._load = load
        self._metrics = metrics
        self._clock = clock
        self._avoid_until = 0.0
        self._away = False

    def products(self) -> list[Product]:
        cached = self._read()
        self._metrics.cache_requests.labels("miss" if cached is None else "hit").inc()
        if cached is not None:
            return cached
        # A child of the call's span, since that is the active one; ended whatever `_load` does.
        with tracing.span("load catalogue", attributes={"shop.cache.result": "miss"}):
            products = self._load()
        self._write(products)
        return products

    def _read(self) -> list[Product] | None:
        if self._clock() < self._avoid_until:
            return None
        try:
            text = self._cache.get(_KEY)
        except redis.RedisError as error:
            self._failed(error)
            return None
        if self._away:
            self._away = False
            log.info("the cache is back")
        if text is None:
            return None
        try:
            return [Product(**fields) for fields in json.loads(text)]
        except (ValueError, TypeError):
            # Written by another version of this service, or by hand.
            return None

    def _write(self, products: list[Product]) -> None:
        if self._clock() < self._avoid_until:
            return
        try:
            self._cache.set(_KEY, json.dumps([asdict(item) for item in products]), ex=_TTL_S)
        except redis.RedisError as error:
            self._failed(error)

    def _failed(self, error: redis.RedisError) -> None:
        # A cache is there for speed: without it the service is slower, and never wrong or down.
        self._avoid_until = self._clock() + _AVOID_S
        if not self._away:
            self._away = True
            log.warning("the cache is away", extra={"error": str(error)})
