"""A picture in place of text is named as one, and read only when that was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_clipboard import program
from tests.cli.test_reading import ALARM, QUICK
from tests.cli_support import wxalarm
from wxalarm.cli.pictures import picture

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG[:12], "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1", "JPEG"),
        (b"RIFF\x24\0\0\0WEBP", "WebP"),
        (b"RIFF\x24\0\0\0WAVE", None),
        (b"BM\x36\0\0\0\0\0\0\0\x36\0", "BMP"),
        (b"BM is a company", None),
        (b"Appid: wx", None),
        (b"", None),
    ],
)
def test_how_one_begins(head: bytes, kind: str | None) -> None:
    assert picture(head) == kind


def test_it_is_named_and_tesseract_reads_it_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "screen.png"
    path.write_bytes(PNG)
    said = wxalarm("diagnose", *QUICK, path)
    assert said.returncode == 2
    assert b"screen.png is a picture (PNG)" in said.stderr
    assert b"PNG" in wxalarm("diagnose", *QUICK, stdin=PNG).stderr
    missing = wxalarm("diagnose", *QUICK, "--ocr", path, env={"PATH": str(tmp_path)})
    assert b"chi_sim" in missing.stderr
    (tmp_path / "text").write_text(ALARM.format(n=1), "utf-8")
    program(tmp_path, "tesseract", f'[ "$4" = chi_sim+eng ] && exec /bin/cat {tmp_path / "text"}')
    done = wxalarm("diagnose", *QUICK, "--ocr", "-f", "json", path, env={"PATH": str(tmp_path)})
    assert json.loads(done.stdout)["reports"][0]["alarm"]["appid"] == "wx0000000000000001", done.stderr
