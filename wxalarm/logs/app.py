"""Application logs of any format: where their times stand, and what trouble looks like in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from wxalarm.logs import durations, moments, senders, times
from wxalarm.logs.stacks import CONTEXT, goes_on
from wxalarm.patterns import later
from wxalarm.wechat.limits import OPENID_LENGTH, WAIT

HEAD = 12
"""Characters of an OpenID that tell its user at least: those of one account begin alike."""
_PHP = rb"\d\d-[A-Z][a-z][a-z]-\d{4} \d\d:\d\d:\d\d(?: [A-Z][\w+-]{1,20}(?:/[\w+-]{1,30}){0,2}(?=\]))?"
"""PHP's error log names its zone, PHP-FPM's logs do not."""
_SYSLOG = rb"(?:[A-Z][a-z][a-z]|[ \d]?\d\xe6\x9c\x88) [ \d]\d \d\d:\d\d:\d\d"
"""The journal prints the months as the locale has them: Oct 12, 10月 12."""
_DJANGO = rb"\d\d/[A-Z][a-z][a-z]/\d{4} \d\d:\d\d:\d\d"
_NEST = rb"\d\d/\d\d/\d{4}, \d{1,2}:\d\d:\d\d(?: |\xe2\x80\xaf)[AP]M"
"""Nest's logger and others that print the time as people in the USA do, month first."""
_WINDOWS = rb"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d\d:\d\d"
"""The event viewer of a Chinese Windows, and .NET's default there: 2024/2/3 9:04:57."""
_OF_DAY = rb"(?:(?<=\n)|(?<=\| ))\d\d:\d\d:\d\d[.,]\d{3}(?= )"
"""A pattern of logback and log4j without the date, as RuoYi's."""
UNDATED = "clock"
"""The shape of times that say no date."""
SHAPES: tuple[tuple[str, bytes], ...] = (
    ("iso", times.ISO),
    ("slashed", times.SLASHED),
    ("windows", _WINDOWS),
    ("local", times.LOCAL),
    ("php", _PHP),
    ("django", _DJANGO),
    ("nest", _NEST),
    ("syslog", _SYSLOG),
    (UNDATED, _OF_DAY),
    ("epoch", rb"(?<![\d.])" + times.EPOCH + rb"(?![\d.])"),
)
"""Shapes of times, the most telling first."""
_PLAIN = len("15-Nov-2023 06:13:20")
_BEFORE = rb"\n[^\n]{0,160}?"
"""A time stands near the beginning of its line."""
_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_NAMED_CAUSES = (
    (
        "csrf",
        rb"TokenMismatch|InvalidAuthenticityToken|EBADCSRFTOKEN|Unable to verify your data submission|"
        + "您提交的数据无法被验证|令牌数据无效".encode()
        + rb"|[Aa]nti-?forgery (?:token|cookie)|'_?csrf|[Ii]nvalid CSRF|"
        rb"(?:CSRF|csrf|XSRF)[ _-]?(?:token|cookie|verification|failed|error)",
    ),
    ("oom", rb"Out of memory: Kill|invoked oom-killer|oom-kill:|Memory cgroup out of memory"),
    (
        "decrypt",
        rb"(?<![\w-])-400(?:0[1-9]|1[01])(?!\d)|(?:ValidateSignature|Validate(?:Corp|App)id|DecryptAES|IllegalAesKey)_?Error|"
        rb"Invalid(?:Signature|AppId)Exception|(?i:decrypt(?:ion)? (?:\w+ )?(?:failed|error)|failed to decrypt)|"
        rb"IllegalArgumentException: 20 > -\d|Given final block not properly padded|"
        + "解密(?:消息|推送)?(?:失败|出错|错误)".encode(),
    ),
    ("heap", rb"JavaScript heap out of memory|Ineffective mark-compacts near heap limit"),
    (
        "disk",
        rb"No space left on device|\bENOSPC\b|not enough space on the disk|[Dd]isk (?:quota exceeded|(?:is )?full\b)|"
        rb"transaction log for database '[^'\n]{0,128}' is full|The table '[^'\n]{0,128}' is full|"
        + "磁盘空间不足".encode(),
    ),
    (
        "memory",
        rb"OutOfMemory|MemoryError|Allowed memory size of|heap out of memory|Out of memory|Cannot allocate memory",
    ),
    (
        "database",
        rb"wait millis \d+, active 0, |\bORA-(?:00257|00020|01034|01033|12\d{3})\b|Communications link failure|"
        rb"[Tt]oo many connections|SQLSTATE\[HY000\] \[(?:1040|200[236])\]|MySQL server has gone away|"
        rb"could not connect to server|remaining connection slots are reserved|max number of clients reached",
    ),
    (
        "pool",
        rb"Connection is not available, request timed out|GetConnectionTimeoutException|wait millis \d+, active \d+|"
        rb"[Tt]imeout waiting for (?:idle object|connection from pool)|Cannot get a connection, pool |PoolExhausted|"
        rb"(?<!hread )[Pp]ool (?:(?:is |has been )?exhausted|empty\. )|PoolTimeout|ConnectionAcquireTimeout|"
        rb"KnexTimeout|QueuePool limit of |ResourceRequest timed out|Timeout acquiring a connection|"
        rb"redis: connection pool timeout|checkout a Connection has timed|"
        rb"(?:[Cc]ould not|nable to|ailed to|annot|prior to|out) "
        rb"(?:get|obtain(?:ing)?|fetch(?:ing)?|acquire) (?:a |new ){1,2}(?:resource|connection) from the (?:\w+ )?pool",
    ),
    (
        "instances",
        rb"No servers available for service|No instances? available for|"
        rb"(?i:load ?balancer) does not (?:have|contain) (?:an? )?(?:available server|instance)|"
        rb"\bno (?:healthy|live|available) (?:upstreams?|instances?|servers?|endpoints?|hosts?)\b",
    ),
    (
        "certificate",
        rb"remote error: tls: (?:(?:expired|bad|unknown|revoked) certificate|unknown certificate authority)|"
        rb"Received fatal alert: (?:certificate_\w{3,12}|bad_certificate|unknown_ca)|"
        rb"alert (?:certificate (?:expired|unknown|revoked)|bad certificate|unknown ca)\b",
    ),
    ("firewall", rb"\baction[\"']?[:=]\s?[\"']?(?i:block|deny|denied|drop|reject|intercept)(?:ed|ped)?\b"),
    ("tunnel", rb"\bno route found: |\bno proxy or service found|ERR_NGROK_3200|[Tt]unnel \S{1,120} not found"),
    ("local", rb"\bconnect to local service \[[^\]\n]{1,80}\] error|\bfailed to open private leg\b"),
    (
        "store",
        rb"\bMISCONF\b|READONLY You can't write against a read only|\(read-only mode\)|read-only option so it cannot",
    ),
    (
        "timeout",
        rb"[Tt]imed out|Timeout(?:Error|Exception|Expired)|(?:Read|Connect|Socket)Timeout|Maximum execution time|"
        rb"Lock wait timeout|ETIMEDOUT|context deadline exceeded|i/o timeout",
    ),
    (
        "pause",
        rb"Pause Full [^\n]{0,90}?[ )](?:[3-9]|\d{2,})\d{3}\.\d+ms|Full GC [^\n]{0,400}?real=(?:[3-9]|\d{2,})\.\d",
    ),
    ("workers", rb"reached (?:pm\.)?max_children|reached MaxRequestWorkers|Maximum number of threads \(\d+\) created"),
    ("stuck", rb"executing too slow \(|\[pool [\w.-]+\] pid \d+(?!\d)"),
)
"""What a push fails of most often, by what frameworks print: CSRF protection refuses it (no browser sent it), what
WeChat sent was not signed as expected or could not be decrypted (the numbers are those of WXBizMsgCrypt), memory ran
out (and the kernel or Node.js ended the process), or a disk did, no instance of a service was there to pass it on to,
no client of a tunnel was on line, or nobody listened behind it, a store took no writes, no connection of a pool was
free, something waited for too long, no worker was free, one was seen at the same step for too long (PHP-FPM's slow
log, whose stack follows)."""
CAUSES = tuple((name, later(pattern)) for name, pattern in _NAMED_CAUSES)
_POOL = dict(CAUSES)["pool"]
LASTING = ("disk", "instances", "tunnel", "local", "store", "database")
"""Reasons that go on until somebody ends them."""
LASTS = later(b"|".join(pattern for name, pattern in _NAMED_CAUSES if name in LASTING))
_FATAL = (
    rb"\bUncaught |Fatal error|\bFATAL\b|panic: |panic serving |[Uu]nhandled ?(?:[Ee]xception|[Ee]rror|[Rr]ejection|"
    rb"[Pp]romise)|Servlet\.service\(\) for servlet |Exception in ASGI application|Exception on /\S{0,255} \[|"
    rb"Error handling request|responded 5\d\d in [\d.,]+ ms\r?\n[\w.]{1,120}Exception|Internal Server Error: /|"
    rb"OutOfMemory|Allowed memory size of|"
    rb"\[ ?error ?\] ?\[-?\w{1,10}\](?=[^\n]{1,999}?\.php:\d{1,6}\])"  # ThinkPHP's handler of exceptions
)
_MISSES = later(
    rb"[Uu]ndefined (?:index|array key|property|offset)|Trying to (?:get property|access array offset)|KeyError\b|"
    + "未定义(?:数组|属性)".encode()
    + rb"|NullPointerException|Cannot read propert(?:y|ies) [^\n]{0,60}?\bof (?:undefined|null)\b|'NoneType' object|"
    rb"nil pointer dereference|Object reference not set|undefined method [^\n]{1,60} for nil"
)
_UNCAUGHT = later(_FATAL)
"""Nobody caught it, by what languages and servers print then: whatever it hit ended with it."""
_TROUBLE = later(
    rb"Traceback \(most recent call last\)|\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b|[Dd]eadlock|"
    rb"\b[A-Za-z_.]{0,80}(?:Exception|Error)\b(?::| at |\()|"
    rb"\"level\":\s?(?:\"(?:error|fatal|critical)\"|[56]0\b)|\blevel=(?:error|fatal|panic)\b|\b(?:ERR|FTL)\]|"
    rb"\A(?:fail|crit): |\[ ?(?:error|fatal|critical|alert|emergency) ?\]|"
    rb":\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?[\]\t |]{1,3}"
    rb"(?:(?:error|fatal|critical)[:\t |]|(?:fail|crit): [A-Z][\w.]{1,200}\[\d)|"
    + b"|".join((_FATAL, *(pattern for name, pattern in _NAMED_CAUSES if name != "pool")))
)
_HUNG_UP = later(
    rb"(?:(?:java\.io\.)?IOException: )?\b[Bb]roken ?[Pp]ipe(?:Error)?(?:: \[Errno 32\])?|\bEPIPE\b|"
    rb"[A-Za-z_.]{0,80}(?:ClientAbort|ClientDisconnect)[A-Za-z]{0,40}:?|[Cc]lient (?:has )?(?:disconnected|aborted)"
)
"""Whoever asked has gone: of a push that is what follows when WeChat gives up, not why it waited."""
_NAMED_ERROR = later(rb"\b[A-Za-z_.]{0,80}(?:Exception|Error)\b(?::| at |\()")
_SPENT = later(
    r"(?i:\b(?:took|takes|cost|costs|elapsed|duration|latency|total|spent|waited|finished in|completed in|done in|"
    r"handled in|processed in|replied in|answered in|completed [1-5]\d\d [\w ]{1,30} in|sent [1-5]\d\d in|slow sql|"
    r"generated \d{1,9} bytes in)|耗时|用时|花费|历时|处理时间)\W{0,4}"
    r"((?:\d{1,3}m)?\d{1,9}(?:\.\d{1,9})?)\s?"
    r"((?i:milliseconds|millis|seconds|second|msecs?|secs?|ms|us|ns|s)|µs|毫秒|微秒|秒)(?![A-Za-z])"
)
_UNIT = r"(ms|s|us|µs|ns)(?![\w/])"
_COLUMN = later(
    r"\|\s{0,12}[1-5]\d\d\s{0,12}\|\s{0,12}(\d{1,9}(?:\.\d{1,9})?|\d{1,3}m\d{1,2}(?:\.\d{1,9})?)\s?"
    + _UNIT
    + r"|(?<![\w.:/-])[1-5]\d\d(?: \d{1,9}B?)?(?: in| -)? (\d{1,9}(?:\.\d{1,9})?)\s?"
    + _UNIT
)
"""A duration as a request line has it without a word: in the column behind the status, or right behind that."""
_STATEMENT = later(
    r"\[(\d{1,9}(?:\.\d{1,9})?)(ms|s|us|µs|ns)\] \[rows:"
    r"|\b(?:Load|Count|Create|Update|Destroy|Pluck|Exists\?|SQL) \((\d{1,9}(?:\.\d{1,9})?)(ms)\)\s{1,4}"
    r"(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b"
)
"""What loggers of statements print: gorm, ActiveRecord."""
_MAY_BE_LONG = later(
    r"(?<![\d.])(?:[5-9]|\d{2,7})(?:\.\d{1,9})?\s?(?:(?i:sec(?:ond)?s?|s)(?![A-Za-z])|秒)"
    r"|(?<![\d.])(?:\d{1,3}m)?\d{1,9}(?:\.\d{1,9})?s(?![A-Za-z])"
    r"|(?<![\d.])\d{4,9}(?:\.\d{1,9})?\s?(?:(?i:ms|msecs?|millis(?:econds)?)(?![A-Za-z])|毫秒)"
    r"|(?i:_?(?:ms|millis|seconds|secs?|duration|elapsed|latency|took|cost))[\"']{0,2}\s?[=:]\s?[\"']?(?:[5-9]|\d{2})".encode()
)
"""What a line has at least that says that something took 5 s or longer: most lines are not read further."""
_SPELLED = {"milliseconds": "ms", "millis": "ms", "毫秒": "ms", "微秒": "us", "seconds": "s", "second": "s", "秒": "s"}
_KEYED = later(
    r"(?<![\w.-])([A-Za-z][\w-]{0,40})[\"\']{0,2}\s?[=:]\s?[\"\']{0,2}(\d{1,12}(?:\.\d{1,9})?(?:ms|us|µs|ns|s)?)(?![\w.:-])"
)
_ERRCODE = (
    rb"(?i:errcode)[\"'\\]*\s?[=:]\s?[\"'\\]*(-[1-9]\d{0,8}|[1-9]\d{4,8})(?!\d)|"
    + "错误代码(?::|：)\\s?(-[1-9]\\d{0,8}|[1-9]\\d{4,8})(?:,|，)\\s?错误信息".encode()
)
"""What WeChat's API answers a call that failed, as it stands in JSON, and as WxJava prints it."""
_REQUEST = (
    rb"(?i:(?:request|req|trace|correlation)[_-]?id)[\"'\\]*\s?[=:]\s?[\"'\\]*([\w-]{6,64})|"
    rb"\"trace\":\s?\"([0-9a-f]{16,32})\"|"
    rb"\[([0-9a-f]{12,32})\]|(?<![\w-])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\w-])"
)
_THREAD = rb"\[((?![\w.#-]*(?i:loop|reactor|epoll|event))[\w.#-]{0,48}(?i:exec|thread|worker)-?\d{1,6})\]"
"""A thread that does one thing at a time: an event loop does many."""
_NAMED = later(
    rb"(?i:open_?id|from_?user(?:_?name)?)[\"'\\]*\s?[=:>]\s?(?:<!\[CDATA\[|[\"'\\]*)o[\w-]{5,63}(?![\w*-])|"
    rb"(?<![\w-])o(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{%d}(?![\w*-])" % (OPENID_LENGTH - 1)
)
"""An OpenID: behind its name, or as long as they are and as mixed; a masked one may be anybody's."""
_CUT = later(rb"(?<![\w-])(o[\w-]{%d,%d})(?:\.\.\.|\xe2\x80\xa6)" % (HEAD - 1, OPENID_LENGTH - 2))
"""What may be the head of an OpenID: of long arguments PHP shows 15 characters in a stack."""
_SECOND = later(rb"(?i:timestamp)[\"'\\]*\s?[=:]\s?[\"'\\\[]*1\d{9}(?!\d)")
_MIXED = later(rb"(?=.*[A-Z])(?=.*\d)")
_RAISED = later(
    CONTEXT
    + rb"(?:(?:### )?Cause(?:d by)?: |\s{1,8}(?:---> )?)?[A-Za-z_][\w.$]{0,120}(?:Exception|Error|Timeout|TimedOut)"
    rb"(?: \(0x[0-9A-Fa-f]{1,8}\))?(?::|\s*\Z)"
)
_NAMES_ONE = later(rb"(?<![\w$])[A-Z][\w$]{0,80}[a-z](?:Exception|Error)\b")
"""By its class: a method may be called handleException."""
_FAR = 120
"""Characters of a line that its reader sees at once."""
_OF_ENTRY = later(
    CONTEXT
    + rb"(?:\s|\}|### |script_filename = |\[0x|Traceback|Caused by|[A-Za-z_][\w.$]{0,120}(?:Exception|Error|Timeout)\b)"
)
"""How a line begins that goes on with the entry before it."""
_FRAME = later(CONTEXT + rb"(?:\s*at [\w.$<]|#\d{1,4} |\s*\.{3} \d+ |\s+File \")")
"""A step of a stack: the names of functions say nothing of what went wrong."""
_EMPTY = later(CONTEXT + rb"\Z")
_DEEP = 250
"""Lines of an entry that are looked at."""
_WAITED = later(
    rb"(?:[Tt]imed out after|[Tt]imeout (?:of|after)|execution time of|connection after|(?:pool|connection) within|"
    rb"timed out, timeout|wait millis) (\d{1,9}(?:\.\d{1,9})?)(?: ?(ms|milli|s))?"
)
_STEP = later(rb"[:|\]\d]\s{3,9}at [^\n]{1,300}:\d{1,7}(?::\d{1,7})?\)?\s*\Z")
_ASKED = later(senders.METHOD + rb"/\S*")
_OF_REQUEST = later(
    senders.METHOD + rb"(/\S*)|"
    rb": (/[\w./-]*)\s*(?:\n|\Z)|\bException on (/\S*) \[|\bpanic serving \[?([\da-fA-F.:]{3,45}?)\]?:\d{1,5}:"
)
_TOLD_BEFORE = later(
    rb"(?:Forbidden|Bad Request|Unauthorized|Not Found|Method Not Allowed|Internal Server Error)\b[^\n]{0,200}: "
    rb"/\S*\s*\Z"
)
_STATUS = later(rb"(?<![\w.:/-])[1-5]\d\d(?![\w.:/-])")
_STARTS = b"Request starting"
"""ASP.NET Core's line before a request, whose size looks like a status."""


