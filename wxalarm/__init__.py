"""wxalarm: paste a WeChat push-failure alarm, get its cause.

The Python API is `parse`, `diagnose`, `Alarm` and `Report`.
"""

# Nothing is imported here: it would be loaded before Ctrl-C is taken care of.
TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from typing import Any

    from wxalarm.diagnosis import diagnose as diagnose
    from wxalarm.model import Alarm as Alarm
    from wxalarm.model import Report as Report
    from wxalarm.parser import parse as parse

__version__ = "0.1.0"
__all__ = ["Alarm", "Report", "__version__", "diagnose", "parse"]

_HOMES = {
    "parse": "wxalarm.parser",
    "diagnose": "wxalarm.diagnosis",
    "Alarm": "wxalarm.model",
    "Report": "wxalarm.model",
}


def __getattr__(name: str) -> "Any":
    # Lazy, so that `wxalarm --help` and `import wxalarm` load nothing that they do not use.
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
