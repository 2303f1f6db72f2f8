"""What can be wrong with an alarm text: the codes of parsing."""

from __future__ import annotations

from wxalarm.model import Basis, Code, Severity

BAD_VALUE = Code("bad-value", Severity.WARNING, Basis.RECORDED)
BRACKET_MISSING = Code("bracket-missing", Severity.WARNING, Basis.RECORDED)
BODY_CUT = Code("body-cut", Severity.NOTE, Basis.RECORDED)
LABEL_REPEATED = Code("label-repeated", Severity.WARNING, Basis.RECORDED)
KEY_REPEATED = Code("key-repeated", Severity.WARNING, Basis.RECORDED)
STRAY_TEXT = Code("stray-text", Severity.NOTE, Basis.RECORDED)
ALARM_TOO_LONG = Code("alarm-too-long", Severity.ERROR, Basis.RECORDED)
VALUE_JOINED = Code("value-joined", Severity.WARNING, Basis.RECORDED)
LOOK_ALIKE = Code("look-alike", Severity.WARNING, Basis.RECORDED)
PROBLEMS = (
    BAD_VALUE,
    BRACKET_MISSING,
    BODY_CUT,
    LABEL_REPEATED,
    KEY_REPEATED,
    STRAY_TEXT,
    ALARM_TOO_LONG,
    VALUE_JOINED,
    LOOK_ALIKE,
)
