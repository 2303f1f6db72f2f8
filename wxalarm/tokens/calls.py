"""The calls that give tokens: what is sent, and what is read of the answer.

The pure half (`request_of`, `outcome_of`) is used by the simulation too. `ask` is the half with the socket, by
probes.api: TLS verified, no redirect followed, secrets hidden in what comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wxalarm.tokens import errors
from wxalarm.tokens.errors import Failed
from wxalarm.tokens.turn import Ask, Got

if TYPE_CHECKING:
    from wxalarm.config import Account, Settings

TOKEN = "/cgi-bin/token"
STABLE_TOKEN = "/cgi-bin/stable_token"
GETTICKET = "/cgi-bin/ticket/getticket"
COMPONENT_TOKEN = "/cgi-bin/component/api_component_token"
AUTHORIZER_TOKEN = "/cgi-bin/component/api_authorizer_token"
LONGEST = 8192
"""Characters of a token: WeChat says that 512 must fit."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: GET when `body` is None."""

    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] | None
    field: str
    """The key of the answer that holds the token."""
    with_token: bool = False


def request_of(ask: Ask, secret: str) -> Call:
    """The call that gives what is needed. secret: the AppSecret of the account or the platform."""
    need, inputs = ask.need, list(ask.inputs.values())
    own = {"grant_type": "client_credential", "appid": owner_of(need.name), "secret": secret}
    match need.kind:
        case "access_token" if need.stable:
            return Call(STABLE_TOKEN, {}, own, "access_token")
        case "access_token":
            return Call(TOKEN, own, None, "access_token")
        case "jsapi_ticket":
            return Call(GETTICKET, {"access_token": inputs[0], "type": "jsapi"}, None, "ticket", True)
        case "component_access_token":
            body = {
                "component_appid": owner_of(need.name),
                "component_appsecret": secret,
                "component_verify_ticket": inputs[0],
            }
            return Call(COMPONENT_TOKEN, {}, body, "component_access_token")
        case _:
            platform, authorizer, _ = need.name.split("/")
            body = {
                "component_appid": platform,
                "authorizer_appid": authorizer,
                "authorizer_refresh_token": ask.row.refresh_token or "",
            }
            return Call(AUTHORIZER_TOKEN, {"access_token": inputs[0]}, body, "authorizer_access_token", True)


def owner_of(name: str) -> str:
    """The appid whose secret a row is asked with: the first part of its name."""
    return name.partition("/")[0]


def outcome_of(call: Call, data: Mapping[str, Any], errmsg: str = "", rid: str | None = None) -> Got | Failed:
    """What a JSON answer says."""
    errcode = data.get("errcode", 0)
    if errcode:
        return errors.of_errcode(errcode if isinstance(errcode, int) else -1, errmsg, rid, with_token=call.with_token)
    value, seconds = data.get(call.field), data.get("expires_in")
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST or not value.isascii() or not value.isprintable():
        return Failed(errors.NOT_JSON)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < 1e7:
        return Failed(errors.NOT_JSON)
    refresh = data.get("authorizer_refresh_token")
    return Got(value, float(seconds), refresh if isinstance(refresh, str) and refresh else None)


async def ask(asked: Ask, account: Account, settings: Settings) -> Got | Failed:
    """Make the call. Raises ConfigError for a secret that cannot be read."""
    # A reader of the store needs nothing of the network.
    from wxalarm.probes import Failure
    from wxalarm.probes.api import Api

    call = request_of(asked, account.secret("app_secret") or "")
    hidden = [*asked.inputs.values(), asked.row.refresh_token or ""]
    api = Api(account, settings, hidden=[text for text in hidden if text])
    answer, data = await api.send("GET" if call.body is None else "POST", call.path, call.query, call.body)
    if answer.failure is Failure.MALFORMED or (answer.failure is None and answer.status != 200):
        return Failed(errors.NOT_JSON, failure=f"status {answer.status}" if answer.status != 200 else "")
    if answer.failure is not None:
        return Failed(errors.UNREACHABLE, failure=str(answer.failure))
    return outcome_of(call, data, answer.errmsg, answer.rid)
