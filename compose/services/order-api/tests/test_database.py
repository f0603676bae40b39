"""The SQL, on a real PostgreSQL: README.md says how to run these.

They delete all orders of the database that they are given.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from order_api import tracing
from order_api.database import BoundedConnection, Database
from order_api.metrics import Metrics
from order_api.orders import KeyReused, Line, NewOrder, NotFound, Order, TablesMissing, Unavailable
from order_api.orders_db import DatabaseOrders
from order_api.outbox_db import DatabaseOutbox
from order_api.settings import Settings
from order_api.stream import Entry
from tests.fakes import FakeStream

pytestmark = pytest.mark.skipif(
    "ORDER_API_TEST_DATABASE" not in os.environ,
    reason="needs a PostgreSQL; set ORDER_API_TEST_DATABASE=1 and its address",
)

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TABLES = "fulfilments, outbox, order_items, orders, products"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


@pytest.fixture
def database(metrics: Metrics) -> Iterator[Database]:
    database = Database(Settings.from_env(), metrics)
    database.open()
    with database.transaction() as tx:
        tx.run_script(f"DROP TABLE IF EXISTS {TABLES}".encode())
    database.apply_schema()
    yield database
    database.close()


@pytest.fixture
def orders(database: Database) -> DatabaseOrders:
    return DatabaseOrders(database)


@pytest.fixture
def outbox(database: Database) -> DatabaseOutbox:
    return DatabaseOutbox(database)


def new(key: str = "key", *lines: tuple[str, int]) -> NewOrder:
    return NewOrder(key, tuple(Line(*line) for line in lines or (("BELL-1", 2),)), "Ada")


def overdue(database: Database) -> None:
    with database.transaction() as tx:
        tx.run("UPDATE outbox SET recheck_at = now() - interval '1 second'")


def rows(database: Database) -> int:
    with database.transaction() as tx:
        [(count,)] = tx.run("SELECT count(*) FROM outbox")
    return int(count)


def test_the_schema_may_be_applied_by_many_at_once(database: Database) -> None:
    failures: list[Exception] = []

    def apply() -> None:
        try:
            database.apply_schema()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=apply) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_catalogue_has_eight_products(orders: DatabaseOrders) -> None:
    products = orders.products()
    assert len(products) == 8
    assert products == sorted(products, key=lambda product: product.sku)


def test_an_order_is_read_as_it_was_created(orders: DatabaseOrders) -> None:
    order, replayed = orders.create(new("key", ("MUG-SRE", 2), ("BELL-1", 1), ("MUG-SRE", 3)))
    assert not replayed
    assert order.total_cents == 5 * 1190 + 850
    assert orders.get(order.id) == order


def test_a_key_makes_one_order_however_many_ask_at_once(orders: DatabaseOrders) -> None:
    results: list[tuple[Order, bool]] = []
    threads = [
        threading.Thread(target=lambda: results.append(orders.create(new()))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({order.id for order, _ in results}) == 1
    assert sorted(replayed for _, replayed in results) == [False] + [True] * 7


def test_a_key_with_other_contents_is_refused(orders: DatabaseOrders) -> None:
    orders.create(new())
    with pytest.raises(KeyReused):
        orders.create(new("key", ("BELL-1", 3)))


def test_an_unknown_sku_leaves_nothing_behind(database: Database, orders: DatabaseOrders) -> None:
    with pytest.raises(NotFound, match="NOPE"):
        orders.create(new("key", ("BELL-1", 1), ("NOPE", 1)))
    assert rows(database) == 0
    assert not orders.create(new())[1]


def test_an_order_that_was_never_made(orders: DatabaseOrders) -> None:
    with pytest.raises(NotFound):
        orders.get(uuid4())


def test_the_outbox_keeps_what_could_not_be_sent(
    orders: DatabaseOrders, outbox: DatabaseOutbox
) -> None:
    stream = FakeStream()
    order, _ = orders.create(new())
    stream.away = True
    with pytest.raises(Unavailable):
        outbox.send(10, stream.add)
    stream.away = False
    assert [outbox.send(10, stream.add) for _ in range(2)] == [1, 0]
    assert list(stream.entries.values()) == [order.id]


def test_what_is_lost_is_sent_again_and_what_waits_is_not(
    database: Database, orders: DatabaseOrders, outbox: DatabaseOutbox
) -> None:
    stream = FakeStream()
    for key in "ab":
        orders.create(new(key))
    outbox.send(10, stream.add)
    assert outbox.resend_lost(10, stream.present) == 0, "nothing is overdue yet"
    lost = stream.entries.pop("1-0")
    overdue(database)
    assert outbox.resend_lost(10, stream.present) == 1
    assert outbox.send(10, stream.add) == 1
    assert stream.entries["3-0"] == lost
    assert outbox.resend_lost(10, stream.present) == 0


def test_a_fulfilled_order_leaves_the_outbox(
    database: Database, orders: DatabaseOrders, outbox: DatabaseOutbox
) -> None:
    stream = FakeStream()
    order, _ = orders.create(new())
    outbox.send(10, stream.add)
    stream.entries.clear()
    with database.transaction() as tx:
        tx.run(
            "UPDATE orders SET status = 'fulfilled', fulfilled_at = now() WHERE id = %s", order.id
        )
    overdue(database)
    assert outbox.resend_lost(10, stream.present) == 0
    assert rows(database) == 0
    assert orders.get(order.id).fulfilled_at is not None


def test_two_relays_do_not_send_the_same_order(
    orders: DatabaseOrders, outbox: DatabaseOutbox
) -> None:
    stream = FakeStream()
    orders.create(new())

    def add(entries: list[Entry]) -> list[str]:
        assert outbox.send(10, stream.add) == 0
        return stream.add(entries)

    assert outbox.send(10, add) == 1


def test_missing_tables_are_told_from_a_server_that_is_away(
    database: Database, orders: DatabaseOrders
) -> None:
    with database.transaction() as tx:
        tx.run_script(f"DROP TABLE {TABLES}".encode())
    with pytest.raises(TablesMissing):
        orders.products()
    database.apply_schema()
    assert orders.products()


def test_a_slow_statement_is_given_up_by_the_server(database: Database) -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match="statement timeout"), database.transaction() as tx:
        tx.run("SELECT pg_sleep(10)")
    assert time.monotonic() - started < 2.4


def test_a_server_that_does_not_answer_is_given_up(
    database: Database, orders: DatabaseOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedConnection, "patience_s", 0.3)
    started = time.monotonic()
    with pytest.raises(Unavailable, match="did not answer"), database.transaction() as tx:
        tx.run("SELECT pg_sleep(10)")
    assert time.monotonic() - started < 1
    monkeypatch.undo()
    assert orders.products()


def test_an_older_outbox_gets_its_new_column_and_keeps_its_rows(
    database: Database, orders: DatabaseOrders, outbox: DatabaseOutbox
) -> None:
    orders.create(new())
    with database.transaction() as tx:
        tx.run_script(b"ALTER TABLE outbox DROP COLUMN traceparent")
    database.apply_schema()
    assert outbox.send(10, FakeStream().add) == 1


def test_the_outbox_keeps_the_trace_that_made_the_order(
    orders: DatabaseOrders, outbox: DatabaseOutbox, spans: InMemorySpanExporter
) -> None:
    with tracing.continued({"traceparent": TRACEPARENT}), tracing.span("call") as call:
        orders.create(new())
        context = tracing.traceparent(call)
    orders.create(new("untraced"))
    added: list[Entry] = []

    def add(entries: list[Entry]) -> list[str]:
        added.extend(entries)
        return FakeStream().add(entries)

    assert outbox.send(10, add) == 2
    assert [entry.traceparent for entry in added] == [context, ""]
    assert context.split("-")[1] == TRACEPARENT.split("-")[1]
    names = [span.name for span in spans.get_finished_spans()]
    assert names == [
        "acquire connection",
        "SELECT products",
        "price order",
        "INSERT orders",
        "INSERT order_items",
        "INSERT outbox",
        "COMMIT",
        "call",
        # An order that nobody traces is priced all the same.
        "SELECT products",
        "price order",
        "UPDATE outbox",
        "COMMIT",
        "relay orders",
    ]
    relay = spans.get_finished_spans()[-1]
    assert relay.parent is None
    [link] = relay.links
    assert f"{link.context.trace_id:032x}" == TRACEPARENT.split("-")[1]
    # No value of the order is part of what is told of it.
    assert not [
        span for span in spans.get_finished_spans() if "BELL-1" in str(dict(span.attributes or {}))
    ]


def test_an_idle_relay_leaves_no_trace(outbox: DatabaseOutbox, spans: InMemorySpanExporter) -> None:
    assert outbox.send(10, FakeStream().add) == 0
    assert spans.get_finished_spans() == ()


def test_a_leak_of_all_connections_fails_callers_within_a_second_until_it_ends(
    database: Database, orders: DatabaseOrders, metrics: Metrics
) -> None:
    def value(name: str, labels: dict[str, str] | None = None) -> float | None:
        return metrics.registry.get_sample_value(f"db_client_connection_{name}", labels or {})

    def until(name: str, wanted: float, labels: dict[str, str] | None = None) -> None:
        deadline = time.monotonic() + 15
        while value(name, labels) != wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        assert value(name, labels) == wanted

    assert value("max") == 8
    leak = database.leak(8)
    until("count", 8, {"state": "used"})
    until("count", 0, {"state": "idle"})
    failures: list[float] = []

    def ask() -> None:
        started = time.monotonic()
        try:
            orders.products()
        except Unavailable:
            failures.append(time.monotonic() - started)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    until("pending_requests", 5)
    for thread in threads:
        thread.join()
    assert len(failures) == 5
    # One second, and what a busy machine adds; less than web-gateway waits for.
    assert all(0.9 < seconds < 2 for seconds in failures)
    assert (value("timeouts_total"), value("pending_requests")) == (5, 0)
    leak.end()
    assert orders.products()
    assert value("count", {"state": "used"}) == 0


def test_a_leak_that_ends_while_it_still_takes_keeps_nothing(
    database: Database, orders: DatabaseOrders, metrics: Metrics
) -> None:
    for _ in range(5):
        database.leak(8).end()

    def used() -> float | None:
        return metrics.registry.get_sample_value("db_client_connection_count", {"state": "used"})

    deadline = time.monotonic() + 10
    while used() != 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert used() == 0
    assert orders.products()
