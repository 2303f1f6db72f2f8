"""What is remembered, in SQLite (WAL): states, rounds, changes with their cases, messages on their way, days, pastes.

All of a round is one transaction: its row, the state that it makes, the change, the messages to be sent. What kill -9
can lose is the round in flight. A file that is damaged is put aside and said; a disk that is full and a database that
is locked are waited out (`service` keeps what could not be written).
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import math
import os
import shutil
import sqlite3
import threading
import time as clock
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wxalarm.config import ConfigError
from wxalarm.watch.rollup import Day
from wxalarm.watch.states import Change, Level, State

IN_MEMORY = Path(":memory:")
"""A history that ends with the process."""
VERSION = 1
BUSY = 5.0
"""Seconds that another process may hold the database."""
DAY = 86_400.0
CHUNK = 5000
"""Rows that are deleted in one transaction: nobody waits long for it."""
SCHEMA = """
CREATE TABLE targets (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, url TEXT NOT NULL,
    account TEXT, state TEXT NOT NULL, steady REAL NOT NULL DEFAULT 0);
CREATE TABLE rounds (target INTEGER NOT NULL, time REAL NOT NULL, level INTEGER, code TEXT, total REAL, phases TEXT,
    PRIMARY KEY (target, time)) WITHOUT ROWID;
CREATE INDEX rounds_time ON rounds (time);
CREATE TABLE changes (id INTEGER PRIMARY KEY, target INTEGER NOT NULL, number INTEGER NOT NULL, time REAL NOT NULL,
    began REAL NOT NULL, before INTEGER, after INTEGER NOT NULL, code TEXT, certainty TEXT, saved BLOB,
    UNIQUE (target, number));
CREATE INDEX changes_time ON changes (time);
CREATE TABLE messages (id TEXT NOT NULL, way TEXT NOT NULL, time REAL NOT NULL, target INTEGER, kind TEXT NOT NULL,
    body TEXT NOT NULL, sent REAL, tries INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (id, way)) WITHOUT ROWID;
CREATE INDEX messages_waiting ON messages (way, time) WHERE sent IS NULL;
CREATE TABLE days (target INTEGER NOT NULL, day TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (target, day))
    WITHOUT ROWID;
