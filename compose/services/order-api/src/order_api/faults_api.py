"""The fault API: HTTP on a port of its own, which nginx never forwards to.

It must work when the service itself is slow or failing, so it shares nothing with the gRPC
server but the state of the faults.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from order_api.faults import CAPS, KINDS, Crash, FaultState
from order_api.http import Handler, Listener
from order_api.logs import SERVICE
from order_api.settings import SettingsError, read_secret

log = logging.getLogger(__name__)

_MAX_BODY_BYTES = 4096
# What a fault holds is given back this much later than it was meant to end, at most.
_SWEEP_S = 0.25

Model = TypeVar("Model", bound=BaseModel)


class Refused(Exception):
    def __init__(self, status: HTTPStatus, error: str, hint: str, allow: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.hint = hint
        self.allow = allow


def die() -> None:
    # Not sys.exit: a crash runs no handler and closes nothing, which is what is to be learnt.
    os._exit(1)


class FaultServer:
    def __init__(
        self,
        port: int,
        token_file: Path,
        state: FaultState,
        pool_size: int,
        crash: Callable[[], None] = die,
        host: str = "0.0.0.0",
    ) -> None:
        self.state = state
        self._caps = {**CAPS, "connections": pool_size}
        self._token_file = token_file
        self._crash = crash
        self._armed: threading.Timer | None = None
        self._stopped = threading.Event()
        self._http = _FaultListener((host, port), self)
        self.port = self._http.server_port

    def start(self) -> None:
        for name, target in (("faults-http", self._http.serve_forever), ("faults", self._sweep)):
            threading.Thread(target=target, name=name, daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()

    def authorized(self, header: str | None) -> bool:
        try:
            # Read each time: the file may be replaced while the process runs. Without a token
            # nobody gets in.
            expected = f"Bearer {read_secret(self._token_file)}"
        except SettingsError as error:
            log.warning("fault API has no token", extra={"error": str(error)})
            return False
        return hmac.compare_digest((header or "").encode(), expected.encode())

    def handle(self, method: str, path: str, body: bytes) -> dict[str, object]:
        match method, path.strip("/").split("/"):
            case "GET", ["faults"]:
                pass
            case "POST", ["faults", "reset"]:
                self._disarm()
                _log_end("fault removed", self.state.reset())
            case "PUT", ["faults", kind] if kind in KINDS:
                fault = _parse(KINDS[kind], body, self._caps)
                self.state.put(fault)
                log.warning("fault injected", extra={"fault_kind": kind, **fault.model_dump()})
            case "DELETE", ["faults", kind] if kind in KINDS:
                _log_end("fault removed", self.state.clear(kind))
            case _, ["faults"]:
                raise _wrong_method("GET")
            case _, ["faults", "reset" | "crash"]:
                raise _wrong_method("POST")
            case _, ["faults", kind] if kind in KINDS:
                raise _wrong_method("PUT, DELETE")
            case _:
                raise Refused(
                    HTTPStatus.NOT_FOUND,
                    f"no such path: {path}",
                    f"faults of this service: {', '.join([*KINDS, 'crash'])}",
                )
        return {"service": SERVICE, "faults": self.state.snapshot(), "caps": self._caps}

    def arm_crash(self, body: bytes) -> Callable[[], None]:
        """Checks the request; what it returns is called once the answer is on its way."""
        after_ms = _parse(Crash, body or b"{}", self._caps).after_ms

        def arm() -> None:
            self._disarm()
            log.warning("fault injected", extra={"fault_kind": "crash", "after_ms": after_ms})
            self._armed = threading.Timer(after_ms / 1000, self._crash)
            self._armed.daemon = True
            self._armed.start()

        return arm

    def _disarm(self) -> None:
        if self._armed:
            self._armed.cancel()

    def _sweep(self) -> None:
        while not self._stopped.wait(_SWEEP_S):
            _log_end("fault expired", self.state.sweep())


class _FaultListener(Listener):
    def __init__(self, address: tuple[str, int], api: FaultServer) -> None:
        super().__init__(address, _FaultHandler)
        self.api = api


class _FaultHandler(Handler):
    server: _FaultListener

    def answer(self) -> None:
        api = self.server.api
        then: Callable[[], None] | None = None
        try:
            if not api.authorized(self.headers.get("Authorization")):
                raise Refused(
                    HTTPStatus.UNAUTHORIZED,
                    "a valid token is required",
                    "send the header Authorization: Bearer TOKEN",
                )
            path = self.path.partition("?")[0]
            if (self.command, path) == ("POST", "/faults/crash"):
                then = api.arm_crash(self._body())
                self._send_json(HTTPStatus.ACCEPTED, {"service": SERVICE, "crash": "accepted"})
            else:
                self._send_json(HTTPStatus.OK, api.handle(self.command, path, self._body()))
        except Refused as refused:
            headers = {"Allow": refused.allow} if refused.allow else {}
            if refused.status is HTTPStatus.UNAUTHORIZED:
                headers["WWW-Authenticate"] = "Bearer"
            self._send_json(refused.status, {"error": str(refused), "hint": refused.hint}, headers)
        if then:
            then()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = answer

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
            raise Refused(
                HTTPStatus.BAD_REQUEST,
                "the body's length is missing or too large",
                f"send Content-Length and at most {_MAX_BODY_BYTES} bytes",
            )
        return self.rfile.read(int(length))

    def _send_json(
        self, status: HTTPStatus, body: dict[str, object], headers: dict[str, str] | None = None
    ) -> None:
        self.send(status, "application/json", json.dumps(body).encode(), headers)


def _log_end(message: str, kinds: Iterable[str]) -> None:
    for kind in kinds:
        log.info(message, extra={"fault_kind": kind})


def _parse(model: type[Model], body: bytes, caps: Mapping[str, float]) -> Model:
    try:
        return model.model_validate_json(body, context=caps)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        keys = ", ".join(
            f"{name} (at most {caps[name]:g})" if name in caps else name
            for name in model.model_fields
        )
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            f"{where}: {first['msg']}" if where else str(first["msg"]),
            f"a JSON object with {keys}",
        ) from error


def _wrong_method(allow: str) -> Refused:
    return Refused(
        HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed here", f"allowed: {allow}", allow
    )