class AppLines:
    """Lines of an application's log. offset: seconds east of UTC for times that do not say their zone; year: for those
    that do not say it; near: Unix seconds, whose day is taken for those without a date."""

    def __init__(self, shape: str, offset: float, year: int, near: float = 0.0) -> None:
        self.name = self.shape = shape
        self.offset, self.year, self.near = offset, year, near
        self._time = re.compile(_BEFORE + b"(" + dict(SHAPES)[shape] + b")")
        readers: dict[str, Callable[[bytes], float | None]] = {
            "local": times.local,
            "epoch": times.epoch,
            "syslog": self._syslog,
            "php": self._php,
            "django": self._plain,
            "nest": self._nest,
            "windows": self._windows,
            UNDATED: self._clock,
        }
        self.seconds = readers.get(shape, self._dated)

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """The times of all lines of a chunk that have one."""
        found: list[bytes] = self._time.findall(chunk)
        return found

    def time_of(self, line: bytes) -> float | None:
        """The time of one line; None when it has none."""
        match = self._time.match(b"\n" + line)
        return None if match is None else self.seconds(match[1])

    def is_time(self, line: bytes, needle: bytes) -> bool:
        """Whether a number in a line is nothing but the time at which it was written."""
        match = self._time.match(b"\n" + line) if self.shape == "epoch" else None
        return match is not None and needle in match[1] and line.count(needle) == 1

    def _dated(self, text: bytes) -> float | None:
        return times.dated(text, self.offset)

    def _php(self, text: bytes) -> float | None:
        plain, name = moments.naive(text[:_PLAIN]), text[_PLAIN + 1 :].decode("ascii", "replace")
        if plain is None or not name:
            return None if plain is None else plain - self.offset
        try:
            return datetime.fromtimestamp(plain, UTC).replace(tzinfo=ZoneInfo(name)).timestamp()
        except (KeyError, ValueError, OSError):  # no such zone here
            return plain - self.offset

    def _plain(self, text: bytes) -> float | None:
        plain = moments.naive(text)
        return None if plain is None else plain - self.offset

    def _nest(self, text: bytes) -> float | None:
        return self._plain(text.replace("\u202f".encode(), b" "))

    def _clock(self, text: bytes) -> float | None:
        found = moments.clock(text, self.near + self.offset)
        return None if found is None else found + int(text[9:12]) / 1000 - self.offset

    def _windows(self, text: bytes) -> float | None:
        day, _, time = text.partition(b" ")
        return self._dated(b"/".join(part.zfill(2) for part in day.split(b"/")) + b" " + time.zfill(8))

    def _syslog(self, text: bytes) -> float | None:
        """A time without a year: that of the alarm."""
        try:
            zone = timezone(timedelta(seconds=self.offset))
            hour, minute, second = (int(part) for part in text[-8:].split(b":"))
            named = text.partition(b" ")[0] if b"\xe6\x9c\x88" not in text else b""
            month = _MONTHS.index(named) + 1 if named else int(text.partition(b"\xe6")[0])
            return datetime(self.year, month, int(text[-11:-9]), hour, minute, second, tzinfo=zone).timestamp()
        except ValueError:
            return None


