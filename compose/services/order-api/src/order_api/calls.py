"""What happens around every call of OrderService: faults, deadline, status, metrics and log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import Any

import grpc
from opentelemetry.trace import Span, SpanKind, StatusCode

from order_api import tracing
from order_api.faults import FaultState
from order_api.metrics import Metrics
from order_api.orders import InvalidOrder, KeyReused, NotFound, Unavailable

log = logging.getLogger(__name__)

SERVICE = "obsbook.orders.v1.OrderService"
METHODS = ["CreateOrder", "GetOrder", "ListProducts"]

_CODES: dict[type[Exception], grpc.StatusCode] = {
    InvalidOrder: grpc.StatusCode.INVALID_ARGUMENT,
    NotFound: grpc.StatusCode.NOT_FOUND,
    KeyReused: grpc.StatusCode.ALREADY_EXISTS,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
}

# The caller's own mistakes are no trouble of this service.
_LEVELS = {
    grpc.StatusCode.UNAVAILABLE: logging.ERROR,
    grpc.StatusCode.INTERNAL: logging.ERROR,
    grpc.StatusCode.DEADLINE_EXCEEDED: logging.WARNING,
}

# What the semantic conventions count as failures of a server; all else is its caller's.
_SERVER_FAULTS = {
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}

_notes: ContextVar[dict[str, object]] = ContextVar("notes")

Handler = Callable[[Any, grpc.ServicerContext], Any]


class _Failed(Exception):
    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def note(**fields: object) -> None:
    """Adds fields to the log line of the call that is being handled."""
    _notes.get({}).update(fields)


class Calls(grpc.ServerInterceptor):
    def __init__(self, faults: FaultState, metrics: Metrics, stopping: threading.Event) -> None:
        self._faults = faults
        self._metrics = metrics
        self._stopping = stopping
        metrics.expect_methods(METHODS)

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler = continuation(handler_call_details)
        service, _, method = handler_call_details.method.lstrip("/").partition("/")
        # Health checks and reflection pass untouched: a fault in the shop's calls must not make
        # the container look unhealthy and be restarted.
        if service != SERVICE or handler is None or handler.unary_unary is None:
            return handler
        inner = handler.unary_unary
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._handle(method, inner, request, context),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _handle(
        self, method: str, inner: Handler, request: object, context: grpc.ServicerContext
    ) -> object:
        name = f"{SERVICE}/{method}"
        attributes = {"rpc.system.name": "grpc", "rpc.method": name}
        with (
            tracing.continued(_carrier(context)),
            tracing.span(name, SpanKind.SERVER, attributes) as span,
        ):
            response, failed = self._observe(method, inner, request, context, span)
        if failed:
            # Outside of the span: it ends the call by an exception of its own.
            context.abort(failed.code, str(failed))
        return response

    def _observe(
        self,
        method: str,
        inner: Handler,
        request: object,
        context: grpc.ServicerContext,
        span: Span,
    ) -> tuple[object, _Failed | None]:
        started = perf_counter()
        notes: dict[str, object] = {}
        _notes.set(notes)
        failed: _Failed | None = None
        response = None
        try:
            response = self._attempt(inner, request, context)
        except _Failed as error:
            failed = error
        seconds = perf_counter() - started
        code = failed.code if failed else grpc.StatusCode.OK
        self._metrics.rpc(method, code.name, seconds)
        _describe(span, code, failed, notes)
        fields = {
            "rpc_method": method,
            "status": code.name,
            "duration_ms": round(seconds * 1000, 1),
            **notes,
        }
        if failed:
            fields["error"] = str(failed)
        log.log(_LEVELS.get(code, logging.INFO), "rpc", extra=fields)
        return response, failed

    def _attempt(self, inner: Handler, request: object, context: grpc.ServicerContext) -> object:
        self._hold_up(context)
        if self._faults.should_fail():
            raise _Failed(grpc.StatusCode.UNAVAILABLE, "injected by the fault API")
        # Work that nobody waits for any more is not begun: it would only delay the rest.
        self._check_caller(context)
        try:
            response = inner(request, context)
        except tuple(_CODES) as error:
            code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
            raise _Failed(code, str(error)) from error
        except Exception as error:
            log.exception("unexpected failure")
            # Its text may tell strangers about the inside of the service.
            raise _Failed(grpc.StatusCode.INTERNAL, "internal error") from error
        self._check_caller(context)
        return response

    def _hold_up(self, context: grpc.ServicerContext) -> None:
        delay = self._faults.delay_s()
        if not delay:
            return
        # Beyond the caller's deadline it would only keep a thread busy.
        remaining = context.time_remaining()
        self._stopping.wait(delay if remaining is None else max(0.0, min(delay, remaining)))

    @staticmethod
    def _check_caller(context: grpc.ServicerContext) -> None:
        remaining = context.time_remaining()
        if remaining is not None and remaining <= 0:
            raise _Failed(grpc.StatusCode.DEADLINE_EXCEEDED, "the caller's deadline passed")
        if not context.is_active():
            raise _Failed(grpc.StatusCode.CANCELLED, "the caller gave up")


def _carrier(context: grpc.ServicerContext) -> dict[str, str]:
    # Binary metadata is somebody else's: what continues a trace is text.
    return {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}


def _describe(
    span: Span, code: grpc.StatusCode, failed: _Failed | None, notes: Mapping[str, object]
) -> None:
    span.set_attribute("rpc.response.status_code", code.name)
    if "order_id" in notes:
        span.set_attribute(tracing.ORDER_ID, str(notes["order_id"]))
    if failed is None:
        return
    span.set_attribute("error.type", code.name)
    if code in _SERVER_FAULTS:
        span.record_exception(failed.__cause__ or failed)
        span.set_status(StatusCode.ERROR, str(failed))
