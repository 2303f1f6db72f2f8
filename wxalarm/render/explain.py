"""What a code, check, rule or alarm kind means, as text: `wxalarm explain` and `wxalarm checks`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wxalarm.checks import CHECKS, RENAMED
from wxalarm.lint import RULES
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.model import AlarmKind, Code
from wxalarm.nearest import nearest as like
from wxalarm.parser import PROBLEMS
from wxalarm.playbooks import PLAYBOOKS
from wxalarm.verdict.links import causes_of, effects_of
from wxalarm.wechat.reply import CODES as REPLY_CODES

PARTS = ("text", "about", "hint", "verify", "ask")


def names() -> list[str]:
    """Everything that can be explained."""
    codes = [code.id for code in _codes()]
    return list(dict.fromkeys([*(str(kind) for kind in AlarmKind), *(check.id for check in CHECKS), *codes]))


def nearest(name: str) -> list[str]:
    """The names most like a wrong one."""
    return like(_plain(name), names(), 3)


def explain(name: str, words: Catalogue) -> str | None:
    """All that is known of a name, as text; None when nothing has it. A name may be both a check and a code; that of a
    kind or a check may be its title in either language, as reports show it."""
    name = _titles().get(name.strip().casefold(), _plain(name))
    name = RENAMED.get(name, name)
    sections = [*_kind(name, words), *_check(name, words), *_code(name, words)]
    return "\n\n".join(sections) + "\n" if sections else None


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
    manual = [f"  {words.ui('manual')}: {step}" for step in words.steps(kind)]
    guide = f"{words.ui('doc_guide')}: {playbook.guide}"
    yield "\n".join([f"{kind}: {words.kind(kind)}", words.kind(kind, "about"), guide, *steps, *manual])


def _check(name: str, words: Catalogue) -> Iterable[str]:
    for check in CHECKS:
        if check.id == name:
            codes = list(dict.fromkeys(code.id for code in check.codes))
            yield "\n".join(
                [f"{check.id}: {words.check(check.id)}", words.check(check.id, "about"), *_wrapped(codes, 78)]
            )


def _code(name: str, words: Catalogue) -> Iterable[str]:
    found = [code for code in _codes() if code.id == name]
    if not found:
        return
    code = found[0]
    says = [f"  {words.ui(f'part_{part}')}: {text}" for part in PARTS if (text := words.template(code, part))]
    kinds = ", ".join(words.kind(kind) for kind in dict.fromkeys(k for c in found for k in c.explains))
    if kinds:
        says.append(f"  {words.ui('part_explains')}: {kinds}")
    for part, links in (("causes", causes_of(name)), ("effects", effects_of(name))):
        if other := ", ".join(dict.fromkeys(code for _, code in links)):
            says.append(f"  {words.ui(f'part_{part}')}: {other}")
    homes = [check.id for check in CHECKS if any(c.id == name for c in check.codes)]
    if homes:
        says.append(f"  {words.ui('part_found_by')}: {', '.join(homes)}")
    yield "\n".join([f"{code.id} ({words.ui(f'severity_{code.severity}')})", *says])


def _codes() -> list[Code]:
    return [*(code for check in CHECKS for code in check.codes), *PROBLEMS, *RULES, *REPLY_CODES]


def _wrapped(items: Sequence[str], width: int) -> list[str]:
    lines, line = [], ""
    for item in items:
        if line and len(line) + 1 + len(item) > width:
            lines.append(line)
            line = ""
        line = f"{line} {item}" if line else item
    return [*lines, line] if line else lines
