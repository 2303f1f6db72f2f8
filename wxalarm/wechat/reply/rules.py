"""The rules of passive replies: what WeChat wants of the XML, per MsgType and per push.

Sources: 被动回复用户消息 (Passive_user_reply_message), 微信推送消息与事件说明 (which pushes may be answered).
A body that WeChat cut is judged by what is whole in it: nothing is missing from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from wxalarm.model import Finding, Severity
from wxalarm.wechat.catalogue import Answer, Form
from wxalarm.wechat.limits import APPID, ARTICLES, ARTICLES_FOR_MESSAGE, CONTENT
from wxalarm.wechat.reply import codes
from wxalarm.wechat.reply.body import Body
from wxalarm.wechat.reply.markup import Element, content_span, element_span, inner_span
from wxalarm.wechat.reply.unseen import taken_for

WARNING = Severity.WARNING
ARTICLES_2015 = 10
"""Articles above which the documents of 2015 promise no reply at all."""
ONE_ARTICLE = frozenset({"text", "image", "voice", "video", "shortvideo", "link", "location"})
"""Messages of the user that are answered with one article at most."""
REPLIES = {
    "text": ("Content",),
    "image": ("Image/MediaId",),
    "voice": ("Voice/MediaId",),
    "video": ("Video/MediaId",),
    "music": ("Music/ThumbMediaId",),
    "news": ("ArticleCount", "Articles"),
    "transfer_customer_service": (),
}
"""MsgType of a reply → the elements it must have."""
WORK_REPLIES = {
    **{kind: REPLIES[kind] for kind in ("text", "image", "voice", "video", "news")},
    "update_button": ("Button/ReplaceName",),
    "update_template_card": ("TemplateCard",),
}
"""The same for WeCom (企业微信, 被动回复消息格式)."""
PUSHED_ONLY = frozenset({"event", "link", "location", "shortvideo"})
COMMON = ("ToUserName", "FromUserName", "CreateTime", "MsgType")
ARTICLE_FIELDS = ("Title", "Description", "PicUrl", "Url")
_SECONDS = re.compile(r"\A[0-9]{1,10}\Z")
_MILLISECONDS = re.compile(r"\A(?:[0-9]{13}|[0-9]{16}|[0-9]{19})\Z")
_ACCOUNT = re.compile(r"\Agh_")
_APPID = re.compile(rf"\A{APPID}\Z")
_WORDS = frozenset({"null", "undefined", "none", "nil", "nan", "touser", "fromuser", "tousername", "fromusername"})
"""What stands where an id was never filled in, the placeholders of the documents' samples among it."""
_OPENID = re.compile(r"\Ao[\w-]{20,40}\Z")
_MASKED = re.compile(r"[*＊•·xX]{3}|…")


def message(body: Body, root: Element) -> Iterator[Finding]:
    """Findings about a plain passive reply to a message or an event, the surest cause first."""
    if echoed := _echo(body, root):
        yield echoed
        return
    kind_element = root.get("MsgType")
    kind = kind_element.text if kind_element and kind_element.closed else None
    replies = WORK_REPLIES if body.pushed.work else REPLIES
    known = kind if kind in replies else None
    if not body.pushed.work and (finding := not_allowed(body, kind)):
        yield finding
    yield from missing(body, root, COMMON)
    if kind_element is not None and kind is not None and known is None:
        yield _msgtype(body, kind_element, replies)
    yield from _create_time(body, root)
    if known is not None:
        yield from missing(body, root, replies[known])
        yield from {"text": _text, "news": _news, "music": _music}.get(known, _nothing)(body, root)
    yield from _users(body, root)


def _nothing(body: Body, root: Element) -> Iterator[Finding]:
    yield from ()


# --- which push --------------------------------------------------------------------------------------------------


