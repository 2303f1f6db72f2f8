"""Pictures that were given in place of text: a screenshot of the group has the words, but no letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from wxalarm.cli.common import fail
from wxalarm.probes.command import asked_for, on_path
from wxalarm.render.text import visible

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

LANGUAGE = "chi_sim"
WAIT = 60.0
"""Seconds for one picture."""


def read(data: bytes, kind: str, source: str, words: Catalogue, *, ocr: bool) -> bytes:
    """The text of a picture; the command ends without --ocr, or when tesseract cannot read Chinese here."""
    if not ocr:
        fail(words.ui("picture", source=source, kind=kind))
    program = on_path("tesseract")
    if program is None:
        fail(words.ui("ocr_missing", source=source, kind=kind, language=LANGUAGE))
    texts = []
    for languages in (f"{LANGUAGE}+eng", LANGUAGE):
        command = [program, "stdin", "stdout", "-l", languages, "--psm", "6"]
        try:
            # Its threads wait for each other in loops: beside other work two take many times as long as one.
            code, text, errors = asked_for(command, WAIT, data, OMP_THREAD_LIMIT="1")
        except OSError as error:
            fail(words.ui("ocr_failed", source=source, error=type(error).__name__))
        if code:
            fail(words.ui("ocr_failed", source=source, error=errors[:300]))
        texts.append(text.decode("utf-8", "replace"))
    typer.echo(visible(words.ui("ocr_read", source=source)), err=True)
    return both(*texts).encode()


def both(mixed: str, chinese: str) -> str:
    """Two readings of one picture, line by line the one with more Chinese: with English beside it tesseract reads
    URLs well and takes labels for Latin words ("AB: " for "内容: "); without it, the other way round."""
    lines = [[line for line in text.splitlines() if line.strip()] for text in (mixed, chinese)]
    if len(lines[0]) != len(lines[1]):
        return mixed
    return (
        "\n".join(
            max(pair, key=lambda line: sum("一" <= letter <= "鿿" for letter in line))
            for pair in zip(*lines, strict=True)
        )
        + "\n"
    )
