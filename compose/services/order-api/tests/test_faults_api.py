from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from order_api.faults import FaultState
from order_api.faults_api import FaultServer

TOKEN = "right"


class Api:
    def __init__(self, token_file: Path) -> None:
        self.state = FaultState()
        self.crashed = threading.Event()
        self.server = FaultServer(
            0, token_file, self.state, 8, crash=self.crashed.set, host="127.0.0.1"
        )
        self.server.start()

    def ask(
        self, method: str, path: str, body: str | None = None, authorization: str | None = "default"
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        headers = {}
        if authorization:
            headers["Authorization"] = (
                f"Bearer {TOKEN}" if authorization == "default" else authorization
            )
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, json.loads(data) if data else None


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets") / "fault-token"


# One for all tests, because a listener takes half a second to stop.
@pytest.fixture(scope="module")
def listening(token_file: Path) -> Iterator[Api]:
    api = Api(token_file)
    yield api
    api.server.stop()


@pytest.fixture
def api(listening: Api, token_file: Path) -> Api:
    token_file.write_text(f"{TOKEN}\n")
    listening.state.reset()
    listening.crashed.clear()
    return listening


def test_get_shows_state_and_caps(api: Api) -> None:
    assert api.ask("GET", "/faults") == (
        200,
        {
            "service": "order-api",
            "faults": [],
            "caps": {"by_ms": 10000, "ratio": 1.0, "mib": 64, "ttl_s": 1800, "connections": 8},
        },
    )


@pytest.mark.parametrize(
    ("path", "body", "entry"),
    [
        ("latency", {"by_ms": 800}, {"by_ms": 800, "ratio": 1.0, "ttl_s": 60}),
        (
            "latency",
            {"by_ms": 10000, "ratio": 0.5, "ttl_s": 1800},
            {"by_ms": 10000, "ratio": 0.5, "ttl_s": 1800},
        ),
        ("error", {}, {"ratio": 1.0, "ttl_s": 60}),
        ("error", {"ratio": 0.5, "ttl_s": 1.5}, {"ratio": 0.5, "ttl_s": 1.5}),
        ("memory", {"mib": 1}, {"mib": 1, "ttl_s": 60}),
        ("leak", {"connections": 8}, {"connections": 8, "ttl_s": 60}),
    ],
)
def test_put_injects_and_delete_removes(
    api: Api, path: str, body: dict[str, float], entry: dict[str, float]
) -> None:
    status, answer = api.ask("PUT", f"/faults/{path}", json.dumps(body))
    assert status == 200
    [shown] = answer["faults"]
    assert 0 < shown.pop("remaining_s") <= entry["ttl_s"]
    assert shown == {"kind": path, **entry}
    for _ in range(2):
        status, answer = api.ask("DELETE", f"/faults/{path}")
        assert (status, answer["faults"]) == (200, [])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("latency", ""),
        ("latency", "{}"),
        ("latency", "not json"),
        ("latency", "[]"),
        ("latency", "null"),
        ("latency", '{"by_ms": 10001}'),
        ("latency", '{"by_ms": 0}'),
        ("latency", '{"by_ms": -1}'),
        ("latency", '{"by_ms": "800"}'),
        ("latency", '{"by_ms": 800.5}'),
        ("latency", '{"by_ms": true}'),
        ("latency", '{"by_ms": null}'),
        ("latency", '{"by_ms": 800, "ratio": 1.1}'),
        ("latency", '{"by_ms": 800, "ratio": 0}'),
        ("latency", '{"by_ms": 800, "ratio": NaN}'),
        ("latency", '{"by_ms": 800, "ttl_s": 1801}'),
        ("latency", '{"by_ms": 800, "ttl_s": 0}'),
        ("latency", '{"by_ms": 800, "ttl_s": Infinity}'),
        ("latency", '{"by_ms": 800, "tll_s": 10}'),
        ("latency", '{"by_ms": 800, "kind": "error"}'),
        ("error", '{"ratio": "all"}'),
        ("error", '{"by_ms": 800}'),
        ("memory", "{}"),
        ("leak", "{}"),
        ("leak", '{"connections": 0}'),
        ("leak", '{"connections": 9}'),
        ("leak", '{"connections": 1.5}'),
        ("memory", '{"mib": 65}'),
        ("memory", '{"mib": 1e9}'),
        ("memory", '{"mib": 1, "note": "' + "x" * 5000 + '"}'),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(api: Api, path: str, body: str) -> None:
    status, answer = api.ask("PUT", f"/faults/{path}", body)
    assert status == 400
    assert answer["error"]
    assert answer["hint"]
    assert api.state.snapshot() == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/metrics", 404),
        ("PUT", "/faults/disk", 404),
        ("GET", "/faults/latency/more", 404),
        ("POST", "/faults", 405),
        ("GET", "/faults/latency", 405),
        ("POST", "/faults/latency", 405),
        ("GET", "/faults/reset", 405),
        ("GET", "/faults/crash", 405),
        ("DELETE", "/faults/crash", 405),
    ],
)
def test_wrong_paths_and_methods_are_told_apart(
    api: Api, method: str, path: str, status: int
) -> None:
    got, answer = api.ask(method, path)
    assert got == status
    assert set(answer) == {"error", "hint"}


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer wrong", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", "Bearer é"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/faults"),
        ("PUT", "/faults/latency"),
        ("POST", "/faults/crash"),
        ("GET", "/nothing"),
    ],
)
def test_every_path_needs_the_token(
    api: Api, method: str, path: str, authorization: str | None
) -> None:
    status, answer = api.ask(method, path, '{"by_ms": 1}', authorization)
    assert status == 401
    assert set(answer) == {"error", "hint"}
    assert api.state.snapshot() == []
    assert not api.crashed.is_set()


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_without_a_token_nobody_gets_in(api: Api, token_file: Path, content: str | None) -> None:
    token_file.unlink()
    if content is not None:
        token_file.write_text(content)
    assert api.ask("GET", "/faults", authorization="Bearer ")[0] == 401


