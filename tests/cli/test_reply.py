"""`wxalarm reply`: inputs, exit codes, formats; golden texts at 80 columns in both languages."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from tests.cli_support import wxalarm
from tests.paths import FIXTURES
from wxalarm.cli import app
from wxalarm.messages import LANGUAGES

FOLDER = FIXTURES / "replies"
CASES = sorted(path for path in FOLDER.glob("*/*") if path.suffix in (".body", ".http"))
SCHEMA = json.loads(resources.files("wxalarm").joinpath("schemas/reply-1.json").read_text("utf-8"))
CONFIG = """
[accounts.shop]
appid = "wx0000000000000001"
mode = "secure"
token_env = "SHOP_TOKEN"
encoding_aes_key_env = "SHOP_KEY"
"""
SECRETS = {"SHOP_TOKEN": "wxalarmtoken", "SHOP_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}


def run(*arguments: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> tuple[int, str]:
    """(exit code, stdout) in this process; stdin is no terminal."""
    known = {"LC_ALL": "C.UTF-8", "COLUMNS": "80", **(env or {})}
    result = CliRunner().invoke(app, ["reply", *map(str, arguments)], input=stdin, env=known)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def document(*arguments: str | Path, **options: Any) -> dict[str, Any]:
    """The JSON of a run, checked against the shipped schema."""
    _, out = run(*arguments, "-f", "json", **options)
    found: dict[str, Any] = json.loads(out)
    jsonschema.validate(found, SCHEMA)
    return found


def test_accepted_is_0_rejected_is_1_in_a_process_of_its_own() -> None:
    good, bad = wxalarm("reply", stdin=b"success"), wxalarm("reply", "-", stdin=b'"success"')
    assert (good.returncode, bad.returncode) == (0, 1)
    assert good.stdout.startswith(b"ACCEPTED")
    assert bad.stdout.startswith(b"REJECTED")
    assert good.stderr == bad.stderr == b""


@pytest.mark.parametrize(
    ("flags", "code"),
    [((), 0), (("--event", "TEMPLATESENDJOBFINISH"), 0), (("--msg", "text"), 0), (("--ticket",), 1), (("--pay",), 0)],
)
def test_an_empty_body_is_a_body(flags: tuple[str, ...], code: int) -> None:
    assert run(*flags)[0] == code
    assert run(*flags, "--mode", "secure")[0] == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--event", "text"), "no push has this name"),
        (("--msg", "txt"), "text"),
        (("--event", "CLICK", "--pay"), "--event, --pay: expected one of them"),
        (("--mode", "safe"), "expected one of plain, compatible, secure"),
        (("--account", "nobody"), "no such account"),
        (("-f", "xml"), "expected one of text, json"),
        (("no-such-file",), "cannot be read"),
    ],
)
def test_wrong_usage_is_2_and_says_what_was_expected(arguments: tuple[str, ...], said: str) -> None:
    done = wxalarm("reply", *arguments, stdin=b"success")
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stdout == b""


def test_an_event_of_tomorrow_is_kept_by_its_name() -> None:
    done = wxalarm("reply", "--event", "unsubscribed", "-f", "json", stdin=b"success")
    assert done.returncode == 0
    assert json.loads(done.stdout)["push"] == {"form": "event", "name": "unsubscribed"}
    assert "(did you mean unsubscribe," in done.stderr.decode()
    far = wxalarm("reply", "--event", "an_event_nobody_knows", "--lang", "en", "-", stdin=b"success")
    assert b"not in the list of known events" in far.stderr
    assert b"did you mean" not in far.stderr
    assert run("--event", "an_event_nobody_knows", stdin=b'"success"')[0] == 1


def test_the_data_format_and_wecom_are_said_by_flags() -> None:
    mini = (FOLDER / "reply-json/near-mini-program-format.body").read_bytes()
    assert (run(stdin=mini)[0], run("--json", stdin=mini)[0]) == (1, 0)
    plain = (FOLDER / "reply-not-encrypted/wecom-plain.body").read_bytes()
    assert [f["code"] for f in document("--work", stdin=plain)["findings"]] == ["reply-not-encrypted"]


@pytest.mark.parametrize("name", ["unsubscribe", "UnSubscribe", "Template Send Job Finish"])
def test_names_of_alarms_and_of_the_xml_are_understood(name: str) -> None:
    body = (FOLDER / "accepted/text.body").read_bytes()
    assert [f["code"] for f in document("--event", name, stdin=body)["findings"]] == ["reply-not-allowed"]


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_fixture_gives_valid_json_and_text_of_80_columns(path: Path) -> None:
    found = document(path)
    for lang in LANGUAGES:
        code, text = run(path, "--lang", lang)
        assert code == (0 if found["accepted"] else 1)
        assert all(cell_len(line) <= 80 for line in text.splitlines()), text
        assert text.replace("\n", "").isprintable()
        assert len(text.splitlines()) < 60
    assert found["accepted"] is not any(f["severity"] == "error" for f in found["findings"])


def test_the_caret_stands_under_the_place_by_display_width() -> None:
    body = "<xml>\n<Content><![CDATA[中文中文]]></Content><MsgType>text</Msgtype></xml>".encode()
    _, text = run(stdin=body)
    lines = text.splitlines()
    row = next(
        index for index, line in enumerate(lines) if line.strip().startswith("^") or (" | " in line and "^" in line)
    )
    column = cell_len(lines[row][: lines[row].index("^")])
    shown = lines[row - 1]
    assert cell_len(shown[: shown.index("</Msgtype>")]) == column


def test_control_characters_are_shown_and_not_sent() -> None:
    _, text = run(stdin="\x1b[31mboom\u202e\x07".encode())
    assert "\\x1b[31mboom\\u202e\\x07" in text
    assert "\x1b" not in text


def test_a_redirect_that_curl_followed_counts() -> None:
    found = document(FOLDER / "http-redirect/redirect-followed.http")
    assert (found["status"], found["accepted"]) == (301, False)


def test_what_curl_v_printed_is_understood_too() -> None:
    head = b"*   Trying 192.0.2.10:80...\n> POST /wx HTTP/1.1\n> Host: a\n>\n< HTTP/1.1 200 OK\n< Server: nginx\n<\n"
    left = b"* Connection #0 to host a left intact\n"
    assert document(stdin=head + b"success" + left)["accepted"]
    assert [f["code"] for f in document(stdin=head + b'"success"' + left)["findings"]] == ["reply-quoted"]


@pytest.mark.parametrize(
    ("behind", "first"),
    [
        (b"* Connection #0 to host a left intact\n", "reply-quoted"),
        (b"* Closing connection 0\n", "reply-quoted"),
        (b"* Excess found writing body: excess = 2\n* Closing connection 0\n", "reply-length"),
        (b"* Closing connection 0\ncurl: (18) transfer closed with 3 bytes remaining\n", "reply-length"),
        (b"", "reply-length"),
    ],
)
def test_what_a_copy_lost_of_a_body_that_curl_had_whole_is_no_fault_of_the_server(behind: bytes, first: str) -> None:
    """A declared length that the server did not keep, curl reports."""
    body = b'"success"'
    declared = 7 if b"Excess" in behind else len(body) + 3
    head = f"> POST /wx HTTP/1.1\n>\n< HTTP/1.1 200 OK\n< Content-Length: {declared}\n<\n".encode()
    assert document(stdin=head + body + behind)["findings"][0]["code"] == first


def test_what_zsh_puts_behind_output_without_a_line_break_is_no_body() -> None:
    dump = "HTTP/1.1 200 OK\nContent-Length: {length}\n\n{body}%" + " " * 70 + "\n~/wx-nest main* \u276f \n"
    assert document(stdin=dump.format(length=7, body="success").encode())["accepted"]
    found = document(stdin=dump.format(length=4, body="success").encode())["findings"]
    assert found[0]["code"] == "reply-length"


def test_an_account_opens_an_encrypted_reply(tmp_path: Path) -> None:
    config = tmp_path / "wxalarm.toml"
    config.write_text(CONFIG, "utf-8")
    arguments = (FOLDER / "reply-createtime-milliseconds/encrypted.body", "--config", config, "--account", "shop")
    assert [f["code"] for f in document(*arguments, env=SECRETS)["findings"]] == ["reply-createtime-milliseconds"]
    _, text = run(*arguments, env=SECRETS)
    assert "(in the decrypted text)" in text
    assert "1700000000123" in text
    without = document(arguments[0])
    assert [f["code"] for f in without["findings"]] == ["reply-sealed"]
    assert SECRETS["SHOP_KEY"] not in text


def test_corrected_is_the_whole_mended_body() -> None:
    found = document(FOLDER / "reply-not-swapped/known-push.body", "--msg", "text")
    assert found["corrected"].startswith("<xml><ToUserName><![CDATA[oAAAA")
    assert document(stdin=b"success")["corrected"] is None


def test_formats_go_to_files_too(tmp_path: Path) -> None:
    target = tmp_path / "reply.json"
    code, text = run("-f", "text", "-f", f"json={target}", stdin=b"ok")
    assert code == 1
    assert text.startswith("REJECTED")
    assert json.loads(target.read_text("utf-8"))["accepted"] is False


GOLDEN = """\
REJECTED by WeChat: 237 bytes, HTTP 200, in answer to a message text

