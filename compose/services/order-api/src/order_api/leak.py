"""Connections that were taken from the pool and are not given back: a bug, made to order."""

from __future__ import annotations

import threading
from typing import Any

from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

_ATTEMPT_S = 1.0


class Leak:
    """Takes connections as they become free, beside the requests that use the pool."""

    def __init__(self, pool: ConnectionPool[Any], connections: int) -> None:
        self._pool = pool
        self._wanted = connections
        self._held: list[Any] = []
        self._ended = False
        self._lock = threading.Lock()
        threading.Thread(target=self._take, name="leak", daemon=True).start()

    def end(self) -> None:
        with self._lock:
            self._ended = True
            held, self._held = self._held, []
        for connection in held:
            self._pool.putconn(connection)

    def _take(self) -> None:
        while not self._ended:
            try:
                connection = self._pool.getconn(_ATTEMPT_S)
            except PoolTimeout:
                continue
            except PoolClosed:
                return
            with self._lock:
                if not self._ended:
                    self._held.append(connection)
                    if len(self._held) == self._wanted:
                        return
                    continue
            self._pool.putconn(connection)
