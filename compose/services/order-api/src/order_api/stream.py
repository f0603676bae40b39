"""The stream `orders` in Redis, from which fulfillment-worker takes its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import redis
from opentelemetry.trace import Span, SpanKind
from opentelemetry.util.types import AttributeValue
from redis.backoff import NoBackoff
from redis.retry import Retry

from order_api import tracing
from order_api.datastore import Datastore, Operation
from order_api.orders import Unavailable
from order_api.settings import Settings, read_secret

STREAM = "orders"

_XADD = Operation("XADD", STREAM, f"XADD {STREAM} * ?")
_XRANGE = Operation("XRANGE", STREAM, f"XRANGE {STREAM} ? ?")

_MESSAGING: dict[str, AttributeValue] = {
    "messaging.system": "redis",
    "messaging.destination.name": STREAM,
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
}


@dataclass(frozen=True)
class Entry:
    order_id: UUID
    created_at: datetime
    entry_id: str = ""
    # Of the request that made the order.
    traceparent: str = ""


class OrderStream(Protocol):
    def add(self, entries: list[Entry]) -> list[str]:
        """Appends the entries and returns the id of each."""

    def present(self, entries: list[Entry]) -> list[bool]:
        """Whether each is still on the stream under its id."""


class RedisStream:
    def __init__(self, client: redis.Redis, datastore: Datastore) -> None:
        self._client = client
        self._datastore = datastore

    def add(self, entries: list[Entry]) -> list[str]:
        # No MAXLEN: a queue that drops its oldest work when it grows hides the very trouble that
        # it is watched for. The worker deletes what it has done.
        pipeline = self._client.pipeline(transaction=False)
        with _producing(entries) as spans:
            for entry, span in zip(entries, spans, strict=True):
                pipeline.xadd(STREAM, _fields(entry, tracing.traceparent(span)))
            ids = [str(entry_id) for entry_id in self._execute(pipeline, _XADD, len(entries))]
            for entry_id, span in zip(ids, spans, strict=True):
                span.set_attribute("messaging.message.id", entry_id)
        return ids

    def present(self, entries: list[Entry]) -> list[bool]:
        pipeline = self._client.pipeline(transaction=False)
        for entry in entries:
            pipeline.xrange(STREAM, entry.entry_id, entry.entry_id)
        # A Redis that lost its data may hand out an id again, for another order.
        return [
            any(fields.get("order_id") == str(entry.order_id) for _, fields in found)
            for entry, found in zip(
                entries, self._execute(pipeline, _XRANGE, len(entries)), strict=True
            )
        ]

    def _execute(
        self, pipeline: redis.client.Pipeline, operation: Operation, size: int
    ) -> list[Any]:
        try:
            with self._datastore.operation(operation, size):
                return pipeline.execute()
        except redis.RedisError as error:
            raise Unavailable(f"Redis: {error}") from error


def connect(settings: Settings, timeout_s: float) -> redis.Redis:
    return redis.Redis(
        host=settings.redis_address.host,
        port=settings.redis_address.port,
        password=read_secret(settings.redis_password_file),
        client_name="order-api",
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        # One retry, at once, for a connection that broke while it lay in the pool; by default it
        # would be three with pauses. Not after a time-out: that would only double it.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


@contextmanager
def _producing(entries: list[Entry]) -> Iterator[list[Span]]:
    """A span for each message, in the trace of its order, around the one command that sends all."""
    spans = [
        tracing.tracer.start_span(
            f"send {STREAM}",
            tracing.remote(entry.traceparent),
            SpanKind.PRODUCER,
            _MESSAGING | {tracing.ORDER_ID: str(entry.order_id)},
        )
        for entry in entries
    ]
    try:
        yield spans
    except Exception as error:
        for span in spans:
            tracing.fail(span, error)
        raise
    finally:
        for span in spans:
            span.end()


def _fields(entry: Entry, traceparent: str) -> dict[Any, Any]:
    fields = {
        "order_id": str(entry.order_id),
        "created_at": entry.created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
    }
    return fields | {"traceparent": traceparent} if traceparent else fields
