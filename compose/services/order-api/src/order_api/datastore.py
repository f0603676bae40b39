"""What each operation on PostgreSQL or Redis leaves behind: a span and a duration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue

from order_api import tracing
from order_api.metrics import Metrics
from order_api.settings import Address


@dataclass(frozen=True)
class Operation:
    name: str
    target: str
    # The statement as it was written, with placeholders: never a value of a request.
    text: str


class Datastore:
    def __init__(self, system: str, namespace: str, address: Address, metrics: Metrics) -> None:
        self._system = system
        self._metrics = metrics
        self._attributes: dict[str, AttributeValue] = {
            "db.system.name": system,
            "db.namespace": namespace,
            "server.address": address.host,
            "server.port": address.port,
        }

    @contextmanager
    def operation(self, operation: Operation, batch_size: int = 1) -> Iterator[None]:
        # Only as part of something larger. The relay's polls would otherwise be a trace each, every
        # second, of nothing that happened.
        if not tracing.is_active():
            with self._metrics.db_operation(self._system, operation.name):
                yield
            return
        attributes = self._attributes | {
            "db.operation.name": operation.name,
            "db.query.text": operation.text,
        }
        if operation.target:
            attributes["db.collection.name"] = operation.target
        if batch_size > 1:
            attributes["db.operation.batch.size"] = batch_size
        name = f"{operation.name} {operation.target}".rstrip()
        with (
            tracing.span(name, SpanKind.CLIENT, attributes),
            # Inside, so that the exemplar is the span of this very operation.
            self._metrics.db_operation(self._system, operation.name),
        ):
            yield


# The first table after the word that introduces it. Not a parser of SQL: it has to understand the
# statements of this service.
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", re.IGNORECASE)


@lru_cache(maxsize=100)
def statement(sql: str) -> Operation:
    text = " ".join(sql.split())
    table = _TABLE.search(text)
    return Operation(text.partition(" ")[0], table[1] if table else "", text)
