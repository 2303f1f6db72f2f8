"""Every human sentence, by language: the catalogues en.toml and zh.toml and how to look things up in them.

Nothing here decides anything. The two catalogues have the same keys and the same placeholders (a test proves it).
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from wxalarm import shell
from wxalarm.messages.lazy import tables
from wxalarm.model import AlarmKind, Code, Finding, Reason

Lang: TypeAlias = Literal["en", "zh"]
LANGUAGES: tuple[Lang, ...] = get_args(Lang)

FEW = 6
"""Choices that a sentence may show in brackets."""
MADE = ("show", "diff")
"""Evidence that is a whole part of a message: what it would be cannot be told beforehand."""
MESSAGES = ("kind", "check")
"""Groups of messages whose parts other sentences may say."""
COMMAND = "verify"
"""The part of a code's message that is a command to paste: shell.fill says how its placeholders are filled."""

YOURS = ("your_url", "your_host")
"""Tables of the words that stand for what a reader has to fill in."""


class ReasonError(Exception):
    """An error that the catalogues put into words."""

    def __init__(self, id: str, **values: Any) -> None:
        super().__init__(id, values)
        self.reason = Reason(id, values)

    def __str__(self) -> str:
        return catalogue("en").reason(self.reason)


class _Lenient(string.Formatter):
    """str.format that shows a missing value as "?" instead of raising: a report must come out at 3 a.m. comma: what
    stands between the items of a list."""

    def __init__(self, comma: str) -> None:
        self.comma = comma

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key), "?")

    def get_field(self, field_name: str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        # No attributes or items: placeholders are plain names, and untrusted values are never walked into.
        return self.get_value(field_name, args, kwargs), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return "-"
        if isinstance(value, (list, tuple)):
            return self.comma.join(str(item) for item in value)
        try:
            return str(format(value, format_spec))
        except (ValueError, TypeError):
            return str(value)


_WORDS = re.compile(r"\{(\w+):@(\w+(?:\.\w+)?)\}")


class Catalogue:
    """The sentences of one language. Unknown keys give the key itself, so that a gap is seen and never crashes."""

    def __init__(self, lang: Lang, data: Mapping[str, Any]) -> None:
        self.lang = lang
        self.data = data
        self._formatter = _Lenient("、" if lang == "zh" else ", ")

    def _find(self, *path: str) -> Any:
        node: Any = self.data
        for name in path:
            if not isinstance(node, Mapping) or name not in node:
                return None
            node = node[name]
        return node

    def _say(self, template: Any, values: Mapping[str, Any]) -> str:
        if not isinstance(template, str):
            return ""
        return self._formatter.vformat(self._spelled(template, values), (), values)

    def _spelled(self, template: str, values: Mapping[str, Any]) -> str:
        """The template with every {value:@table} in words."""
        return _WORDS.sub(lambda found: self.word(found[2], values.get(found[1]), values), template)

    def word(self, table: str, value: Any, values: Mapping[str, Any] = MappingProxyType({})) -> str:
        """What {value:@table} stands for: the words of the catalogue's table [words.TABLE], which may have placeholders
        of their own; a value that is not there stands for what the table has under `else`, else for itself. Of a list
        each item is said."""
        if isinstance(value, (list, tuple)) and value:
            return self._formatter.comma.join(self.word(table, each, values) for each in value)
        words = self._words(table, value)
        if words is not None:
            return self._spelled(words, values)
        return self._formatter.format_field(value, "").replace("{", "{{").replace("}", "}}")

    def _words(self, table: str, value: Any) -> str | None:
        """The words of a value; {value:@kind} and {value:@check.about} are parts of messages, by default titles."""
        name, _, part = table.partition(".")
        key = "" if value in ([], ()) else str(value)
        path = (name, key, part or "title") if name in MESSAGES else ("words", table, key)
        words = self._find(*path)
        if words is None and name not in MESSAGES:
            words = self._find("words", table, "else")
        return words if isinstance(words, str) else None

    def finding(self, finding: Finding, part: str, given: Mapping[str, Any] | None = None) -> str:
        """One part (text, hint, verify, ask, letter) of a finding's message; "" when the code has none. A letter has
        several lines and is to be copied as it stands. given: what a command of a report may name besides the evidence
        (`target_of`); then none is shown with words to be filled in, such as YOUR-URL.

        [code.ID.BASIS] overrides [code.ID] part by part: a recorded failure reads otherwise than a reproduced one.
        """
        code = finding.code
        template = self._find("code", code.id, str(code.basis), part) or self._find("code", code.id, part)
        if template is None and part == "text":
            return code.id
        if part == COMMAND:
            values = {**(given or {}), **{name: value for name, value in finding.evidence.items() if value is not None}}
            return self._command(template, values, whole=given is not None)
        return self._say(template, finding.evidence).rstrip()

    def heading(self, code: Code) -> str:
        """A code in words with the code behind them: "Port refuses connections (tcp-refused)"; the code alone when it
        has no title."""
        title = self._find("code", code.id, "title")
        return self.ui("heading", title=title, code=code.id) if isinstance(title, str) else code.id

    def _command(self, template: Any, values: Mapping[str, Any], *, whole: bool) -> str:
        """A command with every value quoted; "" when there is none, or the values make none that can be pasted."""
        if not isinstance(template, str):
            return ""

        def known(found: re.Match[str]) -> str:  # a value that has no words of ours is a value
            if whole and found[2] in YOURS and values.get(found[1]) is None:
                raise shell.NoCommand(found[1])
            words = self._words(found[2], values.get(found[1]))
            return f"{{{found[1]}}}" if words is None else words

        def value(name: str, spec: str) -> Any:
            each = values.get(name)
            if spec == "host":
                return f"[{each}]" if ":" in str(each) else each
            return self._formatter.format_field(each, spec) if spec else each

        try:
            return shell.fill(_WORDS.sub(known, template), value)
        except shell.NoCommand:
            return ""

    def raw(self, code: Code, part: str) -> str:
        """A part of a code's message as it stands in the catalogue; "" when the code has none."""
        return str(self._find("code", code.id, part) or self._find("code", code.id, str(code.basis), part) or "")

    def template(self, code: Code, part: str) -> str:
        """A part of a code's message to be read by itself: a value by its name, {address}; what depends on one as its
        choices, many of them on lines of their own, unless another code is named as their table is and tells them."""
        text, tables = self._described(self.raw(code, part))
        lines = [text.rstrip()]
        for name in tables:
            home = name.removesuffix("_do").replace("_", "-")
            if home != code.id and self._find("code", home):
                lines.append(f"      … wxalarm explain {home}")
            else:
                choices = self._find("words", name).items()
                lines += [
                    "      " + self.ui("labelled", label=key, text=self._described(words)[0])
                    for key, words in choices
                    if words
                ]
        return "\n".join(lines)

    def summary(self, code: Code, part: str) -> str:
        """The same in one line; "…" for what has many choices."""
        return self._described(self.raw(code, part))[0].rstrip()

    def _described(self, template: str) -> tuple[str, list[str]]:
        """(the text, the names of the tables whose choices are too many to stand in it)."""
        text, tables = "", []
        for literal, name, spec, _ in string.Formatter().parse(template):
            table = self._find("words", spec[1:]) if spec and spec.startswith("@") else None
            text += literal
            if not isinstance(table, Mapping) or set(table) <= {"", "None"}:
                text += "" if name is None or (name in MADE and template == f"{{{name}}}") else f"{{{name}}}"
                continue
            choices = [self._described(words)[0].strip() for words in dict.fromkeys(table.values()) if words]
            if table.get("None") == "" or (len(choices) == 1 and len(table) > 1):
                continue  # what may be added to the sentence
            if len(choices) > FEW:
                tables.append(str(spec)[1:])
            text += "…" if len(choices) > FEW else self.ui("one_of", choices=" / ".join(choices))
        return text, tables

    def check(self, check_id: str, part: str = "title", **values: Any) -> str:
        """One part of a check's message: title, about, or sends (what its probe sends where and which files it reads;
        "" for a check that does neither)."""
        template = self._find("check", check_id, part)
        if template is None:
            return check_id if part == "title" else ""
        return self._say(template, values)

    def kind(self, kind: AlarmKind, part: str = "title") -> str:
        """One part (title, about) of an alarm kind's message."""
        return str(self._find("kind", str(kind), part) or kind)

    def mechanism(self, mechanism_id: str, part: str = "title") -> str:
        """One part of a mechanism's message: its title, or why it leads to the alarms of a group (mechanisms.py)."""
        return str(self._find("mechanism", mechanism_id, part) or self._find("mechanism", "any", part) or part)

    def steps(self, kind: AlarmKind) -> list[str]:
        """The manual steps of the guide for this kind: what no program on this machine can do."""
        return [str(step) for step in self._find("kind", str(kind), "manual") or ()]

    def reason(self, reason: Reason) -> str:
        """Why something was skipped or could not be told."""
        return self._say(self._find("reason", reason.id), reason.values) or reason.id

    def bring(self, reason: Reason) -> str:
        """The flag or the command that makes good what was not looked at for this reason; "" when none does."""
        return self._say(self._find("bring", reason.id), reason.values)

    def link(self, id: str) -> str:
        """Why a link of the verdict's table holds."""
        return str(self._find("link", id) or id)

    def tie(self, id: str) -> str:
        """What ties the two findings of a link."""
        return str(self._find("tie", id) or id)

    def scenario(self, name: str, part: str = "title") -> str:
        """One part of a demo scenario: title (one line), story (what has been staged, for the one who learns)."""
        return str(self._find("scenario", name, part) or name)

    def config(self, *path: str, **values: Any) -> str:
        """A sentence on wxalarm.toml, from [config]; "" when there is none."""
        return self._say(self._find("config", *path), values)

    def config_about(self) -> list[str]:
        """What has to be known of wxalarm.toml as a whole, one sentence an item."""
        return [str(line) for line in self._find("config", "about") or ()]

    def ui(self, key: str, **values: Any) -> str:
        """A word or sentence of the reports and the command line, from [ui]."""
        return self._say(self._find("ui", key), values) or key

    def ui_count(self, key: str, count: int) -> str:
        """A number of things, from [count]: "1 account", "2 accounts"."""
        form = self._find("count", key, "one" if count == 1 else "many") or self._find("count", key, "many")
        return self._say(form, {"count": count}) or f"{count} {key}"

    def handoff(self, *path: str, **values: Any) -> str:
        """A sentence of the letters to others, from [handoff]."""
        return self._say(self._find("handoff", *path), values)

    def help(self, command: str, name: str = "about") -> str:
        """What --help says of a command or, by its name, of one of its parameters."""
        return str(self._find("help", command, name) or self._find("help", "shared", name) or "")

    def usage(self, *path: str, **values: Any) -> str:
        """A word or sentence around help and usage errors, from [usage]."""
        return self._say(self._find("usage", *path), values) or path[-1]


@cache
def catalogue(lang: str) -> Catalogue:
    """The catalogue of "en" or "zh". Raises ValueError for another language."""
    known = next((one for one in LANGUAGES if one == lang), None)
    if known is None:
        raise ValueError(f"no catalogue for {lang!r}: expected one of {', '.join(LANGUAGES)}")
    text = resources.files(__package__).joinpath(f"{known}.toml").read_text("utf-8")
    return Catalogue(known, tables(text))
