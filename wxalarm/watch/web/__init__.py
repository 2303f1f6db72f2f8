"""What `watch` serves over HTTP: /metrics and /probe, the page, /api. Of the extra wxalarm[watch].

`guard` stands before all of it: who may ask, from where, how much and how often.
"""