@pytest.mark.parametrize("body", [None, '{"after_ms": 0}', '{"after_ms": 20}'])
def test_crash_follows_its_answer(api: Api, body: str | None) -> None:
    status, _ = api.ask("POST", "/faults/crash", body)
    assert status == 202
    assert api.crashed.wait(10)


@pytest.mark.parametrize(
    "body", ['{"after_ms": -1}', '{"after_ms": 10001}', '{"after": 1}', '"now"', "x"]
)
def test_bad_crash_is_refused(api: Api, body: str) -> None:
    assert api.ask("POST", "/faults/crash", body)[0] == 400
    assert not api.crashed.wait(0.1)


def test_reset_disarms_a_crash_and_removes_all(api: Api) -> None:
    api.ask("PUT", "/faults/error", "{}")
    api.ask("POST", "/faults/crash", '{"after_ms": 1000}')
    status, answer = api.ask("POST", "/faults/reset")
    assert (status, answer["faults"]) == (200, [])
    assert not api.crashed.wait(1.2)


def test_each_change_of_a_fault_is_one_log_line(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="order_api")
    api.ask("PUT", "/faults/latency", '{"by_ms": 5, "ttl_s": 0.1}')
    deadline = time.monotonic() + 10
    while len(caplog.records) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    api.ask("PUT", "/faults/leak", '{"connections": 1}')
    for _ in range(2):
        api.ask("DELETE", "/faults/leak")
    api.ask("PUT", "/faults/error", "{}")
    api.ask("POST", "/faults/reset")
    lines = [
        (record.levelname, record.message, vars(record)["fault_kind"]) for record in caplog.records
    ]
    assert lines == [
        ("WARNING", "fault injected", "latency"),
        ("INFO", "fault expired", "latency"),
        ("WARNING", "fault injected", "leak"),
        ("INFO", "fault removed", "leak"),
        ("WARNING", "fault injected", "error"),
        ("INFO", "fault removed", "error"),
    ]
