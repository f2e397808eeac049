"""Speech engines, each in a process of its own.

An engine blocks while it works, may crash in native code, and may carry a licence that must not reach into
the hub (piper is GPL-3). So it is a child: `python -m media.engines.worker NAME`, spoken to over its stdin
and stdout (`wire`), warmed at start, watched and started again by `child`. The children are supervised by
whoever composes the hub; `ears` and `voices` give them the shapes of `legato.speech`.
"""
