"""Where secrets and personal data stand in a text: known forms, values of names, and what looks like a key.

Every pattern is bounded and has one way to match, so that no input takes longer than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from wxalarm.render.redact import forms
from wxalarm.render.redact.allowed import ATTRIBUTES, NEVER, harmless, kind_of_name, wild
from wxalarm.render.redact.spellings import BLOB, layers, unpacked

Span = tuple[int, int]
LONGEST = 8192
"""Characters of one value."""
NESTED = 3
"""Base64 within base64 that is looked into."""
_NAMED = re.compile(
    r"(?<![\w$.@])(?<!\w-)(?P<name>(?:[0-9]{1,4}(?=[A-Za-z_]))?[^\W\d][\w.-]{0,127}+|[$@]\w[\w.]{0,127}+)"
    r"(?P<mark>(?:\[[0-9]{0,4}\])?[\"'\]\\)}]{0,4})"
    r"[ \t]{0,8}(?P<sep>=>|[!=]={0,2}|!?~\*?|[:：＝])[ \t\r\n]{0,8}"
)
_QUOTED = {
    '"': re.compile(rf'"((?:[^"\\]|\\.){{0,{LONGEST}}})', re.DOTALL),
    "'": re.compile(rf"'((?:[^'\\]|\\.){{0,{LONGEST}}})", re.DOTALL),
    "“": re.compile(rf"“([^”]{{0,{LONGEST}}})"),
}
_BARE_QUOTED = re.compile(rf"[\"']([^\"'\\]{{1,{LONGEST}}})")
_BARE = re.compile(rf"[^\s&\"'<>\[\]#;,|]{{1,{LONGEST}}}")
_PASSWORD = re.compile(rf"[^\s&\"'<>]{{1,{LONGEST}}}")
"""A password may hold what ends other values."""
_LINE = re.compile(rf"[^\r\n\"'<>]{{1,{LONGEST}}}")
_PAIR = re.compile(r"(?:\$?([\w.-]{1,128})=)?(\"[^\"]{0,4096}\"|[^;\s\"',]{1,4096})")
_ELEMENT = re.compile(rf"<(?P<name>[A-Za-z_][\w.:-]{{0,63}})(?:\s[^<>]{{0,512}})?>(?P<value>[^<]{{1,{LONGEST}}})")
_FIELD = re.compile(
    r"(?i)(?<![\w-])name\s?=\s?[\"']?(?P<name>[\w.-]{1,64})[\"']?[^<>]{0,200}(?<![\w-])(?:value|content)\s?=\s?[\"']"
    r"(?P<value>[^\"'<>]{1,4096})"
)
"""A field of a form in HTML, and a meta element."""
_CDATA = re.compile(r"<(?P<name>[A-Za-z_][\w.:-]{0,63})>\s{0,9}<!\[CDATA\[")
_SCHEME = re.compile(
    r"(?i)(?<![0-9A-Za-z])(?:bearer|basic|digest|negotiate|apikey|api-key|token)\s{1,4}"
    r"(?!(?:realm|charset|qop|algorithm|error|scope)=)([0-9A-Za-z+/._~=:-]{6,8192})"
)
_USER = re.compile(
    r"(?:(?<=://)|(?<![^\s\"'=@(>\[]))(?!\d{1,5}[/\s\"'])"
    r"(?P<user>[^\s\"'<>@/:?&=(),;{}]{0,128}:(?!//|\d{1,5}[/?\s])[^\s\"'<>?&{}]{1,256})@(?=[\w\[(.-])"
)
_USERINFO = re.compile(r"(?<=://)(?!\d{1,5}/)(?P<user>[^\s\"'<>?&/@:]{1,128})@(?=[\w\[])")
_OPTION = re.compile(r"(?<!\S)(?:-u|--user|--proxy-user|-U)[ =]{1,2}[\"']?([^\s\"':]{1,128}:[^\s\"']{1,256})")
_TOLD = re.compile(
    r"(?<![\w-])(?:(?:mysql|mariadb)\w{0,8}(?:[ \t]{1,4}\S{1,64}){0,8}?[ \t]{1,4}-p|sshpass[ \t]{1,4}-p[ \t]{0,4}"
    r"|redis-cli(?:[ \t]{1,4}\S{1,64}){0,8}?[ \t]{1,4}-a[ \t]{1,4}"
    r"|(?i:identified[ \t]{1,4}(?:with[ \t]{1,4}\w{1,32}[ \t]{1,4})?by)[ \t]{1,4})[\"']?([^\s\"']{1,256})"
)
"""Passwords that programs and SQL are told."""
_SIGNS_OF_TOLD = ("mysql", "mariadb", "sshpass", "redis-cli", "identified")
_DIRECTIVE = re.compile(
    r"(?i)(?<![\w-])(?:(?:proxy_set_header|fastcgi_param|uwsgi_param|scgi_param|grpc_set_header|add_header|setenv"
    r"|requestheader\s{1,4}set|proxy_hide_header|env|export|passenv|set)\s{1,8}"
    r"(?P<name>\$?[A-Za-z_][\w-]{0,63}))\s{1,8}"
    r"(?P<value>\"[^\"]{0,4096}\"|'[^']{0,4096}'|[^\s;{}]{1,4096})"
)
_SPACED = re.compile(
    r"(?<![\w$.@/-])(?P<name>-{0,2}\$?[A-Za-z_][\w.-]{0,63})[ \t]{1,8}"
    r"(?P<value>\"[!-~]{1,512}\"|'[!-~]{1,512}'|(?![\"'<>({}])[!#-&*-:=?-z|~]{4,512})"
)
_SIGNS_OF_SCHEME = ("bearer", "basic", "digest", "negotiate", "apikey", "api-key", "token")
_SIGNS_OF_DIRECTIVE = ("set_header", "_param", "add_header", "setenv", "requestheader", "env", "export", "set ")
_SIGNS_OF_SPACED = (
    "token",
    "secret",
    "pass",
    "pwd",
    "key",
    "auth",
    "credential",
    "session",
    "cookie",
    "ticket",
    "sign",
    "salt",
)
_SECRET_DIRECTIVES = frozenset({"secure_link_secret", "requirepass", "masterauth"})
"""What stands behind these is no sentence."""
_ARGUMENT = re.compile(
    r"(?<=[(,])\s{0,4}(?:\"((?:[^\"\\\n]|\\.){1,1024})\"|'((?:[^'\\\n]|\\.){1,1024})')(?=\s{0,4}[),])"
)
_CALL = re.compile(
    r"(?:(?P<name>PDO|__construct|mysqli?_?\w{0,12}|connect|createConnection|createPool|auth|login|open)\s{0,4}\()"
    r"|\(\s{0,4}[\"'](?P<first>[\w.-]{1,64})[\"']\s{0,4},"
)
_RUN = re.compile(r"[0-9A-Za-z+/_-]{10,}+={0,2}")
_WORDLIKE = re.compile(r"[A-Z]?[a-z]{1,20}[.,:;!?]?|[A-Z_]{2,24}[.,:;!?]?")
_SIGN_OF_LINES = re.compile(r"[A-Za-z0-9+/_-]{60}\r?\n")
_SPOKEN = re.compile(
    r"(?:[A-Z]?[a-z]{0,24}[0-9]{0,5}|[A-Z]{1,12}[0-9]{0,5}|[0-9]{1,19})"
    r"(?:[_-](?:[A-Z]?[a-z]{0,24}|[A-Z]{1,12})[0-9]{0,5}){0,8}"
)
"""A part of a path."""
_SENTENCE = re.compile(
    r"[0-9]{1,4} [\u4e00-\u9fff]|(?:[A-Z]{2,8}|(?:[A-Z]?[a-z]{1,20}){1,2})(?:-[0-9])?(?:'s)?[,;.]?[ \t]{1,4}"
    r"[A-Za-z({\u00a0-\uffff]|[^\x00-\x7f]|[a-z]{1,20}, [a-z]{1,20},"
)
"""Words that go on behind a name and a colon: ticket: it is valid for …"""
_IN_FILE = re.compile(r"[\w.-]{1,64}\.(?:php|py|[jt]s|go|rb|java|kt|cs|lua|pl|rs):[0-9]{1,6}(?![\w*])")
"""A line of a program's source, in a stack."""
_KEY_OF_FILE = re.compile(r"[a-z_]{1,32}(?:\.[\w-]{1,64}){1,3}: ")
"""What stands behind the name of a configuration: tokens.toml: store.url: expected …"""
_HEADER = re.compile(r"[A-Za-z][\w]{0,40}(?:-[\w]{1,40}){1,8}")
_NOBODYS = re.compile(r"(.)\1{7}|oWXALARM")
"""What the words of hints and our own pushes show: nobody can own it."""
_SIGNS_OF_LEAK = (
    *(
        "oken",
        "OKEN",
        "ECRET",
        "assw",
        "ASSW",
        "pass",
        "Pass",
        "PASS",
        "KEY",
        "uth",
        "AUTH",
        "ession",
        "密",
        "@",
        "eyJ",
    ),
    *(name + sign for name in ("ecret", "key", "Key") for sign in ("=", ":", '"', "'", "\\", "_", "<", "]", " ")),
    *("gh_", "GH_", "%", "&#", "\\u0", "\\x", "\\0", "\\1", "\\\\", "\0", "=3D"),
)
_LONG = re.compile(r"[0-9A-Za-z_-]{27}")
_APPID = re.compile(r"[wW][xX][0-9A-Fa-f]{16}")
_STRONG = re.compile(r"(?=[^\s]{0,64}[0-9])(?=[^\s]{0,64}[A-Za-z])\S{8,}")


