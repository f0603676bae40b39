"""Locust remembers every five seconds of its run for the charts of its page, and forgets none.

That suits a load test of an hour. Here it runs for days under a limit on memory.
"""

from __future__ import annotations

import gevent
from locust.stats import RequestStats

_KEEP = 720  # an hour
_EVERY_S = 60.0


def keep_short(stats: RequestStats) -> None:
    gevent.spawn(_keep_short, stats)


def _keep_short(stats: RequestStats) -> None:
    while True:
        del stats.history[:-_KEEP]
        gevent.sleep(_EVERY_S)
