"""Generated nginx configurations: what people write, and what only a reader of the grammar would think of."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

WORDS = (
    "a",
    "app",
    "b2",
    "x-y",
    "é",
    "公众号",
    "微信",
    "under_score",
    "1.5",
    "/path/to",
    "a,b",
    "=",
    "100%",
    "~x",
    "(y)",
)
ODD = ("{", "}", ";", "#", "//", "{}", "a;b", "x{1,3}", "# no comment", "semi; colon", "'", '"', "\\", "\t", " ")
VARIABLES = ("$uri", "${uri}", "$host", "${request_method}x", "$remote_addr:")


@dataclass
class Config:
    """One generated configuration: its main file and what that includes."""

    main: str
    files: dict[str, str] = field(default_factory=dict)


class Writer:
    """Writes tokens, blanks and comments in every way that nginx's reader allows."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.newline = self.random.choice(("\n", "\n", "\n", "\r\n"))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def blank(self) -> str:
        return self.random.choice(
            (" ", " ", " ", "  ", "\t", self.newline + "  ", f" # {self.comment()}{self.newline}")
        )

    def comment(self) -> str:
        return " ".join(self.random.choices((*WORDS, *ODD, "server {", "listen 80;"), k=self.random.randint(0, 4)))

    def gap(self) -> str:
        """Between two directives."""
        if self.chance(0.25):
            return f"{self.newline}# {self.comment()}{self.newline}    "
        return self.random.choice((self.newline, self.newline + "    ", " ", self.newline * 2, ""))

    def text(self) -> str:
        """The value of a token, before it is quoted."""
        parts = self.random.choices((*WORDS, *ODD), k=self.random.randint(1, 4))
        return "".join(parts)

    def quoted(self, value: str) -> str:
        """A value as a token, in one of the ways that give exactly it."""
        ways = [self._in(value, '"'), self._in(value, "'")]
        bare = self._bare(value)
        if bare is not None:
            ways += [bare, bare]
        return self.random.choice(ways)

    def _in(self, value: str, quote: str) -> str:
        escaped = value.replace("\\", "\\\\").replace(quote, "\\" + quote)
        if self.chance(0.5):
            escaped = escaped.replace("\t", "\\t")
        return quote + escaped + quote

    def _bare(self, value: str) -> str | None:
        if not value or value[0] in "\"'#" or any(char in value for char in " \t\r\n"):
            return None
        escaped = "".join("\\" + char if char in ";{\\" else char for char in value)
        return None if escaped[0] == "}" or "\\;" in escaped or "\\{" in escaped else escaped

    def token(self) -> str:
        return self.quoted(self.text())

    def value(self) -> str:
        """A token that may hold variables."""
        return self.random.choice(VARIABLES) if self.chance(0.2) else self.token()

    def line(self, *tokens: str) -> str:
        """A simple directive."""
        text = tokens[0]
        for token in tokens[1:]:
            text += self.blank() + token
        return text + (self.blank() if self.chance(0.1) else "") + ";" + self.gap()

    def block(self, *tokens: str, body: str) -> str:
        text = tokens[0]
        for token in tokens[1:]:
            text += self.blank() + token
        before = " " if text.endswith("$") else self.random.choice((" ", "", self.newline))  # ${ begins a variable
        return text + before + "{" + self.gap() + body + "}" + self.gap()


def config(seed: int) -> Config:
    """A configuration that nginx loads."""
    writer = Writer(seed)
    made = Config("")
    http = "client_body_temp_path temp_client_body; " + "".join(_http_part(writer, made, n) for n in range(5))
    for number in range(writer.random.randint(1, 3)):
        http += _server(writer, made, number)
    events = writer.line("worker_connections", str(writer.random.choice((64, 512, 1024))))
    made.main = (
        writer.line("worker_processes", writer.random.choice(("1", "2", "auto")))
        + writer.block("events", body=events if writer.chance(0.7) else "")
        + writer.block("http", body=http)
    )
    return made


