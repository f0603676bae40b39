"""A probe that looks at Prometheus as often as obsbook does, until a query finds something."""

import json
import time
import urllib.parse
import urllib.request


def until(prometheus: str, query: str, within: float, in_a_row: int = 1) -> bool:
    """Returns whether `query` found something `in_a_row` times in a row within so many seconds."""
    begun = time.monotonic()
    found = 0
    while True:
        found = found + 1 if _finds(prometheus, query) else 0
        if found >= in_a_row:
            return True
        elapsed = time.monotonic() - begun
        if elapsed > within:
            return False
        # The pauses of obsbook's preprocessor/obsbook/src/run/lab.rs.
        time.sleep(0.2 if elapsed < 5 else 0.4 if elapsed < 20 else 0.8)


def _finds(prometheus: str, query: str) -> bool:
    url = f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bool(json.load(answer)["data"]["result"])
