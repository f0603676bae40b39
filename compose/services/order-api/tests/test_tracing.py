"""The spans of a call, and the way of a trace through the outbox and the stream."""

from __future__ import annotations

import json
import logging
from typing import cast
from uuid import uuid4

import grpc
import orders_pb2 as pb
import pytest
import redis
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry

from order_api import __version__, tracing
from order_api.calls import SERVICE
from order_api.datastore import Datastore, statement
from order_api.logs import Formatter
from order_api.metrics import Metrics
from order_api.orders import NotFound, Unavailable
from order_api.settings import Address
from order_api.stream import Entry, RedisStream
from tests.fakes import NOON
from tests.test_service import Shop, order, shop
from tests.test_stream import FakePipeline, stream

__all__ = ["shop"]

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    [found] = [span for span in spans.get_finished_spans() if span.name == name]
    return found


def trace_id(span: ReadableSpan) -> str:
    assert span.context
    return f"{span.context.trace_id:032x}"


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_a_call_continues_the_trace_of_its_caller(shop: Shop, spans: InMemorySpanExporter) -> None:
    metadata = (("traceparent", TRACEPARENT),)
    created = shop.stub.CreateOrder(order(), timeout=2, metadata=metadata).order
    span = named(spans, f"{SERVICE}/CreateOrder")
    assert trace_id(span) == TRACE
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert span.kind is SpanKind.SERVER
    assert attributes(span) == {
        "rpc.system.name": "grpc",
        "rpc.method": f"{SERVICE}/CreateOrder",
        "rpc.response.status_code": "OK",
        "shop.order.id": created.id,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.resource.attributes["service.name"] == "order-api"
    assert span.resource.attributes["service.namespace"] == "shop"
    assert span.resource.attributes["service.version"] == __version__
    assert span.resource.attributes["deployment.environment.name"] == "sandbox"


def test_what_is_not_there_is_no_error_of_the_server(
    shop: Shop, spans: InMemorySpanExporter
) -> None:
    with pytest.raises(grpc.RpcError):
        shop.stub.GetOrder(pb.GetOrderRequest(id=str(uuid4())), timeout=2)
    span = named(spans, f"{SERVICE}/GetOrder")
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span)["error.type"] == "NOT_FOUND"
    assert span.events == ()


@pytest.mark.parametrize(
    ("failure", "code", "kind"),
    [
        (Unavailable("PostgreSQL: away"), "UNAVAILABLE", "Unavailable"),
        (RuntimeError("bug"), "INTERNAL", "RuntimeError"),
    ],
)
def test_trouble_inside_is_an_error_with_its_exception(
    shop: Shop, spans: InMemorySpanExporter, failure: Exception, code: str, kind: str
) -> None:
    shop.orders.failure = failure
    with pytest.raises(grpc.RpcError):
        shop.stub.CreateOrder(order(), timeout=2)
    span = named(spans, f"{SERVICE}/CreateOrder")
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == attributes(span)["rpc.response.status_code"] == code
    [event] = span.events
    assert str((event.attributes or {})["exception.type"]).endswith(kind)


def test_health_checks_leave_no_span(shop: Shop, spans: InMemorySpanExporter) -> None:
    shop.health()
    assert spans.get_finished_spans() == ()


def test_a_call_leaves_an_exemplar(shop: Shop) -> None:
    shop.stub.CreateOrder(order(), timeout=2, metadata=(("traceparent", TRACEPARENT),))
    exemplars = [
        sample.exemplar
        for metric in shop.metrics.registry.collect()
        if metric.name == "rpc_server_call_duration_seconds"
        for sample in metric.samples
        if sample.exemplar
    ]
    assert [exemplar.labels["trace_id"] for exemplar in exemplars] == [TRACE]
    assert len(exemplars[0].labels["span_id"]) == 16


def test_a_log_line_has_the_ids_of_the_active_span_and_of_no_other() -> None:
    def line() -> dict[str, object]:
        record = logging.LogRecord("t", logging.INFO, __file__, 1, "m", None, None)
        parsed: dict[str, object] = json.loads(Formatter().format(record))
        return parsed

    assert not {"trace_id", "span_id"} & set(line())
    with tracing.continued({"traceparent": TRACEPARENT}), tracing.span("work") as span:
        inside = line()
    assert inside["trace_id"] == TRACE
    assert inside["span_id"] == f"{span.get_span_context().span_id:016x}"
    assert list(inside)[:7] == ["time", "level", "service", "seq", "msg", "trace_id", "span_id"]


