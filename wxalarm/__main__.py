"""`python -m wxalarm`, and the console script: nothing is imported before Ctrl-C is taken care of."""


def main() -> None:
    """Run the command line; Ctrl-C while it is being loaded is exit code 130, as later."""
    try:
        from wxalarm.cli import main as run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
