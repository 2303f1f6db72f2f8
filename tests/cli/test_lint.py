"""`wxalarm lint` as a user, a CI job and a fool run it: files, folders, globs, exit codes, fixes, bad input."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.growth import assert_linear
from tests.lint.support import ALARMS, RULES
from tests.paths import ROOT
from wxalarm.cli import app
from wxalarm.lint import Linter, Source

CLEAN = (ALARMS / "request-timeout" / "clean.txt").read_text("utf-8")
WIDE = CLEAN.replace("内容: ", "内容：")


@dataclass
class Done:
    """What a run of the command gave."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, cwd: Path, stdin: bytes = b"") -> Done:
    """The command in English, in a folder, in this process: starting one takes longer than most tests."""
    with contextlib.chdir(cwd):
        result = CliRunner().invoke(app, ["lint", "--lang", "en", *map(str, arguments)], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    out, err = (text.decode("utf-8", "surrogateescape") for text in (result.stdout_bytes, result.stderr_bytes))
    return Done(result.exit_code, out, err)


def start(*arguments: str | Path, cwd: Path, stdin: bytes = b"", preexec: Callable[[], None] | None = None) -> Done:
    """The command in English, in a folder, in a process of its own."""
    root = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-m", "wxalarm", "lint", "--lang", "en", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": root},
        preexec_fn=preexec,
        check=False,
    )
    out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
    assert "Traceback" not in err, err
    return Done(done.returncode, out, err)


