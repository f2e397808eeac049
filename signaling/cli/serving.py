"""`legato serve`, `legato demo`, and the hidden `legato node` that both keep alive."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from hub.keys.errors import KeysError
from hub.settings import Settings
from hub.store.embedded import EmbeddedStoreFailed, end_unused
from hub.store.endpoint import EndpointInvalid
from hub.store.fitness import StoreUnfit
from hub.store.promise import StoreUnavailable
from signaling.cli.demo_agent import agent_command, agents_ticket
from signaling.cli.telling import TELLING, TOOLS
from signaling.logs import set_up_logs
from signaling.options import Options, OptionsInvalid
from signaling.pages import add_console, page_folder
from signaling.port import BACKLOG, bound
from signaling.serve import Serving, serve
from signaling.supervisor import Command, Supervised, end_with_supervisor, wait_for_go
from signaling.voice.engines import CHOICES_EARS, CHOICES_VOICE

F = TypeVar("F", bound=Callable[..., Any])
REFUSALS: Final = (
    OptionsInvalid,
    KeysError,
    EmbeddedStoreFailed,
    EndpointInvalid,
    StoreUnfit,
    StoreUnavailable,
    FileNotFoundError,
    OSError,
)
TRIES: Final = 10
TRY_S: Final = 0.1
REFUSED_EXIT: Final = 78
"""EX_CONFIG (sysexits.h): the supervisor does not try again."""

_OPTIONS: Final = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
    click.option("--port", default=7070, show_default=True, help="TCP port (0: any free one)."),
    click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("legato-data"),
        show_default=True,
        help="Folder of keys, the embedded store and the vault.",
    ),
    click.option("--redis", default="", help="URL of a Redis or Valkey ≥ 7.0 instead of the embedded store."),
    click.option(
        "--accept-store",
        default="",
        metavar="REASON",
        help="Use a store that may lose data silently, and why.",
    ),
    click.option(
        "--synced",
        is_flag=True,
        help="Acknowledge only what would survive a power cut; a store of --redis must be set so.",
    ),
    click.option(
        "--store-memory",
        default=0,
        show_default=True,
        type=click.IntRange(0),
        metavar="MB",
        help="Memory that the embedded store may take (0: half of the machine's); near it new sessions are refused.",
    ),
    click.option(
        "--advertise", multiple=True, metavar="URL", help="Address at which clients reach the hub; repeat."
    ),
    click.option("--tls-cert", type=click.Path(path_type=Path), help="TLS certificate (PEM)."),
    click.option("--tls-key", type=click.Path(path_type=Path), help="Its key (PEM)."),
    click.option("--origin", "origins", multiple=True, help="Origin of pages that may connect; repeat."),
    click.option(
        "--proxy", "proxies", multiple=True, metavar="NETWORK", help="Trusted reverse proxy; repeat."
    ),
    click.option(
        "--media-port", default=0, show_default=True, help="UDP and TCP port of calls (0: any free one)."
    ),
    click.option(
        "--media-address",
        "media_addresses",
        multiple=True,
        metavar="IP",
        help="Address at which calls reach this machine; repeat.",
    ),
    click.option(
        "--ears",
        type=click.Choice(CHOICES_EARS),
        default="auto",
        show_default=True,
        help="Speech to text: a local engine, a service (OPENAI_BASE_URL), or none.",
    ),
    click.option(
        "--voice",
        type=click.Choice(CHOICES_VOICE),
        default="auto",
        show_default=True,
        help="Text to speech, likewise.",
    ),
    click.option(
        "--turn-model",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Smart Turn v3 (ONNX): who pauses in mid sentence is waited for; without it 600 ms of silence end a turn.",
    ),
    *TELLING,
    TOOLS,
    *(
        click.option(
            f"--budget-{what}", default=0, show_default=True, type=click.IntRange(0), metavar="N", help=help
        )
        for what, help in {
            "tokens": "Tokens that a session's agent may use, where its labels say nothing (0: any number).",
            "seconds": "Seconds of its models, likewise.",
            "tool-calls": "Tool calls, likewise.",
            "unattended": "Seconds it may go on with nobody there, likewise; then its answer waits for somebody.",
        }.items()
    ),
    *(
        click.option(
            f"--each-{what}", default=most, show_default=True, type=click.IntRange(0), metavar="N", help=help
        )
        for what, most, help in (
            ("connections", 256, "Connections that a participant may have at a node (0: any number)."),
            (
                "verbs",
                50,
                "HTTP requests a second of a participant, likewise; back ends have 20 times as many.",
            ),
            (
                "sessions",
                60,
                "Sessions that one may make in a minute, likewise; back ends 100 times as many.",
            ),
            (
                "open",
                1_000,
                "Sessions that one made and that are open, over all nodes (0: any number); back ends 100 times.",
            ),
            ("address", 0, "Sockets of one IP address, likewise; behind a proxy all come from one."),
        )
    ),
    click.option("--push-private", is_flag=True, help="Push services may be http, and at private addresses."),
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
    ),
    click.option(
        "--drain-s", default=20.0, show_default=True, help="How long SIGTERM waits for clients to go."
    ),
)
HANG_MS: Final = 500
hang_option: Final = click.option(
    "--hang-ms",
    default=HANG_MS,
    show_default=True,
    type=click.IntRange(0),
    help="Kill a node whose loop hangs for so long (0: never, as when a debugger holds it).",
)
_FLAGS: Final = {"origins": "origin", "proxies": "proxy", "media_addresses": "media-address"}


def _with_settings(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that are a node's settings, as such."""
    settings = {name: value for name, value in chosen.items() if name.startswith("budget_")}
    others = {name: value for name, value in chosen.items() if name not in settings}
    return {**others, "settings": Settings(**settings)}


