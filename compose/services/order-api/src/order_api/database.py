"""Connections to PostgreSQL that give up in time, and come back by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from order_api import tracing
from order_api.datastore import Datastore, Operation, statement
from order_api.leak import Leak
from order_api.metrics import Metrics
from order_api.orders import TablesMissing, Unavailable
from order_api.settings import Settings, read_secret

RV = TypeVar("RV")

# Longest to wait for a connection of the pool. Less than the deadline that web-gateway sets, so
# that its callers are told "unavailable" and not "nobody knows".
_POOL_TIMEOUT_S = 1.0
_CONNECT_TIMEOUT_S = 2
_STATEMENT_TIMEOUT_S = 2.0
_CHECK_TIMEOUT_S = 0.5

# A pause of this process in the middle of a transaction must not hold locks for as long.
_IDLE_IN_TRANSACTION_S = 5

# Errors that pass by themselves: the server away, restarting or too slow.
_TRANSIENT = (psycopg.OperationalError, errors.IdleInTransactionSessionTimeout)


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Stops waiting for a server that does not answer at all.

    statement_timeout is kept by the server, and a server that is frozen, or cut off, keeps
    nothing; its kernel may even acknowledge what is sent to it, so TCP's own time-outs do not
    help either.
    """

    # Longer than the server's own limit: a cancelled statement leaves a usable connection.
    patience_s = _STATEMENT_TIMEOUT_S + 0.5

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.patience_s if timeout is None else timeout)
        except errors._WaitTimeout as error:
            # An answer may still arrive and would be taken for that of the next statement.
            self.pgconn.finish()
            raise psycopg.OperationalError("the server did not answer in time") from error


def _check(connection: BoundedConnection) -> None:
    # Costs a round trip each time a connection is handed out. Without it, as many requests as
    # the pool has connections would fail after every restart of the server.
    connection.patience_s = _CHECK_TIMEOUT_S
    ConnectionPool.check_connection(connection)
    del connection.patience_s


_COMMIT = Operation("COMMIT", "", "COMMIT")


class Transaction:
    def __init__(self, connection: BoundedConnection, datastore: Datastore) -> None:
        self._connection = connection
        self._datastore = datastore

    def run(self, sql: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Executes one statement; its first word names the operation in metrics and spans."""
        with self._datastore.operation(statement(sql)):
            cursor = self._connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def run_script(self, sql: bytes) -> None:
        # Several statements at once are possible only without parameters.
        self._connection.execute(sql)

    def commit(self) -> None:
        """At the latest at the end of the transaction; before that only for the span around it."""
        if self._connection.info.transaction_status == TransactionStatus.IDLE:
            return
        # Where the disk is waited for, so worth a name of its own.
        with self._datastore.operation(_COMMIT):
            self._connection.commit()


class Database:
    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._datastore = Datastore(
            "postgresql", settings.postgres_database, settings.postgres_address, metrics
        )
        self._pending = metrics.db_pending
        self._timeouts = metrics.db_timeouts
        self._pool = ConnectionPool(
            kwargs={
                "host": settings.postgres_address.host,
                "port": settings.postgres_address.port,
                "dbname": settings.postgres_database,
                "user": settings.postgres_user,
                "password": read_secret(settings.postgres_password_file),
                "application_name": "order-api",
                # Not left to the server: one of encoding SQL_ASCII would make bytes of all text.
                "client_encoding": "UTF8",
                "connect_timeout": _CONNECT_TIMEOUT_S,
                "options": f"-c statement_timeout={_STATEMENT_TIMEOUT_S}s"
                f" -c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_S}s",
            },
            connection_class=BoundedConnection,
            min_size=min(2, settings.pool_size),
            max_size=settings.pool_size,
            timeout=_POOL_TIMEOUT_S,
            check=_check,
            # The pool doubles its delay up to this long and then waits to be asked again. The
            # default of five minutes would leave it asleep long after the server is back.
            reconnect_timeout=1.0,
            open=False,
            name="order-api",
        )
        metrics.db_connections.labels("used").set_function(lambda: self._count()[0])
        metrics.db_connections.labels("idle").set_function(lambda: self._count()[1])
        metrics.db_connections_max.set(settings.pool_size)

    def open(self) -> None:
        # Without waiting: the service starts, and stays up, without its database.
        self._pool.open(wait=False)

    def close(self) -> None:
        self._pool.close(timeout=1.0)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        try:
            with ExitStack() as stack:
                connection = self._acquire(stack)
                transaction = Transaction(connection, self._datastore)
                yield transaction
                transaction.commit()
        except _TRANSIENT as error:
            raise Unavailable(f"PostgreSQL: {_first_line(error)}") from error
        except errors.UndefinedTable as error:
            raise TablesMissing(f"PostgreSQL: {_first_line(error)}") from error

    def leak(self, connections: int) -> Leak:
        return Leak(self._pool, connections)

    def _acquire(self, stack: ExitStack) -> BoundedConnection:
        # Counted here: the pool's own number of waiting requests keeps those that gave up, until
        # a connection becomes free.
        with self._pending.track_inprogress():
            try:
                if not tracing.is_active():
                    return stack.enter_context(self._pool.connection())
                # Waiting for the pool is no time of the database, and looks like it without a span.
                with tracing.span("acquire connection"):
                    return stack.enter_context(self._pool.connection())
            except PoolTimeout:
                self._timeouts.inc()
                raise

    def apply_schema(self) -> None:
        schema = resources.files("order_api").joinpath("schema.sql").read_bytes()
        with self.transaction() as transaction:
            transaction.run_script(schema)

    def _count(self) -> Sequence[int]:
        stats = self._pool.get_stats()
        idle = stats.get("pool_available", 0)
        return stats.get("pool_size", 0) - idle, idle


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
