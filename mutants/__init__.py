"""Mutation tests: small changes of the code, each of which some test must notice (docs/testing-mutants.md)."""
