"""Sends spans to a collector, and takes its absence lightly.

Traces are worth less than the requests that they tell of: nothing here holds up a request, grows
without a bound or is tried for ever. What is lost that way is counted.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from order_api.metrics import Metrics

log = logging.getLogger(__name__)

_QUEUE = 2048
_BATCH = 512
_DELAY_MS = 500

# For one batch in all. It leaves room for a single retry, after about a second.
_TIMEOUT_S = 2.0
_FLUSH_S = 2.0
_KNOCK_S = 0.5

_CONNECTION_ERROR = "connection_error"


class CollectorSession(requests.Session):
    """Remembers why the last request failed, which the exporter tells only to its log."""

    def __init__(self) -> None:
        super().__init__()
        # Neither a proxy nor a password of the environment is meant for the collector next door.
        self.trust_env = False
        self.error_type = ""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            response = super().request(*args, **kwargs)
        except requests.RequestException as error:
            self.error_type = (
                "timeout" if isinstance(error, requests.Timeout) else _CONNECTION_ERROR
            )
            raise
        self.error_type = "" if response.ok else str(response.status_code)
        return response


class WatchedExporter(SpanExporter):
    """Counts what another exporter delivers and loses, and logs when that changes."""

    def __init__(
        self,
        inner: SpanExporter,
        metrics: Metrics,
        reason: Callable[[], str] = lambda: "",
        is_there: Callable[[], bool] = lambda: True,
    ) -> None:
        self._inner = inner
        self._metrics = metrics
        self._reason = reason
        self._is_there = is_there
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        # Encoding spans costs as much as making them. In a profile without a collector it would be
        # done for nobody, twice a second.
        if self._failing and not self._is_there():
            result, error = SpanExportResult.FAILURE, _CONNECTION_ERROR
        else:
            result = self._inner.export(spans)
            error = "" if result is SpanExportResult.SUCCESS else self._reason() or "other"
        self._metrics.spans_exported.labels(error).inc(len(spans))
        if error and not self._failing:
            log.warning("trace export failing", extra={"error": error})
        elif self._failing and not error:
            log.info("trace export works")
        self._failing = bool(error)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


class _Drops:
    """Takes the place of the SDK's own metrics, for which a second metrics library were needed."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def register_queue_size(self, get_queue_size: Callable[[], int]) -> None:
        pass

    def finish_items(self, count: int) -> None:
        pass

    def drop_items(self, count: int, error_type: str = "queue_full") -> None:  # noqa: ARG002
        self._metrics.spans_dropped.inc(count)


def batches(exporter: SpanExporter, metrics: Metrics) -> BatchSpanProcessor:
    processor = BatchSpanProcessor(
        exporter,
        max_queue_size=_QUEUE,
        schedule_delay_millis=_DELAY_MS,
        max_export_batch_size=_BATCH,
    )
    processor._batch_processor._metrics = _Drops(metrics)
    return processor


def otlp(endpoint: str, metrics: Metrics) -> WatchedExporter:
    # Its reports come with every batch; those of this module come with every change.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    session = CollectorSession()
    exporter = OTLPSpanExporter(
        f"{endpoint.rstrip('/')}/v1/traces", timeout=_TIMEOUT_S, session=session
    )
    url = urlsplit(endpoint)
    address = (url.hostname or "", url.port or 80)
    return WatchedExporter(
        exporter, metrics, lambda: session.error_type, lambda: _is_listening(address)
    )


def _is_listening(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, _KNOCK_S).close()
    except OSError:
        return False
    return True


def flush(provider: TracerProvider) -> None:
    """Ends the export, with what is still queued if that can be done in time."""
    # In a thread that may be left behind: the SDK itself would wait for half a minute.
    last = threading.Thread(target=provider.shutdown, name="flush", daemon=True)
    last.start()
    last.join(_FLUSH_S)
