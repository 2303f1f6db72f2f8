"""Lines by which programs and servers say that they stop, and that they serve."""

from __future__ import annotations

import pytest

from wxalarm.logs.restarts import MARKS

STOPS, ENDS, STARTS, RUNS, SERVES, NOTHING = "stops", "ends", "starts", "runs", "serves", "nothing"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2024-12-25 10:04:50.000 +08:00 [INF] Application is shutting down...", STOPS),
        ("2024-12-25 10:04:55.100 +08:00 [INF] Application started. Press Ctrl+C to shut down.", SERVES),
        ("2024-12-25 10:04:55.100 +08:00 [INF] Now listening on: http://[::]:5000", SERVES),
        ("o.s.b.w.e.tomcat.GracefulShutdown        : Commencing graceful shutdown. Waiting for active requests", STOPS),
        ("o.apache.catalina.core.StandardService   : Stopping service [Tomcat]", STOPS),
        ("o.s.s.concurrent.ThreadPoolTaskExecutor  : Shutting down ExecutorService 'applicationTaskExecutor'", STOPS),
        ("o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat started on port 8080 (http)", SERVES),
        (
            "com.example.WxApplication                : Started WxApplication in 12.345 seconds (process running)",
            RUNS,
        ),
        ("org.apache.catalina.startup.Catalina.start Server startup in [8123] milliseconds", SERVES),
        (
            "INFO 1 --- [ionShutdownHook] j.LocalContainerEntityManagerFactoryBean : Closing JPA",
            ENDS,
        ),
        ("com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Shutdown initiated...", ENDS),
        ("[SpringContextShutdownHook] INFO  c.e.Batch - done", ENDS),
        ("INFO in LogbackConfig - Adding [LogbackShutdownHook] with JVM runtime", NOTHING),
        ("registered [GracefulShutdownHook]", NOTHING),
        ("com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Starting...", NOTHING),
        ("com.example.WxApplication                : Starting WxApplication v1.4.2 using Java 17.0.12", STARTS),
        ("Starting WxApplication with PID 7, using up Java", NOTHING),
        ("INFO:     Waiting for application startup.", STARTS),
        ("[2024-12-25 10:04:55 +0800] [31] [INFO] Starting gunicorn 23.0.0", STARTS),
        ("[Nest] 31  - 12/25/2024, 10:04:55 AM  LOG [NestFactory] Starting Nest application...", STARTS),
        ("systemd[1]: wx-callback.service: Start request repeated too quickly.", STOPS),
        (
            "systemd[1]: wx-callback.service: Main process exited, code=exited, status=1/FAILURE",
            NOTHING,
        ),  # it starts anew
        ("INFO:     Waiting for application shutdown.", STOPS),
        ("INFO:     Application startup complete.", SERVES),
        ("[2024-12-25 10:04:50 +0800] [20] [INFO] Handling signal: term", STOPS),
        ("[2024-12-25 10:04:55 +0800] [31] [INFO] Listening at: http://127.0.0.1:8000 (31)", SERVES),
        ("[2024-12-25 10:04:55 +0800] [20] [INFO] Handling signal: winch", NOTHING),
        ("[2024-12-25 10:04:55 +0800] [32] [INFO] Booting worker with pid: 32", NOTHING),
        ("[2024-12-25 10:04:55 +0800] [32] [INFO] Worker exiting (pid: 32)", NOTHING),
        ("SIGINT/SIGTERM received...killing workers...", STOPS),
        ("spawned uWSGI worker 1 (pid: 77, cores: 1)", SERVES),
        ("spawned uWSGI worker 4 (pid: 80, cores: 1)", NOTHING),
        ("[master] receive signal SIGTERM, exiting with code:0", STOPS),
        ("[master] egg started on http://127.0.0.1:7001 (2345ms)", SERVES),
        ("2024-12-25T10:04:50: PM2 log: Stopping app:wechat id:0", STOPS),
        ("2024-12-25T10:04:55: PM2 log: App [wechat:0] online", SERVES),
        ("[25-Dec-2024 10:04:50] NOTICE: exiting, bye-bye!", STOPS),
        ("[25-Dec-2024 10:04:55] NOTICE: ready to handle connections", SERVES),
        ("[25-Dec-2024 10:04:55] NOTICE: [pool www] child 77 exited with code 0 after 9.0 seconds from start", NOTHING),
        ("2024/12/25 10:04:50 Shutdown Server ...", NOTHING),
        ("2024/12/25 10:04:50 Shutting down server...", STOPS),
        ("[GIN-debug] Listening and serving HTTP on :8080", SERVES),
        ("[Nest] 31  - 12/25/2024, 10:04:55 AM  LOG [NestApplication] Nest application successfully started", SERVES),
        ("the user asked how to restart the router", NOTHING),
        ("order 77 started in 3 seconds", NOTHING),
    ],
)
def test_what_a_line_says(line: str, says: str | None) -> None:
    found = MARKS.search(line.encode())
    assert (NOTHING if found is None else found.lastgroup) == says
