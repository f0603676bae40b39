"""What the two small HTTP listeners of this process have in common."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

log = logging.getLogger(__name__)


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # By default a stack trace on standard error, for as little as a client that hung up.
        log.debug("HTTP connection failed", extra={"client": client_address[0]})


class Handler(BaseHTTPRequestHandler):
    # Prometheus comes every second: without keep-alive that is a connection and a thread each.
    protocol_version = "HTTP/1.1"
    # A client that connects and says nothing must not keep its thread for ever.
    timeout = 30
    # Head and body in one write, so that a client may hang up once it has read the status.
    wbufsize = -1

    def send(
        self, status: int, content_type: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_args: object) -> None:
        """What matters is logged as JSON where it happens; scrapes and checks do not matter."""
