"""The outbox table."""

from __future__ import annotations

from collections.abc import Callable

from order_api import tracing
from order_api.database import Database, Transaction
from order_api.stream import Entry


class DatabaseOutbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self) -> None:
        self._database.apply_schema()

    def send(self, limit: int, add: Callable[[list[Entry]], list[str]]) -> int:
        # The rows stay locked while Redis is talked to, and a second instance skips them. That is
        # bounded by the time-out of the stream, and no request ever waits for these locks.
        with self._database.transaction() as tx:
            rows = tx.run(
                """SELECT order_id, created_at, traceparent FROM outbox WHERE sent_at IS NULL
                   ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED""",
                limit,
            )
            if not rows:
                return 0
            entries = [
                Entry(order_id, created_at, traceparent=traceparent or "")
                for order_id, created_at, traceparent in rows
            ]
            _send(tx, entries, add)
        return len(entries)

    def resend_lost(self, limit: int, present: Callable[[list[Entry]], list[bool]]) -> int:
        with self._database.transaction() as tx:
            tx.run(
                """DELETE FROM outbox USING orders
                   WHERE outbox.recheck_at <= now() AND outbox.sent_at IS NOT NULL
                     AND orders.id = outbox.order_id AND orders.status = 'fulfilled'"""
            )
            rows = tx.run(
                """SELECT order_id, created_at, entry_id FROM outbox
                   WHERE recheck_at <= now() AND sent_at IS NOT NULL
                   ORDER BY recheck_at LIMIT %s FOR UPDATE SKIP LOCKED""",
                limit,
            )
            if not rows:
                return 0
            entries = [Entry(*row) for row in rows]
            found = present(entries)
            # Still on the stream means waiting for the worker: sending it again would only make
            # a long queue longer.
            tx.run(
                """UPDATE outbox SET recheck_at = now() + interval '10 seconds'
                   WHERE order_id = ANY(%s)""",
                [entry.order_id for entry, here in zip(entries, found, strict=True) if here],
            )
            lost = [entry.order_id for entry, here in zip(entries, found, strict=True) if not here]
            tx.run(
                """UPDATE outbox SET sent_at = NULL, entry_id = NULL, recheck_at = NULL
                   WHERE order_id = ANY(%s)""",
                lost,
            )
        return len(lost)


def _send(tx: Transaction, entries: list[Entry], add: Callable[[list[Entry]], list[str]]) -> None:
    # A trace of its own, because a batch belongs to no single order; it links to all of theirs.
    links = [link for entry in entries for link in tracing.link(entry.traceparent)]
    size = {"messaging.batch.message_count": len(entries)}
    with tracing.span("relay orders", attributes=size, links=links):
        tx.run(
            """UPDATE outbox SET sent_at = now(), entry_id = sent.entry_id,
                      recheck_at = now() + interval '10 seconds'
               FROM unnest(%s::uuid[], %s::text[]) AS sent (order_id, entry_id)
               WHERE outbox.order_id = sent.order_id""",
            [entry.order_id for entry in entries],
            add(entries),
        )
        tx.commit()