def fixture(folder: Path, name: str = "a", text: str = CLEAN, record: str | None = '{"count": 1860}\n') -> Path:
    """A fixture in a folder, with a record unless that is None."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.txt"
    path.write_bytes(text.encode())
    if record is not None:
        path.with_suffix(".json").write_text(record, "utf-8")
    return path


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- what is linted, and the exit code -------------------------------------------------------------------------------


def test_clean_is_0_and_said_aloud(tmp_path: Path) -> None:
    fixture(tmp_path)
    done = run("a.txt", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "no problems; files: 1\n", "")


def test_an_error_is_1_and_a_warning_is_0_in_every_format(tmp_path: Path) -> None:
    fixture(tmp_path / "warning", text=WIDE)
    fixture(tmp_path / "error", text=CLEAN.replace("192.0.2.2", "198.41.0.4"))
    for form in ("text", "json", "sarif", "github", "junit"):
        assert run("-f", form, "warning", cwd=tmp_path).returncode == 0, form
        assert run("-f", form, "error", cwd=tmp_path).returncode == 1, form


def test_folders_globs_and_overlaps_are_linted_once(tmp_path: Path) -> None:
    for name in ("x/1", "x/y/2", "z/3"):
        fixture(tmp_path / Path(name).parent, Path(name).name, CLEAN.replace("1860次", f"{Path(name).name}次"), None)
    (tmp_path / "x" / "notes.md").write_text("no fixture", "utf-8")
    fixture(tmp_path / ".hidden", "4")
    done = run(".", "x", "**/*.txt", "x/1.txt", "-f", "json", "--ignore", "expectation", cwd=tmp_path)
    assert [Path(name).as_posix() for name in json.loads(done.stdout)["files"]] == ["x/1.txt", "x/y/2.txt", "z/3.txt"]
    assert done.returncode == 0


def test_a_record_stands_for_its_text(tmp_path: Path) -> None:
    fixture(tmp_path, record='{"count": 2}')
    done = run("a.json", "a.txt", "-f", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["files"] == ["a.txt"]
    assert done.returncode == 1


@pytest.mark.parametrize("argument", ["nothing*.txt", "empty", "gone.txt"])
def test_nothing_found_is_2_and_says_so(argument: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    fixture(tmp_path)
    done = run(argument, cwd=tmp_path)
    assert done.returncode == 2
    assert argument in done.stderr


def test_stdin(tmp_path: Path) -> None:
    assert start(cwd=tmp_path, stdin=CLEAN.encode()).returncode == 0
    done = start("-", cwd=tmp_path, stdin=WIDE.encode())
    assert done.stdout.startswith("<stdin>:4:3: warning[full-width-label]")
    assert run("-", cwd=tmp_path).returncode == 2
    assert run("--fix", "-", cwd=tmp_path, stdin=WIDE.encode()).returncode == 2


def test_several_formats_in_one_run(tmp_path: Path) -> None:
    fixture(tmp_path, text=WIDE)
    done = run("a.txt", "-f", "text", "-f", "sarif=a.sarif", "-f", "junit=a.xml", cwd=tmp_path)
    assert "full-width-label" in done.stdout
    assert json.loads((tmp_path / "a.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert "<system-out>" in (tmp_path / "a.xml").read_text("utf-8")
    assert run("a.txt", "-f", "sariff", cwd=tmp_path).returncode == 2


def test_duplicates_are_found_across_files(tmp_path: Path) -> None:
    fixture(tmp_path, "a")
    fixture(tmp_path, "b", "> " + CLEAN.replace("\n", "\n\n").replace("> ", ""))
    assert "b.txt:1:3: warning[duplicate] the same alarm stands in a.txt:1" in run(".", cwd=tmp_path).stdout


# --- select, ignore --------------------------------------------------------------------------------------------------


def test_select_and_ignore_take_codes_and_prefixes(tmp_path: Path) -> None:
    fixture(tmp_path, text=WIDE.replace("192.0.2.2", "198.41.0.4").replace("wx0000000000000001", "wx3b1f8a5c07d29e46"))

    def codes(*arguments: str) -> set[str]:
        done = run("a.txt", "-f", "json", *arguments, cwd=tmp_path)
        return {finding["code"] for finding in json.loads(done.stdout)["findings"]}

    assert codes() == {"full-width-label", "public-ip", "real-appid"}
    assert codes("--select", "public-ip,real") == {"public-ip", "real-appid"}
    assert codes("--select", "public-ip", "--select", "full-width-label") == {"public-ip", "full-width-label"}
    assert codes("--ignore", "real-,public-ip") == {"full-width-label"}
    assert codes("--select", "real-appid", "--ignore", "real-appid") == set()


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_an_unknown_code_is_2_with_the_nearest(option: str, tmp_path: Path) -> None:
    fixture(tmp_path)
    done = run(option, "public-ips", "a.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean public-ip?" in done.stderr


@pytest.mark.parametrize("nothing", ["", ",", " , "])
def test_nothing_selected_is_no_clean_lint(nothing: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    done = run("--select", nothing, "a.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert "expected a code of lint" in done.stderr
    assert run("--ignore", nothing, "a.txt", cwd=tmp_path).returncode == 1


def test_an_ignore_counts_as_used_when_its_code_is_not_selected(tmp_path: Path) -> None:
    fixture(tmp_path, text="# wxalarm: ignore[full-width-label] typed by hand\n" + WIDE)
    assert run("--select", "bom,ignore", "a.txt", cwd=tmp_path).stdout.startswith("no problems")


def test_statistics(tmp_path: Path) -> None:
    fixture(tmp_path, text=WIDE.replace("昵称: ", "昵称："))
    assert "\n2  full-width-label\nerrors: 0, warnings: 2, files: 1\n" in run("--statistics", ".", cwd=tmp_path).stdout


# --- fix, diff -------------------------------------------------------------------------------------------------------


def test_fix_writes_once_and_diff_never(tmp_path: Path) -> None:
    fixture(tmp_path, "a", "\ufeff" + WIDE, None)
    (tmp_path / "b.txt").write_bytes(WIDE.replace("1860次", "7次").encode("gb18030"))
    before = tree(tmp_path)
    diff = run("--diff", ".", cwd=tmp_path)
    assert tree(tmp_path) == before
    assert "+内容: 微信服务器" in diff.stdout
    assert "--- /dev/null\n+++ b/a.json\n" in diff.stdout
    assert diff.returncode == 1
    fixed = run("--fix", ".", cwd=tmp_path)
    assert (fixed.returncode, fixed.stdout, fixed.stderr) == (0, "no problems; files: 2\n", "fixtures changed: 2\n")
    assert (tmp_path / "a.txt").read_text("utf-8") == CLEAN
    assert json.loads((tmp_path / "b.json").read_text("utf-8"))["count"] == 7
    after = tree(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert run("--fix", ".", cwd=tmp_path).stderr == ""
    assert run("--diff", ".", cwd=tmp_path).stdout == ""
    assert tree(tmp_path) == after
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times
    assert run("--fix", "--diff", ".", cwd=tmp_path).returncode == 2


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
@pytest.mark.parametrize("above", ["", "page\fbreak\n", "a\x0bb\u2028c\x85d\n"])
def test_patch_applies_the_diff(tmp_path: Path, above: str) -> None:
    fixture(tmp_path, "a", above + WIDE.removesuffix("\n"), None)
    diff = run("--diff", "a.txt", cwd=tmp_path).stdout
    subprocess.run(["patch", "-p1", "-s"], cwd=tmp_path, input=diff.encode(), check=True)
    assert (tmp_path / "a.txt").read_text("utf-8") == above + CLEAN.removesuffix("\n")
    assert run("a.txt", cwd=tmp_path).returncode == 0


def test_fix_keeps_the_mode_and_the_link(tmp_path: Path) -> None:
    real = fixture(tmp_path / "real", text=WIDE)
    real.chmod(0o640)
    link = tmp_path / "link.txt"
    link.symlink_to(real)
    assert run("--fix", "--select", "full", "link.txt", cwd=tmp_path).returncode == 0
    assert link.is_symlink()
    assert real.read_text("utf-8") == CLEAN
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_fix_that_cannot_be_written_leaves_everything_as_it_was(tmp_path: Path) -> None:
    fixture(tmp_path, text=WIDE)
    before = tree(tmp_path)
    # A full disk, as far as the program can see: it may write no more than 40 bytes to any file.
    done = start("--fix", "a.txt", cwd=tmp_path, preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40)))
    assert done.returncode == 2
    assert "a.txt: File too large" in done.stderr
    assert tree(tmp_path) == before


def not_almighty() -> None:
    """Root without the right to write everywhere: CAP_DAC_OVERRIDE (1) leaves the bounding set (prctl 24)."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="root may write everywhere")
