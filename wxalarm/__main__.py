"""`python -m wxalarm`, and the console script: nothing is imported before Ctrl-C is taken care of."""


def main() -> None:
    """Run the command line; Ctrl-C while it is being loaded is exit code 130, as later."""
    try:
        from wxalarm.cli import main as run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except RuntimeError as error:  # how Python 3.11 passes it on out of the making of a class
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise SystemExit(130) from None
        raise
    run()


if __name__ == "__main__":
    main()
