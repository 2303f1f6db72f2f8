"""Redis or Valkey, extra wxalarm[redis]: one hash a row, changed by a script that compares the version first.

A Redis that does not write each change to disk (appendonly yes, appendfsync always) forgets what a crash came before:
for tokens a refresh more, for the refresh tokens of a platform the loss of the authorization. docs/tokens.md says so.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast
from urllib.parse import urlsplit

import redis

from wxalarm.tokens.row import Row
from wxalarm.tokens.stores.base import Clock, StoreError, row_of

PREFIX = "wxalarm:token:"
NAMES = "wxalarm:tokens"
TIMEOUT = 5.0
"""Seconds for a connection, and for an answer."""
READ = "local t = redis.call('TIME') return {t[1], t[2], redis.call('HGETALL', KEYS[1])}"
SWAP = """
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[1] + 1, unpack(ARGV, 3))
redis.call('SADD', KEYS[2], ARGV[2])
return 1
"""


class RedisStore:
    """Rows as hashes; safe for threads, and for processes that fork."""

    def __init__(self, url: str, password: str | None = None, clock: Clock | None = None) -> None:
        scheme, rest = url.split("://", 1)
        options: dict[str, Any] = {"password": password} if password is not None else {}
        self._client = redis.Redis.from_url(
            f"{scheme.replace('valkey', 'redis')}://{rest}",
            decode_responses=True,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            **options,
        )
        self._where = urlsplit(url).hostname or ""
        self._clock = clock
        self._read = self._client.register_script(READ)
        self._swap = self._client.register_script(SWAP)

    def read(self, name: str) -> tuple[Row, int, float]:
        try:
            seconds, micros, flat = cast("list[Any]", self._read(keys=[PREFIX + name]))
        except redis.RedisError as error:
            raise self._failed(error) from None
        now = self._clock() if self._clock else int(seconds) + int(micros) / 1e6
        values = dict(zip(flat[::2], flat[1::2], strict=True))
        return (row_of(values), int(values["version"]), now) if values else (Row(name), 0, now)

    def swap(self, row: Row, version: int) -> bool:
        flat = [str(part) for pair in asdict(row).items() if pair[1] is not None for part in _written(*pair)]
        try:
            done = self._swap(keys=[PREFIX + row.name, NAMES], args=[str(version), row.name, *flat])
        except redis.RedisError as error:
            raise self._failed(error) from None
        return bool(done)

    def names(self) -> list[str]:
        try:
            return sorted(cast("set[str]", self._client.smembers(NAMES)))
        except redis.RedisError as error:
            raise self._failed(error) from None

    def forgets(self) -> bool:
        """Whether a crash of the server loses writes that it has confirmed: True unless it says that each is on its
        disk. Raises StoreError."""
        try:
            found = cast("dict[str, str]", self._client.config_get("append*"))
        except redis.ResponseError:  # the user may not ask
            return True
        except redis.RedisError as error:
            raise self._failed(error) from None
        return (found.get("appendonly"), found.get("appendfsync")) != ("yes", "always")

    def close(self) -> None:
        self._client.close()

    def _failed(self, error: redis.RedisError) -> StoreError:
        return StoreError(f"redis {self._where}: {type(error).__name__}")


def _written(name: str, value: object) -> tuple[str, object]:
    return name, repr(value) if isinstance(value, float) else value
