"""The store in memory: the oracle of the contract suite and the simulated world's store.

It implements the whole promise (`hub/store/promise.py`) without I/O. A `ModelServer` is what nodes
share; each node has its own `ModelStore`, which is its connection to it:

    server = ModelServer(clock, random_bytes)
    store = ModelStore(server, loop.call_soon)

`clock` gives the server's wall time in ms. What a subscription is fed with goes through the injected
scheduler, one callback a message and in order, so that a simulated world may delay it, drop it or hand
it over twice; after it dropped something it calls `store.resync()`, as a real connection does once it
is re-made and every 10 s. `server.saved()` and `server.restore(saved)` are a replica that is promoted
with its tail lost.
"""

from hub.store.model.server import ModelServer
from hub.store.model.store import ModelStore

__all__ = ["ModelServer", "ModelStore"]
