"""nginx configuration, sans-IO: text → directives with file and line, what applies to a URL, and how to change it.

Nothing here opens a file or knows of WeChat; probes/nginx_files.py fetches the texts.
"""

from __future__ import annotations

from wxalarm.nginx.config import Config, Fetch, fetch_from, from_dump, is_glob, load, parse
from wxalarm.nginx.logfiles import COMBINED, AccessLog, access_logs, error_logs, every_access_log, log_format_of
from wxalarm.nginx.syntax import ConfigProblem, Directive, SyntaxProblem

__all__ = [
    "COMBINED",
    "AccessLog",
    "Config",
    "ConfigProblem",
    "Directive",
    "Fetch",
    "SyntaxProblem",
    "access_logs",
    "error_logs",
    "every_access_log",
    "fetch_from",
    "from_dump",
    "is_glob",
    "load",
    "log_format_of",
    "parse",
]
