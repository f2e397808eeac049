"""Who a hub tells that somebody is wanted: the webhook that its operator named, and browsers that subscribed."""

from __future__ import annotations

from dataclasses import dataclass

from hub.node.notifying import Notification
from hub.node.subscription import Subscription
from signaling.pushes import Pushes
from signaling.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Telling:
    """A `hub.node.notifying.Notifier` of what there is."""

    webhooks: Webhooks | None
    pushes: Pushes | None

    @property
    def labels(self) -> bool:
        """See the protocol."""
        return self.webhooks is not None

    async def tell(self, notification: Notification) -> str:
        """See the protocol."""
        return "this hub has no webhook" if self.webhooks is None else await self.webhooks.tell(notification)

    async def push(self, notification: Notification, to: Subscription) -> str:
        """See the protocol."""
        return "this hub pushes nothing" if self.pushes is None else await self.pushes.push(notification, to)
