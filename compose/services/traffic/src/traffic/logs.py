"""One JSON object a line on standard output."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from traffic.metrics import error_type

log = logging.getLogger("traffic")

_LEVELS = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARNING": "warn",
    "ERROR": "error",
    "CRITICAL": "error",
}


class Formatter(logging.Formatter):
    # The handler's lock keeps two greenlets from taking the same number.
    _written = 0

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": _LEVELS.get(record.levelname, "info"),
            "service": "traffic",
            # Without a gap, so that a reader can tell how many lines were lost on the way.
            "seq": Formatter._written + 1,
            "msg": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["stack"] = self.formatException(record.exc_info)
        text = json.dumps(line)
        # Only now: a line that could not be formatted is never written and leaves no gap.
        Formatter._written += 1
        return text


def set_up() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Formatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Its tables of figures are made for a terminal.
    logging.getLogger("locust.stats_logger").setLevel(logging.WARNING)


def failed_request(
    request_type: str,
    name: str,
    response_time: float,
    response: Any,
    exception: BaseException | None = None,
    **_: Any,
) -> None:
    """Successes are counted and not logged: the services log them already."""
    if exception is None:
        return
    fields = {
        "http_request_method": request_type,
        "http_route": name,
        "status": response.status_code,
        "duration_ms": round(response_time, 1),
        "error": error_type(response),
    }
    log.warning("request failed", extra={"fields": fields})
