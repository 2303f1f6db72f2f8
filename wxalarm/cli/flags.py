"""The options and arguments that commands share. Their sentences stand in the catalogues, in [help]."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from wxalarm.cli import completion

_SHORTEST, _LONGEST = 0.1, 3600


def _number(value: float | None) -> float | None:
    """What is no number lies beyond no limit, by itself."""
    if value is not None and math.isnan(value):
        # A catalogue takes longer to read than a clean alarm.
        from wxalarm.messages import catalogue

        limits = f"{_SHORTEST}<=x<={_LONGEST}"
        raise typer.BadParameter(catalogue("en").usage("errors", "out_of_range", value=value, limits=limits))
    return value


Files = Annotated[list[str] | None, typer.Argument(metavar="[FILE…|-]")]
Url = Annotated[str | None, typer.Option("--url", metavar="URL")]
AccountName = Annotated[str | None, typer.Option("--account", metavar="NAME", autocompletion=completion.accounts)]
# Whether it may be read shows when it is read: access(2) asks for another user than the one who opens it.
Config = Annotated[Path | None, typer.Option("--config", metavar="F", readable=False)]
Offline = Annotated[bool, typer.Option("--offline")]
Push = Annotated[bool, typer.Option("--push")]
DnsServers = Annotated[list[str] | None, typer.Option("--dns-server", metavar="IP[:PORT]")]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="S", min=_SHORTEST, max=_LONGEST, callback=_number)]
Resolve = Annotated[list[str] | None, typer.Option("--resolve", metavar="HOST:PORT:ADDR")]
Repeat = Annotated[int, typer.Option("--repeat", metavar="N", min=1, max=100)]
NginxConf = Annotated[str | None, typer.Option("--nginx-conf", metavar="F")]
Logs = Annotated[list[str] | None, typer.Option("--access-log", metavar="F")]
ErrorLogs = Annotated[list[str] | None, typer.Option("--error-log", metavar="F")]
AppLogs = Annotated[list[str] | None, typer.Option("--app-log", metavar="F")]
CallbackCheck = Annotated[str | None, typer.Option("--callback-check", metavar="F")]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="CHECK", autocompletion=completion.checks)]
Skip = Annotated[list[str] | None, typer.Option("--skip", metavar="CHECK", autocompletion=completion.checks)]
Save = Annotated[Path | None, typer.Option("--save", metavar="F")]
Format = Annotated[
    list[str] | None, typer.Option("-f", "--format", metavar="FORMAT[=FILE]", autocompletion=completion.formats)
]
Lang = Annotated[str | None, typer.Option("--lang", metavar="zh|en", autocompletion=completion.languages)]
Strict = Annotated[bool, typer.Option("--strict")]
Since = Annotated[str | None, typer.Option("--since", metavar="DURATION")]
At = Annotated[str | None, typer.Option("--at", metavar="TIME")]
LastTicket = Annotated[str | None, typer.Option("--last-ticket", metavar="TIME")]
Reveal = Annotated[bool, typer.Option("--reveal")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet")]
Clipboard = Annotated[bool, typer.Option("--clipboard")]
Ocr = Annotated[bool, typer.Option("--ocr")]