def shape_of(lines: Sequence[bytes]) -> str | None:
    """The shape of time that most of a sample of lines have; None when fewer than one in ten has any."""
    lines = [line for line in lines if line.strip() and not goes_on(line)]
    best, most = None, 0
    for name, shape in SHAPES:
        pattern = re.compile(_BEFORE + shape)
        count = sum(pattern.match(b"\n" + line) is not None for line in lines)
        if count > most:
            best, most = name, count
    return best if most * 10 >= len(lines) else None


def has_zone(lines: Sequence[bytes], shape: str) -> bool:
    """Whether the times of a sample say their own zone."""
    if shape in ("local", "epoch"):
        return True
    pattern = re.compile(_BEFORE + b"(" + dict(SHAPES)[shape] + b")")
    found = [match[1] for line in lines if (match := pattern.match(b"\n" + line))]
    return bool(found) and (times.zone_of(found[0]) is not None or (shape == "php" and len(found[0]) > _PLAIN))


def trouble(line: bytes) -> bool:
    """Whether a line speaks of an error."""
    text = line[:4096]
    # Most lines speak of none, whoever wrote them.
    if not _named(text) and _errcode(text) is None:
        return False
    text = senders.cut(text)
    return (_named(text) and not hung_up(text)) or _errcode(text) is not None