def find(text: str, *, personal: bool = True, depth: int = NESTED) -> list[Span]:
    """The places of `text` that may not stay, in order, none touching another. personal False: secrets only."""
    found: list[Span] = []
    for layer in layers(text):
        found += (layer.source(start, end) for start, end in _in_layer(layer.text, personal, depth))
    return _united(found)


def _united(spans: list[Span]) -> list[Span]:
    """Spans with those that overlap joined."""
    spans.sort()
    made: list[Span] = []
    for start, end in spans:
        if made and start < made[-1][1]:
            if end > made[-1][1]:
                made[-1] = (made[-1][0], end)
        elif start < end:
            made.append((start, end))
    return made


def _in_layer(text: str, personal: bool, depth: int) -> Iterator[Span]:
    yield from _forms(text, personal)
    if "=" in text or ":" in text or "：" in text or "~" in text:
        yield from _named(text, personal)
    if "<" in text:
        yield from _elements(text, personal)
    if "@" in text:
        for pattern in (_USER, _USERINFO, _OPTION):
            yield from (match.span(1) for match in pattern.finditer(text))
    elif "-u" in text or "-U" in text:
        yield from (match.span(1) for match in _OPTION.finditer(text))
    if " " in text or "\t" in text or "\n" in text:
        yield from _spaced(text, personal)
    if "(" in text or "," in text:
        yield from _arguments(text, personal)
    yield from _runs(text, personal, depth)