def test_a_folder_without_write_permission(tmp_path: Path) -> None:
    fixture(tmp_path / "x", text=WIDE)
    (tmp_path / "x").chmod(0o555)
    try:
        done = start("--fix", "x", cwd=tmp_path, preexec=not_almighty)
    finally:
        (tmp_path / "x").chmod(0o755)
    assert done.returncode == 2
    assert "Permission denied" in done.stderr


# --- bad input -------------------------------------------------------------------------------------------------------


def test_unreadable_files_are_2_and_the_rest_is_linted(tmp_path: Path) -> None:
    fixture(tmp_path, "good", WIDE)
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    (tmp_path / "gone.txt").symlink_to("nowhere")
    fixture(tmp_path, "record", CLEAN.replace("1860次", "3次"), None)
    (tmp_path / "record.json").symlink_to("nowhere")
    done = run(".", cwd=tmp_path)
    assert done.returncode == 2
    assert "good.txt:4:3: warning[full-width-label]" in done.stdout
    for name in ("loop.txt", "gone.txt", "record.json"):
        assert f"{name} cannot be read" in done.stderr
    alone = run("gone.txt", cwd=tmp_path)
    assert (alone.returncode, alone.stdout) == (2, ""), "nothing was linted: nothing is said to be clean"


def test_a_picture_is_named_as_one(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    (tmp_path / "picture.txt").write_bytes(picture)
    fixture(tmp_path, "wide", WIDE)
    done = run(".", cwd=tmp_path)
    assert done.returncode == 2
    assert "picture.txt is a picture (PNG)" in done.stderr
    assert "wide.txt:4:3: warning[full-width-label]" in done.stdout
    assert "UTF-8" not in done.stdout
    piped = run("-", cwd=tmp_path, stdin=picture)
    assert (piped.returncode, piped.stdout) == (2, "")
    assert "is a picture (PNG)" in piped.stderr


def test_folders_that_look_odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixture(tmp_path / "x.txt", "inside")
    (tmp_path / "x.txt" / "up").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # the path of a socket may not be long
        server.bind("socket.txt")
        done = run(".", "-f", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["files"] == ["x.txt/inside.txt"]
    assert done.returncode == 0
    assert run("*.txt", "-f", "json", "--ignore", "expectation", cwd=tmp_path / "x.txt").returncode == 0


def test_a_file_over_the_limit_is_2(tmp_path: Path) -> None:
    with (tmp_path / "big.txt").open("wb") as file:
        file.write(CLEAN.encode())
        file.truncate(16 * 2**20 + 1)
    done = run("big.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert "larger than 16 MiB" in done.stderr


@pytest.mark.parametrize(
    "data", [b"", b"\n \n", b"\0" * 1000, bytes(range(256)) * 40, b"\xff\xfe", b"\xef\xbb\xbf", b"[" * 100_000]
)
def test_junk_is_no_alarm(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "junk.txt").write_bytes(data)
    done = run("junk.txt", cwd=tmp_path)
    assert done.returncode == 1
    assert "error[no-alarm]" in done.stdout


@pytest.mark.parametrize(
    "record",
    ["", "{", "[]", "null", "7", '"x"', "[" * 100_000, '{"count": NaN}', '{"count": ' + "9" * 5000 + "}", "\ud800"],
)
def test_a_record_that_is_none(record: str, tmp_path: Path) -> None:
    fixture(tmp_path)
    (tmp_path / "a.json").write_bytes(record.encode("utf-8", "surrogatepass"))
    done = run("a.txt", cwd=tmp_path)
    assert done.returncode == 1
    assert "error[expectation-" in done.stdout


def test_file_names_that_break_lines_and_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\n::error::b,c:\xff.txt")
    (tmp_path / name).write_bytes(WIDE.encode())
    for form in ("text", "json", "sarif", "github", "junit"):
        done = run(".", "-f", form, cwd=tmp_path)
        assert done.returncode == 1, form
        assert "\n::error::b" not in done.stdout, form
    assert run(".", "-f", "github", cwd=tmp_path).stdout.count("\n") == 2
    assert run("--diff", ".", cwd=tmp_path).returncode == 1
    assert run("--fix", ".", cwd=tmp_path).returncode == 0
    assert (tmp_path / name).read_text("utf-8") == CLEAN


def test_windows_line_ends_are_no_problem_and_are_kept(tmp_path: Path) -> None:
    path = fixture(tmp_path, text=WIDE.replace("\n", "\r\n"), record=None)
    assert run("--fix", "a.txt", cwd=tmp_path).returncode == 0
    assert path.read_bytes() == CLEAN.replace("\n", "\r\n").encode()


def test_closed_pipe(tmp_path: Path) -> None:
    for number in range(30):
        fixture(tmp_path, f"f{number}", WIDE.replace("1860次", f"{number + 1}次"), None)
    command = f"{sys.executable} -m wxalarm lint . | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("shape", "unit"),
    [
        ("addresses", "8.8.8.8 "),
        ("appids", "wx3b1f8a5c07d29e46 "),
        ("ignores", "# wxalarm: ignore[bom] x\n"),
        ("labels", "内容： "),
        ("colons", "a:"),
        ("digits", "4"),
        ("alarms", WIDE),
    ],
)
@pytest.mark.slow
def test_time_grows_as_the_input_does(shape: str, unit: str) -> None:
    def linting(size: int) -> Callable[[], object]:
        source = Source("x.txt", (CLEAN + unit * (size // len(unit.encode()))).encode())
        return lambda: Linter().lint(source)

    assert_linear(linting, 600_000)


def test_hooks_name_commands_that_exist() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    entries = [line.split(": ", 1)[1] for line in text.splitlines() if line.strip().startswith("entry:")]
    assert entries == ["wxalarm lint", "wxalarm lint --fix"]


def test_the_projects_own_rule_fixtures_break_rules() -> None:
    done = run("-f", "json", RULES, cwd=RULES)
    assert done.returncode == 1