def _named(text: bytes) -> bool:
    # Most lines hold no "pool", and are searched for its many names in vain.
    return _TROUBLE.search(text) is not None or (b"pool" in text.lower() and _POOL.search(text) is not None)


def troubled(lines: Sequence[bytes], at: int, first: int, end: int) -> bool:
    """Whether a line speaks of an error that is more than that the other side hung up, by the whole of its entry.
    first, end: an entry that it may be a step of."""
    if not trouble(lines[at]):
        return False
    begin, behind = (first, end) if first <= at < end else (at, entry(lines, at)[1])
    return not hung_up(b"\n".join(lines[begin:behind]))


def hung_up(text: bytes) -> bool:
    """Whether a line, or an entry of several, says that the other side hung up, and names no other error; of a stack,
    whether that is what caused the others: servers wrap it in errors of their own."""
    raised = [line for line in text.split(b"\n")[1:] if _RAISED.match(line)]
    if raised and _hung_up(raised[-1]):
        return True
    return _hung_up(text)


def _hung_up(text: bytes) -> bool:
    if _HUNG_UP.search(text) is None:
        return False
    text = senders.cut(text)
    return _HUNG_UP.search(text) is not None and _NAMED_ERROR.search(_HUNG_UP.sub(b"", text)) is None


def cause(text: bytes) -> str | None:
    """csrf, memory, pool, timeout, workers or stuck: what an error names as its reason; None for any other."""
    text = senders.cut(text[:4096])
    return next((name for name, pattern in CAUSES if pattern.search(text) is not None), None)