CREATE TABLE pastes (id TEXT PRIMARY KEY, time REAL NOT NULL, kind TEXT NOT NULL, who TEXT, code TEXT, saved BLOB);
CREATE INDEX pastes_time ON pastes (time);
CREATE TABLE lists (account TEXT NOT NULL, time REAL NOT NULL, data TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What is written of one round, in one transaction."""

    target: str
    time: float
    """Of the wall clock, as people read it."""
    steady: float
    level: Level | None
    code: str | None
    certainty: str | None
    total: float | None
    phases: Sequence[dict[str, Any]]
    state: State
    late: int = 0
    """Rounds that had no place since the last row."""
    change: Change | None = None
    saved: bytes | None = None
    """The case of a change, packed."""
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message for one way. The same id goes out on every way, and again after a kill."""

    id: str
    way: str
    time: float
    kind: str
    body: dict[str, Any]


def message_id(target: str, said: int, kind: str) -> str:
    """The id of a target's message: the same whenever it is made, also again after a kill, and another where it says
    something else, though one that no disk had room for had the number."""
    return f"{target}-{said}-{kind}"


def row_record(row: Row) -> dict[str, Any]:
    """A row as JSON holds it."""
    return asdict(row) | {"saved": None if row.saved is None else base64.b64encode(row.saved).decode()}


def row_of(record: dict[str, Any]) -> Row:
    """What `row_record` was given."""
    change, saved = record["change"], record["saved"]
    if change is not None:
        change = Change(**change | {"before": _level(change["before"]), "after": Level(change["after"])})
    made = record | {
        "level": _level(record["level"]),
        "state": _state(record["state"]),
        "change": change,
        "saved": None if saved is None else base64.b64decode(saved),
        "messages": tuple(Message(**message) for message in record["messages"]),
    }
    return Row(**made)


def folder_of(configured: str | None) -> Path:
    """Where the history is: as configured, else of the service, else the user's. Raises ConfigError."""
    if configured:
        return Path(configured)
    if service := os.environ.get("STATE_DIRECTORY"):
        return Path(service.partition(":")[0])
    try:
        root = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    except RuntimeError:
        raise ConfigError("watch-no-folder") from None
    return root / "wxalarm"


class Store:
    """The database. One process at a time; one thread at a time for each `Store`. Methods raise sqlite3.Error."""

    def __init__(self, path: Path, *, read_only: bool = False, busy: float = BUSY) -> None:
        self.path, self._busy = path, busy
        self.aside: Path | None = None
        """Where a damaged file was put."""
        self._lock: int | None = None
        self.mutex = threading.Lock()
        """Held by whoever uses it: a call may go on in its thread when nobody waits for it any more."""
        self._ids: dict[str, int] = {}
        self._days: dict[int, tuple[str, Day]] = {}
        """The last day of each target, as it is in the file."""
        if read_only:
            self._db = self._connected()
            return
        if path != IN_MEMORY:
            self._own_folder()
        try:
            self._db = self._opened()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                self._release()
                raise ConfigError("watch-folder", place=str(path), error=str(error)) from None
            self._put_aside()
            self._db = self._opened()

    def _own_folder(self) -> None:
        """Make the folder, mode 700, and hold it: two that write one history would tell everything twice."""
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.stat()
            if status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o022:
                raise ConfigError("watch-folder-shared", place=str(folder))
            if status.st_uid == os.geteuid():
                folder.chmod(0o700)
            self._lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError("watch-running", place=str(self.path)) from None
        except OSError as error:
            raise ConfigError("watch-folder", place=str(folder), error=error.strerror or str(error)) from None

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=self._busy, isolation_level=None, check_same_thread=False)

    def _opened(self) -> sqlite3.Connection:
        new = not self.path.exists()
        if new and self.path != IN_MEMORY:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        db = self._connected()
        try:
            if new or not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("malformed")
            if not db.execute("PRAGMA user_version").fetchone()[0]:
                db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        except BaseException:
            db.close()
            raise
        return db

    def _put_aside(self) -> None:
        stamp = clock.strftime("%Y%m%d-%H%M%S")
        self.aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                shutil.move(f"{self.path}{end}", f"{self.aside}{end}")

    def renew(self) -> None:
        """Put a file aside that turned out to be damaged, and begin a new one."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        self._ids.clear()
        self._days.clear()
        self._put_aside()
        self._db = self._opened()

    def close(self) -> None:
        """Write all that is in the log into the file, and let go of the folder."""
        if not self.mutex.acquire(timeout=1.0):  # somebody holds the database; it is whole without this
            return
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            self._ids.clear()
            self._days.clear()
            raise

    # --- targets and states ---

    def know(self, targets: Iterable[tuple[str, str, str, str | None]]) -> dict[str, tuple[State, float]]:
        """Make targets known, each by key, name, URL and account; what was kept of their states, by key, with the
        steady time of that."""
        found = {}
        with self._transaction() as db:
            for row in targets:
                db.execute(
                    "INSERT INTO targets (key, name, url, account, state) VALUES (?, ?, ?, ?, '{}') ON CONFLICT (key)"
                    " DO UPDATE SET name = excluded.name, url = excluded.url, account = excluded.account",
                    row,
                )
                asked = db.execute("SELECT state, steady FROM targets WHERE key = ?", row[:1])
                state, steady = asked.fetchone()
                found[row[0]] = (_state(json.loads(state)), float(steady))
        return found

    def states(self) -> dict[str, tuple[State, float]]:
        """What was kept of all targets: also while nothing can be written."""
        found = self._db.execute("SELECT key, state, steady FROM targets")
        return {key: (_state(json.loads(state)), float(steady)) for key, state, steady in found}

    def _id(self, key: str) -> int:
        if key not in self._ids:
            found = self._db.execute("SELECT id FROM targets WHERE key = ?", (key,)).fetchone()
            if found is None:
                raise KeyError(key)
            self._ids[key] = found[0]
        return self._ids[key]

    # --- rounds ---

    def write(
        self, rows: Iterable[Row], marks: Iterable[tuple[Message, float]] = (), notes: Iterable[Message] = ()
    ) -> None:
        """All of some rounds, the messages that have gone out (with when), and messages about no round: all or
        nothing."""
        with self._transaction() as db:
            for row in rows:
                self._write(db, row)
            self._send(db, None, notes)
            for message, time in marks:
                db.execute(
                    "UPDATE messages SET sent = ?, tries = tries + 1 WHERE id = ? AND way = ? AND sent IS NULL",
                    (time, message.id, message.way),
                )

    def _write(self, db: sqlite3.Connection, row: Row) -> None:
        target = self._id(row.target)
        phases = json.dumps(row.phases, separators=(",", ":"))
        level = None if row.level is None else int(row.level)
        db.execute(
            "INSERT OR REPLACE INTO rounds VALUES (?, ?, ?, ?, ?, ?)",
            (target, row.time, level, row.code, row.total, phases),
        )
        self._keep_state(db, row.target, row.state, row.steady)
        day = clock.strftime("%Y-%m-%d", clock.localtime(row.time))
        known = self._days.get(target)
        if known is None or known[0] != day:
            found = db.execute("SELECT data FROM days WHERE target = ? AND day = ?", (target, day)).fetchone()
            known = self._days[target] = (day, Day.of(json.loads(found[0])) if found else Day())
        sums = known[1]
        sums.add(row.level, row.total)
        sums.late += row.late
        db.execute(
            "INSERT OR REPLACE INTO days VALUES (?, ?, ?)",
            (target, day, json.dumps(sums.record(), separators=(",", ":"))),
        )
        if (change := row.change) is not None:
            db.execute(
                "INSERT OR IGNORE INTO changes (target, number, time, began, before, after, code, certainty, saved)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(target, change.number, row.time, row.time - (change.time - change.began)),
                    *(None if change.before is None else int(change.before), int(change.after)),
                    *(row.code, row.certainty, row.saved),
                ),
            )
        self._send(db, target, row.messages)

    def keep_states(self, states: Iterable[tuple[str, State, float]]) -> None:
        """The states of targets, by key, each with its steady time."""
        with self._transaction() as db:
            for key, state, steady in states:
                self._keep_state(db, key, state, steady)

    def _keep_state(self, db: sqlite3.Connection, key: str, state: State, steady: float) -> None:
        """Unless a later one is there: rows that could not be written at first may come out of order."""
        made = json.dumps(asdict(state), separators=(",", ":"))
        given = (made, steady, self._id(key), steady)
        db.execute("UPDATE targets SET state = ?, steady = ? WHERE id = ? AND steady <= ?", given)

    @staticmethod
    def _send(db: sqlite3.Connection, target: int | None, messages: Iterable[Message]) -> None:
        for message in messages:
            db.execute(
                "INSERT OR IGNORE INTO messages (id, way, time, target, kind, body) VALUES (?, ?, ?, ?, ?, ?)",
                (message.id, message.way, message.time, target, message.kind, json.dumps(message.body)),
            )

    # --- messages ---

    def waiting(self, way: str, limit: int = 50) -> list[Message]:
        """What has not gone out by a way, the oldest first."""
        found = self._db.execute(
            "SELECT id, way, time, kind, body FROM messages WHERE way = ? AND sent IS NULL ORDER BY time, id LIMIT ?",
            (way, limit),
        )
        return [Message(i, w, t, kind, json.loads(body)) for i, w, t, kind, body in found]

    # --- what is read ---

    def last(self, key: str, since: float, limit: int = 100_000) -> list[tuple[float, Level | None, str | None, Any]]:
        """(time, level, code, phases) of a target's rounds, the oldest first."""
        found = self._db.execute(
            "SELECT time, level, code, phases FROM rounds JOIN targets ON targets.id = rounds.target"
            " WHERE key = ? AND time >= ? ORDER BY time LIMIT ?",
            (key, since, limit),
        )
        return [(t, None if level is None else Level(level), code, json.loads(p)) for t, level, code, p in found]

    def strips(self, since: float, width: float) -> list[tuple[str, int, int, float | None]]:
        """(target's key, number of the stretch of `width` seconds, worst level in it, longest time) since a moment."""
        found = self._db.execute(
            "SELECT key, CAST(time / ? AS INTEGER) AS stretch, max(level), max(total) FROM rounds"
            " JOIN targets ON targets.id = rounds.target WHERE time >= ? AND level IS NOT NULL GROUP BY key, stretch",
            (width, since),
        )
        return list(found)

    def changes(self, key: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
        """State changes, the newest first; of one target or of all."""
        found = self._db.execute(
            "SELECT changes.id, key, name, number, time, began, before, after, code, certainty, saved IS NOT NULL"
            " FROM changes JOIN targets ON targets.id = changes.target WHERE ? IS NULL OR key = ?"
            " ORDER BY changes.time DESC, changes.id DESC LIMIT ?",
            (key, key, limit),
        )
        names = ("id", "key", "name", "number", "time", "began", "before", "after", "code", "certainty", "saved")
        return [dict(zip(names, row, strict=True)) for row in found]

    def saved(self, change: int) -> str | None:
        """The case of a change."""
        found = self._db.execute("SELECT saved FROM changes WHERE id = ?", (change,)).fetchone()
        return None if found is None or found[0] is None else unpacked(found[0])

    def days(self, key: str) -> list[tuple[str, Day]]:
        """A target's days, the oldest first."""
        found = self._db.execute(
            "SELECT day, data FROM days JOIN targets ON targets.id = days.target WHERE key = ? ORDER BY day", (key,)
        )
        return [(day, Day.of(json.loads(data))) for day, data in found]

    def undelivered(self) -> dict[str, int]:
        """How many messages wait, by way."""
        return dict(self._db.execute("SELECT way, count(*) FROM messages WHERE sent IS NULL GROUP BY way"))

    @property
    def size(self) -> int:
        """Bytes on the disk, without what is free within them."""
        (pages,), (free,), (page,) = (
            self._db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page)

    # --- pastes, and WeChat's addresses ---

    def paste(self, id: str, time: float, kind: str, who: str | None, code: str | None, saved: bytes) -> None:
        """Keep a pasted alarm and its diagnosis."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO pastes VALUES (?, ?, ?, ?, ?, ?)", (id, time, kind, who, code, saved))

    def pastes(self, limit: int = 100) -> list[dict[str, Any]]:
        """Pasted alarms, the newest first."""
        found = self._db.execute("SELECT id, time, kind, who, code FROM pastes ORDER BY time DESC LIMIT ?", (limit,))
        return [dict(zip(("id", "time", "kind", "who", "code"), row, strict=True)) for row in found]

    def pasted(self, id: str) -> str | None:
        """The case of a pasted alarm."""
        found = self._db.execute("SELECT saved FROM pastes WHERE id = ?", (id,)).fetchone()
        return None if found is None else unpacked(found[0])

    def like(self, kind: str, who: str | None, since: float) -> list[tuple[float, str | None]]:
        """(time, code) of pasted alarms of the same kind about the same account, the newest first."""
        found = self._db.execute(
            "SELECT time, code FROM pastes WHERE kind = ? AND who IS ? AND time >= ? ORDER BY time DESC LIMIT 100",
            (kind, who, since),
        )
        return list(found)

    def listed(self, account: str) -> list[str] | None:
        """WeChat's callback addresses as they were when they were last asked for; None: never."""
        found = self._db.execute(
            "SELECT data FROM lists WHERE account = ? ORDER BY time DESC LIMIT 1", (account,)
        ).fetchone()
        return None if found is None else list(json.loads(found[0]))

    def keep_list(
        self, account: str, time: float, addresses: Sequence[str], target: str, messages: Iterable[Message]
    ) -> None:
        """Keep them, with what is said of them."""
        with self._transaction() as db:
            db.execute("INSERT INTO lists VALUES (?, ?, ?)", (account, time, json.dumps(list(addresses))))
            self._send(db, self._id(target), messages)

    # --- the end of things ---

    def prune(self, now: float, keep_rounds: int, keep_days: int, megabytes: int) -> None:
        """Delete what is old; then the oldest rounds, until the file is as small as it has to be."""
        old, gone = now - keep_rounds * DAY, now - keep_days * DAY
        while self._delete_rounds(old):
            pass
        last = datetime.fromtimestamp(gone).astimezone().date().isoformat()
        with self._transaction() as db:
            db.execute("DELETE FROM days WHERE day < ?", (last,))
            for table in ("changes", "pastes", "lists"):
                db.execute(f"DELETE FROM {table} WHERE time < ?", (gone,))
            db.execute("DELETE FROM messages WHERE time < ? AND (sent IS NOT NULL OR time < ?)", (old, gone))
        while self.size > megabytes << 20 and self._delete_rounds(math.inf):
            pass
        self._db.execute("PRAGMA incremental_vacuum")

    def _delete_rounds(self, before: float) -> bool:
        """The oldest CHUNK of them; whether there were so many."""
        with self._transaction() as db:
            gone = db.execute(
                "DELETE FROM rounds WHERE (target, time) IN"
                " (SELECT target, time FROM rounds WHERE time < ? ORDER BY time LIMIT ?)",
                (before, CHUNK),
            )
            return gone.rowcount >= CHUNK


def _state(data: dict[str, Any]) -> State:
    """A state out of the store; a new one where nothing is kept."""
    if not data:
        return State()
    recent, changes = tuple(map(Level, data["recent"])), tuple(data["changes"])
    return State(**data | {"level": _level(data["level"]), "recent": recent, "changes": changes})


def _level(number: int | None) -> Level | None:
    return None if number is None else Level(number)


def packed(text: str) -> bytes:
    """A case, as small as it gets."""
    return zlib.compress(text.encode(), 6)


def unpacked(data: bytes) -> str:
    """What `packed` was given."""
    return zlib.decompress(data).decode()