error[reply-malformed-xml]
  1 | …e><MsgType><![CDATA[text]]</MsgType><Content><![CDATA[你好]]></Conte…
    |                          ^^
  The XML is not well-formed. Line 1, column 183 (byte 182): a CDATA section is
  not closed by ]]>.
  do  Build the XML with a library rather than by joining strings; what users
      wrote goes into CDATA or is escaped.
  - …sgType><![CDATA[text]]</MsgType><Content><![…
  + …sgType><![CDATA[text]]></MsgType><Content><![…
"""
GOLDEN_ZH = """\
不合法：微信不接受这个回包（237 字节，HTTP 200，回应消息 text）

错误[reply-malformed-xml]
  1 | …e><MsgType><![CDATA[text]]</MsgType><Content><![CDATA[你好]]></Conte…
    |                          ^^
  XML 格式有误。第 1 行第 183 列（第 182 字节）：CDATA 没有用 ]]> 结束。
  处理  用 XML 库生成，不要拼接字符串；用户输入的内容放进 CDATA 或做转义。
  - …sgType><![CDATA[text]]</MsgType><Content><![…
  + …sgType><![CDATA[text]]></MsgType><Content><![…
"""


@pytest.mark.parametrize(("lang", "golden"), [("en", GOLDEN), ("zh", GOLDEN_ZH)])
def test_golden_text(lang: str, golden: str) -> None:
    assert run(FOLDER / "reply-malformed-xml/cdata-end.body", "--msg", "text", "--lang", lang)[1] == golden


def test_a_reply_in_a_log_is_said_to_be_read_out_of_it() -> None:
    log = "2026-03-12 21:14:03 began\n2026-03-12 21:14:04 reply: <xml><MsgType>text</MsgType></xml>\n"
    done = wxalarm("reply", "--lang", "en", stdin=log.encode())
    assert done.stderr == b"Read out of a log: the document from line 2 on is judged, not what stands around it.\n"
    assert b"reply-element-missing" in done.stdout
    assert wxalarm("reply", "--lang", "en", stdin=log.partition("\n")[2].encode()).stderr == b""
