"""`legato bench`: figures that anyone can repeat, each with its n, percentiles and the floor of the machine.

Real processes, real sockets, a real store. A bar on a network figure holds when the figure is within it, or
within three times the same percentile of the *floor*: a bare WebSocket echo with as many processes, measured in
the same run.
"""
