"""Which tokens are to be kept, by wxalarm.toml and by what stands in the store. Pure.

Rows are named by appids, which do not change: APPID/access_token, APPID/jsapi_ticket, PLATFORM/component_verify_ticket,
PLATFORM/component_access_token, PLATFORM/APPID/access_token, PLATFORM/APPID/jsapi_ticket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wxalarm.config import Account, Settings
from wxalarm.messages import ReasonError
from wxalarm.tokens.turn import Need

ACCESS_TOKEN, JSAPI_TICKET = "access_token", "jsapi_ticket"
COMPONENT_TICKET, COMPONENT_TOKEN = "component_verify_ticket", "component_access_token"
AUTHORIZER = "authorizer_access_token"


class NothingToKeep(ReasonError):
    """No account has what a token is asked for with."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A need and the account or platform whose secret it is asked with."""

    need: Need
    account: Account


def row_name(account: Account, kind: str | None = None, authorizer: str | None = None) -> str:
    """The name of a row of an account or a platform; of a platform without a kind its component_access_token."""
    if account.platform and authorizer:
        return f"{account.appid}/{authorizer}/{kind or ACCESS_TOKEN}"
    return f"{account.appid}/{kind or (COMPONENT_TOKEN if account.platform else ACCESS_TOKEN)}"


def needs_of(
    settings: Settings,
    names: Iterable[str] = (),
    account: str | None = None,
    *,
    classic: bool = False,
    with_secret: bool = True,
) -> tuple[Kept, ...]:
    """What is to be kept for every account with appid and AppSecret, or for the one of that name. names: of the rows in
    the store, which know who authorized a platform. with_secret: only those that can be asked for here. Raises
    NothingToKeep, and ConfigError for a name that is none."""
    chosen = settings.accounts if account is None else (settings.account_for(None, None, account),)
    found: dict[str, Kept] = {}
    stored = list(names)
    for one in chosen:
        secret = one is not None and any(key.startswith("app_secret_") for key in one.secrets)
        if one is not None and one.appid and (secret or not with_secret):
            for need in _of_platform(one, stored) if one.platform else _of_account(one, classic):
                found.setdefault(need.name, Kept(need, one))
    if not found:
        raise NothingToKeep("token-nothing" if account is None else "token-nothing-of", account=account)
    return tuple(found.values())


def _of_account(account: Account, classic: bool) -> Iterator[Need]:
    token = row_name(account)
    yield Need(token, ACCESS_TOKEN, stable=not classic, account=account.name)
    if account.jsapi_ticket:
        yield Need(row_name(account, JSAPI_TICKET), JSAPI_TICKET, (token,), account=account.name)


def _of_platform(account: Account, stored: Iterable[str]) -> Iterator[Need]:
    component = row_name(account)
    ticket = row_name(account, COMPONENT_TICKET)
    yield Need(component, COMPONENT_TOKEN, (ticket,), account=account.name)
    for name in stored:
        first, *rest = name.split("/")
        if first == account.appid and len(rest) == 2 and rest[1] == ACCESS_TOKEN:
            yield Need(name, AUTHORIZER, (component,), account=account.name)
            if account.jsapi_ticket:
                ticket = row_name(account, JSAPI_TICKET, rest[0])
                yield Need(ticket, JSAPI_TICKET, (name,), account=account.name)