def _webhook_secret() -> str:
    """Not said on a command line, where others of the machine would read it."""
    return os.environ.get("LEGATO_WEBHOOK_SECRET", "")


def hub_options(command: F) -> F:
    """The options that say what a hub is made of."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("serve")
@hub_options
@hang_option
def serve_command(*, hang_ms: int, **chosen: Any) -> None:
    """Run a hub: its store, and a node that comes back whenever it dies.

    Prints `ready http://HOST:PORT` when it serves. SIGTERM drains: clients are told where to go.
    """
    sys.exit(asyncio.run(_supervised(chosen, hang_ms)))


@click.command()
@hub_options
@hang_option
@click.option("--lan", is_flag=True, help="Serve TLS on this machine's network address: a phone can join.")
def demo(*, lan: bool, hang_ms: int, **chosen: Any) -> None:
    """Hub, embedded store, an agent and a page: open the URL it prints and talk to it.

    The agent works offline. With OPENAI_API_KEY (and perhaps OPENAI_BASE_URL, OPENAI_MODEL) set it uses that
    model.
    """
    share = ""
    if lan:
        from signaling.demo.lan import prepare_lan

        try:
            chosen, share = prepare_lan(chosen)
        except OSError as refused:  # its secret and its certificate are kept in the data folder
            _refused(f"{refused}: choose another data folder with --data, or make this one writable")
            sys.exit(REFUSED_EXIT)
    sys.exit(asyncio.run(_supervised(chosen, hang_ms, demo=True, share=share)))


@click.command(hidden=True)
@hub_options
@click.option("--socket", "descriptor", type=int, default=-1)
@click.option("--spare", is_flag=True)
@click.option("--demo-page", is_flag=True)
@click.option("--share", default="")
def node(*, descriptor: int, spare: bool, demo_page: bool, share: str, **chosen: Any) -> None:
    """One node; `serve` and `demo` start it."""
    set_up_logs(chosen["log_level"])
    try:
        dress = _dressed(share, demo_page=demo_page, supervised=spare)
        options = Options(**_with_settings(chosen), webhook_secret=_webhook_secret(), socket=descriptor)
        if spare:
            wait_for_go()
        asyncio.run(serve(options, dress))
    except REFUSALS as refused:
        _refused(refused)
        sys.exit(REFUSED_EXIT)


def _refused(why: object) -> None:
    click.echo(f"legato: {why}", err=True)


def _dressed(share: str, *, demo_page: bool, supervised: bool) -> Callable[[Serving], None]:
    """What this node has beside the protocol's doors. Brought before a spare waits: it should be warm."""
    if demo_page:
        from signaling.demo.routes import DemoOptions, add_demo

        options = DemoOptions(kill=None if share else _kill, share=share)

    def dress(serving: Serving) -> None:
        if supervised:
            # At once: it holds the port that the next supervisor wants, and clients come back by themselves.
            end_with_supervisor(asyncio.get_running_loop(), lambda: os._exit(REFUSED_EXIT))
        if demo_page:
            add_demo(serving, replace(options, voice=serving.voice.engines.ears is not None))
        else:
            with suppress(FileNotFoundError):  # an installation without pages serves the protocol alone
                add_console(serving.app, page_folder())

    return dress


