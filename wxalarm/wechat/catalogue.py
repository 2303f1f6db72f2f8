"""What WeChat pushes: every message, event and notice as data, and the names that alarms print for them.

Source: 接收普通消息, 接收事件推送, 微信推送消息与事件说明 (2015: which may be answered), and the alarms that people
have shown. Unknown names are kept as unknown entries: WeChat adds events without notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Value = str | int | float | tuple["Element", ...]
"""Text (printed in CDATA), a number (printed bare), or elements inside."""
Element = tuple[str, Value]


class Form(StrEnum):
    """The kinds of push, by what WeChat accepts as their answer."""

    MESSAGE = "message"
    EVENT = "event"
    NOTICE = "notice"
    """Third-party platform: component_verify_ticket and authorisation notices. Only `success`."""
    PAY = "pay"
    """The payment notification (v2, XML): return_code SUCCESS in XML."""
    UNKNOWN = "unknown"
    """A message or an event, it is not known which."""


class Answer(StrEnum):
    """Whether a message may answer a push; `success` and, but for notices, an empty body always may."""

    YES = "yes"
    NO = "no"
    CONFLICT = "conflict"
    """Sources differ: the 2015 table says no, SDKs and practice say yes."""
    UNDOCUMENTED = "undocumented"


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of push."""

    form: Form
    name: str
    """MsgType of a message, Event of an event, InfoType of a notice, as in the XML; "" for the payment notification."""
    answer: Answer
    elements: tuple[Element, ...] = ()
    """What stands in the XML behind the common elements, with example values."""
    label: str | None = None
    """The name that alarms print after Msg= or Event=; None when no alarm with it has been seen."""
    number: int | None = None
    """The MsgType number that alarms print."""
    known: bool = True


TEXT, EVENT, FOLLOW, TICKET, INFO = 1, 20000, 20002, 20100, 20101
"""The MsgType numbers seen in alarms. Nobody official explains them."""


def _message(name: str, *elements: Element, label: str | None = None, number: int | None = None) -> Entry:
    return Entry(Form.MESSAGE, name, Answer.YES, elements, label, number)


def _event(
    name: str, answer: Answer, *elements: Element, label: str | None = None, number: int | None = EVENT
) -> Entry:
    return Entry(Form.EVENT, name, answer, elements, label, number)


def _quiet(*names: str) -> tuple[Entry, ...]:
    """Events of the system that nobody answers, with nothing in them that a diagnosis needs."""
    return tuple(_event(name, Answer.NO) for name in names)


def _menu(name: str, *elements: Element, answer: Answer = Answer.YES, label: str | None = None) -> Entry:
    return _event(name, answer, ("EventKey", "wxalarm"), *elements, label=label)


_MEDIA: Element = ("MediaId", "wxalarm-media")
_THUMB: Element = ("ThumbMediaId", "wxalarm-thumb")
_SCAN_INFO: Element = ("ScanCodeInfo", (("ScanType", "qrcode"), ("ScanResult", "wxalarm")))
_PICTURES: Element = (
    "SendPicsInfo",
    (("Count", 1), ("PicList", (("item", (("PicMd5Sum", "1b5f7c23b5bf75682a53e7b6d163e185"),)),))),
)
_PLACE: tuple[Element, ...] = (
    ("Location_X", 23.134521),
    ("Location_Y", 113.358803),
    ("Scale", 20),
    ("Label", "wxalarm"),
)

MESSAGES = (
    _message("text", ("Content", "wxalarm"), label="Text", number=TEXT),
    _message("image", ("PicUrl", "http://wx.example.com/wxalarm.jpg"), _MEDIA, label="Image"),
    _message("voice", _MEDIA, ("Format", "amr"), label="Voice"),
    _message("video", _MEDIA, _THUMB, label="Video"),
    _message("shortvideo", _MEDIA, _THUMB, label="Short Video"),
    _message("location", *_PLACE, label="Location"),
    _message("link", ("Title", "wxalarm"), ("Description", "wxalarm"), ("Url", "http://wx.example.com/"), label="Link"),
    *(
        Entry(Form.MESSAGE, n, Answer.UNDOCUMENTED)
        for n in ("device_text", "device_event", "device_status", "hardware")
    ),
)
"""Labels other than Text are by analogy: no alarm with them has been seen."""