def not_allowed(body: Body, kind: str | None) -> Finding | None:
    """A message in answer to a push that takes none; a warning where sources conflict or say nothing."""
    pushed = body.pushed
    name = pushed.name or ""
    if kind == "transfer_customer_service" and pushed.form is Form.EVENT:
        return body.find(codes.NOT_ALLOWED, corrected=body.accepted_instead, push=name, case="transfer")
    answer = pushed.answer
    if answer is Answer.NO:
        return body.find(codes.NOT_ALLOWED, corrected=body.accepted_instead, push=name, case=_no_case(name))
    if answer is not Answer.YES:
        code = codes.NOT_ALLOWED.variant(severity=WARNING)
        return body.find(code, corrected=body.accepted_instead, push=name, case=str(answer))
    return None


def _no_case(name: str) -> str:
    return name if name in ("unsubscribe", "LOCATION", "TEMPLATESENDJOBFINISH") else "no"


def _echo(body: Body, root: Element) -> Finding | None:
    """The push itself as the reply: it has what only pushes have."""
    kind = root.get("MsgType")
    event = kind is not None and kind.text == "event"
    marks = [name for name in ("MsgId", "Event", "InfoType", "MsgDataId") if root.get(name) is not None]
    if not marks and not event:
        return None
    mark = root.get(marks[0]) if marks else kind
    assert mark is not None
    # A reply with a stray MsgId is still a reply; only one that is not swapped either is the push.
    sender, receiver = root.get("FromUserName"), root.get("ToUserName")
    swapped = receiver is not None and _looks_like_user(body, receiver.text) and not event and "Event" not in marks
    if swapped and sender is not None:
        return None
    return body.find(codes.ECHO, *element_span(body.data, mark), corrected=body.accepted_instead, element=mark.name)


# --- elements ----------------------------------------------------------------------------------------------------


def missing(body: Body, root: Element, paths: tuple[str, ...]) -> Iterator[Finding]:
    """Required elements that are not there or, where they must say something, are empty."""
    if body.truncated:
        return
    for path in paths:
        parent, _, name = path.rpartition("/")
        inside = root.get(parent) if parent else root
        found = inside.get(name) if inside is not None else None
        if found is None:
            yield _absent(body, root, inside, path)
        elif not found.text.strip() and not found.children and name not in ("Content", "CreateTime"):
            span = content_span(body.data, found)
            yield body.find(codes.ELEMENT_MISSING, *span, path=path, near="", case="empty")


def _absent(body: Body, root: Element, inside: Element | None, path: str) -> Finding:
    """An element that is not there; perhaps it stands elsewhere or is written otherwise."""
    parent, _, name = path.rpartition("/")
    if near := _near(inside if inside is not None else root, name if inside is not None else parent):
        begin, _ = element_span(body.data, near)
        wanted = (name if inside is not None else parent).encode()
        corrected = renamed(body.data, near, wanted)
        return body.find(
            codes.ELEMENT_MISSING, begin, begin + 1 + len(near.name.encode()),
            corrected=corrected, path=path, near=near.name, case="near",
        )  # fmt: skip
    stray = root.get(name) if parent else next((c.get(name) for c in root if c.get(name) is not None), None)
    place = stray if stray is not None else inside if inside is not None else root
    span = element_span(body.data, place)
    return body.find(codes.ELEMENT_MISSING, *span, path=path, near="", case="elsewhere" if stray else "absent")


_SLIPS = {"timestamp": "TimeStamp", "msgsign": "MsgSignature", "signature": "MsgSignature", "msgtype": "MsgType"}


def _near(inside: Element, name: str) -> Element | None:
    """A child whose name is this one but for case, underscores or a usual slip."""
    wanted = name.lower()
    for child in inside:
        folded = child.name.lower().replace("_", "").replace("-", "")
        if child.name != name and (folded == wanted or _SLIPS.get(folded) == name):
            return child
    return None


def renamed(data: bytes, element: Element, name: bytes) -> bytes:
    """The body with the start and end tag of an element renamed."""
    old = element.name.encode()
    start = element.offset + 1
    data = data[:start] + name + data[start + len(old) :]
    close = data.find(b"</" + old + b">", start)
    return data if close < 0 else data[: close + 2] + name + data[close + 2 + len(old) :]


