"""`--help` and usage errors in both languages: golden pages at 80 columns, a sentence for every parameter."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from rich.cells import cell_len
from typer.main import get_command

from tests.cli_support import wxalarm
from tests.paths import ROOT
from wxalarm.cli import COMMANDS, app
from wxalarm.cli.usage import _Page, offered, translated, words_of_line
from wxalarm.messages import LANGUAGES, catalogue

GOLDEN = ROOT / "tests/golden/help"
RUN = """
import sys
from wxalarm.cli import app
sys.stdout.reconfigure(encoding="utf-8")
sys.stderr.reconfigure(encoding="utf-8")
app(sys.argv[1:], prog_name="wxalarm")
"""


def run(*args: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `wxalarm ARGS`, called so at 80 columns."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *args],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        env={"COLUMNS": "80", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", **(env or {})},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def parameters() -> Iterator[tuple[str, Any]]:
    """Every parameter of every command and of the group, --help among them, with its command's name."""
    group: Any = get_command(app)
    for command in (group, *(named.loaded() for named in group.commands.values())):
        for param in command.get_params(typer.Context(command)):
            yield str(command.name), param


PARAMETERS = list(parameters())


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("command", ["wxalarm", *COMMANDS])
def test_golden_help(command: str, lang: str) -> None:
    args = [] if command == "wxalarm" else [command]
    code, out, err = run(*args, "--help", "--lang", lang)
    assert (code, err) == (0, "")
    path = GOLDEN / lang / f"{command}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(out, "utf-8")
    assert out == path.read_text("utf-8"), f"{path.name} changed; UPDATE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_golden_page_is_left_over_and_none_is_wider_than_the_terminal(lang: str) -> None:
    pages = {path.stem: path.read_text("utf-8") for path in (GOLDEN / lang).iterdir()}
    assert sorted(pages) == sorted(["wxalarm", *COMMANDS])
    assert max(cell_len(line) for page in pages.values() for line in page.splitlines()) == 80


@pytest.mark.parametrize(
    ("args", "env", "lang"),
    [
        (["--lang", "zh", "--help"], {}, "zh"),
        (["--help", "--lang=zh"], {}, "zh"),
        (["parse", "--help", "--lang", "zh"], {}, "zh"),
        (["--lang", "zh", "parse", "--help"], {}, "zh"),
        (["parse", "--lang", "en", "--lang", "zh", "--help"], {}, "zh"),
        (["parse", "--help"], {"WXALARM_LANG": "zh"}, "zh"),
        (["parse", "--help"], {"LC_ALL": "zh_CN.UTF-8"}, "zh"),
        (["parse", "--help"], {"LC_ALL": "zh_CN.UTF-8", "WXALARM_LANG": "en"}, "en"),
        (["parse", "--help", "--lang", "en"], {"WXALARM_LANG": "zh"}, "en"),
        (["parse", "--help"], {"LC_ALL": "de_DE.UTF-8"}, "en"),
        (["parse", "--help", "--lang", "fr"], {"WXALARM_LANG": "zh"}, "zh"),
        (["parse", "--help"], {"WXALARM_LANG": "fr"}, "en"),
    ],
)
def test_the_language_of_help(args: list[str], env: dict[str, str], lang: str) -> None:
    code, out, _ = run(*args, env=env)
    assert code == 0
    assert out.split()[0].startswith("用法" if lang == "zh" else "Usage")


def test_what_follows_two_dashes_is_no_option() -> None:
    assert words_of_line(["parse", "--lang", "zh", "--", "--lang", "en"]).lang == "zh"
    assert words_of_line(["parse", "--lang"]).lang == words_of_line([]).lang


def test_help_says_no_more_than_the_terminal_can_hold() -> None:
    code, out, err = run("parse", "--help", "--lang", "zh", env={"COLUMNS": "20"})
    assert (code, err) == (0, "")
    assert max(map(cell_len, out.splitlines())) == 60
    assert max(map(cell_len, run("--help", env={"COLUMNS": "500"})[1].splitlines())) == 120


