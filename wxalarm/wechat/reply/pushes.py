"""What was pushed, as far as a judge needs it: the form, the name, whose it is, and whether it may be answered."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from wxalarm.kinds import PAY, PLATFORM
from wxalarm.model import Alarm
from wxalarm.wechat import catalogue
from wxalarm.wechat.catalogue import Answer, Form
from wxalarm.wechat.push import LARGEST, PushError, elements_of

PAY_V2, PAY_V3 = "v2", "v3"
"""The versions of payment notifications: v2 comes as XML and wants XML, v3 as JSON and wants 200 or 204 (支付通知)."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What WeChat pushed, as far as it is known."""

    form: Form = Form.UNKNOWN
    name: str | None = None
    """MsgType of a message, Event of an event, InfoType of a notice, as in the XML; PAY_V2 or PAY_V3 of a payment
    notification whose version is known."""
    openid: str | None = None
    """FromUserName of the push."""
    account: str | None = None
    """ToUserName of the push: the account's gh_ id."""
    json: bool = False
    """The account's 数据格式 is JSON, which mini programs and stores may choose (消息推送)."""
    work: bool = False
    """WeCom (企业微信) pushed it: always encrypted, from a userid to a CorpID (被动回复消息格式)."""

    @property
    def user(self) -> bool:
        """Whether it is a message or an event: neither a third-party notice nor a payment."""
        return self.form not in (Form.NOTICE, Form.PAY)

    @property
    def answer(self) -> Answer:
        """Whether a message may answer it. What is not known to be a push that takes none may be answered."""
        if self.form is Form.UNKNOWN or not self.name:
            return Answer.YES
        entry = catalogue.by_name(self.form, self.name)
        return entry.answer if entry.known or self.form is Form.EVENT else Answer.YES


def pushed_of(alarm: Alarm) -> Pushed:
    """What an alarm says was pushed: by its kind, its Event, Msg and MsgType groups, its OpenID."""
    sample = alarm.sample
    if alarm.kind in PAY or sample.transaction_id is not None:
        return Pushed(Form.PAY, PAY_V2)  # v3 takes any body: only of v2 can a reply be called invalid
    if alarm.kind in PLATFORM:
        return Pushed(Form.NOTICE, "component_verify_ticket")
    entry = catalogue.by_label(sample.msg, sample.event, sample.msg_type)
    pushed = Pushed(entry.form, entry.name) if entry else Pushed()
    return replace(pushed, openid=sample.openid or None)


def named(name: str) -> Pushed | None:
    """A push by its XML name or by the name that alarms print, in any case, or "ticket", "pay", "pay v2" or "pay v3";
    None when unknown."""
    folded = name.strip().lower()
    if folded in ("pay", "payment"):
        return Pushed(Form.PAY)
    if folded == "ticket":
        return Pushed(Form.NOTICE, "component_verify_ticket")
    if folded in ("pay v2", "pay v3"):
        return Pushed(Form.PAY, folded[-2:])
    for entry in catalogue.ENTRIES:
        if entry.name == name.strip():
            return Pushed(entry.form, entry.name)
    for labelled in (catalogue.by_label(msg=name), catalogue.by_label(event=name)):
        if labelled is not None and labelled.known:
            return Pushed(labelled.form, labelled.name)
    return None


def names(form: Form) -> list[str]:
    """The XML names of all known pushes of a form."""
    return [entry.name for entry in catalogue.ENTRIES if entry.form is form and entry.name]


def read(body: bytes) -> Pushed | None:
    """What a push's own plain XML or JSON says; None when it is neither."""
    try:
        members = _members(body)
        found, as_json = members or elements_of(body), members is not None
    except PushError:
        return None
    if "resource" in found and "event_type" in found:
        return Pushed(Form.PAY, PAY_V3)
    openid, account = found.get("FromUserName") or None, found.get("ToUserName") or None
    if "InfoType" in found:
        return Pushed(Form.NOTICE, found["InfoType"])
    if found.get("MsgType") == "event":
        return Pushed(Form.EVENT, found.get("Event") or None, openid, account, as_json)
    if "MsgType" in found:
        return Pushed(Form.MESSAGE, found["MsgType"], openid, account, as_json)
    return Pushed(Form.PAY, PAY_V2) if "transaction_id" in found or "return_code" in found else None


def _members(body: bytes) -> dict[str, str] | None:
    """The members of a push in JSON; None when it is none."""
    if body.lstrip()[:1] != b"{":
        return None
    if len(body) > LARGEST:
        raise PushError("size")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return {str(name): str(member) for name, member in value.items()}
