"""The registry, the catalogues and the playbooks → docs/{en,zh}/{alarms,checks,rules,config}.md, the JSON Schemas of
wxalarm.toml → wxalarm/schemas/config.{en,zh}.json, the grammar of alarms → docs/alarm-grammar.html.

`python -m wxalarm.docgen` writes them, `--check` says which are out of date (exit 1). Nothing in those files is
written by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from wxalarm.checks import CHECKS
from wxalarm.lint import RULES
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.model import AlarmKind, Code
from wxalarm.parser import PROBLEMS, grammar
from wxalarm.playbooks import PLAYBOOKS
from wxalarm.probes.files import replace
from wxalarm.render import config

_DRAWN_BY = "python -m wxalarm.docgen, pyparsing"
_FIT = "svg { max-width: 100%; height: auto }\n"
ROOT = Path(__file__).parent.parent
PAGES = ("alarms", "checks", "rules", "config")


def page(name: str, words: Catalogue) -> str:
    """One generated page as Markdown."""
    build = {"alarms": _alarms, "checks": _checks, "rules": _rules, "config": config.page}[name]
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


def _rules(words: Catalogue) -> Iterator[str]:
    yield from _codes(RULES, words)
    yield f"## {words.ui('doc_problems')}"
    yield ""
    yield from _codes(PROBLEMS, words)


def _codes(codes: tuple[Code, ...], words: Catalogue) -> Iterator[str]:
    """A table: code, severity, certainty, what it says, what to do."""
    if not codes:
        return
    heads = [words.ui(f"doc_{name}") for name in ("code", "severity", "certainty", "says", "do")]
    yield f"| {' | '.join(heads)} |"
    yield "|---|---|---|---|---|"
    seen: set[str] = set()
    for code in codes:
        if code.id in seen:
            continue
        seen.add(code.id)
        cells = [
            f"`{code.id}`",
            words.ui(f"severity_{code.severity}"),
            words.ui(code.basis.certainty),
            words.summary(code, "text"),
            words.summary(code, "hint"),
        ]
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