USER_EVENTS = (
    _event("subscribe", Answer.YES, ("EventKey", ""), label="Subscribe", number=FOLLOW),
    _event("unsubscribe", Answer.NO, ("EventKey", ""), label="UnSubscribe", number=FOLLOW),
    _event("SCAN", Answer.CONFLICT, ("EventKey", "wxalarm"), ("Ticket", "wxalarm-ticket"), label="Scan QRCode"),
    _event(
        "LOCATION",
        Answer.NO,
        ("Latitude", 23.137466),
        ("Longitude", 113.352425),
        ("Precision", 119.385040),
        label="Location Report",
    ),
    _menu("CLICK", label="Click"),
    _event(
        "VIEW",
        Answer.UNDOCUMENTED,
        ("EventKey", "http://wx.example.com/"),
        ("MenuId", 1),
        label="Click Menu Url",
    ),
    _menu("scancode_push", _SCAN_INFO, answer=Answer.UNDOCUMENTED),
    _menu("scancode_waitmsg", _SCAN_INFO),
    _menu("pic_sysphoto", _PICTURES),
    _menu("pic_photo_or_album", _PICTURES),
    _menu("pic_weixin", _PICTURES),
    _menu("location_select", ("SendLocationInfo", (*_PLACE, ("Poiname", "")))),
    _menu("view_miniprogram", ("MenuId", 1), answer=Answer.UNDOCUMENTED),
    _event("user_enter_tempsession", Answer.UNDOCUMENTED),
    *_quiet("user_info_modified", "user_authorization_revoke", "user_authorization_cancellation"),
    *_quiet("subscribe_msg_popup_event", "subscribe_msg_change_event", "subscribe_msg_sent_event"),
)
SYSTEM_EVENTS = (
    _event(
        "TEMPLATESENDJOBFINISH",
        Answer.NO,
        ("MsgID", 200163836),
        ("Status", "success"),
        label="Template Send Job Finish",
    ),
    _event(
        "MASSSENDJOBFINISH",
        Answer.NO,
        ("MsgID", 1000001625),
        ("Status", "send success"),
        ("TotalCount", 1),
        ("FilterCount", 1),
        ("SentCount", 1),
        ("ErrorCount", 0),
        label="Mass Send Job Finish",
    ),
    *_quiet("PUBLISHJOBFINISH", "FREEPUBLISHJOBFINISH"),
    *_quiet("kf_create_session", "kf_close_session", "kf_switch_session"),
    *_quiet("qualification_verify_success", "qualification_verify_fail", "naming_verify_success", "naming_verify_fail"),
    *_quiet("annual_renew", "verify_expired"),
    *_quiet("card_pass_check", "card_not_pass_check", "user_get_card", "user_gifting_card", "user_del_card"),
    *_quiet("user_consume_card", "user_pay_from_pay_cell", "user_view_card", "user_enter_session_from_card"),
    *_quiet("update_member_card", "card_sku_remind", "card_pay_order", "submit_membercard_user_info"),
    *_quiet("card_merchant_check_result", "giftcard_pay_done", "giftcard_send_to_friend", "giftcard_user_accept"),
    *_quiet("poi_check_notify", "apply_merchant_audit_info", "create_map_poi_audit_info", "add_store_audit_info"),
    *_quiet("modify_store_audit_info", "merchant_order", "user_scan_product", "user_scan_product_enter_session"),
    *_quiet("user_scan_product_async", "user_scan_product_verify_action", "WifiConnected", "ShakearoundUserShake"),
    *_quiet("user_authorize_invoice", "cloud_invoice_invoiceresult_event", "update_invoice_status"),
    *_quiet("submit_invoice_title", "guide_invite_result_event", "guide_qrcode_scan_event"),
    *_quiet("add_guide_buyer_relation_event", "wxa_media_check", "weapp_audit_success", "weapp_audit_fail"),
    *_quiet("weapp_audit_delay"),
    _event("debug_demo", Answer.NO, ("debug_str", "hello world"), number=None),
)


def _notice(name: str, label: str, number: int, *elements: Element) -> Entry:
    return Entry(Form.NOTICE, name, Answer.NO, elements, label, number)


_AUTHORIZER: Element = ("AuthorizerAppid", "wx0000000000000000")
_CODE: tuple[Element, ...] = (
    _AUTHORIZER,
    ("AuthorizationCode", "wxalarm-code"),
    ("AuthorizationCodeExpiredTime", 600),
    ("PreAuthCode", "wxalarm-pre"),
)
NOTICES = (
    # Not "ticket@@@…": a handler that stores what it gets must be able to tell that this is no ticket.
    _notice("component_verify_ticket", "Component Ticket", TICKET, ("ComponentVerifyTicket", "wxalarm-no-ticket")),
    _notice("unauthorized", "Component Info", INFO, _AUTHORIZER),
    _notice("authorized", "Component Info", INFO, *_CODE),
    _notice("updateauthorized", "Component Info", INFO, *_CODE),
    _notice("notify_third_fasteregister", "Component Info", INFO),
)
PAYMENT = Entry(Form.PAY, "", Answer.NO)
ENTRIES = (*MESSAGES, *USER_EVENTS, *SYSTEM_EVENTS, *NOTICES, PAYMENT)

_BY_NAME = {(entry.form, entry.name): entry for entry in ENTRIES}
_FOLDED = {(entry.form, entry.name.lower()): entry for entry in ENTRIES}


def _fold(label: str) -> str:
    return "".join(label.lower().replace("_", "").split())


# The first entry with a label stands for it: Component Info is most often `unauthorized`.
_BY_LABEL = {(entry.form, _fold(entry.label)): entry for entry in reversed(ENTRIES) if entry.label}


def by_name(form: Form, name: str) -> Entry:
    """The entry with this XML name; an unknown one when there is none. The case of names matters to handlers, so an
    entry with another case is only taken when none fits exactly."""
    found = _BY_NAME.get((form, name)) or _FOLDED.get((form, name.lower()))
    return found or Entry(form, name, Answer.UNDOCUMENTED, known=False)


def by_label(msg: str | None = None, event: str | None = None, msg_type: int | None = None) -> Entry | None:
    """The entry that an alarm means with [Msg=…], [Event=…] and [MsgType=…]; None when it names nothing.

    Msg=Subscribe stands beside Event=UnSubscribe: the event says more. XML names are understood too.
    """
    if event:
        for form in (Form.EVENT, Form.NOTICE):
            if found := _BY_LABEL.get((form, _fold(event))) or _FOLDED.get((form, event.lower())):
                return found
        form = Form.NOTICE if msg_type in (TICKET, INFO) else Form.EVENT
        return Entry(form, event, Answer.UNDOCUMENTED, known=False)
    if msg:
        found = _BY_LABEL.get((Form.MESSAGE, _fold(msg))) or _FOLDED.get((Form.MESSAGE, msg.lower()))
        # An alarm of a follow may print Msg=Subscribe alone.
        found = found or _BY_LABEL.get((Form.EVENT, _fold(msg)))
        return found or Entry(Form.MESSAGE, msg, Answer.UNDOCUMENTED, known=False)
    return next((entry for entry in (MESSAGES[0], *NOTICES[:2]) if msg_type == entry.number), None)
