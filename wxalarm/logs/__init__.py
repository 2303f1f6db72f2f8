"""Logs, sans-IO: log_format → line parser, windows of time by bisection, counts, the strings of nginx's error log.

Nothing here opens a file; probes/logfiles.py feeds it bytes.
"""
