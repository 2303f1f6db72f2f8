"""Every rule of lint as a code, and which of them can be fixed without a decision."""

from __future__ import annotations

from wxalarm.model import Basis, Code, Severity
from wxalarm.parser import PROBLEMS
from wxalarm.parser import consistency as parsed
from wxalarm.parser.problems import ALARM_TOO_LONG, BODY_CUT, STRAY_TEXT


def _error(name: str) -> Code:
    return Code(name, Severity.ERROR, Basis.RECORDED)


def _warning(name: str) -> Code:
    return Code(name, Severity.WARNING, Basis.RECORDED)


NO_ALARM = _error("no-alarm")
NOT_UTF8 = _error("not-utf8")
BOM = _warning("bom")
FULL_WIDTH_LABEL = _warning("full-width-label")
MISSING_LINE = _warning("missing-line")
UNKNOWN_KIND = _error("unknown-kind")
UNKNOWN_KEY = _warning("unknown-key")
# A fixture that contradicts itself is wrong; an alarm that does was only damaged on its way.
STAMP_MISMATCH = parsed.STAMP_MISMATCH.variant(severity=Severity.ERROR)
LENGTH_MISMATCH = parsed.LENGTH_MISMATCH.variant(severity=Severity.ERROR)
MSG_EVENT_MISMATCH = _error("msg-event-mismatch")
REAL_APPID = _error("real-appid")
REAL_OPENID = _error("real-openid")
PUBLIC_IP = _error("public-ip")
REAL_TRANSACTION_ID = _error("real-transaction-id")
URL_SECRET = _error("url-secret")
FOLDER_KIND = _error("folder-kind")
EXPECTATION_MISSING = _error("expectation-missing")
EXPECTATION_INVALID = _error("expectation-invalid")
EXPECTATION_DIFFERS = _error("expectation-differs")
DUPLICATE = _warning("duplicate")
IGNORE_REASON = _error("ignore-reason")
IGNORE_CODE = _error("ignore-code")
IGNORE_UNUSED = _warning("ignore-unused")
TOO_MANY = _error("too-many")

RULES: tuple[Code, ...] = (
    NO_ALARM,
    NOT_UTF8,
    BOM,
    FULL_WIDTH_LABEL,
    MISSING_LINE,
    UNKNOWN_KIND,
    UNKNOWN_KEY,
    STAMP_MISMATCH,
    LENGTH_MISMATCH,
    MSG_EVENT_MISMATCH,
    REAL_APPID,
    REAL_OPENID,
    PUBLIC_IP,
    REAL_TRANSACTION_ID,
    URL_SECRET,
    FOLDER_KIND,
    EXPECTATION_MISSING,
    EXPECTATION_INVALID,
    EXPECTATION_DIFFERS,
    DUPLICATE,
    IGNORE_REASON,
    IGNORE_CODE,
    IGNORE_UNUSED,
    TOO_MANY,
)
"""Every rule of its own, in the order of the documentation."""

SILENT = frozenset({BODY_CUT.id, ALARM_TOO_LONG.id})
"""Problems of parse that lint never has: WeChat itself cuts long bodies, and only streams are cut by the parser."""
PARSER_RULES: tuple[Code, ...] = tuple(
    code.variant(severity=Severity.WARNING) if code is STRAY_TEXT else code
    for code in PROBLEMS
    if code.id not in SILENT
)
"""Problems of parse as lint reports them: in a fixture stray text is a mistake, in a chat it is not."""
ALL: tuple[Code, ...] = RULES + PARSER_RULES
"""Everything that lint may report and that --select, --ignore and an ignore in a file may name."""
IGNORES = frozenset({IGNORE_REASON.id, IGNORE_CODE.id, IGNORE_UNUSED.id, TOO_MANY.id})
"""Codes that an ignore in a file cannot name."""
FIXABLE = frozenset({NOT_UTF8.id, BOM.id, FULL_WIDTH_LABEL.id, EXPECTATION_MISSING.id})
"""Codes that --fix mends: what has one right answer."""
