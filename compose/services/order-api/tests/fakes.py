"""Stand-ins for what a test of this service alone does not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from order_api.orders import KeyReused, NewOrder, NotFound, Order, PricedLine, Product, Unavailable
from order_api.stream import Entry

PRODUCTS = [Product("BELL-1", "Desk bell", 850), Product("FUSE-10A", "Fuse", 375)]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeOrders:
    """Orders in memory."""

    def __init__(self) -> None:
        self.by_key: dict[str, tuple[str, Order]] = {}
        self.failure: Exception | None = None

    def create(self, new: NewOrder) -> tuple[Order, bool]:
        self._fail()
        if known := self.by_key.get(new.idempotency_key):
            if known[0] != new.fingerprint:
                raise KeyReused("other contents")
            return known[1], True
        prices = {product.sku: product.price_cents for product in PRODUCTS}
        if unknown := [line.sku for line in new.lines if line.sku not in prices]:
            raise NotFound(f"no such sku: {unknown[0]}")
        lines = tuple(PricedLine(x.sku, x.quantity, prices[x.sku]) for x in new.lines)
        total = sum(line.quantity * line.unit_price_cents for line in lines)
        order = Order(uuid4(), "pending", lines, total, new.customer, NOON)
        self.by_key[new.idempotency_key] = (new.fingerprint, order)
        return order, False

    def get(self, order_id: UUID) -> Order:
        self._fail()
        for _, order in self.by_key.values():
            if order.id == order_id:
                return order
        raise NotFound(f"no order {order_id}")

    def products(self) -> list[Product]:
        self._fail()
        return PRODUCTS

    def _fail(self) -> None:
        if self.failure:
            raise self.failure


@dataclass
class FakeOutbox:
    """An outbox whose transaction is undone when sending fails, as the database's is."""

    unsent: list[Entry] = field(default_factory=list)
    sent: list[Entry] = field(default_factory=list)
    prepared: int = 0
    failure: Exception | None = None

    def prepare(self) -> None:
        if self.failure:
            raise self.failure
        self.prepared += 1

    def send(self, limit: int, add: Callable[[list[Entry]], list[str]]) -> int:
        if self.failure:
            raise self.failure
        batch = self.unsent[:limit]
        if batch:
            ids = add(batch)
            self.sent += [
                Entry(entry.order_id, entry.created_at, entry_id)
                for entry, entry_id in zip(batch, ids, strict=True)
            ]
            self.unsent = self.unsent[limit:]
        return len(batch)

    def resend_lost(self, limit: int, present: Callable[[list[Entry]], list[bool]]) -> int:
        overdue = self.sent[:limit]
        found = present(overdue)
        lost = [entry for entry, here in zip(overdue, found, strict=True) if not here]
        self.sent = [entry for entry in self.sent if entry not in lost]
        self.unsent += lost
        return len(lost)


class FakeStream:
    def __init__(self) -> None:
        self.entries: dict[str, UUID] = {}
        self.away = False
        self._last = 0

    def add(self, entries: list[Entry]) -> list[str]:
        if self.away:
            raise Unavailable("Redis: away")
        ids = []
        for entry in entries:
            self._last += 1
            ids.append(f"{self._last}-0")
            self.entries[ids[-1]] = entry.order_id
        return ids

    def present(self, entries: list[Entry]) -> list[bool]:
        if self.away:
            raise Unavailable("Redis: away")
        return [self.entries.get(entry.entry_id) == entry.order_id for entry in entries]
