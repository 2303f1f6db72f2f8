"""Lines that belong to the entry before them: the stack of an error, in any language."""

from __future__ import annotations

import re

CONTEXT = rb"(?:\d{1,9}-)?"
"""What grep -n puts before the lines around the one that it found."""
_GOES_ON = re.compile(
    CONTEXT
    + rb"(?:\s|#\d{1,4} |\}|\[(?:stacktrace|previous exception)\]|Stack trace:|thrown in |Caused by|Traceback \("
    rb"|\.{3} \d+ more|goroutine \d+ \[|at [\w.$<]|script_filename = |\[0x[0-9a-f]"
    rb"|During handling of the above exception|The above exception was the direct cause)"
)


def goes_on(line: bytes) -> bool:
    """Whether a line goes on with the one before."""
    return _GOES_ON.match(line) is not None
