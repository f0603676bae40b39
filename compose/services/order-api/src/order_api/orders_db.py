"""Orders in PostgreSQL."""

from __future__ import annotations

from uuid import UUID, uuid4

from order_api import tracing
from order_api.database import Database, Transaction
from order_api.orders import KeyReused, Line, NewOrder, NotFound, Order, PricedLine, Product


class DatabaseOrders:
    def __init__(self, database: Database) -> None:
        self._database = database

    def products(self) -> list[Product]:
        with self._database.transaction() as tx:
            rows = tx.run("SELECT sku, name, price_cents FROM products ORDER BY sku")
        return [Product(*row) for row in rows]

    def get(self, order_id: UUID) -> Order:
        with self._database.transaction() as tx:
            order = _load(tx, order_id)
        if order is None:
            raise NotFound(f"no order {order_id}")
        return order

    def create(self, new: NewOrder) -> tuple[Order, bool]:
        with self._database.transaction() as tx:
            with tracing.span("price order", attributes={"shop.order.lines": len(new.lines)}):
                lines = _price(tx, new.lines)
            order_id = uuid4()
            total = sum(line.quantity * line.unit_price_cents for line in lines)
            inserted = tx.run(
                """INSERT INTO orders
                       (id, customer, total_cents, idempotency_key, request_fingerprint)
                   VALUES (%s, %s, %s, %s, %s)
                   ON CONFLICT (idempotency_key) DO NOTHING
                   RETURNING created_at""",
                order_id,
                new.customer,
                total,
                new.idempotency_key,
                new.fingerprint,
            )
            if not inserted:
                return _replay(tx, new), True
            tx.run(
                """INSERT INTO order_items (order_id, line, sku, quantity, unit_price_cents)
                   SELECT %s, * FROM unnest(%s::int[], %s::text[], %s::int[], %s::bigint[])""",
                order_id,
                list(range(1, len(lines) + 1)),
                [line.sku for line in lines],
                [line.quantity for line in lines],
                [line.unit_price_cents for line in lines],
            )
            # In the same transaction as the order. Telling Redis here instead would tell it of
            # orders that are then rolled back, or keep orders that it was never told of.
            tx.run(
                "INSERT INTO outbox (order_id, traceparent) VALUES (%s, %s)",
                order_id,
                # So that what is done for the order later, elsewhere, belongs to the same trace.
                tracing.traceparent() or None,
            )
        created_at = inserted[0][0]
        return Order(order_id, "pending", lines, total, new.customer, created_at), False


def _price(tx: Transaction, lines: tuple[Line, ...]) -> tuple[PricedLine, ...]:
    # From the table and never from the cache: an order is charged what the price is now.
    skus = sorted({line.sku for line in lines})
    prices = dict(tx.run("SELECT sku, price_cents FROM products WHERE sku = ANY(%s)", skus))
    if unknown := [sku for sku in skus if sku not in prices]:
        raise NotFound(f"no such sku: {', '.join(unknown)}")
    return tuple(PricedLine(line.sku, line.quantity, prices[line.sku]) for line in lines)


def _replay(tx: Transaction, new: NewOrder) -> Order:
    [(order_id, fingerprint)] = tx.run(
        "SELECT id, request_fingerprint FROM orders WHERE idempotency_key = %s",
        new.idempotency_key,
    )
    if fingerprint != new.fingerprint:
        raise KeyReused("the idempotency key was used for an order with other contents")
    order = _load(tx, order_id)
    assert order is not None  # noqa: S101 - nothing deletes orders
    return order


def _load(tx: Transaction, order_id: UUID) -> Order | None:
    rows = tx.run(
        """SELECT o.id, o.status, o.total_cents, o.customer, o.created_at, o.fulfilled_at,
                  i.sku, i.quantity, i.unit_price_cents
           FROM orders o JOIN order_items i ON i.order_id = o.id
           WHERE o.id = %s ORDER BY i.line""",
        order_id,
    )
    if not rows:
        return None
    _, status, total_cents, customer, created_at, fulfilled_at = rows[0][:6]
    lines = tuple(PricedLine(*row[6:]) for row in rows)
    return Order(order_id, status, lines, total_cents, customer, created_at, fulfilled_at)
