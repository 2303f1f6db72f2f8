"""`python -m wxalarm`."""

from wxalarm.cli import main

main()
