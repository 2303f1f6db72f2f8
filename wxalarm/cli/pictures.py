"""Pictures that were given in place of text: a screenshot of the group has the words, but no letters."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from wxalarm.cli.common import fail

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

MAGIC = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"RIFF": "WebP", b"BM": "BMP", b"%PDF": "PDF"}
"""How a picture begins. WebP has its name behind the length."""
LANGUAGE = "chi_sim"
WAIT = 60.0
"""Seconds for one picture."""


def picture(head: bytes) -> str | None:
    """The kind of a picture, by its first 12 bytes; None for what is none."""
    kind = next((name for begin, name in MAGIC.items() if head.startswith(begin)), None)
    if kind == "WebP" and head[8:12] != b"WEBP":
        return None
    return None if kind == "BMP" and head[6:10] != bytes(4) else kind


def read(data: bytes, kind: str, source: str, words: Catalogue, *, ocr: bool) -> bytes:
    """The text of a picture; the command ends without --ocr, or when tesseract cannot read Chinese here."""
    if not ocr:
        fail(words.ui("picture", source=source, kind=kind))
    program = shutil.which("tesseract")
    if program is None:
        fail(words.ui("ocr_missing", source=source, kind=kind, language=LANGUAGE))
    command = [program, "stdin", "stdout", "-l", f"{LANGUAGE}+eng", "--psm", "6"]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=WAIT)
    except (OSError, subprocess.TimeoutExpired) as error:
        fail(words.ui("ocr_failed", source=source, error=type(error).__name__))
    if done.returncode:
        fail(words.ui("ocr_failed", source=source, error=done.stderr.decode("utf-8", "replace").strip()[:300]))
    return done.stdout
