"""What programs and servers write when the whole of them is stopped, and when they serve again."""

from __future__ import annotations

from wxalarm.patterns import later

_STOPS = (
    rb"Application is shutting down\.\.\.",  # ASP.NET Core
    rb"Commencing graceful shutdown",  # Spring Boot
    rb"Stopping service \[(?:Tomcat|Catalina)\]",
    rb"Shutting down ExecutorService",
    rb"Waiting for application shutdown\.",  # uvicorn
    rb"Handling signal: (?:term|int|quit)\b|Shutting down: Master",  # gunicorn
    rb"SIG(?:INT|TERM|INT/SIGTERM) received\.\.\.killing workers|goodbye to uWSGI",
    rb"\[master\] (?:master is killed by|receive) signal (?:SIG)?(?:TERM|INT|QUIT)",  # egg
    rb"\bPM2\b.{0,40}?\bStopping app:",
    rb"\bexiting, bye-bye!",  # PHP-FPM
    rb"\bShut(?:ting )?down [Ss]erver\.\.\.",  # gin's own example
    rb"\.service: Start request repeated too quickly",  # systemd, when it gives up
)
_ENDS = (
    rb"\[(?:Spring\w{0,20}|ion|ext)ShutdownHook\]",  # of a thread, cut to 15 characters by Spring Boot
    rb"HikariPool-\d{1,3} - Shutdown initiated",
)
"""What ends, be it a server or a job."""
_RUNS = (rb"\bStarted [A-Z]\w{1,80} in [\d.]{1,12} seconds",)
"""What Spring Boot's servers and jobs say when they run."""
_SERVES = (
    rb"Application started\. Press |Now listening on: ",
    rb"(?:Tomcat|Undertow|Jetty|Netty) started on port|Server startup in \[?\d",
    rb"Application startup complete\.",
    rb"\bListening at: (?:http|unix)",
    rb"spawned uWSGI (?:worker|http) 1\b",
    rb"egg started on ",
    rb"\bPM2\b.{0,40}?\bApp \[[^\]\n]{1,80}\] online",
    rb"ready to handle connections",
    rb"Listening and serving HTTPS? on ",
    rb"Nest application successfully started",
)
_STARTS = (
    rb"\bStarting [A-Z]\w{1,80}(?: v\S{1,40})? using Java \d",
    rb"\bStarting gunicorn \d|\bStarting PHP-FPM|\*\*\* Starting uWSGI ",
    rb"Waiting for application startup\.",  # uvicorn
    rb"Starting Nest application\.\.\.",
)
"""Until it serves, nobody listens, or the one who listens has no workers yet."""
MARKS = later(
    b"|".join(
        rb"(?P<%s>%s)" % (name, b"|".join(patterns))
        for name, patterns in (
            (b"stops", _STOPS),
            (b"ends", _ENDS),
            (b"starts", _STARTS),
            (b"runs", _RUNS),
            (b"serves", _SERVES),
        )
    )
)
"""In a line that says one of them; the name of its group says which. Of a worker that is replaced it says nothing."""
