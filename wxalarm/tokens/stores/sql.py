"""MySQL or MariaDB (PyMySQL) and PostgreSQL (psycopg), by SQLAlchemy: extras wxalarm[mysql] and wxalarm[postgres]."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from wxalarm.tokens.row import Row
from wxalarm.tokens.stores import schema
from wxalarm.tokens.stores.base import Clock, StoreError, read_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

DRIVERS = {"mysql": "mysql+pymysql", "postgresql": "postgresql+psycopg"}
NOW = {
    "mysql": "(UNIX_TIMESTAMP(NOW(6)) + 0e0)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) AS double precision)",
}
GIVEN = "CAST(:now AS DOUBLE PRECISION)"
GIVEN_MYSQL = "(:now + 0e0)"
REFUSED = (1044, 1045, 1049)
"""Numbers of MySQL: this user, this password, this database. Those of its client begin at 2000."""
COLUMN_IS_THERE = 1060
TIMEOUT = 5
"""Seconds for a connection, and for an answer."""


class SqlStore:
    """Rows in a table of a database server; safe for threads, and for processes that fork."""

    def __init__(self, url: str, password: str | None = None, clock: Clock | None = None) -> None:
        given = sqlalchemy.make_url(url)
        kind = {"mariadb": "mysql", "postgres": "postgresql"}.get(given.get_backend_name(), given.get_backend_name())
        if "+" not in given.drivername:
            given = given.set(drivername=DRIVERS[kind])
        if password is not None:
            given = given.set(password=password)
        options = (
            {"connect_timeout": TIMEOUT, "read_timeout": TIMEOUT, "write_timeout": TIMEOUT}
            if kind == "mysql"
            else {"connect_timeout": TIMEOUT, "options": f"-c statement_timeout={TIMEOUT}s", "tcp_user_timeout": 5000}
        )
        self._engine = sqlalchemy.create_engine(
            given, connect_args=options, pool_pre_ping=True, pool_size=4, hide_parameters=True
        )
        self._clock = clock
        clock_words = GIVEN_MYSQL if kind == "mysql" else GIVEN
        self._select = text(schema.select(clock_words if clock else NOW[kind]))
        self._update, self._insert, self._names = text(schema.UPDATE), text(schema.INSERT), text(schema.NAMES)
        self._lock = threading.Lock()
        self._ready = False
        self._pid = os.getpid()

    def read(self, name: str) -> tuple[Row, int, float]:
        given = {"name": name, **({"now": self._clock()} if self._clock else {})}
        with self._connection() as connection:
            found = connection.execute(self._select, given).mappings().one()
        return read_of(name, dict(found))

    def swap(self, row: Row, version: int) -> bool:
        with self._connection() as connection:
            try:
                done = connection.execute(
                    self._update if version else self._insert, {**asdict(row), "version": version}
                )
            except IntegrityError:
                return False  # another made the row meanwhile; leaving rolls back
            connection.commit()
            return done.rowcount == 1

    def names(self) -> list[str]:
        with self._connection() as connection:
            return [str(row[0]) for row in connection.execute(self._names)]

    def forgets(self) -> bool:
        return False

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if self._pid != os.getpid():
            self._engine.dispose(close=False)  # they are the parent's
            self._lock, self._pid = threading.Lock(), os.getpid()
        try:
            with self._engine.connect() as connection:
                self._prepare(connection)
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"{self._engine.dialect.name}: {_told(error)}") from None

    def _prepare(self, connection: Connection) -> None:
        """The table, once a process."""
        with self._lock:
            if self._ready:
                return
            for left in reversed(range(2 + 3 * schema.VERSION)):  # each that fails, another has made a step
                try:
                    self._migrate(connection)
                    break
                except (IntegrityError, OperationalError, ProgrammingError) as error:
                    connection.rollback()
                    if not left or (isinstance(error, OperationalError) and _number(error) != COLUMN_IS_THERE):
                        raise  # else another keeper does the same at this moment
            self._ready = True

    def _migrate(self, connection: Connection) -> None:
        connection.execute(text(schema.SCHEMA_TABLE))
        stands = connection.execute(text(schema.READ_VERSION)).scalar() or 0
        connection.commit()
        for number in range(stands, schema.VERSION):
            for step in schema.MIGRATIONS[number]:
                if isinstance(step, str):
                    connection.execute(text(step))
                elif step.name not in {one["name"] for one in sqlalchemy.inspect(connection).get_columns(schema.TABLE)}:
                    connection.execute(text(step.statement))
            connection.execute(text(schema.ADD_VERSION), {"version": number + 1})
            connection.commit()


def _told(error: SQLAlchemyError) -> str:
    """What is wrong, in the driver's words where they are about the way to the server. Others may repeat a value: of
    those only the kind and the number."""
    cause = getattr(error, "orig", None)
    number = _number(error)
    state = number if number is not None else getattr(cause, "sqlstate", None)
    lost = state is None or state in REFUSED or (isinstance(state, int) and state >= 2000)
    if isinstance(error, OperationalError) and lost:
        return (str(cause).splitlines() or [""])[0]
    return f"{type(cause or error).__name__} {state or ''}".strip()


def _number(error: SQLAlchemyError) -> int | None:
    """MySQL's number of an error."""
    first = next(iter(getattr(getattr(error, "orig", None), "args", ())), "")
    return first if isinstance(first, int) else None
