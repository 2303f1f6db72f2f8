"""Where alarms go: apprise (robots of WeCom, DingTalk, Feishu, mail, Slack, …), a plain webhook, Alertmanager's API v2.

A URL of a way holds its secret: it is read from a variable or a file, and only its label is ever shown. What is sent to
a webhook twice (its answer was lost) has the same id, and Idempotency-Key. Alertmanager is told the state of all
targets again and again, as Prometheus does it, so that it may be down for a day and misses nothing.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, NoReturn
from urllib.parse import urlsplit

from wxalarm import __version__
from wxalarm.bounds import SECRET
from wxalarm.config import ConfigError, Watch, read_secret

WAIT = 10.0
"""Seconds that a way has to take a message."""
KEPT = 200
"""Characters of an error that are shown."""


class WayError(Exception):
    """A way has not taken a message; says why, without the URL."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way out. label: what is shown of it, unique among all."""

    kind: Literal["apprise", "webhook", "alertmanager"]
    label: str
    url: str

    def __repr__(self) -> str:
        return f"Way({self.label})"


def ways_of(watch: Watch, where: str) -> tuple[Way, ...]:
    """Every way of the configuration. Raises ConfigError, which names the place and never the URL."""
    found: list[Way] = []
    for place, url in _urls(watch, where):
        way = _way(place, url)
        count = sum(one.label.partition(" #")[0] == way.label for one in found)
        found.append(Way(way.kind, f"{way.label} #{count + 1}" if count else way.label, url))
    return tuple(found)


def _urls(watch: Watch, where: str) -> Iterator[tuple[str, str]]:
    """(place, URL)."""
    for number, url in enumerate(watch.ways, 1):
        place = f"{where}: watch.ways [{number}]"
        if not url.startswith(("webhook+", "alertmanager+")) or "@" in _authority(url):
            raise ConfigError("watch-way-secret", place=place)
        yield place, url
    for variable in watch.ways_env:
        for number, url in enumerate(os.environ.get(variable, "").split(), 1):
            yield f"${variable} [{number}]", url
    if watch.ways_file:
        text = read_secret(Path(watch.ways_file), f"{where}: watch.ways_file")[:SECRET]
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                yield f"{watch.ways_file}:{number}", line.strip()


def _authority(url: str) -> str:
    """What stands before path, query and fragment (RFC 3986, section 3.2), of a URL that may be none, too."""
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]


def _way(place: str, url: str) -> Way:
    kind, plus, rest = url.partition("+")
    try:
        parts = urlsplit(rest if plus else url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigError("watch-way", place=place) from None
    if kind in ("webhook", "alertmanager"):
        if parts.scheme not in ("http", "https") or not host:
            raise ConfigError("watch-way", place=place)
        label = f"{kind} {host}" + (f":{port}" if port else "")
        return Way("webhook" if kind == "webhook" else "alertmanager", label, url)
    scheme = url.partition("://")[0]
    if "://" not in url or not scheme.isalnum():
        raise ConfigError("watch-way", place=place)
    return Way("apprise", scheme.lower(), url)


def known(way: Way) -> bool:
    """Whether apprise knows such a URL. Raises ConfigError when apprise is not installed."""
    return way.kind != "apprise" or _apprise().add(way.url) is True


def _apprise() -> Any:
    # Of the extra wxalarm[watch], and slow to load.
    try:
        import apprise
    except ImportError:
        raise ConfigError("watch-extra", name="apprise") from None
    return apprise.Apprise()


def send(way: Way, message: Mapping[str, Any]) -> None:
    """Send a message by apprise or a webhook. Raises WayError. It blocks: call it in a thread."""
    ready(way, message)()


def ready(way: Way, message: Mapping[str, Any]) -> Callable[[], None]:
    """All but the sending, which is the call that is given: apprise takes a second to load. Raises WayError, as that
    call does."""
    if way.kind != "apprise":
        return lambda: _post(way.url.partition("+")[2], message, {"Idempotency-Key": str(message["id"])})
    robot = _apprise()
    if not robot.add(way.url):
        raise WayError("apprise: ?")

    def notify() -> None:
        try:
            taken = robot.notify(title=str(message["title"]), body=str(message["text"]), body_format="text")
        except Exception as error:  # noqa: BLE001  # of a hundred plugins, none may end the sending
            raise WayError(type(error).__name__) from None
        if not taken:
            raise WayError("apprise")

    return notify


def report_states(way: Way, alerts: Sequence[Mapping[str, Any]]) -> None:
    """Tell Alertmanager all alerts that fire or have just ended. Raises WayError."""
    _post(way.url.partition("+")[2].rstrip("/") + "/api/v2/alerts", alerts, {})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A message goes where the user said, and nowhere else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None


def _post(url: str, data: Any, headers: Mapping[str, str]) -> None:
    parts = urlsplit(url)
    body = json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")
    own = {"Content-Type": "application/json", "User-Agent": f"wxalarm/{__version__}", **headers}
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    try:
        with opener.open(urllib.request.Request(url, body, own), timeout=WAIT) as answer:
            answer.read(65536)
    except urllib.error.HTTPError as error:
        with error:
            _refused(f"HTTP {error.code}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        said = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
        for secret in (url, parts.path.strip("/"), parts.query):
            said = said.replace(secret, "…") if len(secret) > 3 else said
        _refused(said)


def _refused(said: str) -> NoReturn:
    raise WayError(said[:KEPT]) from None