def misses(text: bytes) -> bool:
    """Whether an error is that something is not there which was read, as a field that not every push has."""
    return _MISSES.search(senders.cut(text[:4096])) is not None


def aborted(lines: Sequence[bytes]) -> str | None:
    """ "aborted" for a stack at which gunicorn ended a worker that was at one request for longer than its --timeout; it
    raises SystemExit there, which names no reason."""
    return "aborted" if any(b"in handle_abort" in line for line in lines) else None


def errcode(line: bytes) -> int | None:
    """The errcode of WeChat's API in a line, when it is one of a failure."""
    return _errcode(senders.cut(line[:4096]))


def _errcode(text: bytes) -> int | None:
    found = re.search(_ERRCODE, text)
    return int(found[1] or found[2]) if found is not None else None


def spent(line: bytes) -> float | None:
    """Seconds that a line says something took, with the unit behind the number or in the name of the key; the longest
    of several, None when it says none."""
    text = senders.cut(line[:4096]).decode("utf-8", "replace")
    found = [*_SPENT.findall(text), *_two(_STATEMENT, text)]
    if request(line):
        # To the next blank, whatever stands in it: a column is told by little.
        columns = senders.cut(_ASKED.sub(b" ", line[:4096]))
        found += _two(_COLUMN, columns.decode("utf-8", "replace"))
    said = [durations.read(f"{number}{_SPELLED.get(unit.lower(), unit)}") for number, unit in found]
    keyed = durations.took({key.lower(): value for key, value in _KEYED.findall(text)}, {})
    said.append(keyed.seconds if keyed is not None and not keyed.guessed else None)
    return max((seconds for seconds in said if seconds is not None), default=None)


