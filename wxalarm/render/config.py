"""The keys of wxalarm.toml as a file to fill in, as a page of the documentation, as a JSON Schema.

Everything is made from `config.tables` and the catalogues; no key is named here.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wxalarm.config import Entry, Settings, Table, tables
from wxalarm.messages import Catalogue
from wxalarm.render.text import wrap

WIDTH = 80
NAMES = {"accounts": "main", "platforms": "mine"}
"""Names of the tables under [accounts] and [platforms] in the file to fill in."""


def about(entry: Entry, words: Catalogue) -> str:
    """The sentence on a key. A platform's key that has none of its own means what an account's does."""
    if entry.secret and entry.form == "path":
        return words.config("secret_file", key=f"{entry.secret}_env")
    name = entry.secret or entry.name
    own = words.config("key", entry.table, name)
    return words.config("key", "accounts", name) if entry.table == "platforms" and not own else own


def template(words: Catalogue, settings: type[Settings] = Settings, filled: Sequence[Mapping[str, str]] = ()) -> str:
    """wxalarm.toml with every key commented out: at its default, else at its sample. filled: accounts that are known,
    each by its keys; the first stands in the account's table, the others in tables of their own behind it."""
    lines = [*_comment(words.config_about()), "#", *_comment([words.config("template")])]
    said = {""}
    for name, table in tables(settings).items():
        # Only the accounts' table counts as it stands: an empty platform would be one.
        head = f"[{name}.{NAMES[name]}]" if table.named else f"[{name}]"
        lines += ["", "", *_comment([words.config("table", name)]), "#" * (name == "platforms") + head]
        for entry in table.keys.values():
            if entry.secret and entry.form == "path":
                continue  # the head of the file says it for all of them
            if (text := about(entry, words)) not in said:
                lines += ["", *_comment([text])]
                said.add(text)
            known = filled[0].get(entry.name) if name == "accounts" and filled else None
            lines.append(f"#{entry.name} = {toml(entry.sample)}" if known is None else f"{entry.name} = {toml(known)}")
        for number, account in enumerate(filled[1:] if name == "accounts" else (), 2):
            lines += ["", f"[{name}.account{number}]", *(f"{key} = {toml(value)}" for key, value in account.items())]
    return "\n".join(lines) + "\n"


def _comment(paragraphs: Sequence[str]) -> list[str]:
    return [f"# {line}" for text in paragraphs for line in wrap(text, WIDTH - 2)]


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    # A TOML string takes the escapes of JSON, apart from surrogates, which it cannot hold at all.
    return str(value) if isinstance(value, float) else json.dumps(_plain(value), ensure_ascii=False)


def page(words: Catalogue) -> Iterator[str]:
    """The lines of docs/LANG/config.md under its title."""
    for text in (*words.config_about(), words.config("unknown")):
        yield f"- {text}"
    yield ""
    for name, table in tables().items():
        yield f"## `[{name}.NAME]`" if table.named else f"## `[{name}]`"
        yield ""
        yield words.config("table", name)
        yield ""
        yield _row([words.config("word", word) for word in ("key", "type", "default", "example", "found", "meaning")])
        yield "|---|---|---|---|---|---|"
        for entry in table.keys.values():
            default, sample = (_code(value) for value in (entry.default, entry.sample))
            example = sample if sample != default else ""
            found = words.config("word", "yes") if entry.harmless else ""
            cells = (f"`{entry.name}`", _type(entry, words), default, example, found, _prose(about(entry, words)))
            yield _row(cells)
        yield ""
    yield f"## {words.config('word', 'editor')}"
    yield ""
    yield words.config("editor", schema=schema_name(words))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _prose(text: str) -> str:
    """A sentence in Markdown: $…$ would be read as a formula."""
    return re.sub(r"\$\w+\$", r"`\g<0>`", text)


def _code(value: Any) -> str:
    return "" if value is None or value == () else f"`{toml(value)}`"


def _type(entry: Entry, words: Catalogue) -> str:
    form = entry.form if entry.form != "text" else entry.item.__name__
    one = ", ".join(f"`{toml(choice)}`" for choice in entry.choices) or words.config("type", form)
    return words.config("word", "list", of=one) if entry.many else one


def schema_name(words: Catalogue) -> str:
    """The file name of the JSON Schema that speaks the catalogue's language."""
    return f"config.{words.lang}.json"


def schema(words: Catalogue, settings: type[Settings] = Settings) -> dict[str, Any]:
    """A JSON Schema of wxalarm.toml, for editors. The loader knows more: addresses and ports are checked there."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": words.ui("doc_config"),
        **_object({name: _table(name, table, words) for name, table in tables(settings).items()}),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _table(name: str, table: Table, words: Catalogue) -> dict[str, Any]:
    described = {"description": words.config("table", name)}
    one = _object({entry.name: _property(entry, words) for entry in table.keys.values()})
    return {"type": "object", **described, "additionalProperties": one} if table.named else {**one, **described}


def _property(entry: Entry, words: Catalogue) -> dict[str, Any]:
    item: dict[str, Any] = {"type": _JSON[entry.item]}
    if entry.choices:
        item = {"enum": list(entry.choices)}
    elif entry.form == "url":
        item["pattern"] = "^(https?://.+)?$" if entry.optional else "^https?://."
    default = {} if entry.default is None else {"default": _plain(entry.default)}
    return {
        "description": about(entry, words),
        **({"anyOf": [{"type": "array", "items": item}, item]} if entry.many else item),
        **default,
        "examples": [_plain(entry.sample)],
    }


_JSON = {str: "string", int: "integer", float: "number", bool: "boolean"}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, enum.Enum) else value