def _msgtype(body: Body, element: Element, replies: Mapping[str, tuple[str, ...]]) -> Finding:
    folded = taken_for(element.text).lower()
    span = content_span(body.data, element)
    if folded in replies:
        start, end = inner_span(body.data, element)  # blanks may stand around the CDATA, too
        cdata = b"<![CDATA[%b]]>" if b"<![CDATA[" in body.data[start:end] else b"%b"
        corrected = body.spliced(start, end, cdata % folded.encode())
        return body.find(codes.MSGTYPE, *span, corrected=corrected, value=element.text, near=folded, case="near")
    case = "push-only" if folded in PUSHED_ONLY else "empty" if not folded else "other"
    return body.find(codes.MSGTYPE, *span, value=element.text[:60], near="", case=case, known=list(replies))


def _create_time(body: Body, root: Element) -> Iterator[Finding]:
    element = root.get("CreateTime")
    if element is None or not element.closed or _SECONDS.match(element.text.strip()):
        return
    value, span = element.text.strip(), content_span(body.data, element)
    if _MILLISECONDS.match(value):
        corrected = body.spliced(*span, value[:10].encode())
        unit = {13: "milliseconds", 16: "microseconds"}.get(len(value), "nanoseconds")
        code = codes.CREATETIME_MILLISECONDS
        if unit != "milliseconds":  # only these are known to reach users
            code = code.variant(severity=Severity.ERROR)
        yield body.find(code, *span, corrected=corrected, value=value, digits=len(value), seconds=value[:10], unit=unit)
        return
    whole, taken = re.match(r"\d{10}(?=\.\d)", value), _SECONDS.match(taken_for(value))
    case = "fraction" if whole else "unseen" if taken else "empty" if not value else "other"
    case = "date" if re.match(r"\d{4}[-/]", value) else case
    seconds = whole or taken
    fixed = body.spliced(*span, seconds[0].encode()) if seconds else None
    yield body.find(codes.CREATETIME, *span, corrected=fixed, value=value[:60], case=case)


# --- per MsgType -------------------------------------------------------------------------------------------------


def _text(body: Body, root: Element) -> Iterator[Finding]:
    content = root.get("Content")
    if content is None or not content.closed:
        return
    if not content.text.strip():
        yield body.find(
            codes.CONTENT_EMPTY, *content_span(body.data, content), corrected=body.accepted_instead,
            blanks=len(content.text), case="blank" if content.text else "empty",
        )  # fmt: skip
        return
    if content.text.strip().lower() == "success":
        span = content_span(body.data, content)
        yield body.find(codes.SUCCESS_AS_MESSAGE, *span, corrected=body.accepted_instead, value=content.text.strip())
    length = len(content.text.encode("utf-8", "surrogatepass"))
    if length > CONTENT:
        span = content_span(body.data, content)
        yield body.find(codes.CONTENT_LONG, *span, length=length, limit=CONTENT)


def _music(body: Body, root: Element) -> Iterator[Finding]:
    music = root.get("Music")
    for element in music or ():
        if element.name in ("MusicURL", "HQMusicURL"):
            wanted = element.name.replace("URL", "Url")
            yield body.find(
                codes.MUSIC_URL, *element_span(body.data, element),
                corrected=renamed(body.data, element, wanted.encode()), element=element.name, wanted=wanted,
            )  # fmt: skip


def _news(body: Body, root: Element) -> Iterator[Finding]:
    count, articles = root.get("ArticleCount"), root.get("Articles")
    if articles is None or not articles.closed:
        return
    items = articles.all("item")
    yield from _article_count(body, count, articles, len(items))
    limit = ARTICLES_FOR_MESSAGE if body.pushed.name in ONE_ARTICLE else ARTICLES
    if (len(items) > limit and body.pushed.form is not Form.UNKNOWN) or len(items) > ARTICLES:
        case = "many-2015" if len(items) > ARTICLES_2015 else "limit"
        code, span = codes.ARTICLES.variant(severity=WARNING), element_span(body.data, items[limit])
        yield body.find(code, *span, case=case, count=len(items), limit=limit, push=body.pushed.name)
    for item in items:
        absent = [name for name in ARTICLE_FIELDS if item.get(name) is None]
        if absent:
            code, span = codes.ARTICLES.variant(severity=WARNING), element_span(body.data, item)
            yield body.find(
                code, *span, case="fields", count=len(items), limit=limit, push=body.pushed.name, missing=absent
            )
            return


