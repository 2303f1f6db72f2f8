"""What is watched: the URLs given, else every account and platform of the configuration; and the plan that settings and
flags make. Raises config.ConfigError for what cannot be meant; opens nothing."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from wxalarm.checks.urls import split_url
from wxalarm.config import Account, ConfigError, Settings, read_secret
from wxalarm.watch.states import Rule
from wxalarm.watch.ways import Way, ways_of
from wxalarm.wechat.limits import APPID_PLACE
from wxalarm.wechat.message_url import filled

DEFAULT = Rule()
LEAST, MOST = 5.0, 86_400.0
"""Seconds that an interval may have: a round of a silent server takes 5 s alone."""
ROUND = 20.0
"""Seconds that a round takes at most."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One callback URL. name: the account's, else host and path; unique among the targets of a plan."""

    name: str
    url: str
    account: str | None = None

    @property
    def key(self) -> str:
        """What its history is found by: it stays when other targets come and go."""
        return hashlib.sha256(f"{self.account or ''}\n{self.url}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Plan:
    """What `watch` does: made anew from the configuration at SIGHUP."""

    targets: tuple[Watched, ...]
    settings: Settings
    every: float = 60.0
    rule: Rule = DEFAULT
    ways: tuple[Way, ...] = ()
    listen: tuple[str, int] | None = None
    token: str | None = None

    def settings_of(self, account: str | None) -> Settings:
        """The settings, with no other account than this one."""
        return replace(self.settings, accounts=(self._accounts[account],) if account in self._accounts else ())

    @cached_property
    def _accounts(self) -> dict[str | None, Account]:
        return {account.name: account for account in self.settings.accounts}


def plan_of(
    settings: Settings,
    urls: Sequence[str] = (),
    *,
    account: str | None = None,
    every: float | None = None,
    listen: str | None = None,
    shard: tuple[int, int] = (1, 1),
) -> Plan:
    """The plan. Raises ConfigError: the place and the repair."""
    where = (settings.source and settings.source.path) or "wxalarm.toml"
    watch = settings.watch
    every = _between(every or watch.every, LEAST, MOST, "--every" if every else f"{where}: watch.every")
    for key, value, most in (
        ("for", watch.for_, 1000),
        ("recover", watch.recover, 1000),
        ("keep_rounds", watch.keep_rounds, 10_000),
        ("keep_days", watch.keep_days, 10_000),
        ("megabytes", watch.megabytes, 10_000_000),
    ):
        _between(value, 1, most, f"{where}: watch.{key}")
    _between(watch.remind, 0, 24 * 365, f"{where}: watch.remind")
    targets = _named(_given(urls, settings, account) if urls else _configured(settings, where))
    number, of = shard
    return Plan(
        tuple(target for target in targets if int(target.key, 16) % of == number - 1),
        replace(settings, push=watch.push, timeout=min(ROUND, every)),
        every,
        Rule(watch.for_, watch.recover, watch.remind * 3600),
        ways_of(watch, where),
        *_page(listen or watch.listen, settings, where),
    )


def _between(value: float, least: float, most: float, place: str) -> float:
    if not least <= value <= most:
        raise ConfigError("watch-number", place=place, found=value, least=least, most=most)
    return value


def _given(urls: Sequence[str], settings: Settings, account: str | None) -> Iterator[Watched]:
    for url in urls:
        owner = settings.account_for(None, url, account)
        yield Watched(owner.name if owner else _short(url), url, owner.name if owner else None)


def _configured(settings: Settings, where: str) -> Iterator[Watched]:
    if settings.source is not None and not settings.source.trusted:
        raise ConfigError("watch-not-trusted", place=where)
    found = [one for account in settings.accounts for one in _of_account(account)]
    if not found:
        raise ConfigError("watch-nothing", place=where)
    yield from found


def _of_account(account: Account) -> Iterator[Watched]:
    for url in account.urls():
        if APPID_PLACE not in filled(url, APPID_PLACE) or account.appid:
            yield Watched(account.name, filled(url, account.appid or ""), account.name)


def _named(targets: Iterator[Watched]) -> list[Watched]:
    """Each with a name of its own. Raises ConfigError for a URL that is there twice."""
    made: dict[tuple[str | None, str], Watched] = {}
    found = list(targets)
    names = Counter(target.name for target in found)
    for target in found:
        if (target.account, target.url) in made:
            raise ConfigError("watch-twice", place=_short(target.url))
        own = target.name if names[target.name] == 1 else f"{target.name} {urlsplit(target.url).path}"
        made[target.account, target.url] = replace(target, name=own)
    return list(made.values())


def _short(url: str) -> str:
    target = split_url(url)
    return f"{target.host}{'' if target.port in (80, 443) else f':{target.port}'}{target.path.partition('?')[0]}"


def split_listen(text: str) -> tuple[str, int]:
    """Address and port of "ADDR:PORT", "[IPv6]:PORT" or ":PORT" (loopback). Raises ValueError."""
    address, _, port = text.rpartition(":")
    number = int(port)
    if not 0 <= number < 65536:
        raise ValueError(text)
    return address.strip("[]") or "127.0.0.1", number


def _page(listen: str | None, settings: Settings, where: str) -> tuple[tuple[str, int] | None, str | None]:
    """Where the page is, and the token that it wants."""
    token = token_of(settings, where)
    if not listen:
        return None, token
    try:
        address, port = split_listen(listen)
    except ValueError:
        raise ConfigError("watch-listen", place=f"{where}: watch.listen", found=listen) from None
    if address not in ("127.0.0.1", "::1", "localhost") and not token:
        raise ConfigError("watch-open", place=f"{where}: watch.listen", found=listen)
    return (address, port), token


def token_of(settings: Settings, where: str) -> str | None:
    """The token of the page; None where none is set. Raises ConfigError."""
    watch = settings.watch
    if watch.token_env:
        token = os.environ.get(watch.token_env, "").strip()
        if not token:
            raise ConfigError("watch-no-token", place=f"{where}: watch.token_env", variable=watch.token_env)
        return token
    return read_secret(Path(watch.token_file), f"{where}: watch.token_file") if watch.token_file else None
