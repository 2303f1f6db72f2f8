"""Replies of accounts whose 数据格式 is JSON (mini programs, stores): the same elements, as members of an object.

Source: 消息推送 (the encrypted reply in JSON has Encrypt, MsgSignature, TimeStamp, Nonce; success and an empty body
are the same in both formats).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Any

from wxalarm.model import Finding
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


def unplaced(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings without the corrections of XML, which do not fit here."""
    for finding in findings:
        drop = () if finding.evidence.get("inner") else ("corrected", "unseen", "characters")
        evidence = {key: value for key, value in finding.evidence.items() if key not in drop}
        yield dataclasses.replace(finding, evidence=evidence)
