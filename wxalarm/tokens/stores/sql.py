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
from wxalarm.tokens.stores.base import Clock, StoreError, row_of
from wxalarm.tokens.stores.schema import (
    ADD_VERSION,
    INSERT,
    MIGRATIONS,
    NAMES,
    READ_VERSION,
    SCHEMA_TABLE,
    UPDATE,
    VERSION,
    select,
)

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
        self._select = text(select(clock_words if clock else NOW[kind]))
        self._update, self._insert, self._names = text(UPDATE), text(INSERT), text(NAMES)
        self._lock = threading.Lock()
        self._ready = False
        self._pid = os.getpid()

    def read(self, name: str) -> tuple[Row, int, float]:
        given = {"name": name, **({"now": self._clock()} if self._clock else {})}
        with self._connection() as connection:
            found = connection.execute(self._select, given).mappings().one()
        if found["name"] is None:
            return Row(name), 0, float(found["time_now"])
        return row_of(dict(found)), int(found["version"]), float(found["time_now"])

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
            for left in (2, 1, 0):
                try:
                    self._migrate(connection)
                    break
                except (IntegrityError, ProgrammingError):  # another keeper does the same at this moment
                    connection.rollback()
                    if not left:
                        raise
            self._ready = True

    def _migrate(self, connection: Connection) -> None:
        connection.execute(text(SCHEMA_TABLE))
        stands = connection.execute(text(READ_VERSION)).scalar() or 0
        connection.commit()
        for number in range(stands, VERSION):
            for statement in MIGRATIONS[number]:
                connection.execute(text(statement))
            connection.execute(text(ADD_VERSION), {"version": number + 1})
            connection.commit()


def _told(error: SQLAlchemyError) -> str:
    """What is wrong, in the driver's words where they are about the way to the server. Others may repeat a value: of
    those only the kind and the number."""
    cause = getattr(error, "orig", None)
    first = next(iter(getattr(cause, "args", ())), "")
    state = first if isinstance(first, int) else getattr(cause, "sqlstate", None)
    lost = state is None or state in REFUSED or (isinstance(state, int) and state >= 2000)
    if isinstance(error, OperationalError) and lost:
        return (str(cause).splitlines() or [""])[0]
    return f"{type(cause or error).__name__} {state or ''}".strip()
