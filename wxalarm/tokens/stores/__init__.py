"""Where tokens are kept: SQLite in a file, MySQL or MariaDB, PostgreSQL, Redis or Valkey.

`open_store` knows them by their URLs and imports the library of that one.
"""

from __future__ import annotations

from wxalarm.config import store_parts
from wxalarm.messages import ReasonError
from wxalarm.tokens.stores.base import Clock, Store


class UnknownStore(ReasonError):
    """A URL, or a library, that is not there."""


def open_store(url: str, password: str | None = None, key: str | None = None, clock: Clock | None = None) -> Store:
    """The store at a URL: sqlite:///PATH, mysql://, mariadb://, postgresql://, redis://, rediss://.

    password: in place of one in the URL. key: encrypts values at rest. clock: for simulations, in place of the store's
    own. Raises UnknownStore for another URL and for a library that is not installed, ConfigError for a URL without a
    right host and port.
    """
    scheme = store_parts(url, "store.url").scheme.partition("+")[0]
    made: Store
    try:
        if scheme == "sqlite":
            from wxalarm.tokens.stores.sqlite import SqliteStore

            made = SqliteStore(url.partition("://")[2].removeprefix("/") or ":memory:", clock)
        elif scheme in ("mysql", "mariadb", "postgresql", "postgres"):
            from wxalarm.tokens.stores.sql import SqlStore

            made = SqlStore(url, password, clock)
        elif scheme in ("redis", "rediss", "valkey", "valkeys"):
            from wxalarm.tokens.stores.redis import RedisStore

            made = RedisStore(url, password, clock)
        else:
            raise UnknownStore("store-url", scheme=scheme)
    except ModuleNotFoundError as error:
        extra = {"mysql": "mysql", "mariadb": "mysql", "valkey": "redis", "valkeys": "redis", "rediss": "redis"}
        wanted = extra.get(scheme, "redis" if scheme == "redis" else "postgres")
        raise UnknownStore("store-library", library=error.name or "", extra=wanted) from None
    if key:
        from wxalarm.tokens.stores.sealed import SealedStore

        return SealedStore(made, key)
    return made