def _forms(text: str, personal: bool) -> Iterator[Span]:
    if "ticket@@@" in text:
        yield from (match.span() for match in forms.TICKET.finditer(text))
    if "eyJ" in text:
        yield from (match.span() for match in forms.JWT.finditer(text))
    if personal:
        yield from forms.addresses(text)


def _named(text: str, personal: bool, cookies: bool = True) -> Iterator[Span]:
    """Values of names: name=value, "name": "value", name => value, [name] => value, a header's line."""
    until = 0
    for match in _NAMED.finditer(text):
        if match.start() < until:  # inside a value that is masked whole
            continue
        kind = kind_of_name(match["name"])
        if kind == "harmless" or (kind == "unknown" and not personal):
            continue
        at, colon = match.end(), match["sep"] in (":", "：")
        if text.startswith(("//", ":"), at) or at >= len(text):
            continue
        if match["name"].endswith(".toml") and _KEY_OF_FILE.match(text, at):
            continue
        if colon and _IN_FILE.match(text, match.start("name")) is not None:
            continue
        header = colon and not match["mark"] and _is_header(text, match)
        if kind == "cookies":
            if cookies:
                for pair in _cookies(text, at):
                    until = pair[1]
                    yield pair
            continue
        if kind == "secret" or header or match["mark"] or not colon:
            bounds = _value(text, at, kind, header)
            if bounds is None or _may_stay(text[slice(*bounds)], kind):
                continue
            until = bounds[1]
            yield bounds