def test_the_trace_of_an_order_goes_on_in_its_message(spans: InMemorySpanExporter) -> None:
    pipeline = FakePipeline(["5-0", "6-0"])
    order_id = uuid4()
    stream(pipeline).add([Entry(order_id, NOON, traceparent=TRACEPARENT), Entry(uuid4(), NOON)])
    ours, other = spans.get_finished_spans()
    assert (ours.name, ours.kind) == ("send orders", SpanKind.PRODUCER)
    assert trace_id(ours) == TRACE
    assert ours.parent is not None
    assert f"{ours.parent.span_id:016x}" == "b7ad6b7169203331"
    assert attributes(ours) == {
        "messaging.system": "redis",
        "messaging.destination.name": "orders",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.message.id": "5-0",
        "shop.order.id": str(order_id),
    }
    assert other.parent is None
    assert ours.context
    fields = pipeline.commands[0][1]
    assert fields["traceparent"] == f"00-{TRACE}-{ours.context.span_id:016x}-01"


def test_a_message_that_was_not_sent_says_so(spans: InMemorySpanExporter) -> None:
    failing = stream(FakePipeline(redis.ConnectionError("refused")))
    with pytest.raises(Unavailable):
        failing.add([Entry(uuid4(), NOON, traceparent=TRACEPARENT)])
    span = named(spans, "send orders")
    assert span.status.status_code is StatusCode.ERROR
    assert len(span.events) == 1


def test_many_messages_are_one_command(spans: InMemorySpanExporter) -> None:
    with tracing.span("relay orders"):
        stream(FakePipeline(["1-0", "2-0"])).add([Entry(uuid4(), NOON) for _ in range(2)])
    span = named(spans, "XADD orders")
    assert span.kind is SpanKind.CLIENT
    assert attributes(span)["db.operation.batch.size"] == 2
    assert attributes(span)["db.system.name"] == "redis"


@pytest.mark.parametrize("traceparent", ["", "nonsense", f"00-{TRACE}-0000000000000000-01"])
def test_an_unreadable_traceparent_begins_a_new_trace(
    spans: InMemorySpanExporter, traceparent: str
) -> None:
    stream(FakePipeline(["1-0"])).add([Entry(uuid4(), NOON, traceparent=traceparent)])
    assert named(spans, "send orders").parent is None
    assert tracing.link(traceparent) == []


def test_a_link_names_the_other_trace() -> None:
    [link] = tracing.link(TRACEPARENT)
    assert f"{link.context.trace_id:032x}" == TRACE


@pytest.mark.parametrize(
    ("sql", "name", "table"),
    [
        ("SELECT a,\n   b FROM orders o JOIN order_items i ON true", "SELECT", "orders"),
        ("INSERT INTO order_items (a) SELECT * FROM unnest(%s)", "INSERT", "order_items"),
        ("UPDATE outbox SET a = b FROM unnest(%s) AS sent", "UPDATE", "outbox"),
        ("DELETE FROM outbox USING orders", "DELETE", "outbox"),
        ("SELECT 1", "SELECT", ""),
    ],
)
def test_a_statement_is_named_after_what_it_does_to_what(sql: str, name: str, table: str) -> None:
    operation = statement(sql)
    assert (operation.name, operation.target) == (name, table)
    assert operation.text == " ".join(sql.split())


@pytest.fixture
def datastore() -> Datastore:
    metrics = Metrics(CollectorRegistry())
    return Datastore("postgresql", "orders", Address("toxiproxy", 15432), metrics)


def test_an_operation_has_a_span_as_part_of_something(
    datastore: Datastore, spans: InMemorySpanExporter
) -> None:
    with datastore.operation(statement("SELECT 1")):
        pass
    assert spans.get_finished_spans() == ()
    with tracing.span("call"), datastore.operation(statement("SELECT a FROM orders WHERE b = %s")):
        pass
    span = named(spans, "SELECT orders")
    assert span.kind is SpanKind.CLIENT
    assert attributes(span) == {
        "db.system.name": "postgresql",
        "db.namespace": "orders",
        "db.operation.name": "SELECT",
        "db.collection.name": "orders",
        "db.query.text": "SELECT a FROM orders WHERE b = %s",
        "server.address": "toxiproxy",
        "server.port": 15432,
    }


def test_only_the_callers_own_mistake_is_no_failure_of_a_span(spans: InMemorySpanExporter) -> None:
    for name, error in (("theirs", NotFound("no such sku")), ("ours", ValueError("bug"))):
        with pytest.raises(type(error)), tracing.span(name):
            raise error
    assert named(spans, "theirs").status.status_code is StatusCode.UNSET
    assert named(spans, "ours").status.status_code is StatusCode.ERROR
    assert attributes(named(spans, "ours"))["error.type"] == "ValueError"


def test_a_stream_works_without_traces() -> None:
    client = cast(redis.Redis, FakePipeline([[]]))
    metrics = Metrics(CollectorRegistry())
    plain = RedisStream(client, Datastore("redis", "0", Address("redis", 6379), metrics))
    assert plain.present([Entry(uuid4(), NOON, "1-0")]) == [False]