@pytest.mark.parametrize(("encoding", "corner"), [("ascii", "+"), ("latin-1", "+"), ("gbk", "╭"), ("utf-8", "╭")])
def test_a_box_is_drawn_with_what_the_stream_can_show(encoding: str, corner: str) -> None:
    page = _Page(io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    page.box("选项", [[("用法", "")]])
    assert page.text().startswith(corner)


def test_help_and_errors_come_out_in_any_encoding() -> None:
    for args in (["--help"], ["parse", "--help"], ["nosuch"]):
        done = wxalarm(*args, env={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "WXALARM_LANG": "zh"})
        assert (b"\\u" in done.stdout) == ("--help" in args)
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("args", [["--help"], ["parse", "--help"], ["--version"], []])
def test_a_full_disk_is_said(args: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "wxalarm", *args]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT)
    assert (done.returncode, done.stderr) == (2, b"stdout: No space left on device\n")


def test_colours_are_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    page = _Page(Terminal())
    page.line(("x", "option"))
    assert page.text() == typer.style("x", fg="cyan", bold=True)
    monkeypatch.setenv("NO_COLOR", "1")
    page = _Page(Terminal())
    page.line(("x", "option"))
    assert page.text() == "x"


# --- sentences -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("command", "param"), PARAMETERS, ids=lambda value: getattr(value, "name", value))
def test_every_parameter_has_its_sentence(command: str, param: Any, lang: str) -> None:
    sentence = catalogue(lang).help(command, param.name)
    assert sentence
    assert sentence.endswith("。" if lang == "zh" else ".")
    assert lang == "en" or sentence != catalogue("en").help(command, param.name)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("command", ["wxalarm", *COMMANDS])
def test_every_command_has_its_sentence(command: str, lang: str) -> None:
    assert catalogue(lang).data["help"][command]["about"].endswith("。" if lang == "zh" else ".")


def test_the_parameters_are_seen() -> None:
    named = {command for command, _ in PARAMETERS}
    assert named == {"wxalarm", *COMMANDS}
    assert len(PARAMETERS) > 60


@pytest.mark.parametrize(("command", "param"), PARAMETERS, ids=lambda value: getattr(value, "name", value))
def test_what_takes_a_value_says_which(command: str, param: Any) -> None:
    flag = getattr(param, "is_flag", False) or param.name in {"install_completion", "show_completion"}
    assert flag or param.metavar
    assert not getattr(param, "help", None) or param.name in {"help", "install_completion", "show_completion"}


def test_no_sentence_is_left_over() -> None:
    used = {(command, "about") for command, _ in PARAMETERS}
    for command, param in PARAMETERS:
        own = param.name in catalogue("en").data["help"][command]
        used.add((command if own else "shared", param.name))
    said = {(command, name) for command, table in catalogue("en").data["help"].items() for name in table}
    assert said == used


def test_a_shell_is_offered_one_line_without_markup() -> None:
    assert offered("[accounts] 下的名称。") == r"\[accounts] 下的名称。"
    assert offered("x " * 60) == "x " * 34 + "x…"


@pytest.mark.parametrize(
    ("typed", "name", "said"),
    [
        ("wxalarm pla", "plan", "列出 diagnose"),
        ("wxalarm plan --acc", "--account", "[accounts] 或 [platforms] 下的名称。"),
    ],
)
def test_completion_speaks_the_language_too(typed: str, name: str, said: str) -> None:
    env = {"_WXALARM_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": typed, "WXALARM_LANG": "zh"}
    _, out, _ = run(env=env | {"_TYPER_COMPLETE_FISH_ACTION": "get-args"})
    assert out.startswith(f"{name}\t{said}")


# --- errors ----------------------------------------------------------------------------------------------------------

