"""OrderService as the contract has it: translates between messages and orders, nothing more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import grpc
import orders_pb2 as pb
import orders_pb2_grpc
from google.protobuf.timestamp_pb2 import Timestamp

from order_api.calls import note
from order_api.catalogue import Catalogue
from order_api.metrics import Metrics
from order_api.orders import InvalidOrder, Line, NewOrder, Order, Orders

log = logging.getLogger(__name__)

_STATUS = {
    "pending": pb.ORDER_STATUS_PENDING,
    "fulfilled": pb.ORDER_STATUS_FULFILLED,
}


class OrderService(orders_pb2_grpc.OrderServiceServicer):
    def __init__(
        self,
        orders: Orders,
        catalogue: Catalogue,
        metrics: Metrics,
        committed: Callable[[], None],
    ) -> None:
        self._orders = orders
        self._catalogue = catalogue
        self._metrics = metrics
        self._committed = committed

    def CreateOrder(
        self, request: pb.CreateOrderRequest, context: grpc.ServicerContext
    ) -> pb.CreateOrderResponse:
        new = NewOrder(
            idempotency_key=request.idempotency_key,
            lines=tuple(Line(item.sku, item.quantity) for item in request.items),
            customer=request.customer,
        )
        order, replayed = self._orders.create(new)
        note(order_id=str(order.id), replayed=replayed)
        if not replayed:
            self._metrics.orders_created.inc()
            # Besides the line of the call: what happened to an order is told by one line each, in
            # this service and in fulfillment-worker.
            log.info(
                "order created",
                extra={"order_id": str(order.id), "total_cents": order.total_cents},
            )
            self._committed()
        return pb.CreateOrderResponse(order=_message(order), replayed=replayed)

    def GetOrder(
        self, request: pb.GetOrderRequest, context: grpc.ServicerContext
    ) -> pb.GetOrderResponse:
        note(order_id=request.id[:36])
        try:
            order_id = UUID(request.id)
        except ValueError as error:
            raise InvalidOrder("id is not a UUID") from error
        return pb.GetOrderResponse(order=_message(self._orders.get(order_id)))

    def ListProducts(
        self, request: pb.ListProductsRequest, context: grpc.ServicerContext
    ) -> pb.ListProductsResponse:
        return pb.ListProductsResponse(
            products=[
                pb.Product(sku=item.sku, name=item.name, price_cents=item.price_cents)
                for item in self._catalogue.products()
            ]
        )


def _message(order: Order) -> pb.Order:
    return pb.Order(
        id=str(order.id),
        status=_STATUS[order.status],
        items=[
            pb.OrderLine(
                sku=line.sku, quantity=line.quantity, unit_price_cents=line.unit_price_cents
            )
            for line in order.lines
        ],
        total_cents=order.total_cents,
        customer=order.customer,
        created_at=_timestamp(order.created_at),
        fulfilled_at=_timestamp(order.fulfilled_at) if order.fulfilled_at else None,
    )


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
