"""One JSON object a line on standard output, for this code and for the libraries it uses."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from order_api import tracing

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
    # Of the class, because the numbers count the lines of the process. The lock of the handler
    # keeps two threads from taking the same one.
    _written = 0

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        # Only now: a line that could not be formatted is never written and leaves no gap.
        Formatter._written += 1
        return line

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
        # Without a gap, so that a reader can tell how many lines were lost on the way.
        log_data["seq"] = Formatter._written + 1
        log_data["msg"] = record.getMessage()
        log_data.update(tracing.ids())
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
