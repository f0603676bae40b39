"""The cache in Redis."""

from __future__ import annotations

from typing import Any

import redis

from order_api.datastore import Datastore, Operation


class RedisCache:
    def __init__(self, client: redis.Redis, datastore: Datastore) -> None:
        self._client = client
        self._datastore = datastore

    def get(self, name: str) -> str | bytes | None:
        with self._datastore.operation(Operation("GET", "", f"GET {name}")):
            value: Any = self._client.get(name)
        return value  # type: ignore[no-any-return]

    def set(self, name: str, value: str, *, ex: int) -> object:
        with self._datastore.operation(Operation("SET", "", f"SET {name} ? EX ?")):
            return self._client.set(name, value, ex=ex)
