"""Scenarios, one module a layer; the tuple of all is wxalarm.lab.SCENARIOS."""
