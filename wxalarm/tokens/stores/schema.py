"""The one table of SQLite, MySQL and PostgreSQL, and how an older one becomes it."""

from __future__ import annotations

from typing import NamedTuple

from wxalarm.tokens.stores.base import COLUMNS

TABLE = "wxalarm_tokens"


class AddColumn(NamedTuple):
    """A column more, which is not added where it is."""

    name: str
    type: str

    @property
    def statement(self) -> str:
        """For a table without it."""
        return f"ALTER TABLE {TABLE} ADD COLUMN {self.name} {self.type}"


MIGRATIONS = (
    (
        "CREATE TABLE IF NOT EXISTS wxalarm_tokens ("
        " name VARCHAR(191) NOT NULL PRIMARY KEY,"
        " value TEXT, valid_until DOUBLE PRECISION NOT NULL, full_until DOUBLE PRECISION NOT NULL,"
        " old_value TEXT, old_until DOUBLE PRECISION NOT NULL,"
        " refresh_token TEXT, old_refresh_token TEXT, classic INTEGER NOT NULL,"
        " refreshed_at DOUBLE PRECISION NOT NULL, due_at DOUBLE PRECISION NOT NULL,"
        " holder VARCHAR(191) NOT NULL, fence BIGINT NOT NULL, lease_until DOUBLE PRECISION NOT NULL,"
        " paced_until DOUBLE PRECISION NOT NULL, failures INTEGER NOT NULL, error TEXT NOT NULL,"
        " rejected_at DOUBLE PRECISION NOT NULL, foreign_at DOUBLE PRECISION NOT NULL, foreign_by VARCHAR(32) NOT NULL,"
        " version BIGINT NOT NULL)",
    ),
    (AddColumn("alarms", "TEXT"),),
)
"""What leads from each version of the schema to the next; the first from none. Each may be tried twice: two keepers can
be started at once, and MySQL commits each by itself. New ones are appended, none is changed. A column that is added may
be NULL: a keeper of an older version does not write it."""
SCHEMA_TABLE = "CREATE TABLE IF NOT EXISTS wxalarm_schema (version INTEGER NOT NULL PRIMARY KEY)"
VERSION = len(MIGRATIONS)
READ_VERSION = "SELECT MAX(version) FROM wxalarm_schema"
ADD_VERSION = "INSERT INTO wxalarm_schema (version) VALUES (:version)"

NAMES = "SELECT name FROM wxalarm_tokens ORDER BY name"
INSERT = f"INSERT INTO wxalarm_tokens ({', '.join(COLUMNS)}, version) VALUES ({', '.join(f':{c}' for c in COLUMNS)}, 1)"
UPDATE = (
    f"UPDATE wxalarm_tokens SET {', '.join(f'{c} = :{c}' for c in COLUMNS if c != 'name')}, version = :version + 1"
    " WHERE name = :name AND version = :version"
)


def select(clock: str) -> str:
    """A row and the time, by an expression for it; one line with the time alone where there is no row."""
    columns = ", ".join(f"t.{c}" for c in COLUMNS)
    return (
        f"SELECT {clock} AS time_now, t.version, {columns} FROM (SELECT 1 AS one) AS o"
        " LEFT JOIN wxalarm_tokens AS t ON t.name = :name"
    )
