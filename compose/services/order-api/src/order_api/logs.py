"""One JSON object a line on standard output, for this code and for the libraries it uses."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

SERVICE = "order-api"

# Four levels are what the log's readers filter by, whatever the language of the service.
_LEVELS = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARNING": "warn",
    "ERROR": "error",
    "CRITICAL": "error",
}


class Formatter(JsonFormatter):
    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        log_data["time"] = (
            datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        log_data["level"] = _LEVELS.get(record.levelname, "info")
        log_data["service"] = SERVICE
        log_data["msg"] = record.getMessage()
        super().add_fields(log_data, record, message_dict)
        # The base class repeats the text under its own name, and names stack traces its own way.
        log_data.pop("message", None)
        if trace := log_data.pop("exc_info", None):
            log_data["stack"] = trace


def set_up(level: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Formatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # The pool tells of every single attempt to reconnect; the relay tells once that the database
    # went away and once that it is back.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
