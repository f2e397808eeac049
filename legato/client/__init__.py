"""A client of a hub: joins a session, keeps it through every break, sends each batch once.

`link` decides (pure), `socket` carries, `client` is what users hold.
"""

from legato.client.client import Client
from legato.client.link import LinkOptions

__all__ = ["Client", "LinkOptions"]
