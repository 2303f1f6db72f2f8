"""Generated sets of servers and locations, each `return`ing its own name, and the requests to ask them."""

from __future__ import annotations

import random
from collections.abc import Iterator

NAMES = (
    "a.example.com",
    "b.example.com",
    "*.example.com",
    ".example.cn",
    "*.sub.example.com",
    "www.example.*",
    "mail.*",
    "~^w\\d+\\.example\\.net$",
    "~^(?<who>.+)\\.example\\.org$",
    "~example",
    "_",
    '""',
    "A.Example.COM",
)
HOSTS = (
    "a.example.com",
    "b.example.com",
    "x.example.com",
    "y.sub.example.com",
    "example.cn",
    "deep.er.example.cn",
    "www.example.net",
    "www.example.com",
    "mail.example.com",
    "w12.example.net",
    "me.example.org",
    "other.test",
    "A.EXAMPLE.com",
    "a.example.com.",
)
PREFIXES = ("/", "/a", "/a/", "/a/b", "/ab", "/a/b/", "/callback", "/callback/", "/static/", "/x%20y", "/图")
PATTERNS = (
    "\\.php$",
    "^/a",
    "^/a/b$",
    "b",
    "^/callback/(.*)$",
    "\\.(gif|jpg)$",
    "^/(?<first>[a-z]+)/?$",
    "/b{1,2}$",
    "^/A",
)
TARGETS = (
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a/b/",
    "/a/b/c",
    "/ab",
    "/abc",
    "/callback",
    "/callback/",
    "/callback/x.php",
    "/callback?signature=1&echostr=2",
    "/static/x.gif",
    "/static",
    "/A/B",
    "/a/../callback",
    "/a/./b",
    "//a//b",
    "/a%2Fb",
    "/x%20y",
    "/%e5%9b%be",
    "/index.php?x=/a",
    "/a/b/../../static/",
    "/a%",
    "/bb",
    "/../x",
    "/a/..",
    "/a/.",
    "/a/b.PHP",
)


class Set:
    """One set: servers on a few sockets. Every `return` says which server and location it is."""

    def __init__(self, seed: int, port: int, other: int) -> None:
        self.random = random.Random(seed)
        self.ports = (port, other)
        self.seed = seed
        self.number = 0
        self.defaults: set[str] = set()
        self.names: set[tuple[str, str]] = set()
        self.wildcard = {one: self.random.random() < 0.5 for one in self.ports}
        self.text = "".join(self.server(index) for index in range(self.random.randint(1, 4)))
        # Every port is listened on, so that the test can wait for it.
        for one in self.ports:
            self.text += f"server {{ listen 127.0.0.1:{one}; server_name only.test; return 200 only; }}\n"

    def mark(self, what: str) -> str:
        self.number += 1
        return f"{self.seed}-{self.number}-{what}"

    def server(self, index: int) -> str:
        listens = self.listens()
        names = self.random.sample(NAMES, self.random.randint(0, 3))
        body = "".join(f"    listen {listen};\n" for listen in listens)
        for name in names:
            body += f"    server_name {name};\n"
        if self.random.random() < 0.12:
            body += f"    rewrite ^/ab(.*)$ /callback$1 {self.random.choice(('', 'last', 'break'))};\n"
        if self.random.random() < 0.08:
            body += f"    if ($request_method = GET) {{ return 200 {self.mark('if')}; }}\n"
        body += "".join(self.locations(self.random.randint(0, 6), "", 1))
        for name in ("first", "second"):
            body += f"    location @{name} {{ return 200 {self.mark(f'named-{name}')}; }}\n"
        return f"server {{ # {index}\n{body}}}\n"

    def listens(self) -> list[str]:
        found: list[str] = []
        for port in self.ports:
            if self.random.random() < 0.7 or not found:
                forms = [f"127.0.0.1:{port}", f"127.0.0.2:{port}"]
                if self.wildcard[port]:
                    forms += [f"{port}", f"*:{port}", f"0.0.0.0:{port}"]
                form = self.random.choice(forms)
                key = form if form.startswith("127") else f"*:{port}"
                default = key not in self.defaults and self.random.random() < 0.3
                if default:
                    self.defaults.add(key)
                found.append(form + (" default_server" if default else ""))
        return found

    def locations(self, count: int, within: str, depth: int) -> Iterator[str]:
        used: set[str] = set()
        for _ in range(count):
            modifier = self.random.choice(("", "", "", "=", "^~", "~", "~*"))
            if within == "~":  # nginx takes only patterns inside a pattern
                modifier = self.random.choice(("~", "~*"))
            if modifier.startswith("~"):
                name = self.random.choice(PATTERNS)
                name = f'"{name}"' if "{" in name else name
            else:
                choices = [one for one in PREFIXES if one.startswith(within) and not (depth > 1 and one == within)]
                if not choices:
                    continue
                name = self.random.choice(choices)
            key = ("=" if modifier == "=" else "~" if modifier.startswith("~") else "prefix") + name
            if key in used:
                continue
            used.add(key)
            yield self.location(modifier, name, depth)

    def location(self, modifier: str, name: str, depth: int) -> str:
        pad = "    " * depth
        glued = modifier in ("=", "^~") and self.random.random() < 0.2
        body = ""
        if depth < 3 and modifier != "=" and self.random.random() < 0.35:
            within = "~" if modifier.startswith("~") else name
            body += "".join(self.locations(self.random.randint(1, 3), within, depth + 1))
        body += pad + "    " + self.content() + "\n"
        return f"{pad}location {modifier}{'' if glued else ' '}{name} {{\n{body}{pad}}}\n"

    def content(self) -> str:
        choice = self.random.random()
        if choice < 0.08:
            return f"try_files /no-such-file @{self.random.choice(('first', 'second'))};"
        if choice < 0.12:
            return "try_files $uri /callback;"
        if choice < 0.2:
            return "proxy_pass http://127.0.0.1:1;"
        if choice < 0.25:
            flag = self.random.choice(("last", "break", ""))
            return f"rewrite ^/a(.*)$ /static$1 {flag}; return 200 {self.mark('rewritten')};"
        if choice < 0.28:
            return "return 404;"
        return f"return 200 {self.mark('here')};"


def requests(seed: int, count: int) -> list[tuple[str, str, str, int]]:
    """(address, host, target, which of the set's ports) to ask."""
    chance = random.Random(seed * 7919 + 1)
    return [
        (chance.choice(("127.0.0.1", "127.0.0.2")), chance.choice(HOSTS), chance.choice(TARGETS), chance.randrange(2))
        for _ in range(count)
    ]
