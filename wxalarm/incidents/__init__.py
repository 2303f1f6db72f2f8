"""Many alarms → incidents: what went wrong where, since when, for how many. Pure: no I/O, no sentences.

`fold` takes alarms one by one, in any number and order, and keeps what they share; `shapes` tells what of an answer
varies from push to push; `timelines` reads MarkFail and ticket alarms as what happened to an account; `ranking` puts
groups with one verdict together and in order.
"""

from __future__ import annotations

from wxalarm.incidents.fold import Fold as Fold
from wxalarm.incidents.fold import Group as Group
from wxalarm.incidents.ranking import Incident as Incident
from wxalarm.incidents.ranking import Overview as Overview
from wxalarm.incidents.ranking import overview as overview
from wxalarm.incidents.ranking import ranked as ranked
from wxalarm.incidents.ranking import span as span
from wxalarm.incidents.timelines import Block as Block
from wxalarm.incidents.timelines import Blocks as Blocks
from wxalarm.incidents.timelines import TicketRun as TicketRun