def _http_part(w: Writer, made: Config, number: int) -> str:
    kind = w.random.choice(("log_format", "map", "geo", "upstream", "include", "split"))
    if kind == "log_format":
        return w.line("log_format", f"f{number}", *(w.value() for _ in range(w.random.randint(1, 4))))
    if kind == "map":
        entries = "".join(w.line(w.quoted(f"k{n}{w.text()}"), w.token()) for n in range(w.random.randint(0, 4)))
        return w.block("map", "$http_x", f"$m{number}", body=w.line("default", w.token()) + entries)
    if kind == "geo":
        entries = "".join(w.line(net, w.token()) for net in ("192.0.2.0/24", "198.51.100.7", "2001:db8::/32"))
        return w.block("geo", f"$g{number}", body=entries)
    if kind == "upstream":
        servers = "".join(w.line("server", f"127.0.0.1:{8000 + n}", f"weight={n + 1}") for n in range(1, 3))
        return w.block("upstream", f"up{number}", body=servers)
    if kind == "include":
        return _include(w, made, f"part{number}", "".join(w.line("add_header", f"X-{n}", w.value()) for n in range(2)))
    return w.block("split_clients", w.value(), f"$s{number}", body=w.line("50%", w.token()) + w.line("*", w.token()))


def _include(w: Writer, made: Config, name: str, body: str) -> str:
    if w.chance(0.5):
        made.files[f"{name}.conf"] = body
        return w.line("include", w.quoted(f"{name}.conf"))
    made.files[f"{name}.d/10-first.conf"] = body
    if w.chance(0.5):
        made.files[f"{name}.d/20-second.conf"] = w.gap()
    made.files[f"{name}.d/.hidden.conf"] = "this is not; read {"
    return w.line("include", w.random.choice((f"{name}.d/*.conf", f"{name}.d/[0-9]*.conf", f"{name}.d/*")))


def _server(w: Writer, made: Config, number: int) -> str:
    body = w.line("listen", f"127.0.0.1:{18000 + number}")
    body += w.line(
        "server_name", *w.random.choice((("a.example.com",), ("*.example.cn", "b.example.com"), ("~^w\\d+$",)))
    )
    for n in range(w.random.randint(0, 3)):
        body += w.line("set", f"$v{n}", w.value())
    for n in range(w.random.randint(1, 4)):
        body += _location(w, made, f"{number}{n}", 0)
    return w.block("server", body=body)


def _location(w: Writer, made: Config, name: str, depth: int) -> str:
    tokens = w.random.choice(
        (
            ("=", f"/l{name}"),
            (f"/p{name}",),
            ("^~", f"/s{name}"),
            ("~", f"^/r{name}/(\\d+)$"),
            ("~*", w.random.choice(('"\\.{0,1}php$"', "'x{2}'", "\\.(jpg|png)$"))),
            (f"@n{name}",),
        )
    )
    named = tokens[0].startswith("@")
    body = w.line("add_header", "X-Id", w.value()) if w.chance(0.5) else ""
    choice = w.random.random()
    if choice < 0.3:
        body += w.line("return", "200", w.value())
    elif choice < 0.5:
        body += w.block("if", "($request_method", "=", w.quoted("POST") + ")", body=w.line("return", "403"))
    elif choice < 0.6:
        body += w.line("rewrite", w.random.choice(('"^/x{1,2}$"', "^/(.*)$")), w.quoted("/other"), "break")
    elif choice < 0.75 and depth < 2 and not named and tokens[0][0] == "/":
        body += w.block("location", f"{tokens[0]}/inner", body=w.line("return", "204"))
    elif choice < 0.85:
        body += _include(w, made, f"loc{name}{depth}", w.line("expires", "1d"))
    return w.block("location", *tokens, body=body)


def broken(seed: int) -> Config:
    """A configuration with one slip: a character lost, doubled or put in the wrong place, or the end cut off."""
    made = config(seed)
    chance = random.Random(seed + 1)
    text = made.main
    at = chance.randrange(len(text))
    spots = [index for index, char in enumerate(text) if char in ";{}\"'\\"]
    spot = chance.choice(spots) if spots else at
    kind = chance.random()
    if kind < 0.4:
        made.main = text[:spot] + text[spot + 1 :]
    elif kind < 0.75:
        made.main = text[:at] + chance.choice(";{}\"'\\#\n") + text[at:]
    elif kind < 0.9:
        made.main = text[:at]
    else:
        made.main = text[:spot] + text[spot] + text[spot:]
    return made