def _two(pattern: re.Pattern[str], text: str) -> list[tuple[str, str]]:
    """The number and the unit of each match of a pattern that has them in one of two ways."""
    return [(one or other, unit or second) for one, unit, other, second in pattern.findall(text)]


def took_long(line: bytes) -> float | None:
    """The same, when it is as long as WeChat waits, or longer."""
    if _MAY_BE_LONG.search(line[:4096]) is None:
        return None
    took = spent(line)
    return took if took is not None and took >= WAIT else None


def headline(lines: Sequence[bytes]) -> bytes:
    """The line to show of an entry: its first, and of PHP-FPM's slow log the step that it hung at, of a stack the error
    that names a reason, else the one that it ends with or that caused the others."""
    step = next((line for line in lines[1:4] if line.startswith(b"[0x")), None)
    if step is not None:
        return lines[0] + b" " + step
    raised = [line for line in reversed(lines[1:]) if _RAISED.match(line)]
    named = next(filter(_reasoned, raised), None)
    # A first line that names an error is enough, unless only what caused it names the reason.
    enough = _NAMES_ONE.search(lines[0]) is not None and (named is None or _reasoned(lines[0]))
    if not raised or enough:
        return telling(lines[0])
    first = lines[0].decode("utf-8", "surrogateescape")
    long = len(first) > _FAR
    shown = f"{first[: _FAR // 2] if long else first}{'…' if long else ' …'} ".encode("utf-8", "surrogateescape")
    return shown + (named or raised[0]).strip()