def _is_header(text: str, match: re.Match[str]) -> bool:
    """Whether a name and a colon are those of a header, and no host and its port."""
    name, start = match["name"], match.start("name")
    if "-" not in name or _HEADER.fullmatch(name) is None or forms.OWN.fullmatch(name):
        return False
    return text[match.end() - 1] in " \t" and text[start - 1 : start] in ("", *"\n\r \t\"'<>([{,;\ufeff")


def _value(text: str, at: int, kind: str, header: bool) -> Span | None:
    """The bounds of the value that begins at `at`."""
    escaped = at
    while text[at : at + 1] == "\\":
        at += 1
    quoted = _QUOTED.get(text[at : at + 1])
    if quoted and at > escaped:  # the deeper layer reads what is escaped inside
        match = _BARE_QUOTED.match(text, at)
        return match.span(1) if match else None
    if quoted:
        match = quoted.match(text, at)
        return match.span(1) if match and match[1] else None
    if text[at : at + 1] in "[{(" or text.startswith("<![CDATA[", at):
        return None
    whole = header or (kind == "secret" and text[max(0, at - 32) : at].rstrip(": \t").lower().endswith("authorization"))
    if whole:
        match = _LINE.match(text, at)
    else:
        match = (_PASSWORD if kind == "secret" and _of_password(text, at) else _BARE).match(text, at)
    if match is None:
        return None
    end = match.end()
    if (
        kind == "secret"
        and not whole
        and _SENTENCE.match(text, at)
        and not _of_password(text, at)
        and text[at - 1] in " \t："
    ):
        return None
    while end > at and text[end - 1] in ")}]\\;, \t":
        end -= 1
    return (at, end) if end > at else None


def _of_password(text: str, at: int) -> bool:
    """Whether the name before `at` is that of a password: it may be words, and hold what ends other values."""
    line = text[max(text.rfind("\n", 0, at) + 1, at - 130) : at].lower()
    return "pass" in line or "pwd" in line


def _may_stay(value: str, kind: str) -> bool:
    if kind == "secret":
        low = value.strip().lower().rstrip(".,!?)")
        return low in NEVER or low.startswith(("$", "${", "%{", "{{")) or forms.MASKED.match(value) is not None
    return harmless(forms.without(value) if len(value) > 6 else value)


def _cookies(text: str, at: int) -> Iterator[Span]:
    """The values of the pairs of a Cookie or Set-Cookie; their names and attributes stay."""
    while text[at : at + 1] in ("\\", '"', "'", "[", " ") and at < len(text):
        at += 1
    line = _LINE.match(text, at)
    if line is None:
        return
    for pair in _PAIR.finditer(text, at, line.end()):
        name = (pair[1] or "").lower().replace("-", "_")
        if name in ATTRIBUTES or (not pair[1] and pair[2].lower() in ("httponly", "secure", "partitioned")):
            continue
        if not pair[1] and re.fullmatch(r"[0-9:]{1,8}|GMT|[A-Za-z]{3},?|[0-9]{2}-[A-Za-z]{3}-[0-9]{2,4}", pair[2]):
            continue  # of Expires
        yield pair.span(2)


def _elements(text: str, personal: bool) -> Iterator[Span]:
    for match in _ELEMENT.finditer(text):
        if _in_element(match["name"], match["value"], personal):
            yield match.span("value")
    for match in _CDATA.finditer(text):
        at = match.end()
        end = text.find("]]>", at, at + LONGEST)
        end = end if end >= 0 else min(len(text), at + LONGEST)
        if _in_element(match["name"], text[at:end], personal):
            yield at, end

    for match in _FIELD.finditer(text):
        if kind_of_name(match["name"]) == "secret" and not _may_stay(match["value"], "secret"):
            yield match.span("value")


