"""`python -m wxalarm`, and the console script: nothing is imported before Ctrl-C is taken care of."""

import gc
import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is being loaded is exit code 130, as later."""
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
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except RuntimeError as error:  # how Python 3.11 passes it on out of the making of a class
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise SystemExit(130) from None
        raise
    if lost:
        raise SystemExit(130)
    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
