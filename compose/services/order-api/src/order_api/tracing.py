"""Traces: what a span is given here, and where spans go.

The spans are made by hand in the few places where calls, statements and messages pass anyway:
that gives them the names of today's semantic conventions, which the ready-made instrumentation of
these libraries does not follow yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as contexts
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Link, Span, SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue

from order_api import __version__
from order_api.orders import CallerError

ORDER_ID = "shop.order.id"

# Asks for the provider at its first span: this module is imported before there is one.
tracer = trace.get_tracer("order_api")


def provider(service: str) -> TracerProvider:
    """Without an exporter: the ids alone are worth having, because log lines carry them."""
    return TracerProvider(
        sampler=ParentBased(ALWAYS_ON),
        resource=Resource.create(
            {
                "service.name": service,
                "service.namespace": "shop",
                "service.version": __version__,
                "deployment.environment.name": "sandbox",
            }
        ),
        # The process stops it by itself, in order and in time.
        shutdown_on_exit=False,
    )


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, AttributeValue] | None = None,
    links: Iterable[Link] = (),
) -> Iterator[Span]:
    """A span that an exception marks as failed, unless the caller is to blame for it."""
    with tracer.start_as_current_span(
        name,
        kind=kind,
        attributes=attributes,
        links=list(links),
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except CallerError:
            raise
        except Exception as error:
            fail(current, error)
            raise


def fail(failed: Span, error: Exception) -> None:
    failed.record_exception(error)
    failed.set_attribute("error.type", error_type(error))
    failed.set_status(StatusCode.ERROR, str(error).partition("\n")[0])


def error_type(error: Exception) -> str:
    """The database's own code where there is one, because it says more than a class does."""
    return getattr(error, "sqlstate", None) or type(error).__name__


def is_active() -> bool:
    return trace.get_current_span().get_span_context().is_valid


def ids() -> dict[str, str]:
    """Of the span that is active, if any: the join between a metric or a log line and a trace."""
    current = trace.get_current_span().get_span_context()
    if not current.is_valid:
        return {}
    return {
        "trace_id": trace.format_trace_id(current.trace_id),
        "span_id": trace.format_span_id(current.span_id),
    }


@contextmanager
def continued(carrier: Mapping[str, str]) -> Iterator[None]:
    """Makes what arrived with a request the context of what is done for it."""
    token = contexts.attach(propagate.extract(carrier))
    try:
        yield
    finally:
        contexts.detach(token)


def remote(traceparent: str) -> Context:
    # From an empty context: whatever is active here has nothing to do with that trace.
    return propagate.extract({"traceparent": traceparent}, Context())


def link(traceparent: str) -> list[Link]:
    there = trace.get_current_span(remote(traceparent)).get_span_context()
    return [Link(there)] if there.is_valid else []


def traceparent(of: Span | None = None) -> str:
    """The W3C header of a span, empty without one; for where a trace goes on in another process."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier, trace.set_span_in_context(of) if of else None)
    return carrier.get("traceparent", "")
