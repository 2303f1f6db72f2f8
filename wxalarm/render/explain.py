"""What a code, check, rule or alarm kind of ours means, and a name that is not ours (errcode, label, log string), as
text: `wxalarm explain` and `wxalarm checks`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from wxalarm.checks import CHECKS, RENAMED
from wxalarm.lint import RULES
from wxalarm.messages import LANGUAGES, Catalogue, catalogue, known
from wxalarm.model import AlarmKind, Code
from wxalarm.nearest import nearest as like
from wxalarm.parser import PROBLEMS
from wxalarm.playbooks import PLAYBOOKS
from wxalarm.render.text import visible
from wxalarm.verdict.links import causes_of, effects_of
from wxalarm.wechat.reply import CODES as REPLY_CODES
from wxalarm.wechat.statuses import EXPLAINED, UNREGISTERED
from wxalarm.wechat.verify import CODES as VERIFY_CODES

PARTS = ("text", "about", "hint", "verify", "ask")


def names() -> list[str]:
    """Everything of ours that can be explained; known.entries() has the names that are others'."""
    codes = [code.id for code in _codes()]
    return list(dict.fromkeys([*(str(kind) for kind in AlarmKind), *(check.id for check in CHECKS), *codes]))


def nearest(name: str) -> list[str]:
    """The names most like a wrong one."""
    if name.strip().lstrip("-").isdigit():
        return []  # another number is no misspelling
    near = like(_plain(name), names(), 3, 0.5)
    others = {entry.name.casefold(): entry.name for entry in known.entries()}
    return near or [others[folded] for folded in like(name.strip().casefold(), others, 3, 0.6)]


def explain(name: str, words: Catalogue) -> str | None:
    """All that is known of a name, as text; None when nothing has it. A name may be both a check and a code; that of a
    kind or a check may be its title in either language, as reports show it; that of others may stand in a message."""
    others = known.find(name)
    name = _titles().get(name.strip().casefold(), _plain(name))
    name = RENAMED.get(name, name)
    sections = [*_kind(name, words), *_check(name, words), *_code(name, words)]
    if not sections:
        kinds = dict.fromkeys(entry.said for entry in others if entry.family == "kind")
        sections = [section for kind in kinds for section in _kind(kind, words)]
    sections += [_other(entry, words) for entry in others]
    if not sections:
        sections = list(_status(name, words))
    return "\n\n".join(sections) + "\n" if sections else None


def found_in(text: str, words: Catalogue) -> str | None:
    """What stands in a text and can be explained, each with its place; then the errcodes that nobody here knows. None
    when there is neither."""
    found, lines = known.mentions(text), text.split("\n")
    sections, strange = [], []
    for mention in found:
        key = "explain_place" if mention.times == 1 else "explain_places"
        place = words.ui(key, name=mention.name, line=mention.line, count=mention.times)
        if mention.entries:
            meant = (_filled(entry, lines[mention.line - 1]) for entry in mention.entries)
            sections.append("\n".join([visible(place), *(_other(entry, words) for entry in meant)]))
        else:
            strange.append(place)
    if strange:
        sections.append("\n".join([words.ui("explain_strange"), *map(visible, strange)]))
    return "\n\n".join(sections) + "\n" if sections else None


def _filled(entry: known.Entry, line: str) -> known.Entry:
    """The meaning with the address that the line has in its place, if it has one: it is what must be put right."""
    before, gap, _ = entry.said.partition(GAP)
    found = re.search(re.escape(before) + r"([\da-fA-F.:]{3,45})(?![\w.:])", line) if gap else None
    return entry if found is None else entry._replace(said=visible(entry.said.replace(GAP, found[1])))


def _other(entry: known.Entry, words: Catalogue) -> str:
    """One meaning of a name that is not ours."""
    says, act = entry.in_words(words.lang)
    family = words.word("known_family", entry.family)
    said = entry.said if entry.family != "kind" and entry.said != entry.name else ""
    return _said(entry.name, family, said, says, act, entry.source, words)


def _said(name: str, family: str, said: str, says: str, act: str, source: str, words: Catalogue) -> str:
    head = words.ui("named", name=name, what=family)
    lines = [words.ui("labelled", label=head, text=said) if said else head]
    for part, text in (("text", says), ("hint", act), ("source", source)):
        if text:
            lines.append(_part(part, text, words))
    return "\n".join(lines)


