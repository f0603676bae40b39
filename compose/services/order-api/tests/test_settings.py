from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

from order_api.logs import Formatter
from order_api.settings import Settings, SettingsError, read_secret


def test_defaults_fit_the_sandbox() -> None:
    settings = Settings.from_env({})
    assert (settings.postgres_host, settings.postgres_port) == ("postgres", 5432)
    assert (settings.postgres_database, settings.postgres_user) == ("orders", "orders")
    assert (settings.redis_host, settings.redis_port) == ("redis", 6379)
    assert (settings.grpc_port, settings.metrics_port, settings.faults_port) == (50051, 9102, 9902)


@pytest.mark.parametrize("value", ["", "many", "0", "-1", "1.5", "101", "0x10"])
def test_a_bad_number_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match="ORDER_API_POOL_SIZE"):
        Settings.from_env({"ORDER_API_POOL_SIZE": value})


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
    assert list(line)[:4] == ["time", "level", "service", "msg"]
    assert (line["level"], line["service"], line["msg"]) == (word, "order-api", "sent 3")
    assert line["order_id"] == "7"
    assert str(line["time"]).endswith("Z")
    assert len(str(line["time"])) == len("2026-01-01T12:00:00.000Z")
    assert ("ValueError: why" in str(line.get("stack"))) is (level >= logging.ERROR)
    assert not {"message", "exc_info"} & set(line)
