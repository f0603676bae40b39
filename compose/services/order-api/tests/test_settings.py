from __future__ import annotations

import io
import json
import logging
import threading
import tomllib
from pathlib import Path

import pytest

from order_api import __version__
from order_api.logs import Formatter
from order_api.settings import Address, Settings, SettingsError, read_secret


def test_defaults_fit_the_sandbox() -> None:
    settings = Settings.from_env({})
    assert settings.postgres_address == Address("postgres", 5432)
    assert (settings.postgres_database, settings.postgres_user) == ("orders", "orders")
    assert settings.redis_address == Address("redis", 6379)
    assert settings.otlp_endpoint == ""
    assert (settings.grpc_port, settings.metrics_port, settings.faults_port) == (50051, 9102, 9902)


def test_addresses_are_those_of_the_environment() -> None:
    settings = Settings.from_env(
        {"POSTGRES_ADDRESS": "toxiproxy:15432", "REDIS_ADDRESS": "[::1]:16379"}
    )
    assert settings.postgres_address == Address("toxiproxy", 15432)
    assert settings.redis_address == Address("::1", 16379)


@pytest.mark.parametrize("value", ["", "postgres", ":5432", "postgres:", "postgres:0", "p:99999"])
def test_a_bad_address_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match="POSTGRES_ADDRESS must be HOST:PORT"):
        Settings.from_env({"POSTGRES_ADDRESS": value})


@pytest.mark.parametrize("value", ["", "many", "0", "-1", "1.5", "101", "0x10"])
def test_a_bad_number_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match="ORDER_API_POOL_SIZE"):
        Settings.from_env({"ORDER_API_POOL_SIZE": value})


def test_the_version_is_that_of_the_project() -> None:
    project = Path(__file__).parent.parent / "pyproject.toml"
    assert tomllib.loads(project.read_text())["project"]["version"] == __version__


def test_a_secret_is_trimmed_and_required(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with pytest.raises(SettingsError, match=str(path)):
        read_secret(path)
    path.write_text("\n")
    with pytest.raises(SettingsError, match="empty"):
        read_secret(path)
    path.write_text("s3cret\n")
    assert read_secret(path) == "s3cret"


def logged(level: int, message: str, *args: object, **fields: object) -> dict[str, object]:
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(Formatter())
    logger = logging.getLogger("order_api.test")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers = [handler]
    try:
        raise ValueError("why")
    except ValueError:
        logger.log(level, message, *args, extra=fields, exc_info=level >= logging.ERROR)
    [line] = output.getvalue().splitlines()
    parsed: dict[str, object] = json.loads(line)
    return parsed


@pytest.mark.parametrize(
    ("level", "word"),
    [
        (logging.DEBUG, "debug"),
        (logging.INFO, "info"),
        (logging.WARNING, "warn"),
        (logging.ERROR, "error"),
        (logging.CRITICAL, "error"),
    ],
)
def test_a_log_line_is_one_json_object(level: int, word: str) -> None:
    line = logged(level, "sent %d", 3, order_id="7")
    assert list(line)[:5] == ["time", "level", "service", "seq", "msg"]
    assert (line["level"], line["service"], line["msg"]) == (word, "order-api", "sent 3")
    assert line["order_id"] == "7"
    assert str(line["time"]).endswith("Z")
    assert len(str(line["time"])) == len("2026-01-01T12:00:00.000Z")
    assert ("ValueError: why" in str(line.get("stack"))) is (level >= logging.ERROR)
    assert not {"message", "exc_info"} & set(line)


def test_lines_are_numbered_without_a_gap_under_threads() -> None:
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(Formatter())
    logger = logging.getLogger("order_api.test")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers = [handler]

    def work() -> None:
        for number in range(200):
            logger.info("line", extra={"number": number})

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [json.loads(line)["seq"] for line in output.getvalue().splitlines()]
    assert len(numbers) == 1600
    assert numbers == list(range(numbers[0], numbers[0] + 1600))


def test_a_line_that_cannot_be_formatted_leaves_no_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    before = logged(logging.INFO, "one")["seq"]
    # Nothing was written, so that there is no line to take apart.
    with pytest.raises(ValueError, match="not enough values to unpack"):
        logged(logging.INFO, "two %d %d", 1)
    assert logged(logging.INFO, "three")["seq"] == int(str(before)) + 1
