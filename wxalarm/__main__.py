"""`python -m wxalarm`, and the console script: nothing is imported before Ctrl-C is taken care of."""

import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Run the command line; Ctrl-C while it is being loaded, or before the command listens, is exit code 130, as
    later."""
    try:
        _loaded()()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _loaded() -> "Callable[[], None]":
    """The command line. Raises KeyboardInterrupt for a Ctrl-C that came meanwhile."""
    lost: list[object] = []
    before = sys.unraisablehook

    def unraisable(told: "sys.UnraisableHookArgs") -> None:
        # Ctrl-C in a callback of Python's own, as importing has them, would be printed and forgotten.
        if issubclass(told.exc_type, KeyboardInterrupt):
            lost.append(told.object)
        else:
            before(told)

    sys.unraisablehook = unraisable
    gc.disable()  # nothing of what is loaded is garbage, and looking for it takes a tenth of the start
    try:
        from wxalarm.cli import main as run
    except RuntimeError as error:  # how Python 3.11 passes it on out of the making of a class
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    if lost:
        raise KeyboardInterrupt
    gc.freeze()
    gc.enable()
    return run


if __name__ == "__main__":
    main()
