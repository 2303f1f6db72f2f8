"""Replies of accounts whose 数据格式 is JSON (mini programs, stores): the same elements, as members of an object.

Source: 消息推送 (the encrypted reply in JSON has Encrypt, MsgSignature, TimeStamp, Nonce; success and an empty body
are the same in both formats).
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from wxalarm.model import Finding
from wxalarm.wechat.reply import markup
from wxalarm.wechat.reply.body import Body
from wxalarm.wechat.reply.markup import DEEPEST, Element

READ = 1 << 16
"""Bytes of JSON that are read."""


def root_of(body: Body) -> Element | None:
    """The reply as the element that it would be in XML; None when it is no JSON object, or one without a member of a
    reply. Places are those of the members' names."""
    if body.truncated or len(body.data) > READ:
        return None
    try:
        value = json.loads(body.data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not value.keys() & {"Encrypt", "MsgType", "ToUserName"}:
        return None
    root = Element("xml", 0)
    _fill(root, value, body.data, 0)
    return root


def _fill(element: Element, value: Any, data: bytes, depth: int) -> None:
    element.closed = True
    if not isinstance(value, dict) or depth >= DEEPEST:
        element.text = "" if value is None else str(value)
        return
    for name, member in value.items():
        place = data.find(json.dumps(name, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        for one in member if isinstance(member, list) else [member]:
            child = Element(name, max(place, 0))
            _fill(child, one, data, depth + 1)
            element.children.append(child)


def corrected(
    body: Body, found: Sequence[Finding], judge: Callable[[Body, Element], Iterable[Finding]]
) -> Iterator[Finding]:
    """The findings with their corrections as JSON: those that `judge` makes of the same reply as XML."""
    value = json.loads(body.data)
    try:
        xml = _xml(value)
        root, _ = markup.read(xml)
    except (ValueError, markup.Malformed):
        root = None
    same = list(judge(dataclasses.replace(body, data=xml), root)) if root is not None else []
    if [finding.code.id for finding in same] != [finding.code.id for finding in found]:
        same = []
    for place, finding in enumerate(found):
        if finding.evidence.get("inner"):
            yield finding
            continue
        evidence = {name: value for name, value in finding.evidence.items() if name not in _CORRECTION}
        fixed = same[place].evidence.get("corrected") if same else None
        yield dataclasses.replace(finding, evidence={**evidence, **body.correction(_json(body, value, fixed))})


_CORRECTION = ("corrected", "unseen", "characters")
_NAME = r"[A-Za-z_][\w.-]*\Z"


def _xml(value: Any, name: str = "xml") -> bytes:
    """A value as an element, lists as elements of one name. Raises ValueError for a name that none can have."""
    if not re.match(_NAME, name):
        raise ValueError(name)
    if isinstance(value, dict):
        text = b"".join(_xml(one, key) for key, member in value.items() for one in _listed(member))
    else:
        text = escape("" if value is None else str(value)).encode("utf-8", "surrogatepass")
    return b"<%b>%b</%b>" % (name.encode(), text, name.encode())


def _listed(member: Any) -> Sequence[Any]:
    return member if isinstance(member, list) else [member]


def _json(body: Body, value: Any, fixed: str | None) -> bytes | None:
    """A corrected reply in XML as the document that it stands for, spaced as the reply is."""
    if fixed is None or not fixed.startswith("<xml>"):
        return fixed.encode() if fixed is not None else None
    root, _ = markup.read(fixed.encode("utf-8", "surrogatepass"))
    if root is None:
        return None
    spaces = (", ", ": ") if b'": ' in body.data else (",", ":")
    made = json.dumps(_changed(value, root), ensure_ascii=False, separators=spaces)
    return made.encode("utf-8", "surrogatepass")


def _changed(value: Any, element: Element) -> Any:
    """A value with what its element says instead: names, texts; a number stays one."""
    if isinstance(value, dict):
        made: dict[str, Any] = {}
        children = iter(element)
        for member in value.values():
            changed = [
                (child.name, _changed(one, child)) for one, child in zip(_listed(member), children, strict=False)
            ]
            for name, one in changed:
                made[name] = [each for _, each in changed] if isinstance(member, list) else one
        return made
    if element.text == ("" if value is None else str(value)):
        return value
    return int(element.text) if isinstance(value, (int, float)) and element.text.isdecimal() else element.text
