"""Access tokens for workers: `wxalarm.tokens.get("shop")` gives the token that `wxalarm token keep` keeps in a store.

    from wxalarm import tokens

    token = tokens.get("shop")                     # or: await tokens.aget("shop")
    …                                              # a call to WeChat that answers 40001, 40014 or 42001:
    tokens.rejected("shop", token)

The value is kept for a minute by each process, and never beyond its end. Safe for threads, and for processes that fork.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

from wxalarm.config import Account, ConfigError, Settings, load
from wxalarm.messages import ReasonError
from wxalarm.tokens import row as rows
from wxalarm.tokens.calls import LONGEST
from wxalarm.tokens.needs import AUTHORIZER, COMPONENT_TICKET, row_name
from wxalarm.tokens.reader import NoToken, Reader
from wxalarm.tokens.stores import open_store
from wxalarm.tokens.stores.base import Store, StoreError, make
from wxalarm.wechat.limits import APPID

__all__ = [
    "AUTHORIZER",
    "BadValue",
    "NoToken",
    "Reader",
    "StoreError",
    "Tokens",
    "absent",
    "aget",
    "authorized",
    "get",
    "open_store",
    "rejected",
    "store_of",
    "ticket_came",
]
REFRESH_TOKEN = "authorizer_refresh_token"
TICKET_HOLDS = 12 * 3600.0
"""Seconds for which a component_verify_ticket can be used (验证票据)."""


def store_of(settings: Settings) -> Store:
    """The store that the settings name; without a URL a file of SQLite in the user's state folder. Raises UnknownStore,
    and ConfigError: also when a store is named by a file that nobody agreed to, for another one would be empty."""
    store, source = settings.store, settings.source
    if source is not None and any(key.startswith("store.") for key in source.unused):
        raise ConfigError("token-untrusted", path=source.path)
    return open_store(store.url or default_url(), store.secret("password"), store.secret("key"))


def default_url() -> str:
    """The store of those who name none (XDG base directories). Raises ConfigError for a user without a home."""
    try:
        root = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    except RuntimeError:
        raise ConfigError("token-no-home") from None
    return f"sqlite:///{root / 'wxalarm' / 'tokens.db'}"


def absent(settings: Settings) -> bool:
    """Whether the store is a file that is not there: to ask it for its names would make one. Raises ConfigError."""
    url = settings.store.url or default_url()
    path = url.removeprefix("sqlite:///")
    return path != url and not os.path.exists(os.path.expanduser(path))


class BadValue(ReasonError):
    """What is handed in is not what it should be. Its text does not hold the value."""


def _handed_in(text: str, kind: str) -> str:
    """A ticket or a refresh token as it came: blanks and line ends around it are of the way here."""
    value = text.strip()
    if not value or len(value) > LONGEST or not value.isascii() or not value.isprintable() or " " in value:
        raise BadValue("token-bad-value", kind=kind, count=len(value), most=LONGEST)
    return value


class Tokens:
    """The tokens of one wxalarm.toml. The functions of this module use the one that is found."""

    def __init__(self, settings: Settings | None = None, store: Store | None = None) -> None:
        self.settings = settings if settings is not None else load()
        self.store = store if store is not None else store_of(self.settings)
        self.reader = Reader(self.store)

    def get(self, account: str, kind: str | None = None, authorizer: str | None = None) -> str:
        """The token of an account, by its name in wxalarm.toml. kind: jsapi_ticket, component_verify_ticket.
        authorizer: the appid of an account that authorized the platform. Raises NoToken, and ConfigError for an
        unknown name."""
        return self.reader.get(self.name(account, kind, authorizer))

    def rejected(self, account: str, value: str, kind: str | None = None, authorizer: str | None = None) -> None:
        """WeChat answered 40001, 40014 or 42001 to this value."""
        self.reader.rejected(self.name(account, kind, authorizer), value)

    def ticket_came(self, platform: str, ticket: str) -> None:
        """The component_verify_ticket that was just pushed: the handler calls this, then answers success. Raises
        StoreError: then it must not answer success, and WeChat pushes again; and BadValue for what is no ticket."""
        value = _handed_in(ticket, COMPONENT_TICKET)
        make(self.store, self.name(self._platform(platform), COMPONENT_TICKET), rows.given(value, TICKET_HOLDS))

    def authorized(self, platform: str, authorizer: str, refresh_token: str) -> None:
        """An account has authorized the platform: its authorizer_refresh_token, which must not be lost. Raises
        StoreError, and BadValue for what is no refresh token or no appid."""
        value = _handed_in(refresh_token, REFRESH_TOKEN)
        if not re.fullmatch(APPID, authorizer):
            raise BadValue("token-bad-appid", appid=authorizer)
        make(self.store, self.name(self._platform(platform), None, authorizer), rows.given(None, 0.0, value))

    def _platform(self, name: str) -> str:
        if not self.account(name).platform:
            raise BadValue("token-no-platform", account=name)
        return name

    def name(self, account: str, kind: str | None = None, authorizer: str | None = None) -> str:
        """The name of the row. Raises ConfigError."""
        return row_name(self.account(account), kind, authorizer)

    def account(self, name: str) -> Account:
        """The account or platform of that name. Raises ConfigError."""
        found = self.settings.account_for(None, None, name)
        if found is None or not found.appid:
            raise ConfigError("token-no-appid", account=name)
        return found


_LOCK = threading.Lock()
_FOUND: list[Tokens] = []


def _tokens() -> Tokens:
    with _LOCK:
        if not _FOUND:
            _FOUND.append(Tokens())
        return _FOUND[0]


def _after_fork() -> None:
    global _LOCK
    _LOCK = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def get(account: str, kind: str | None = None, authorizer: str | None = None) -> str:
    """The token of an account of the wxalarm.toml that is found; see `Tokens.get`."""
    return _tokens().get(account, kind, authorizer)


async def aget(account: str, kind: str | None = None, authorizer: str | None = None) -> str:
    """The same, without holding up the event loop."""
    import asyncio  # most callers have no event loop

    return await asyncio.to_thread(get, account, kind, authorizer)


def rejected(account: str, value: str, kind: str | None = None, authorizer: str | None = None) -> None:
    """WeChat answered 40001, 40014 or 42001 to this value; see `Tokens.rejected`."""
    _tokens().rejected(account, value, kind, authorizer)


def ticket_came(platform: str, ticket: str) -> None:
    """A component_verify_ticket was pushed; see `Tokens.ticket_came`."""
    _tokens().ticket_came(platform, ticket)


def authorized(platform: str, authorizer: str, refresh_token: str) -> None:
    """An account has authorized the platform; see `Tokens.authorized`."""
    _tokens().authorized(platform, authorizer, refresh_token)
