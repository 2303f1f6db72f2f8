"""The heartbeat of callbacks: `wxalarm watch`. Rounds of the network checks, states, history, alarms, metrics, a page.

Pure, with the clock handed in: `schedule` (who is due), `states` (what a row of rounds makes of a target), `rollup`
(days). At the edge: `rounds` (the checks of `probe`), `store` (SQLite), `ways` (where alarms go), `service` (the loop).
"""
