"""/metrics for Prometheus and /healthz for the container's health check, on one port."""

from __future__ import annotations

import threading

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from order_api.http import Handler, Listener

_HEALTH_TIMEOUT_S = 1.0


class TelemetryServer:
    def __init__(
        self, port: int, registry: CollectorRegistry, grpc_port: int, host: str = "0.0.0.0"
    ) -> None:
        # The health check asks the gRPC server as a client does, over a connection that is kept:
        # a server whose listener or threads are stuck must not be reported as healthy.
        self._channel = grpc.insecure_channel(f"127.0.0.1:{grpc_port}")
        self._health = health_pb2_grpc.HealthStub(self._channel)
        self._http = _TelemetryListener((host, port), registry, self)
        self.port = self._http.server_port

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, name="telemetry", daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._channel.close()

    def is_serving(self) -> bool:
        try:
            # The published types of the stub leave its methods out.
            answer = self._health.Check(  # type: ignore[attr-defined]
                health_pb2.HealthCheckRequest(), timeout=_HEALTH_TIMEOUT_S, wait_for_ready=True
            )
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


class _TelemetryListener(Listener):
    def __init__(
        self, address: tuple[str, int], registry: CollectorRegistry, telemetry: TelemetryServer
    ) -> None:
        super().__init__(address, _TelemetryHandler)
        self.registry = registry
        self.telemetry = telemetry


class _TelemetryHandler(Handler):
    server: _TelemetryListener

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/metrics":
                encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                self.send(200, content_type, encode(self.server.registry))
            case "/healthz" if self.server.telemetry.is_serving():
                self.send(200, "application/json", b'{"status":"ok"}')
            case "/healthz":
                self.send(503, "application/json", b'{"status":"not serving"}')
            case _:
                self.send(404, "application/json", b'{"error":"no such path"}')
