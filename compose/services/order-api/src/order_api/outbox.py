"""The relay: moves orders from the outbox in PostgreSQL to the stream in Redis.

PostgreSQL and Redis share no transaction, so an order is sent at least once: a relay that dies
between sending and noting it sends again. fulfillment-worker makes that harmless, because it
fulfils each order at most once however often it hears of it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from order_api.orders import TablesMissing, Unavailable
from order_api.stream import Entry, OrderStream

log = logging.getLogger(__name__)

_BATCH = 100
_POLL_S = 1.0
_RECHECK_EVERY_S = 2.0


class Outbox(Protocol):
    def prepare(self) -> None:
        """Creates whatever is missing."""

    def send(self, limit: int, add: Callable[[list[Entry]], list[str]]) -> int:
        """Gives unsent orders to `add` and notes the ids that it returns, as one transaction."""

    def resend_lost(self, limit: int, present: Callable[[list[Entry]], list[bool]]) -> int:
        """Marks as unsent what is overdue and no longer present; forgets what is fulfilled."""


class Relay:
    def __init__(
        self,
        outbox: Outbox,
        stream: OrderStream,
        clock: Callable[[], float] = time.monotonic,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._stream = stream
        self._clock = clock
        self._ready = ready
        self._prepared = False
        self._next_recheck = 0.0
        self._trouble: str | None = None
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._wake.set()
        self._thread.join(timeout=1.0)

    def wake(self) -> None:
        """An order was committed: no need to wait for the next poll."""
        self._wake.set()

    def step(self) -> None:
        """One turn. Never raises: there is nobody to catch it, and the next turn may succeed."""
        try:
            if not self._prepared:
                self._outbox.prepare()
                self._prepared = True
                self._ready()
            if self._clock() >= self._next_recheck:
                self._next_recheck = self._clock() + _RECHECK_EVERY_S
                if lost := self._outbox.resend_lost(_BATCH, self._stream.present):
                    log.warning("orders lost from the stream are sent again", extra={"lost": lost})
            while self._outbox.send(_BATCH, self._stream.add) == _BATCH:
                pass
        except Unavailable as error:
            if isinstance(error, TablesMissing):
                self._prepared = False
            self._report(str(error))
        except Exception:
            log.exception("the relay failed")
        else:
            self._report(None)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.step()
            # While something is away, new orders are no reason to try more often.
            signal = self._stopped if self._trouble else self._wake
            signal.wait(_POLL_S)
            self._wake.clear()

    def _report(self, trouble: str | None) -> None:
        # Once when it begins and once when it ends, however long it lasts.
        if trouble and not self._trouble:
            log.error("the relay cannot work", extra={"error": trouble})
        elif self._trouble and not trouble:
            log.info("the relay works again")
        self._trouble = trouble