def _in_element(name: str, value: str, personal: bool) -> bool:
    """Whether the value of an XML element may not stay. A signature of a ciphertext is no secret of anybody's."""
    kind = kind_of_name(name.rpartition(":")[2])
    if kind == "harmless" or (not personal and (kind == "unknown" or name == "MsgSignature")):
        return False
    return bool(value.strip()) and not _may_stay(value, "unknown" if kind == "unknown" else "secret")


def _spaced(text: str, personal: bool) -> Iterator[Span]:
    """Values behind a blank: Bearer …, proxy_set_header X-Token …, requirepass …"""
    low = text.lower()
    if any(sign in low for sign in _SIGNS_OF_SCHEME):
        yield from (match.span(1) for match in _SCHEME.finditer(text) if not _WORDLIKE.fullmatch(match[1]))
    if any(sign in low for sign in _SIGNS_OF_TOLD):
        yield from (match.span(1) for match in _TOLD.finditer(text))
    if any(sign in low for sign in _SIGNS_OF_DIRECTIVE):
        yield from _directives(text, personal)
    if any(sign in low for sign in _SIGNS_OF_SPACED):
        yield from _behind(text)


def _directives(text: str, personal: bool) -> Iterator[Span]:
    """Values that nginx and shells are told: proxy_set_header X-Token …"""
    for match in _DIRECTIVE.finditer(text):
        kind = kind_of_name(match["name"])
        if kind == "harmless" or (kind == "unknown" and not personal):
            continue
        value = match["value"]
        if not harmless(forms.OWN.sub("", value)) if kind == "unknown" else not _may_stay(value.strip("\"'"), "secret"):
            trim = value[:1] in "\"'"
            yield match.start("value") + trim, match.end("value") - trim


def _behind(text: str) -> Iterator[Span]:
    """Values behind the name of a secret and a blank, but for sentences (token expired)."""
    for match in _SPACED.finditer(text):
        if kind_of_name(match["name"].lstrip("-")) not in ("secret", "cookies"):
            continue
        value = match["value"].strip("\"'")
        if match["name"].lower() not in _SECRET_DIRECTIVES and (
            _WORDLIKE.fullmatch(value) or value[:1] in "=:>/-$" or harmless(value)
        ):
            continue
        start = match.start("value") + (match["value"][:1] in "\"'")
        yield start, start + len(value)


def _arguments(text: str, personal: bool) -> Iterator[Span]:
    """Quoted arguments of calls: define('TOKEN', '…'), new PDO('mysql:…', 'user', '…')."""
    if personal:
        for match in _ARGUMENT.finditer(text):
            group = match.lastindex or 1
            if not _may_stay(match[group], "unknown") and kind_of_name(match[group]) != "secret":
                yield match.span(group)
    until = 0
    for call in _CALL.finditer(text):
        if call.start() < until:
            continue
        if call["first"] and kind_of_name(call["first"]) != "secret":
            continue
        end = text.find(")", call.end(), call.end() + 2048)
        begin = call.end() - 1
        until = end if end >= 0 else begin + 2048
        for place, match in enumerate(
            _ARGUMENT.finditer(text, begin, end + 1 if end >= 0 else min(len(text), begin + 2048))
        ):
            group = match.lastindex or 1
            if (place or call["first"]) and not _may_stay(match[group], "secret"):
                yield match.span(group)


def _runs(text: str, personal: bool, depth: int) -> Iterator[Span]:
    """Runs of a known form, runs that nobody writes by hand, and what is encoded as base64 or hex when it holds any."""
    for match in _RUN.finditer(text):
        start = match.start()
        for begin, end in _in_run(match[0], personal, depth):
            if personal or not (begin == 0 and end - begin == 32 and text[start - 1 : start] == "/"):
                yield start + begin, start + end
    if depth and "\n" in text and _SIGN_OF_LINES.search(text):
        for match in BLOB.finditer(text):
            if "\n" in match[0] and _holds(match[0], personal, depth):
                yield match.span()


