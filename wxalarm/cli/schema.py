"""`wxalarm schema`: the JSON Schemas of what the commands write and read."""

from __future__ import annotations

from typing import Annotated

import typer

from wxalarm.cli import completion, flags
from wxalarm.cli.common import fail, nearest, words_of, write_stdout
from wxalarm.render.schema import schemas


def schema(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", autocompletion=completion.schemas)] = None,
    lang: flags.Lang = None,
) -> None:
    """Print the JSON Schema of a document; without a name, list them."""
    words = words_of(lang)
    found = schemas(words.lang)
    if name is None:
        write_stdout("".join(f"{each}\n" for each in found))
    elif name in found:
        write_stdout(found[name].read_text("utf-8"), "utf-8")
    else:
        fail(words.ui("unknown_schema", name=name, known=list(found)) + nearest(name, list(found), words))
