"""Faulty servers on loopback, for `wxalarm demo`, for the tests and for users."""