def _reasoned(line: bytes) -> bool:
    return cause(line) is not None or errcode(line) is not None


def said(lines: Sequence[bytes]) -> bytes:
    """What an entry says, without the steps of its stack."""
    return b"\n".join(line for line in lines if not _FRAME.match(line))


def telling(line: bytes) -> bytes:
    """A line to show: of a long one whose reason, or whose error's name, stands far behind what loggers write first,
    the beginning and that."""
    patterns = (*(pattern for _, pattern in CAUSES), _NAMED_ERROR)
    found = next((match for pattern in patterns if (match := pattern.search(line[:4096])) is not None), None)
    if found is None or found.start() < _FAR:
        return line
    word = max(line.rfind(b" ", 0, found.start()) + 1, found.start() - _FAR // 2)
    return line[: _FAR // 2] + "… ".encode() + line[word:]


def tag(line: bytes) -> bytes | None:
    """What all lines about one request have in common: the id of the request, else the name of its thread."""
    found = re.search(_REQUEST, line[:1024]) or re.search(_THREAD, line[:1024])
    return next(filter(None, found.groups())) if found is not None else None


def names_another(line: bytes, user: bytes) -> bool:
    """Whether a line names an OpenID, or the head of one, but not this user's."""
    if user in line:
        return False
    cut = [head for head in _CUT.findall(line[:4096]) if _MIXED.match(head)]
    theirs = bool(cut) and not any(user.startswith(head) for head in cut)
    return theirs or _NAMED.search(line[:4096]) is not None


def names_second(line: bytes) -> bool:
    """Whether a line names the `timestamp` of a push."""
    return _SECOND.search(line[:4096]) is not None


def names_head(line: bytes, user: bytes) -> bool:
    """Whether a line names a cut OpenID that may be this user's."""
    return any(user.startswith(head) for head in _CUT.findall(line[:4096]))


def uncaught(text: bytes) -> bool:
    """Whether an error is one that nobody caught."""
    return _UNCAUGHT.search(senders.cut(text[:4096])) is not None


def waited(text: bytes) -> float | None:
    """Seconds for which an error says that something was waited for in vain; the longest of several."""
    found = [
        float(number) * (1e-3 if unit[:1] == b"m" or match[0].startswith(b"wait millis") else 1.0)
        for match in _WAITED.finditer(senders.cut(text[:4096]))
        for number, unit in [(match[1], match[2] or b"")]
    ]
    return max(found, default=None)


def told_before(line: bytes) -> bool:
    """Whether a line without a time is of the request whose own line, with the time, comes after it: Django's server
    for development has it so (django.utils.log, log_response)."""
    return _TOLD_BEFORE.match(line[:1024]) is not None


def whom(text: bytes) -> bytes | None:
    """The path or the address of the request that an error says it is of; None when it says none."""
    found = _OF_REQUEST.search(text[:4096])
    return next(filter(None, found.groups())) if found is not None else None


def is_step(line: bytes) -> bool:
    """Whether a line is a step of a stack to which a supervisor (pm2, docker) gave a time or a name of its own."""
    return _STEP.search(line[:1024]) is not None


def request(line: bytes) -> bool | None:
    """Whether a request line has a status, and so was written when the request was over; None for any other line."""
    asked = _ASKED.search(line[:4096])
    if asked is None:
        return None
    text = senders.cut(line[:4096])
    if _STARTS in text[: asked.start()]:
        return False
    return _STATUS.search(text[: asked.start()]) is not None or _STATUS.search(text[asked.end() :]) is not None


def of_entry(line: bytes) -> bool:
    """Whether a line goes on with an entry before it: a step of a stack, or the error that it is of."""
    return goes_on(line) or _OF_ENTRY.match(line) is not None or _EMPTY.match(line) is not None


def first_of(lines: Sequence[bytes], index: int) -> int:
    """Where the error begins of whose stack this line is a step; the line itself when it is of none."""
    first = index
    while first > 0 and of_entry(lines[first]):
        first -= 1
    return first if trouble(lines[first]) else index


def entry(lines: Sequence[bytes], index: int, before: int = 2, after: int = 12) -> tuple[int, int, int]:
    """(first shown, behind the entry, behind the last shown) of the lines around one: a few before, a few behind.
    Between a message and its stack, and between two stacks, there may be an empty line."""
    end = at = index + 1
    while at < len(lines) and at - index <= _DEEP:
        if _OF_ENTRY.match(lines[at]) or goes_on(lines[at]):
            end = at + 1
        elif not _EMPTY.match(lines[at]) or (at > index + 1 and _EMPTY.match(lines[at - 1])):
            break
        at += 1
    return max(0, index - before), end, max(min(end, index + after + 1), min(len(lines), index + 3))
