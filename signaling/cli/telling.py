"""The options of a hub that say whom it tells when somebody who is away is wanted, and what it calls for agents."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

TELLING: Final = (
    click.option(
        "--webhook",
        default="",
        metavar="URL",
        help="Told that somebody who is away is wanted; signed with LEGATO_WEBHOOK_SECRET (whsec_…).",
    ),
    click.option(
        "--webhook-private", is_flag=True, help="The webhook may be http, and at a private address."
    ),
    click.option(
        "--targets",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Others who are told, each with a name, an address or Python of one's own, and what of (TOML).",
    ),
    click.option(
        "--push-contact",
        default="",
        metavar="URL",
        help="Tell browsers that subscribed by Web Push; mailto: or https:, whom push services reach.",
    ),
)
TOOLS: Final = click.option(
    "--tools",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Tools that the hub calls for agents, each with a name, an address and how it may be done (TOML).",
)
