"""Start-up: `--help`, `parse` and `diagnose --offline` of one alarm against a bare typer program that prints one line.

    python bench/startup.py [RUNS]

All are run in turn, so that a machine that drifts drifts for all. Exit 1 when a command's median is above its promise.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROMISES = {"wxalarm --help": 1.5, "wxalarm parse": 1.3, "wxalarm diagnose --offline": 2.0}
"""Times the bare program's median."""
BARE = """
import typer
app = typer.Typer()
@app.command()
def main(name: str = "x") -> None:
    typer.echo("one line")
app()
"""
ALARM = (
    "Appid: wx0000000000000001\n昵称: 示例\n时间: 2026-01-01 12:00:00\n"
    "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数: 5分钟 33次\n"
    "错误样例: [OpenID=oAAAA0000000000000000000001][Stamp=1767240000][3rdUrl=https://wx.example.com/cb]"
    "[IP=192.0.2.10][MsgType=20000][Event=Location Report][http code=404]\n"
)


def main() -> int:
    """Print a row a command."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    with tempfile.TemporaryDirectory() as folder:
        bare, alarm = Path(folder) / "bare.py", Path(folder) / "alarm.txt"
        bare.write_text(BARE, "utf-8")
        alarm.write_text(ALARM, "utf-8")
        commands = {
            "bare typer program": [str(bare)],
            "wxalarm --help": ["-m", "wxalarm", "--help"],
            "wxalarm parse": ["-m", "wxalarm", "parse", "--format", "json", str(alarm)],
            "wxalarm diagnose --offline": ["-m", "wxalarm", "diagnose", "--offline", str(alarm)],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        # Compiled modules, as pip installs them, whatever the shell says about writing them here.
        compiled = {"PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **compiled}
        for run in range(runs + 1):
            for name, arguments in commands.items():
                begun = time.perf_counter()
                done = subprocess.run(
                    [sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=False
                )
                if done.returncode != ("diagnose" in arguments):  # the alarm's own 404 is an error finding
                    sys.exit(f"{name}: exit {done.returncode}")
                if run:  # the first fills the caches
                    times[name].append(time.perf_counter() - begun)
    medians = {name: statistics.median(values) for name, values in times.items()}
    base = medians["bare typer program"]
    for name, value in medians.items():
        print(f"{name:<26} {value * 1000:>6.0f} ms   {value / base:.2f} times the bare program")
    return 0 if all(medians[name] <= promise * base for name, promise in PROMISES.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
