"""The registry, the catalogues and the playbooks → docs/{en,zh}/{alarms,checks,causes,rules,config}.md, the JSON
Schemas of wxalarm.toml → wxalarm/schemas/config.{en,zh}.json, the grammar of alarms → docs/alarm-grammar.html.

`python -m wxalarm.docgen` writes them, `--check` says which are out of date (exit 1). Nothing in those files is
written by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from wxalarm.checks import CHECKS, RENAMED
from wxalarm.kinds import ANY
from wxalarm.lint import RULES
from wxalarm.mechanisms import MECHANISMS
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.model import AlarmKind, Code
from wxalarm.parser import PROBLEMS, grammar
from wxalarm.playbooks import PLAYBOOKS
from wxalarm.probes.files import replace
from wxalarm.render import config
from wxalarm.verdict.links import LINKS
from wxalarm.wechat.reply import CODES as REPLY_CODES

_DRAWN_BY = "python -m wxalarm.docgen, pyparsing"
_FIT = "svg { max-width: 100%; height: auto }\n"
ROOT = Path(__file__).parent.parent
PAGES = ("alarms", "checks", "causes", "rules", "config")


def page(name: str, words: Catalogue) -> str:
    """One generated page as Markdown."""
    build = {"alarms": _alarms, "checks": _checks, "causes": _causes, "rules": _rules, "config": config.page}[name]
    lines = [f"# {words.ui(f'doc_{name}')}", "", f"<!-- {words.ui('doc_generated')} -->", "", *build(words)]
    return "\n".join(lines).rstrip() + "\n"


def files() -> Iterator[tuple[Path, str]]:
    """Every generated file and its text."""
    for lang in LANGUAGES:
        words = catalogue(lang)
        for name in PAGES:
            yield ROOT / "docs" / lang / f"{name}.md", page(name, words)
        schema = json.dumps(config.schema(words), ensure_ascii=False, indent=1)
        yield ROOT / "wxalarm" / "schemas" / config.schema_name(words), schema + "\n"
    path = ROOT / "docs" / "alarm-grammar.html"
    drawn = path.read_text("utf-8") if path.exists() else ""
    # Another pyparsing may draw the same grammar otherwise: that is no reason to draw it anew.
    yield path, drawn if _drawn_by() not in drawn and _DRAWN_BY in drawn else _diagram()


def _drawn_by() -> str:
    return f"{_DRAWN_BY} {version('pyparsing')}"


def _diagram() -> str:
    """The diagram of the grammar, as wide as the screen at most."""
    head, mark, rest = grammar.diagram().strip().partition("<style>")
    lines = f"<!-- {_drawn_by()} -->\n{head}{mark}\n{_FIT}{rest}".splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip()) + "\n"


def _alarms(words: Catalogue) -> Iterator[str]:
    for kind in AlarmKind:
        playbook = PLAYBOOKS[kind]
        yield f"## {words.kind(kind)} (`{kind}`)"
        yield ""
        yield words.kind(kind, "about")
        yield ""
        yield f"{words.ui('doc_guide')}: {playbook.guide}"
        yield ""
        for check in playbook.checks:
            yield f"1. [{words.check(check.id)}](checks.md#{check.id})"
        for step in words.steps(kind):
            yield f"1. {words.ui('manual')}: {step}"
        yield ""


def _checks(words: Catalogue) -> Iterator[str]:
    yield words.ui("doc_choices")
    yield ""
    for check in CHECKS:
        yield f'<a id="{check.id}"></a>'
        yield ""
        yield f"## {words.check(check.id)} (`{check.id}`)"
        yield ""
        yield words.check(check.id, "about")
        yield ""
        if check.needs:
            yield f"{words.ui('doc_needs')}: {', '.join(f'`{need.id}`' for need in check.needs)}"
            yield ""
        yield from _codes(check.codes, words)


def _causes(words: Catalogue) -> Iterator[str]:
    """Which failure can lead to which alarm: by alarm, by failure with the reasons, by code."""
    yield words.ui("doc_causes_about")
    yield ""
    comma = words.ui("list_comma")
    yield from _table(
        [words.ui(f"doc_{name}") for name in ("kind", "facts", "inferences")],
        ([words.kind(kind), *(comma.join(_leading_to(kind, fact, words)) for fact in (True, False))] for kind in ANY),
    )
    codes = _once((*(code for check in CHECKS for code in check.codes), *REPLY_CODES))
    for mechanism in MECHANISMS:
        yield f'<a id="{mechanism.id}"></a>'
        yield ""
        yield f"## {words.mechanism(mechanism.id)} (`{mechanism.id}`)"
        yield ""
        yield comma.join(f"`{code.id}`" for code in codes if code.explains is mechanism)
        yield ""
        yield from _table(
            [words.ui(f"doc_{name}") for name in ("kinds", "why", "sure", "source")],
            (
                [
                    comma.join(map(words.kind, way.kinds)),
                    words.mechanism(mechanism.id, way.group),
                    words.ui("fact" if way.fact else "inference"),
                    words.word("source", way.source),
                ]
                for way in mechanism.ways
            ),
        )
    yield '<a id="links"></a>'
    yield ""
    yield f"## {words.ui('doc_links')}"
    yield ""
    yield from _table(
        [words.ui(f"doc_{name}") for name in ("effect", "cause", "tie", "most", "because")],
        (
            [
                comma.join(f"`{code}`" for code in link.effects),
                comma.join(f"`{code}`" for code in link.causes),
                words.tie(link.tie.id),
                words.ui(link.most),
                words.link(link.id),
            ]
            for link in LINKS
        ),
    )


def _leading_to(kind: AlarmKind, fact: bool, words: Catalogue) -> Iterator[str]:
    """The mechanisms that lead to a kind, as links; MarkFail is a fact, whatever the alarm before it is."""
    for mechanism in MECHANISMS:
        if any(kind in way.kinds and way.fact is fact for way in mechanism.ways):
            yield f"[{words.mechanism(mechanism.id)}](#{mechanism.id})"


def _rules(words: Catalogue) -> Iterator[str]:
    yield from _codes(RULES, words)
    yield f"## {words.ui('doc_problems')}"
    yield ""
    yield from _codes(PROBLEMS, words)


def _codes(codes: tuple[Code, ...], words: Catalogue) -> Iterator[str]:
    """A table: code, severity, certainty, what it says, what to do."""
    if not codes:
        return
    yield from _table(
        [words.ui(f"doc_{name}") for name in ("code", "severity", "certainty", "says", "do")],
        (
            [
                _name(code, words),
                words.ui(f"severity_{code.severity}"),
                words.ui(code.basis.certainty),
                words.summary(code, "text"),
                words.summary(code, "hint"),
            ]
            for code in _once(codes)
        ),
    )


def _name(code: Code, words: Catalogue) -> str:
    """The name of a code, and those that it had."""
    old = [f"`{name}`" for name, new in RENAMED.items() if new == code.id]
    return f"`{code.id}`" + (f" ({words.ui('doc_formerly', names=old)})" if old else "")


def _once(codes: Iterable[Code]) -> list[Code]:
    """The first of equal names."""
    found: dict[str, Code] = {}
    for code in codes:
        found.setdefault(code.id, code)
    return list(found.values())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for cells in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), '<br>') for cell in cells)} |"
    yield ""


def main(arguments: list[str]) -> int:
    """Write the files, or with --check compare them. Returns the exit code."""
    stale = []
    for path, text in files():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(path)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(path, text.encode("utf-8"))
    if stale and "--check" in arguments:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(catalogue("en").ui("doc_stale", names=names), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