def _kill(what: str) -> None:
    """Die at once, hang for good, or (the agent being another's child) ask the supervisor to see to it."""
    if what == "hub":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "loop":
        while True:
            signal.pause()
    print(f"kill {what}", flush=True)


class _Children:
    """The processes that are kept alive."""

    def __init__(self, stop: asyncio.Event, *, demo: bool) -> None:
        self._stop, self._demo = stop, demo
        self._all: dict[str, Supervised] = {}
        self.code = 0

    def add(self, command: Command) -> None:
        self._all[command.name] = Supervised(command, self._ended, self._said, self._hung)

    async def run(self) -> None:
        """Until told to stop; then the last one added goes first."""
        tasks = [asyncio.create_task(child.run()) for child in self._all.values()]
        await self._stop.wait()
        for child in reversed(self._all.values()):
            await child.stop()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _ended(self, name: str, code: int) -> None:
        if code == REFUSED_EXIT:
            self.code = code
            self._stop.set()
        elif not self._stop.is_set():
            click.echo(f"legato: the {name} ended ({code}); it comes back", err=True)

    def _hung(self, name: str) -> None:
        click.echo(f"legato: the {name}'s loop hangs; it is killed", err=True)

    def _said(self, line: str) -> None:
        if line == "kill agent" and "agent" in self._all:
            self._all["agent"].kill()
            return
        click.echo(line)
        if self._demo and line.startswith("ready ") and sys.stderr.isatty():
            url = line.removeprefix("ready ")
            click.echo(f"\nOpen {url} in a browser, and talk or type. Ctrl-C ends it.\n", err=True)


async def _supervised(chosen: Mapping[str, Any], hang_ms: int, *, demo: bool = False, share: str = "") -> int:
    """Keep the children alive until a signal; the exit code."""
    try:
        Options(**_with_settings(chosen), webhook_secret=_webhook_secret())
    except OptionsInvalid as refused:  # said once here, not by each child
        _refused(refused)
        return REFUSED_EXIT
    try:
        credential = await agents_ticket(chosen["data"]) if demo else ""
    except KeysError as refused:
        _refused(refused)
        return REFUSED_EXIT
    try:
        listener = await _listening(chosen["host"], chosen["port"])
    except OSError as refused:
        _refused(
            f"port {chosen['port']} on {chosen['host']} cannot be had ({refused.strerror}): "
            "choose another with --port"
        )
        return REFUSED_EXIT
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    port: int = listener.getsockname()[1]
    children = _Children(stop, demo=demo)
    share = f"{share}:{port}/" if share else ""
    node_command = _node_command({**chosen, "port": port}, listener.fileno(), demo=demo, share=share)
    children.add(replace(node_command, patience=hang_ms))
    if demo:
        children.add(agent_command(chosen, port, credential))
    await children.run()
    if not chosen["redis"]:
        # Whoever ends a hub wants nothing of it left running; a server that another hub shares goes on.
        with suppress(EmbeddedStoreFailed):
            await end_unused(chosen["data"] / "store")
    return children.code


async def _listening(host: str, port: int) -> socket.socket:
    """Held by the supervisor: who connects while the node is down waits in the kernel's queue. A port that is
    still held by the node of a supervisor that was killed is free in a moment."""
    for _ in range(TRIES):
        with suppress(OSError):
            listener = bound(host, port)
            break
        await asyncio.sleep(TRY_S)
    else:
        listener = bound(host, port)
    listener.listen(BACKLOG)
    listener.setblocking(False)
    listener.set_inheritable(True)
    return listener


def _node_command(chosen: Mapping[str, Any], descriptor: int, *, demo: bool, share: str) -> Command:
    arguments = [sys.executable, "-m", "signaling", "node", "--socket", str(descriptor), "--spare"]
    for name, value in chosen.items():
        flag = f"--{_FLAGS.get(name, name).replace('_', '-')}"
        if isinstance(value, bool):
            arguments += [flag] if value else []
        elif isinstance(value, tuple):
            arguments += [part for each in value for part in (flag, str(each))]
        elif value not in (None, ""):
            arguments += [flag, str(value)]
    if demo:
        arguments += ["--demo-page", "--share", share]
    return Command("node", arguments, dict(os.environ), sockets=(descriptor,), spare=True)