def _part(part: str, text: str, words: Catalogue) -> str:
    """A line under a name."""
    return "  " + words.ui("labelled", label=words.ui(f"part_{part}"), text=text)


GAP = "<IP>"
"""What stands in the table for an address that differs."""
_STATUS = re.compile(r"(?:http-?(?:code|status)?[-=:]?)?(\d{3})")


def _status(name: str, words: Catalogue) -> Iterator[str]:
    """An HTTP status that only our own sentences know."""
    found = _STATUS.fullmatch(name)
    if found is None or int(found[1]) not in EXPLAINED:
        return
    own = int(found[1]) in UNREGISTERED
    source = words.ui("no_registry") if own else "RFC 9110, 15: https://www.rfc-editor.org/rfc/rfc9110#section-15"
    says, act = (words.word(table, found[1]) for table in ("http_status", "http_status_do"))
    yield _said(found[1], words.word("known_family", "http"), "", says, act, source, words)


def _plain(name: str) -> str:
    """TCP_REFUSED and "tcp refused" as names are written: tcp-refused."""
    return "-".join(name.strip().casefold().replace("_", " ").split())


def _titles() -> dict[str, str]:
    """The names of kinds and checks by their titles; a kind goes before a check."""
    found: dict[str, str] = {}
    for words in map(catalogue, LANGUAGES):
        found |= {words.check(check.id).casefold(): check.id for check in CHECKS}
    for words in map(catalogue, LANGUAGES):
        found |= {words.kind(kind).casefold(): str(kind) for kind in AlarmKind}
    return found


def check_list(words: Catalogue) -> str:
    """Every check in display order: id, title, codes."""
    width = max(len(check.id) for check in CHECKS)
    lines = []
    for check in CHECKS:
        lines.append(f"{check.id:<{width}}  {words.check(check.id)}")
        codes = list(dict.fromkeys(code.id for code in check.codes))
        lines += [" " * (width + 2) + line for line in _wrapped(codes, 76 - width)]
    return "\n".join(lines) + "\n"


def _kind(name: str, words: Catalogue) -> Iterable[str]:
    if name not in list(AlarmKind):
        return
    kind = AlarmKind(name)
    playbook = PLAYBOOKS[kind]
    steps = [f"  {check.id}  {words.check(check.id)}" for check in playbook.checks]
    manual = ["  " + words.ui("labelled", label=words.ui("manual"), text=step) for step in words.steps(kind)]
    guide = words.ui("labelled", label=words.ui("doc_guide"), text=playbook.guide)
    yield "\n".join(
        [words.ui("labelled", label=kind, text=words.kind(kind)), words.kind(kind, "about"), guide, *steps, *manual]
    )


def _check(name: str, words: Catalogue) -> Iterable[str]:
    for check in CHECKS:
        if check.id == name:
            codes = list(dict.fromkeys(code.id for code in check.codes))
            yield "\n".join(
                [
                    words.ui("labelled", label=check.id, text=words.check(check.id)),
                    words.check(check.id, "about"),
                    *_wrapped(codes, 78),
                ]
            )


def _code(name: str, words: Catalogue) -> Iterable[str]:
    found = [code for code in _codes() if code.id == name]
    if not found:
        return
    code = found[0]
    says = [_part(part, text, words) for part in PARTS if (text := words.template(code, part))]
    kinds = words.ui("list_comma").join(
        words.kind(kind) for kind in dict.fromkeys(k for c in found for k in c.explains)
    )
    if kinds:
        says.append(_part("explains", kinds, words))
    for part, links in (("causes", causes_of(name)), ("effects", effects_of(name))):
        if other := words.ui("list_comma").join(dict.fromkeys(code for _, code in links)):
            says.append(_part(part, other, words))
    homes = [check.id for check in CHECKS if any(c.id == name for c in check.codes)]
    if homes:
        says.append(_part("found_by", words.ui("list_comma").join(homes), words))
    yield "\n".join([words.ui("named", name=code.id, what=words.ui(f"severity_{code.severity}")), *says])


def _codes() -> list[Code]:
    return [*(code for check in CHECKS for code in check.codes), *PROBLEMS, *RULES, *REPLY_CODES, *VERIFY_CODES]


def _wrapped(items: Sequence[str], width: int) -> list[str]:
    lines, line = [], ""
    for item in items:
        if line and len(line) + 1 + len(item) > width:
            lines.append(line)
            line = ""
        line = f"{line} {item}" if line else item
    return [*lines, line] if line else lines
