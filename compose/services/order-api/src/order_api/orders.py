"""What an order is, and what may be asked of whatever keeps orders."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

MAX_LINES = 20
MAX_QUANTITY = 100
MAX_CUSTOMER = 100
MAX_KEY = 128


class CallerError(Exception):
    """The caller's own mistake, and no failure of this service."""


class InvalidOrder(CallerError):
    """The request breaks a rule of the contract and can never succeed."""


class NotFound(CallerError):
    """There is no such order, or no such sku."""


class KeyReused(CallerError):
    """The idempotency key belongs to an order with other contents."""


class Unavailable(Exception):
    """What the service depends on does not answer; the same request may succeed later."""


class TablesMissing(Unavailable):
    """The database was started afresh, and has to be prepared again."""


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    price_cents: int


@dataclass(frozen=True)
class Line:
    sku: str
    quantity: int


@dataclass(frozen=True)
class PricedLine(Line):
    unit_price_cents: int


@dataclass(frozen=True)
class Order:
    id: UUID
    status: str
    lines: tuple[PricedLine, ...]
    total_cents: int
    customer: str
    created_at: datetime
    fulfilled_at: datetime | None = None


@dataclass(frozen=True)
class NewOrder:
    idempotency_key: str
    lines: tuple[Line, ...]
    customer: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.idempotency_key) <= MAX_KEY:
            raise InvalidOrder(f"idempotency_key must have 1 to {MAX_KEY} characters")
        if not 1 <= len(self.lines) <= MAX_LINES:
            raise InvalidOrder(f"items must have 1 to {MAX_LINES} lines")
        if len(self.customer) > MAX_CUSTOMER:
            raise InvalidOrder(f"customer must have at most {MAX_CUSTOMER} characters")
        # PostgreSQL's text cannot hold it, and would say so too late.
        if "\0" in self.idempotency_key + self.customer + "".join(x.sku for x in self.lines):
            raise InvalidOrder("text must not contain the character NUL")
        for number, line in enumerate(self.lines, start=1):
            if not line.sku:
                raise InvalidOrder(f"items[{number}].sku is missing")
            if not 1 <= line.quantity <= MAX_QUANTITY:
                raise InvalidOrder(f"items[{number}].quantity must be from 1 to {MAX_QUANTITY}")

    @property
    def fingerprint(self) -> str:
        """Tells a retry of this order from another order under the same key."""
        content = [self.customer, [[line.sku, line.quantity] for line in self.lines]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class Orders(Protocol):
    def create(self, new: NewOrder) -> tuple[Order, bool]:
        """The order, and whether the key had made it before."""

    def get(self, order_id: UUID) -> Order: ...

    def products(self) -> list[Product]: ...
