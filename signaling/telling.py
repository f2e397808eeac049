"""Who a hub tells that somebody is wanted: the webhook and the targets that its operator named, and browsers that
subscribed."""

from __future__ import annotations

from dataclasses import dataclass

from hub.node.notifying import Notification
from hub.node.subscription import Subscription
from signaling.pushes import Pushes
from signaling.targets import Targets
from signaling.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Telling:
    """A `hub.node.notifying.Notifier` of what there is."""

    webhooks: Webhooks | None
    pushes: Pushes | None
    named: Targets | None = None

    @property
    def labels(self) -> bool:
        """See the protocol."""
        return self.webhooks is not None

    @property
    def targets(self) -> str:
        """See the protocol."""
        return "" if self.named is None else self.named.words

    async def tell(self, notification: Notification, target: str = "") -> str:
        """See the protocol."""
        if target:
            return (
                "this hub has no targets"
                if self.named is None
                else await self.named.tell(notification, target)
            )
        return "this hub has no webhook" if self.webhooks is None else await self.webhooks.tell(notification)

    async def push(self, notification: Notification, to: Subscription) -> str:
        """See the protocol."""
        return "this hub pushes nothing" if self.pushes is None else await self.pushes.push(notification, to)
