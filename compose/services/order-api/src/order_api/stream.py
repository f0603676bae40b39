"""The stream `orders` in Redis, from which fulfillment-worker takes its work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from order_api.orders import Unavailable
from order_api.settings import Settings, read_secret

STREAM = "orders"


@dataclass(frozen=True)
class Entry:
    order_id: UUID
    created_at: datetime
    entry_id: str = ""


class OrderStream(Protocol):
    def add(self, entries: list[Entry]) -> list[str]:
        """Appends the entries and returns the id of each."""

    def present(self, entries: list[Entry]) -> list[bool]:
        """Whether each is still on the stream under its id."""


class RedisStream:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def add(self, entries: list[Entry]) -> list[str]:
        # No MAXLEN: a queue that drops its oldest work when it grows hides the very trouble that
        # it is watched for. The worker deletes what it has done.
        pipeline = self._client.pipeline(transaction=False)
        for entry in entries:
            pipeline.xadd(
                STREAM,
                {
                    "order_id": str(entry.order_id),
                    "created_at": entry.created_at.astimezone(UTC).isoformat(
                        timespec="milliseconds"
                    ),
                },
            )
        return [str(entry_id) for entry_id in _execute(pipeline)]

    def present(self, entries: list[Entry]) -> list[bool]:
        pipeline = self._client.pipeline(transaction=False)
        for entry in entries:
            pipeline.xrange(STREAM, entry.entry_id, entry.entry_id)
        # A Redis that lost its data may hand out an id again, for another order.
        return [
            any(fields.get("order_id") == str(entry.order_id) for _, fields in found)
            for entry, found in zip(entries, _execute(pipeline), strict=True)
        ]


def connect(settings: Settings, timeout_s: float) -> redis.Redis:
    return redis.Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        password=read_secret(settings.redis_password_file),
        client_name="order-api",
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        # One retry, at once, for a connection that broke while it lay in the pool; by default it
        # would be three with pauses. Not after a time-out: that would only double it.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def _execute(pipeline: redis.client.Pipeline) -> list[Any]:
    try:
        return pipeline.execute()
    except redis.RedisError as error:
        raise Unavailable(f"Redis: {error}") from error
