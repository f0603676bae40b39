"""The gRPC server: OrderService, health and reflection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
import orders_pb2
import orders_pb2_grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from order_api.calls import SERVICE, Calls
from order_api.service import OrderService

# Threads are made when first needed. Enough for the sandbox's traffic with every call held up
# until its deadline; beyond that calls wait for a thread, and beyond the limit they are refused,
# because a queue without an end turns an overload into an outage.
_THREADS = 64
_MAX_CALLS = 128

# Time that calls in flight get when the process is asked to stop.
_GRACE_S = 2.0


class Server:
    def __init__(self, service: OrderService, calls: Calls, port: int, host: str = "0.0.0.0"):
        self._grpc = grpc.server(
            ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="rpc"),
            interceptors=[calls],
            maximum_concurrent_rpcs=_MAX_CALLS,
            # A second process on the port is a mistake and not a way to share the load.
            options=[("grpc.so_reuseport", 0)],
        )
        orders_pb2_grpc.add_OrderServiceServicer_to_server(service, self._grpc)
        self._health = health.HealthServicer(
            experimental_non_blocking=True,
            experimental_thread_pool=ThreadPoolExecutor(1, thread_name_prefix="health"),
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        # Lets grpcurl and the like list and call methods without the .proto file.
        reflection.enable_server_reflection(
            [
                orders_pb2.DESCRIPTOR.services_by_name["OrderService"].full_name,
                health.SERVICE_NAME,
                reflection.SERVICE_NAME,
            ],
            self._grpc,
        )
        self.set_serving(False)
        self.port = self._grpc.add_insecure_port(f"{host}:{port}")

    def start(self) -> None:
        self._grpc.start()

    def set_serving(self, serving: bool) -> None:
        states = health_pb2.HealthCheckResponse
        for name in ("", SERVICE):
            self._health.set(name, states.SERVING if serving else states.NOT_SERVING)

    def stop(self) -> None:
        self._health.enter_graceful_shutdown()
        self._grpc.stop(_GRACE_S).wait()
