"""Coverage-guided fuzzing of all that reads foreign bytes: `make fuzz`, or `python -m fuzz --help`."""