ERRORS = [
    (["nosuch"], "没有 'nosuch' 这个命令"),
    (["pasre"], "没有 'pasre' 这个命令（是不是想写 'parse', 'probe'？）"),
    (["--lang", "zh"], "缺少命令"),
    (["init", "--config"], "没有 --config 这个选项"),
    (["parse", "--lan"], "没有 --lan 这个选项（是不是想写 --lang？）"),
    (["parse", "-x"], "没有 -x 这个选项"),
    (["probe"], "缺少参数 'URL'"),
    (["checks", "b", "c"], "多余的参数：b c"),
    (["diagnose", "--url"], "选项 '--url' 后面要有一个值"),
    (["diagnose", "--offline=1"], "选项 '--offline' 后面不能有值"),
    (["diagnose", "--timeout", "soon"], "'--timeout' 的值不对：'soon' 不是数字"),
    (["diagnose", "--timeout", "0.01"], "'--timeout' 的值不对：0.01 不在 0.1<=x<=3600 范围内"),
    (["diagnose", "--timeout", "9999"], "'--timeout' 的值不对：9999.0 不在 0.1<=x<=3600 范围内"),
    (["diagnose", "--repeat", "1.5"], "'--repeat' 的值不对：'1.5' 不是整数"),
    (["diagnose", "--timeout", "nan"], "'--timeout' 的值不对：nan 不在 0.1<=x<=3600 范围内"),
]


@pytest.mark.parametrize(("args", "said"), ERRORS, ids=[" ".join(args) for args, _ in ERRORS])
def test_a_usage_error_in_chinese(args: list[str], said: str) -> None:
    code, out, err = run(*args, env={"WXALARM_LANG": "zh"})
    assert (code, out) == (2, "")
    assert f"│ {said} " in err
    assert "╭─ 错误 ─" in err
    words = err.replace("wxalarm", "").replace(args[0], "")
    for english in ("Usage", "Try", "Error", "No such", "Missing", "Invalid", "OPTIONS", "COMMAND", "Option "):
        assert english not in words


@pytest.mark.parametrize(("args", "said"), ERRORS, ids=[" ".join(args) for args, _ in ERRORS])
def test_the_same_in_english(args: list[str], said: str) -> None:
    code, out, err = run(*["en" if arg == "zh" else arg for arg in args])
    assert (code, out) == (2, "")
    assert "╭─ Error ─" in err
    assert not any("\u3000" <= char <= "\uffef" for char in err), "no Chinese in it"


def test_a_whole_usage_error() -> None:
    assert run("diagnose", "--timeout", "soon", "--lang", "zh")[2] == (
        "用法：wxalarm diagnose [选项] [FILE…|-]\n"
        "查看帮助：wxalarm diagnose --help\n"
        f"╭─ 错误 {'─' * 71}╮\n"
        f"│ '--timeout' 的值不对：'soon' 不是数字{' ' * 39} │\n"
        f"╰{'─' * 78}╯\n"
    )


def test_a_sentence_that_is_not_known_stays_english() -> None:
    assert translated("Something new is wrong.", catalogue("zh")) == "Something new is wrong."
    assert translated("Invalid value for '--x': odd", catalogue("zh")) == "'--x' 的值不对：odd"


def test_control_characters_of_an_argument_are_shown() -> None:
    assert "\x1b" not in run("\x1b[31m", env={"WXALARM_LANG": "zh"})[2]


def test_no_arguments_is_help_with_the_code_of_wrong_usage() -> None:
    code, out, err = run(env={"WXALARM_LANG": "zh"})
    assert (code, err) == (2, "")
    assert out == (GOLDEN / "zh/wxalarm.txt").read_text("utf-8")


def test_the_language_of_the_group_is_that_of_the_command() -> None:
    assert "不存在" in run("--lang", "zh", "explain", "dns-nxdomain")[1]
    assert "不存在" not in run("--lang", "zh", "explain", "dns-nxdomain", "--lang", "en")[1]
    assert run("--lang", "fr", "explain", "dns-nxdomain")[::2] == (2, "--lang fr: expected one of en, zh\n")
