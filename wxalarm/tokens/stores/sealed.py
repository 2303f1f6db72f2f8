"""Values encrypted at rest, over any store: AES and HMAC by Fernet, bound to the name of the row.

The key is one of `Fernet.generate_key`, or several with commas between: the first encrypts, all decrypt, so that a key
can be changed while old values are there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wxalarm.messages import ReasonError
from wxalarm.tokens.row import Row
from wxalarm.tokens.stores.base import Store, StoreError

SECRET = ("value", "old_value", "refresh_token", "old_refresh_token")
MARK = "fernet:"


class UnknownKey(ReasonError):
    """The key is none."""


class SealedStore:
    """Encrypts the values of the rows on their way in, and decrypts them on their way out."""

    def __init__(self, store: Store, key: str) -> None:
        from cryptography.fernet import Fernet, MultiFernet

        try:
            self._fernet = MultiFernet([Fernet(one) for one in key.replace(",", " ").split()])
        except ValueError:
            raise UnknownKey("store-key") from None
        self._store = store
        self.names = store.names
        self.forgets = store.forgets
        self.close = store.close

    def read(self, name: str) -> tuple[Row, int, float]:
        row, version, now = self._store.read(name)
        return self._each(row, lambda text: self._opened(text, name)), version, now

    def swap(self, row: Row, version: int) -> bool:
        return self._store.swap(self._each(row, lambda text: self._closed(text, row.name)), version)

    def _each(self, row: Row, made: Callable[[str], str]) -> Row:
        changed: dict[str, Any] = {name: made(text) for name in SECRET if (text := getattr(row, name)) is not None}
        return replace(row, **changed)

    def _closed(self, text: str, name: str) -> str:
        return MARK + self._fernet.encrypt(f"{name}\n{text}".encode()).decode()

    def _opened(self, text: str, name: str) -> str:
        from cryptography.fernet import InvalidToken

        if not text.startswith(MARK):
            return text  # written before there was a key
        try:
            bound, _, value = self._fernet.decrypt(text.removeprefix(MARK)).decode().partition("\n")
        except InvalidToken:
            raise StoreError("sealed: key") from None
        if bound != name:
            raise StoreError("sealed: row")
        return value