def _article_count(body: Body, count: Element | None, articles: Element, items: int) -> Iterator[Finding]:
    if items == 0:
        span = element_span(body.data, articles)
        yield body.find(codes.ARTICLES, *span, case="none", count=0, limit=ARTICLES)
        return
    if count is None or not count.closed or not count.text.strip():
        return
    value = count.text.strip()
    if not value.isascii() or not value.isdigit() or int(value[:9]) != items:
        span = content_span(body.data, count)
        yield body.find(
            codes.ARTICLES, *span, corrected=body.spliced(*span, str(items).encode()),
            case="count", count=items, limit=ARTICLES, declared=value[:20],
        )  # fmt: skip


# --- to whom -----------------------------------------------------------------------------------------------------


def _looks_like_user(body: Body, value: str) -> bool:
    if body.pushed.openid:
        return _same(value, body.pushed.openid)
    return bool(_OPENID.match(value)) and not _ACCOUNT.match(value)


def _same(one: str, other: str) -> bool:
    """Equal, or one of them is masked (***) as people paste alarms: then only what is readable counts."""
    if one == other:
        return True
    if not (_MASKED.search(one) or _MASKED.search(other)):
        return False
    head = re.split(r"[*＊•·xX]{3}|…", one)[0], re.split(r"[*＊•·xX]{3}|…", other)[0]
    length = min(map(len, head))
    return head[0][:length] == head[1][:length]


def _users(body: Body, root: Element) -> Iterator[Finding]:
    """ToUserName is the user, FromUserName the account: the other way round than in the push."""
    receiver, sender = root.get("ToUserName"), root.get("FromUserName")
    if receiver is None or sender is None or not (receiver.closed and sender.closed):
        return
    to, by = receiver.text.strip(), sender.text.strip()
    if not to or not by or body.pushed.work:  # a userid and a CorpID may be any words
        return
    user, account = body.pushed.openid, body.pushed.account
    turned = (_ACCOUNT.match(to) and not _ACCOUNT.match(by)) or (
        user is not None and to != user and by == user
    )  # fmt: skip
    if turned:
        yield body.find(
            codes.NOT_SWAPPED,
            *content_span(body.data, receiver),
            corrected=_swapped(body, receiver, sender),
            to=to,
            by=by,
        )
        return
    for element, value, wanted in ((receiver, to, user), (sender, by, account)):
        if wanted:
            case = None if _same(value, wanted) else "given"
        else:
            case = _no_receiver(value) if element is receiver else _no_sender(value)
        if case:
            span = content_span(body.data, element)
            corrected = body.spliced(*span, wanted.encode()) if wanted else None
            yield body.find(
                codes.WRONG_USER, *span, corrected=corrected,
                element=element.name, value=value[:60], wanted=wanted, case=case,
            )  # fmt: skip


def _no_receiver(value: str) -> str | None:
    """What ToUserName is when it cannot be an OpenID: a key of [words.reply_user]; None when it may be one."""
    if value.lower() in _WORDS:
        return "word"
    if _APPID.match(value):
        return "appid"
    return None if _OPENID.match(value) or _MASKED.search(value) else "no-openid"


def _no_sender(value: str) -> str | None:
    """The same for FromUserName: the documents call it the account's 开发者微信号, so that other names may be right."""
    if value.lower() in _WORDS:
        return "word"
    return "appid" if _APPID.match(value) else "openid" if _OPENID.match(value) else None


def _swapped(body: Body, receiver: Element, sender: Element) -> bytes:
    one, other = sorted((content_span(body.data, receiver), content_span(body.data, sender)))
    data = body.data
    return (
        data[: one[0]] + data[other[0] : other[1]] + data[one[1] : other[0]] + data[one[0] : one[1]] + data[other[1] :]
    )
