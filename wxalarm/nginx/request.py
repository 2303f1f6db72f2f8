"""The push as nginx sees it: the normalised path, and the variables that a condition may ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from msgspec import Struct, field
from msgspec.structs import replace

from wxalarm import bounds
from wxalarm.nginx.maps import geo, lookup
from wxalarm.nginx.syntax import Directive

MAX_PATH = 2048
"""Characters of a path that are looked at: patterns of a configuration run over it."""
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*)|([0-9]))")


class Work(Struct):
    """What may still be worked out."""

    left: int


class Request(Struct, frozen=True):
    """One request as it arrives. The defaults are those of a push (POST, Mozilla/4.0, text/xml)."""

    host: str
    target: str = "/"
    """Path and query as sent."""
    scheme: str = "http"
    port: int = 80
    method: str = "POST"
    remote: str | None = None
    """The client's address, where it is known."""
    address: str | None = None
    """The local address that it reaches, where it is known."""
    user_agent: str = "Mozilla/4.0"
    variables: dict[str, str] = field(default_factory=dict)
    """What `set` and captures of patterns added, and the maps that have been asked for."""
    blocks: Mapping[str, Directive] = field(default_factory=dict)
    """The map and geo blocks by variable."""
    asked: tuple[str, ...] = ()
    """The maps that are being worked out, each for the one before it."""
    work: Work = field(default_factory=lambda: Work(bounds.EXPANSIONS))
    """Shared by all that is made of this request."""

    @property
    def path(self) -> str:
        """$uri: decoded, without `.`, `..`, double slashes and the query."""
        return normalise(self.target)

    @property
    def args(self) -> str:
        """$args: the query as sent."""
        return self.target.partition("?")[2]

    def value(self, name: str, uri: str, args: str) -> str | None:
        """The value of a variable; None when it cannot be known here. `uri` and `args` may have been rewritten.

        Raises Beyond when too many have been worked out already.
        """
        self.work.left -= 1
        if self.work.left < 0:
            raise bounds.Beyond("expansions", bounds.EXPANSIONS)
        if name in self.variables:
            return self.variables[name]
        if name in self.blocks and name not in self.asked:  # a circle ends here
            return self._defined(name, self.blocks[name], uri, args)
        known: dict[str, str | None] = {
            "uri": uri,
            "document_uri": uri,
            "args": args,
            "query_string": args,
            "is_args": "?" if args else "",
            "request_uri": self.target,
            "request_method": self.method,
            "scheme": self.scheme,
            "https": "on" if self.scheme == "https" else "",
            "host": self.host.lower(),
            "http_host": self.host if self.port in (80, 443) else f"{self.host}:{self.port}",
            "server_port": str(self.port),
            "remote_addr": self.remote,
            "binary_remote_addr": self.remote,
            "http_user_agent": self.user_agent,
            "http_referer": "",
            "http_cookie": "",
            "content_type": "text/xml",
            "http_content_type": "text/xml",
            "server_protocol": "HTTP/1.1",
        }
        if name in known:
            return known[name]
        if name.startswith("arg_"):
            wanted = name.removeprefix("arg_").lower()
            pairs = (pair.partition("=") for pair in args.split("&"))
            return next((value for key, _, value in pairs if key.lower() == wanted), "")
        return None

    def _defined(self, name: str, block: Directive, uri: str, args: str) -> str | None:
        """The value of a map or geo. nginx keeps the first one for the whole request, unless the map is volatile."""
        if len(self.asked) == bounds.MAPS:
            raise bounds.Beyond("expansions", bounds.MAPS)
        asked = replace(self, asked=(*self.asked, name))
        if block.name == "geo":
            source = self.remote if len(block.args) == 1 else asked.expand(block.args[0], uri, args)
            value = geo(block, source) if source else None
        else:
            source = asked.expand(block.args[0], uri, args)
            found = lookup(block, source) if source is not None else None
            value = asked.expand(found, uri, args) if found is not None else None
        if value is not None and not any(entry.name == "volatile" and not entry.args for entry in block.block or ()):
            self.variables[name] = value
        return value

    def expand(self, text: str, uri: str, args: str) -> str | None:
        """A text with its variables replaced; None when one of them cannot be known.

        Raises Beyond when that would be longer than bounds.VALUE.
        """
        unknown = False
        length = 0

        def one(match: re.Match[str]) -> str:
            nonlocal unknown, length
            value = self.value(match[1] or match[2] or match[3], uri, args)
            unknown |= value is None
            length += len(value or "")
            if length > bounds.VALUE:
                raise bounds.Beyond("value", bounds.VALUE)
            return value or ""

        result = _VARIABLE.sub(one, text)
        return None if unknown else result


def normalise(target: str) -> str:
    """$uri of a request line: percent-decoded once, `//` merged, `.` and `..` resolved (ngx_http_parse_complex_uri)."""
    path = target.partition("?")[0].partition("#")[0][:MAX_PATH] or "/"
    decoded = unquote(path, errors="surrogateescape")
    parts: list[str] = []
    pieces = re.sub("/{2,}", "/", decoded).split("/")[1:] or [""]
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        if piece in (".", ".."):
            if piece == ".." and parts:
                parts.pop()
            if last:
                parts.append("")
        else:
            parts.append(piece)
    return "/" + "/".join(parts)
