"""The whole thing as the image runs it, but for its ports and paths."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gevent
import pytest

from tests.shop import Shop

ROOT = Path(__file__).parent.parent


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture
def page(shop: Shop, tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "LOCUST_HOST": shop.host,
        "LOCUST_LOCUSTFILE": str(ROOT / "src" / "locustfile.py"),
        "LOCUST_WEB_PORT": str(port),
        "LOCUST_USERS": "2",
    }
    with (tmp_path / "log").open("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "locust", "--config", ROOT / "locust.conf"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)
        output.seek(0)
        for number, line in enumerate(output, start=1):
            parsed = json.loads(line)
            assert set(parsed) >= {"time", "level", "service", "seq", "msg"}
            assert parsed["seq"] == number


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - on loopback
        return str(answer.read().decode())


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    with gevent.Timeout(seconds):
        while True:
            try:
                if holds():
                    return
            except OSError:
                pass
            gevent.sleep(0.1)


def test_it_starts_by_itself_and_its_rate_is_set_over_http(page: str, shop: Shop) -> None:
    eventually(lambda: len(shop.asked) > 3)

    def stats() -> Any:
        return json.loads(get(f"{page}/stats/requests"))

    assert stats()["state"] == "running"

    def has_users(count: int) -> bool:
        return bool(stats()["user_count"] == count)

    # Both ways at once, where ending eighteen users one by one would take as many seconds.
    for users in (20, 2):
        form = urllib.parse.urlencode({"user_count": users, "spawn_rate": 100}).encode()
        with urllib.request.urlopen(f"{page}/swarm", form, timeout=5) as answer:  # noqa: S310
            assert json.load(answer)["success"]
        eventually(partial(has_users, users), seconds=8)
    assert stats()["state"] == "running"
    assert "<!doctype html>" in get(page).lower()
    assert 'http_client_request_duration_seconds_count{error_type="",' in get(f"{page}/metrics")


def test_its_log_is_json_also_when_requests_fail(page: str, shop: Shop) -> None:
    shop.status = 503
    eventually(lambda: len(shop.asked) > 3)
