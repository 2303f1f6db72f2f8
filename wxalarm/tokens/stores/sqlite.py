"""The embedded store: one file that only its owner can read, no server, no library."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from wxalarm.tokens.row import Row
from wxalarm.tokens.stores import schema
from wxalarm.tokens.stores.base import Clock, StoreError, read_of

NOW = "(julianday('now') - 2440587.5) * 86400.0"
BUSY = 5.0
"""Seconds for which another's write is waited for."""


class SqliteStore:
    """Rows in a file of SQLite; safe for threads, and for processes that fork."""

    def __init__(self, path: str, clock: Clock | None = None) -> None:
        self._path = os.path.abspath(os.path.expanduser(path)) if path != ":memory:" else path
        self._clock = clock
        self._lock = threading.RLock()
        self._open: sqlite3.Connection | None = None
        self._pid = 0
        self._left: list[sqlite3.Connection] = []
        """Connections of the parent process: neither to be used nor to be closed here."""
        self._select = schema.select("CAST(:now AS REAL)" if clock else NOW)

    def read(self, name: str) -> tuple[Row, int, float]:
        if self._absent():
            return Row(name), 0, self._clock() if self._clock else time.time()
        with self._connection() as connection:
            given = {"name": name, **({"now": self._clock()} if self._clock else {})}
            found = connection.execute(self._select, given).fetchone()
        return read_of(name, found)

    def _absent(self) -> bool:
        """Whether there is no store yet. Who only reads a token makes none: a mistaken path would look like a store
        that is waiting for its keeper."""
        if self._open is not None or self._path == ":memory:":
            return False
        try:
            os.stat(self._path)
        except OSError as error:
            return error.errno == errno.ENOENT
        return False

    def swap(self, row: Row, version: int) -> bool:
        with self._connection() as connection:
            try:
                done = connection.execute(
                    schema.UPDATE if version else schema.INSERT, {**asdict(row), "version": version}
                )
            except sqlite3.IntegrityError:
                return False  # another made the row meanwhile
            return done.rowcount == 1

    def names(self) -> list[str]:
        with self._connection() as connection:
            return [str(row[0]) for row in connection.execute(schema.NAMES)]

    def forgets(self) -> bool:
        return False

    def close(self) -> None:
        with self._lock:
            if self._open is not None and self._pid == os.getpid():
                self._open.close()
            self._open = None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._open is not None and self._pid != os.getpid():
                    self._left.append(self._open)
                    self._open = None
                if self._open is None:
                    self._open, self._pid = self._connected(), os.getpid()
                yield self._open
            except (sqlite3.Error, OSError) as error:
                self.close()
                raise StoreError(f"sqlite: {type(error).__name__}: {error}") from None

    def _connected(self) -> sqlite3.Connection:
        if self._path != ":memory:":
            path = Path(self._path)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)  # its journals get the mode of the file
            try:
                if os.name == "posix" and os.fstat(descriptor).st_mode & 0o007:
                    raise PermissionError(errno.EACCES, "chmod o=", str(path))
            finally:
                os.close(descriptor)
        made = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        made.row_factory = sqlite3.Row
        until = time.monotonic() + BUSY
        while True:
            try:
                made.execute("PRAGMA journal_mode=WAL")
                made.execute("PRAGMA synchronous=FULL")
                self._migrate(made)
                return made
            except sqlite3.OperationalError as error:
                # While several make the file, SQLite refuses some of this at once, whatever its time-out says.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute(schema.SCHEMA_TABLE)
        if (connection.execute(schema.READ_VERSION).fetchone()[0] or 0) >= schema.VERSION:
            return
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            stands = connection.execute(schema.READ_VERSION).fetchone()[0] or 0
            for number in range(stands, schema.VERSION):
                for step in schema.MIGRATIONS[number]:
                    connection.execute(step if isinstance(step, str) else step.statement)
                connection.execute(schema.ADD_VERSION, {"version": number + 1})
