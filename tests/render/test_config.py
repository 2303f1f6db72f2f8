"""wxalarm.toml to fill in, its page and its JSON Schema say the same as the loader, and forget no key."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import Annotated, Any

import jsonschema
import pytest
from rich.cells import cell_len

from wxalarm.config import ConfigError, Entry, Key, Settings, attribute, from_mapping, tables
from wxalarm.logs import formats
from wxalarm.messages import LANGUAGES, Lang, catalogue
from wxalarm.render import config

ENTRIES = [entry for table in tables().values() for entry in table.keys.values()]


def filled(template: str) -> dict[str, Any]:
    """The tables of the file when every commented key and table is brought to life."""
    return tomllib.loads(re.sub(r"(?m)^#(?=[\w\[])", "", template))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.table}.{entry.name}")
def test_every_key_has_a_sentence_and_a_sample(entry: Entry, lang: Lang) -> None:
    text = config.about(entry, catalogue(lang))
    assert text, f"write [config.key.{entry.table}] {entry.secret or entry.name} in messages/{lang}.toml"
    assert all(choice in text for choice in entry.choices)
    assert entry.sample not in (None, ()), f"{entry.table}.{entry.name}: give its Key a sample, or the field a default"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_is_left_of_a_key_that_is_gone(lang: Lang) -> None:
    said = catalogue(lang).data["config"]
    names = {name: {e.secret or e.name for e in table.keys.values()} for name, table in tables().items()}
    assert set(said["table"]) == set(names)
    for table, sentences in said["key"].items():
        assert set(sentences) <= names[table]


def test_every_field_of_a_table_is_a_key() -> None:
    classes = {table.cls: table.keys for table in tables().values()}
    without = [
        f"{cls.__name__}.{one.name}" for cls in classes for one in dataclasses.fields(cls) if one.name not in names(cls)
    ]
    assert without == ["Account.name", "Account.platform", "Account.secrets"], "annotate the field with a Key"


def names(cls: type) -> set[str]:
    return {name for table in tables().values() if table.cls is cls for name in map(attribute, table.keys)}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_init_writes_changes_nothing_until_it_is_filled_in(lang: Lang) -> None:
    text = config.template(catalogue(lang))
    settings = from_mapping(tomllib.loads(text))
    assert [account.name for account in settings.accounts] == ["main"]
    assert dataclasses.replace(settings, accounts=(), source=None) == Settings()
    assert max(map(cell_len, text.splitlines())) <= 80


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sample_that_init_writes_is_read_and_fits_the_schema(lang: Lang) -> None:
    words = catalogue(lang)
    data = filled(config.template(words))
    jsonschema.validate(data, config.schema(words), jsonschema.Draft202012Validator)
    settings = from_mapping(data)
    assert [(account.name, account.platform) for account in settings.accounts] == [("main", False), ("mine", True)]
    assert settings.accounts[0].secrets["token_env"] == "WECHAT_TOKEN"
    for name, table in tables().items():
        written = data[name][config.NAMES[name]] if table.named else data[name]
        assert set(written) == {key for key in table.keys if not (table.named and key.endswith("_file"))}
    formats.given(data["host"]["log_format"])


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.table}.{entry.name}")
def test_a_default_is_its_own_sample(entry: Entry) -> None:
    if entry.default not in (None, ()):
        assert entry.sample == entry.default


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_schemas_in_the_package_are_valid(lang: Lang) -> None:
    name = config.schema_name(catalogue(lang))
    schema = json.loads(resources.files("wxalarm").joinpath("schemas", name).read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema == config.schema(catalogue(lang))


@pytest.mark.parametrize(
    "text",
    [
        "[dsn]\n",
        "[dns]\nserver = []\n",
        "[dns]\nservers = 3\n",
        "[dns]\nservers = [3]\n",
        "[dns]\nauthority_port = 5.5\n",
        "[dns]\nauthority_port = true\n",
        '[dns]\nauthority_port = "53"\n',
        '[accounts.a]\nmode = "safe"\n',
        '[accounts.a]\ntoken = "x"\n',
        '[accounts.a]\nmessage_url = "https://wx.example.com/"\n',
        '[platforms.a]\nurl = "https://wx.example.com/"\n',
        '[platforms.a]\noriginal_id = "gh_1"\n',
        '[accounts.a]\nurl = "wx.example.com/cb"\n',
        '[accounts]\na = "x"\n',
        "accounts = 1\n",
        '[api]\nbase_url = ""\n',
        '[output]\nlang = "fr"\n',
        '[output]\nlang = ""\n',
    ],
)
def test_a_mistake_is_one_for_the_loader_and_for_the_schema(text: str) -> None:
    data = tomllib.loads(text)
    with pytest.raises(ConfigError):
        from_mapping(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, config.schema(catalogue("en")), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "text",
    ["", '[dns]\nservers = "192.0.2.1"\n', '[accounts.a]\nurl = ""\n', '[registration]\nrdap = ""\ncache = ""\n'],
)
def test_what_the_loader_takes_the_schema_takes(text: str) -> None:
    data = tomllib.loads(text)
    from_mapping(data)
    jsonschema.validate(data, config.schema(catalogue("en")), jsonschema.Draft202012Validator)


@dataclass(frozen=True, slots=True)
class Made:
    every: Annotated[float, Key()] = 60.0
    once: Annotated[bool, Key()] = False
    ports: Annotated[tuple[int, ...], Key((80, 443))] = ()


@dataclass(frozen=True, slots=True)
class MadeUp(Settings):
    made: Made = field(default_factory=Made)


def test_a_new_table_is_written_and_described_without_being_named_anywhere() -> None:
    template = config.template(catalogue("en"), MadeUp)
    assert template.endswith("\n[made]\n#every = 60.0\n#once = false\n#ports = [80, 443]\n")
    schema = config.schema(catalogue("en"), MadeUp)
    found = schema["properties"]["made"]["properties"]
    assert (found["every"]["type"], found["once"]["type"], found["once"]["default"]) == ("number", "boolean", False)
    jsonschema.validate(filled(template), schema, jsonschema.Draft202012Validator)
    for wrong in ('every = "1"', "every = true", "once = 1", 'ports = ["80"]', "ports = 1.5"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(f"[made]\n{wrong}\n"), schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("value", "text"),
    [('a"\\\n中', '"a\\"\\\\\\n中"'), (True, "true"), (1e22, "1e+22"), (("a", "b"), '["a", "b"]'), ((), "[]")],
)
def test_a_value_as_toml_writes_it(value: Any, text: str) -> None:
    assert config.toml(value) == text
    read = tomllib.loads(f"key = {text}")["key"]
    assert (tuple(read) if isinstance(read, list) else read) == value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_has_a_row_for_every_key(lang: Lang) -> None:
    rows = [line for line in config.page(catalogue(lang)) if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [entry.name for entry in ENTRIES]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 7 for row in rows)
