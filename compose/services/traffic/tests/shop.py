"""A shop on loopback that can be slow, silent or closed."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Shop:
    """Records what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, str, dict[str, str], Any]] = []
        self.delay_s = 0.0
        self.status: int | None = None
        self.body: bytes | None = None
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                shop._answer(self)

            do_POST = do_GET

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.host = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        body = json.loads(handler.rfile.read(length)) if length else None
        self.asked.append(
            (time.monotonic(), handler.command, handler.path, dict(handler.headers), body)
        )
        time.sleep(self.delay_s)
        status, answer = self._find(handler.command, handler.path)
        data = self.body if self.body is not None else json.dumps(answer).encode()
        handler.send_response(self.status or status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    @staticmethod
    def _find(method: str, path: str) -> tuple[int, dict[str, Any]]:
        if method == "POST":
            return 201, {"id": "7", "status": "pending"}
        if path == "/api/products":
            return 200, {"products": [{"sku": sku, "name": sku} for sku in ("A", "B", "C")]}
        return 200, {"id": path.rpartition("/")[2], "status": "fulfilled"}
