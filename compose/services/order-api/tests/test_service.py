"""OrderService as a client sees it: a real gRPC server, with orders kept in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import grpc
import orders_pb2 as pb
import orders_pb2_grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import CollectorRegistry

from order_api.calls import SERVICE, Calls
from order_api.catalogue import Catalogue
from order_api.faults import Error, FaultState, Latency
from order_api.metrics import Metrics
from order_api.orders import Unavailable
from order_api.server import Server
from order_api.service import OrderService
from tests.fakes import NOON, PRODUCTS, FakeOrders
from tests.test_catalogue import FakeCache


class Shop:
    def __init__(self) -> None:
        self.orders = FakeOrders()
        self.faults = FaultState()
        self.metrics = Metrics(CollectorRegistry())
        self.stopping = threading.Event()
        self.commits = 0
        catalogue = Catalogue(FakeCache(), self.orders.products, self.metrics)
        service = OrderService(self.orders, catalogue, self.metrics, self._committed)
        calls = Calls(self.faults, self.metrics, self.stopping)
        self.server = Server(service, calls, 0, host="127.0.0.1")
        self.server.start()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.server.port}")
        self.stub = orders_pb2_grpc.OrderServiceStub(self.channel)

    def _committed(self) -> None:
        self.commits += 1

    def stop(self) -> None:
        self.stopping.set()
        self.channel.close()
        self.server.stop()

    def health(self, service: str = "") -> int:
        stub = health_pb2_grpc.HealthStub(self.channel)
        request = health_pb2.HealthCheckRequest(service=service)
        return int(stub.Check(request, timeout=1).status)  # type: ignore[attr-defined]

    def calls(self, method: str, code: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "rpc_server_call_duration_seconds_count",
            {"rpc_method": method, "rpc_response_status_code": code},
        )


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.stop()


def order(key: str = "key", sku: str = "BELL-1", quantity: int = 2) -> pb.CreateOrderRequest:
    return pb.CreateOrderRequest(
        idempotency_key=key, items=[pb.OrderLine(sku=sku, quantity=quantity)], customer="Ada"
    )


def test_an_order_is_priced_and_pending(shop: Shop) -> None:
    answer = shop.stub.CreateOrder(order(), timeout=2)
    assert not answer.replayed
    assert answer.order.status == pb.ORDER_STATUS_PENDING
    assert answer.order.total_cents == 1700
    assert answer.order.items[0].unit_price_cents == 850
    assert answer.order.created_at.ToSeconds() == NOON.timestamp()
    assert not answer.order.HasField("fulfilled_at")
    assert shop.stub.GetOrder(pb.GetOrderRequest(id=answer.order.id), timeout=2).order == (
        answer.order
    )


def test_a_fulfilled_order_says_when(shop: Shop) -> None:
    created = shop.stub.CreateOrder(order(), timeout=2).order
    fingerprint, stored = shop.orders.by_key["key"]
    fulfilled = replace(stored, status="fulfilled", fulfilled_at=NOON)
    shop.orders.by_key["key"] = (fingerprint, fulfilled)
    answer = shop.stub.GetOrder(pb.GetOrderRequest(id=created.id), timeout=2)
    assert answer.order.status == pb.ORDER_STATUS_FULFILLED
    assert answer.order.fulfilled_at.ToSeconds() == NOON.timestamp()


def test_a_repeated_key_makes_one_order(shop: Shop) -> None:
    first, second = (shop.stub.CreateOrder(order(), timeout=2) for _ in range(2))
    assert (first.replayed, second.replayed) == (False, True)
    assert first.order == second.order
    assert shop.commits == 1
    assert shop.metrics.registry.get_sample_value("orders_created_total") == 1


def test_the_catalogue_is_listed(shop: Shop) -> None:
    for _ in range(2):
        answer = shop.stub.ListProducts(pb.ListProductsRequest(), timeout=2)
        assert [(x.sku, x.price_cents) for x in answer.products] == [
            (x.sku, x.price_cents) for x in PRODUCTS
        ]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order(key=""), "INVALID_ARGUMENT"),
        (order(key="k" * 129), "INVALID_ARGUMENT"),
        (order(quantity=0), "INVALID_ARGUMENT"),
        (order(quantity=101), "INVALID_ARGUMENT"),
        (order(sku=""), "INVALID_ARGUMENT"),
        (order(sku="BELL\0"), "INVALID_ARGUMENT"),
        (pb.CreateOrderRequest(idempotency_key="k"), "INVALID_ARGUMENT"),
        (
            pb.CreateOrderRequest(
                idempotency_key="k", items=[pb.OrderLine(sku="BELL-1", quantity=1)] * 21
            ),
            "INVALID_ARGUMENT",
        ),
        (
            pb.CreateOrderRequest(idempotency_key="k", items=order().items, customer="x" * 101),
            "INVALID_ARGUMENT",
        ),
        (order(sku="NOPE"), "NOT_FOUND"),
        (order(key="known", quantity=3), "ALREADY_EXISTS"),
    ],
)
def test_an_order_that_cannot_be_taken(
    shop: Shop, request_: pb.CreateOrderRequest, code: str
) -> None:
    shop.stub.CreateOrder(order(key="known"), timeout=2)
    with pytest.raises(grpc.RpcError) as error:
        shop.stub.CreateOrder(request_, timeout=2)
    assert error.value.code().name == code
    assert error.value.details()
    assert shop.calls("CreateOrder", code) == 1
    assert shop.commits == 1


@pytest.mark.parametrize(
    ("order_id", "code"),
    [
        ("", "INVALID_ARGUMENT"),
        ("7", "INVALID_ARGUMENT"),
        ("00000000-0000-4000-8000-000000000000", "NOT_FOUND"),
    ],
)
def test_an_order_that_is_not_there(shop: Shop, order_id: str, code: str) -> None:
    with pytest.raises(grpc.RpcError) as error:
        shop.stub.GetOrder(pb.GetOrderRequest(id=order_id), timeout=2)
    assert error.value.code().name == code


@pytest.mark.parametrize(
    ("failure", "code", "details"),
    [
        (Unavailable("PostgreSQL: away"), "UNAVAILABLE", "PostgreSQL: away"),
        (RuntimeError("a secret"), "INTERNAL", "internal error"),
    ],
)
def test_trouble_inside_is_told_as_a_status(
    shop: Shop, failure: Exception, code: str, details: str
) -> None:
    shop.orders.failure = failure
    with pytest.raises(grpc.RpcError) as error:
        shop.stub.CreateOrder(order(), timeout=2)
    assert (error.value.code().name, error.value.details()) == (code, details)


def test_latency_delays_calls_and_not_health(shop: Shop) -> None:
    shop.faults.put(Latency(by_ms=1000))
    started = time.monotonic()
    shop.health()
    assert time.monotonic() - started < 1
    started = time.monotonic()
    shop.stub.ListProducts(pb.ListProductsRequest(), timeout=5)
    assert time.monotonic() - started >= 1


def test_latency_beyond_the_deadline_begins_no_work(shop: Shop) -> None:
    shop.faults.put(Latency(by_ms=10_000))
    with pytest.raises(grpc.RpcError) as error:
        shop.stub.CreateOrder(order(), timeout=0.2)
    assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    deadline = time.monotonic() + 2
    while not shop.calls("CreateOrder", "DEADLINE_EXCEEDED") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert shop.calls("CreateOrder", "DEADLINE_EXCEEDED") == 1
    assert shop.orders.by_key == {}


def test_error_fails_calls_and_not_health(shop: Shop) -> None:
    shop.server.set_serving(True)
    shop.faults.put(Error())
    with pytest.raises(grpc.RpcError) as error:
        shop.stub.CreateOrder(order(), timeout=2)
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE
    assert shop.orders.by_key == {}
    assert shop.health() == health_pb2.HealthCheckResponse.SERVING
    shop.faults.reset()
    shop.stub.CreateOrder(order(), timeout=2)


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_is_not_serving_until_told_so(shop: Shop, service: str) -> None:
    states = health_pb2.HealthCheckResponse
    assert shop.health(service) == states.NOT_SERVING
    shop.server.set_serving(True)
    assert shop.health(service) == states.SERVING


def test_reflection_names_the_service(shop: Shop) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(shop.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    [answer] = stub.ServerReflectionInfo(iter([request]), timeout=2)  # type: ignore[operator]
    names = {service.name for service in answer.list_services_response.service}
    assert {SERVICE, "grpc.health.v1.Health"} <= names


def test_stopping_ends_calls_that_are_held_up(shop: Shop) -> None:
    shop.faults.put(Latency(by_ms=10_000))
    held = shop.stub.ListProducts.future(pb.ListProductsRequest(), timeout=20)
    time.sleep(0.2)
    started = time.monotonic()
    shop.stopping.set()
    shop.server.stop()
    assert time.monotonic() - started < 3
    assert held.result(timeout=1).products


@pytest.mark.parametrize("method", ["CreateOrder", "GetOrder", "ListProducts"])
@pytest.mark.parametrize("code", ["OK", "UNAVAILABLE", "DEADLINE_EXCEEDED"])
def test_expected_series_are_there_before_the_first_call(
    shop: Shop, method: str, code: str
) -> None:
    assert shop.calls(method, code) == 0


def test_one_log_line_a_call_one_an_order_and_none_for_health(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="order_api")
    shop.health()
    created = shop.stub.CreateOrder(order(), timeout=2).order
    order_line, call_line = caplog.records
    assert order_line.message == "order created"
    assert vars(order_line)["order_id"] == created.id
    fields = vars(call_line)
    assert fields["rpc_method"] == "CreateOrder"
    assert fields["status"] == "OK"
    assert fields["order_id"] == created.id
    assert fields["duration_ms"] >= 0


def test_a_replay_is_no_order_created(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="order_api")
    for _ in range(2):
        shop.stub.CreateOrder(order(), timeout=2)
    assert [record.message for record in caplog.records].count("order created") == 1
