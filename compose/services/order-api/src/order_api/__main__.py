"""Starts the service, and stops it in order."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from functools import partial

from opentelemetry import trace
from prometheus_client import disable_created_metrics

from order_api import logs, span_export, stream, tracing
from order_api.cache import RedisCache
from order_api.calls import Calls
from order_api.catalogue import Catalogue
from order_api.database import Database
from order_api.datastore import Datastore
from order_api.faults import KINDS, FaultState
from order_api.faults_api import FaultServer
from order_api.metrics import Metrics
from order_api.orders_db import DatabaseOrders
from order_api.outbox import Relay
from order_api.outbox_db import DatabaseOutbox
from order_api.server import Server
from order_api.service import OrderService
from order_api.settings import Settings, SettingsError
from order_api.telemetry_http import TelemetryServer

log = logging.getLogger("order_api")

_STREAM_TIMEOUT_S = 2.0

# Shorter than the stream's: a cache that is slower than the table it spares is worth nothing.
_CACHE_TIMEOUT_S = 0.25


def serve(settings: Settings) -> None:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())

    # They would double the number of series and no query here uses them.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    metrics = Metrics()
    provider = tracing.provider(logs.SERVICE)
    if settings.otlp_endpoint:
        exporter = span_export.otlp(settings.otlp_endpoint, metrics)
        provider.add_span_processor(span_export.batches(exporter, metrics))
    trace.set_tracer_provider(provider)

    database = Database(settings, metrics)
    faults = FaultState(leak=lambda connections: database.leak(connections).end)
    for kind in KINDS:
        metrics.fault_active.labels(kind).set_function(partial(faults.is_active, kind))
    orders = DatabaseOrders(database)
    # Redis has numbered databases, and this is the one that a client gets who asks for none.
    datastore = Datastore("redis", "0", settings.redis_address, metrics)
    cache = RedisCache(stream.connect(settings, _CACHE_TIMEOUT_S), datastore)
    relay = Relay(
        DatabaseOutbox(database),
        stream.RedisStream(stream.connect(settings, _STREAM_TIMEOUT_S), datastore),
        # Called once the schema is there: from then on calls can succeed.
        ready=lambda: server.set_serving(True),
    )
    service = OrderService(
        orders, Catalogue(cache, orders.products, metrics), metrics, committed=relay.wake
    )
    server = Server(service, Calls(faults, metrics, stopping), settings.grpc_port)
    telemetry = TelemetryServer(settings.metrics_port, metrics.registry, settings.grpc_port)
    faults_api = FaultServer(
        settings.faults_port, settings.fault_token_file, faults, settings.pool_size
    )

    database.open()
    server.start()
    telemetry.start()
    faults_api.start()
    relay.start()
    log.info("serving", extra={"grpc_port": server.port})

    stopping.wait()
    log.info("stopping")
    # From the outside in: no new calls, then what the calls used.
    server.stop()
    relay.stop()
    database.close()
    span_export.flush(provider)
    faults_api.stop()
    telemetry.stop()
    log.info("stopped")


def main() -> int:
    try:
        settings = Settings.from_env()
        logs.set_up(settings.log_level)
        serve(settings)
    except SettingsError as error:
        logs.set_up("info")
        log.error("cannot start", extra={"error": str(error)})  # noqa: TRY400 - no bug, no trace
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
