"""The prompts of shells, as they stand around what people copy from a terminal."""

from __future__ import annotations

PROMPT = (
    r"(?:\([\w.-]{1,40}\) ?)?(?:"  # of a virtual environment
    r"(?:┌|╭)[^\n]{1,200}\r?\n(?:└|╰)[^\n$#]{0,20}[$#]"
    r"|[\w.-]{1,60}@[\w.-]{1,80} MINGW\d\d [^\n]{1,200}\r?\n\$"
    r"|(?:\[[^\]\n]{1,80}\]|[\w.-]{1,60}@[\w.-]{1,80}[^\n$#>%]{0,120}|PS [^\n>]{1,120}|[A-Za-z]:[^\n>]{1,120})? ?[$#>%]"
    r"|(?:➜|❯|λ)[^\n]{0,120}?)"
)
"""bash and zsh with and without a theme, Git Bash, PowerShell, cmd; a lone mark, too."""
LONG = (
    r"^(?:\([\w.-]{1,40}\) ?)?(?:(?:\[[^\]\n]{1,80}\]|[\w.-]{1,60}@[\w.-]{1,80}[^\n#$%]{0,120})[#$%]"
    r"|[\w.-]{1,60}@[\w.-]{1,80} MINGW\d\d [^\n]{1,200}\r?$|(?:➜|❯) )"
)
"""One that begins a line and is nothing else, whatever the text around it is."""