@lru_cache(16384)
def _in_run(run: str, personal: bool, depth: int) -> tuple[Span, ...]:
    """The places in one run of letters, digits and +/-_ that may not stay."""
    found: list[Span] = []
    for match in (forms.WORDS if personal else forms.SECRET_WORDS).finditer(run):
        # In a path, what its owner has to read: he was not asked to hide it.
        if personal or match.lastgroup != "key" or run[match.start() - 1 : match.start()] != "/" or not match.start():
            found.append(match.span())
    if personal:
        found += _wild(run)
    if depth and len(run) >= 16 and _holds(run, personal, depth):
        found.append((0, len(run)))
    return tuple(found)


def _holds(run: str, personal: bool, depth: int) -> bool:
    """Whether a run is encoded and holds what may not stay: any text, or a secret."""
    inner = None if forms.OWN.search(run) else unpacked(run)
    return inner is not None and (personal or bool(find(inner, personal=False, depth=depth - 1)))


def _wild(run: str) -> Iterator[Span]:
    if not wild(run) or ("-" in run and not wild(forms.OWN.sub("", run))):
        return
    if "/" not in run:
        yield 0, len(run)
        return
    parts, at, words = [], 0, True
    for part in run.split("/"):
        if wild(forms.OWN.sub("", part)):
            parts.append((at, at + len(part)))
        else:
            words = words and _SPOKEN.fullmatch(part) is not None
        at += len(part) + 1
    if parts and words:  # a path with a key in it, and no key with strokes in it
        yield from parts
    else:
        yield int(run.startswith("/")), len(run)


@dataclass(frozen=True, slots=True)
class Leak:
    """What still looks like a secret in a finished output, by its place: lines and columns count from 1."""

    line: int
    column: int
    kind: str


def leak(text: str, *, personal: bool = True) -> Leak | None:
    """The first place of a finished output that still looks like a secret; None when it may be written. personal False:
    it was asked to show appids, OpenIDs and addresses."""
    # Most records have no sign of what `_certain` finds, in whatever spelling.
    if not (any(map(text.__contains__, _SIGNS_OF_LEAK)) or _LONG.search(text) or _APPID.search(text)):
        return None
    for layer in layers(text):
        if found := min(_certain(layer.text, personal), default=None):
            begin = layer.source(*found)[0]
            kind = forms.kind_of(layer.text[slice(*found)])[0]
            return Leak(text.count("\n", 0, begin) + 1, begin - text.rfind("\n", 0, begin), kind)
    return None


def _certain(text: str, personal: bool, depth: int = NESTED) -> Iterator[Span]:
    """What no sentence of ours holds: known forms but addresses (a hint may name a resolver), and what stands behind
    the name of a secret and looks like one."""
    for match in _RUN.finditer(text):
        for start, end in _certain_in_run(match[0], personal, depth):
            yield match.start() + start, match.start() + end
    for sign, form in (("ticket@@@", forms.TICKET), ("eyJ", forms.JWT)):
        if sign in text:
            yield from (match.span() for match in form.finditer(text) if not _NOBODYS.search(match[0]))
    for start, end in _named(text, False, cookies=False):
        if _STRONG.fullmatch(value := text[start:end]) and not forms.CUT.search(value) and not harmless(value):
            yield start, end
    if "@" in text:
        for match in _USER.finditer(text):
            if not forms.CUT.search(match[1]) and "*" not in match[1]:
                yield match.span(1)
    if depth and "\n" in text and _SIGN_OF_LINES.search(text):
        for match in BLOB.finditer(text):
            if "\n" in match[0] and _holds_certain(match[0], personal, depth):
                yield match.span()


@lru_cache(16384)
def _certain_in_run(run: str, personal: bool, depth: int) -> tuple[Span, ...]:
    """The same in one run of letters, digits and +/-_."""
    found: list[Span] = []
    for match in (forms.WORDS if personal else forms.SECRET_WORDS).finditer(run):
        start = match.start()
        in_path = match.lastgroup == "key" and start and run[start - 1] == "/"
        if (personal or not in_path) and not _NOBODYS.search(match[0]):
            found.append(match.span())
    if depth and len(run) >= 16 and _holds_certain(run, personal, depth):
        found.append((0, len(run)))
    return tuple(found)


def _holds_certain(run: str, personal: bool, depth: int) -> bool:
    inner = unpacked(run)
    return inner is not None and any(True for _ in _certain(inner, personal, depth - 1))
