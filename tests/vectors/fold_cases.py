"""Logs whose states pin the fold: every kind of event, every bound, and text in more than one plane."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from legato.session import events as e
from legato.session.compaction import AnyEvent
from legato.session.event_json import encode
from legato.session.fold import evolve
from legato.session.parts import Part, Spoken, Word
from legato.session.state import State, encode_state
from tests.session.happenings import placed
from tests.vectors.alone_cases import alone
from tests.vectors.audience_cases import audience
from tests.vectors.away_cases import away, away_of_several, many_notified
from tests.vectors.client_tools_cases import client_tools, hub_tools
from tests.vectors.cost_cases import cost
from tests.vectors.people_cases import people
from tests.vectors.steering_cases import parts_of_answers, pauses_and_crashes, steering

Log = Sequence[AnyEvent]


def fold_vectors() -> Iterator[dict[str, Any]]:
    """`{name, events, states}` for each log; of a long one only the last states."""
    for name, (log, last) in _logs().items():
        state, states = State(), dict[str, Any]()
        events = placed(log)
        for event in events:
            evolve(state, event)
            if last == 0 or event.offset > len(events) - last:
                states[str(event.offset)] = msgspec.json.decode(encode_state(state))
        yield {
            "name": name,
            "events": [msgspec.json.decode(encode(event)) for event in events],
            "states": states,
        }


def _logs() -> dict[str, tuple[Log, int]]:
    return {
        "session": (_session(), 0),
        "presence": (_presence(), 0),
        "rights": (_rights(), 0),
        "turns": (_turns(), 0),
        "steering": (steering(), 0),
        "pauses": (pauses_and_crashes(), 0),
        "parts": (parts_of_answers(), 0),
        "people": (people(), 0),
        "away": (away(), 0),
        "cost": (cost(), 0),
        "alone": (alone(), 0),
        "audience": (audience(), 0),
        "many-whispers": ([e.Whispered(by="olga", to="bot", text=str(n)) for n in range(10)], 1),
        "messages": (_messages(), 0),
        "unicode": (_unicode(), 0),
        "tools": (_tools(), 0),
        "client-tools": (client_tools(), 0),
        "hub-tools": (hub_tools(), 0),
        "voice": (_voice(), 0),
        "speech": (_speech(), 0),
        "brought": (_brought(), 0),
        "unknown": (_unknown(), 0),
        "nonsense": (_nonsense(), 0),
        "many-entries": ([_posted(f"m{n}", "x") for n in range(24)], 3),
        "long-entries": ([_posted(f"m{n}", "👋" * 8_000) for n in range(4)], 1),
        "one-long-entry": ([_posted("short", "x"), _posted("long", "é" * 24_001)], 1),
        "many-who-left": (_who_left(), 1),
        "many-gaps": ([e.GapMarked(by="hub", track="mic", start=n, end=n + 1) for n in range(34)], 1),
        "many-turns": ([e.TurnStarted(by="hub", turn=f"t{n}", participant="p") for n in range(130)], 1),
        "many-unknown": ([_later({"n": n}) for n in range(66)], 1),
        "long-unknown": ([_later({"n": n, "text": "👋" * 2_000}) for n in range(5)], 1),
        "away-of-several": (away_of_several(), 0),
        "many-notified": (many_notified(), 1),
        "many-epochs": ([_reopened(n) for n in range(10)], 1),
    }


def _posted(id: str, text: str) -> e.MessagePosted:
    return e.MessagePosted(by="p", message=id, parts=[Part("text", text)])


def _later(fields: dict[str, Any]) -> e.Unknown:
    return e.Unknown("later", "p", 0, 0, {"type": "later", "by": "p", **fields})


def _reopened(n: int) -> e.LogReopened:
    return e.LogReopened(by="hub", previous_epoch=f"e{n}", lost_from=n, lost_to=n + 1)


def _who_left() -> Log:
    log: list[AnyEvent] = []
    for n in range(34):
        log.append(e.ParticipantJoined(by="p", participant=f"p{n}", role="user"))
        log.append(e.ParticipantLeft(by="p", participant=f"p{n}"))
    return log


def _session() -> Log:
    return [
        e.SessionCreated(by="hub", labels={"team": "east", "kind": "test"}, title="A talk"),
        e.SessionLabelled(by="p", labels={"team": "", "mood": "good"}),
        e.LogReopened(
            by="hub", previous_epoch="q83vEjRWeJA", lost_from=3, lost_to=9, checks="5a457242fca55229"
        ),
        e.SessionEnded(by="p", reason="done"),
    ]


def _presence() -> Log:
    return [
        e.ParticipantJoined(by="ada", participant="ada", role="user", name="Ada"),
        e.AttachmentOpened(by="ada", participant="ada", attachment="tab", device="laptop"),
        e.AttachmentOpened(
            by="ada", participant="ada", attachment="phone", takes=("audio",), gives=("audio", "text")
        ),
        e.AttachmentAway(by="hub", attachment="tab", reason="silent"),
        e.AttachmentBack(by="ada", attachment="tab", gap_ms=40),
        e.ModalityChanged(by="ada", attachment="tab", takes=("text", "audio"), gives=()),
        e.HoldChanged(by="ada", attachment="tab", holds=True),
        e.HoldChanged(by="ada", attachment="nothing", holds=True),
        e.HoldChanged(by="ada", attachment="phone", holds=True),
        e.HoldChanged(by="ada", attachment="phone", holds=False),
        e.ActivityChanged(
            by="ada", participant="ada", activity="thinking", text="hm", step=1, steps=3, eta_ms=900
        ),
        e.ActivityChanged(by="ada", participant="ada", activity="idle"),
        e.AttachmentAway(by="hub", attachment="phone"),
        e.AttachmentClosed(by="hub", attachment="phone", reason="grace_over"),
        e.ActivityChanged(
            by="ada", participant="ada", activity="speaking", text="x", step=1, steps=2, eta_ms=3
        ),
        e.ParticipantLeft(by="ada", participant="ada", reason="bye"),
        e.ActivityChanged(by="ada", participant="ada", activity="speaking"),
        e.ParticipantJoined(by="ada", participant="ada", role="operator", name="Ada L."),
    ]


def _rights() -> Log:
    return [
        e.ParticipantJoined(by="hub", participant="bot", role="agent", name="Bot"),
        e.RightGranted(by="hub", right="worker:bot", holder="bot", token=1, worker="w1"),
        e.RightGranted(by="hub", right="responder", holder="bot", token=1, worker="w1"),
        e.ResponderChanged(by="hub", participant="bot", reason="accepted"),
        e.AgentUnreachable(by="hub", participant="bot", right="worker:bot", window_ms=250),
        e.AgentReachable(by="hub", participant="bot", right="worker:bot"),
        e.AgentUnreachable(by="hub", participant="bot", right="worker:bot", window_ms=250),
        e.AgentCrashed(by="hub", participant="bot", right="worker:bot", token=2),
        e.RightReleased(by="hub", right="responder", token=2, reason="crashed"),
        e.ResponderChanged(by="hub", participant="", reason="crashed"),
        e.AgentAwaited(by="hub", agent="bot"),
        e.RightGranted(by="hub", right="worker:scribe", holder="scribe", token=1, worker="w9", listens=True),
        e.RightGranted(by="hub", right="worker:bot", holder="bot", token=3, worker="w2"),
        e.RightGranted(by="hub", right="microphone:ada", holder="ada", token=1, attachment="tab"),
        e.RightGranted(by="hub", right="playout:ada", holder="ada", token=1, attachment="tab"),
        e.RightReleased(by="hub", right="playout:ada", token=2),
        e.ResponderChanged(by="ben", participant="ben", reason="taken_over"),
        e.ResponderChanged(by="ben", participant="bot", reason="handed_back", briefing="promised: a call"),
        e.LogReopened(by="hub", previous_epoch="q83vEjRWeJA", lost_from=12, lost_to=12),
    ]


def _turns() -> Log:
    spoken = Spoken("mic", 0, 48_000, [Word("hello", 0, 24_000), Word("there", 24_000, 48_000)])
    return [
        e.MessagePosted(by="ada", message="t1", parts=[Part("text", "?")], turn="t1", ends_turn=True),
        e.ResponseStarted(by="bot", response="r1", turn="t1"),
        e.CancelRequested(by="ada", response="r1"),
        e.ResponseEnded(by="hub", response="r1", outcome="interrupted", turn_waits=True),
        e.ResponseStarted(by="bot", response="r2", turn="t1"),
        e.ResponseStarted(by="bot", response="r3", parent="r2"),
        e.ResponseEnded(by="bot", response="r3", outcome="finished"),
        e.ResponseEnded(by="bot", response="r2", outcome="finished"),
        e.TurnStarted(by="hub", turn="t2", participant="ada"),
        e.MessagePosted(
            by="ada", message="m2", parts=[Part("text", "hello there")], turn="t2", spoken=spoken
        ),
        e.TurnEnded(by="hub", turn="t2", incomplete=True),
        e.TurnMarked(by="hub", turn="t2", mark="end_of_turn", at_ms=320, media_time=48_000),
        e.TurnStarted(by="hub", turn="t3", participant="ada"),
        e.TurnEnded(by="hub", turn="t3", empty=True),
        e.TurnStarted(by="hub", turn="t4", participant="ada"),
        e.MessagePosted(by="ada", message="m4", parts=[Part("text", "yes")], turn="t4", ends_turn=True),
    ]


def _messages() -> Log:
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    image = Part("image", name="cat.png", type="image/png", size=3, sha256=digest)
    return [
        e.MessageStarted(by="bot", message="m", response="r"),
        e.MessageGrown(by="bot", message="m", index=0, text="Let me ", kind="reasoning"),
        e.MessageGrown(by="bot", message="m", index=1, text="think", kind="reasoning"),
        e.MessageGrown(by="bot", message="m", index=2, text="It ", part=1),
        e.MessageGrown(by="bot", message="m", index=3, text="is here.", part=1, count=4),
        e.PartAdded(by="bot", message="m", part=image),
        e.PartAdded(by="bot", message="m", part=Part("data", '{"n":1}', name="cart")),
        e.MessageGrown(by="bot", message="m", index=7, text="!", part=1),
        e.SpeechQueued(by="hub", message="m", track="bot-voice", start=0, end=96_000, characters=12),
        e.MessageEnded(by="bot", message="m", outcome="interrupted", reason="barge-in"),
        e.HeardSettled(by="ada", message="m", participant="ada", characters=5, samples=24_000),
        e.SpeechShown(by="hub", message="m", participant="ada"),
        e.SpeechShown(by="hub", message="m", participant="bob"),
        e.HeardSettled(by="ada", message="m", participant="ada", characters=12, final=True),
        e.MessageStarted(by="bot", message="n"),
        e.MessageEnded(by="bot", message="n", outcome="cancelled"),
    ]


def _unicode() -> Log:
    texts = ["e\u0301", "👩‍", "👩‍👧", "\U0001f1e9\U0001f1ea", "日本", '"\\\u2028\n', "\x00\x1f", "ﷺ", "𝔘"]
    log: list[AnyEvent] = [e.MessageStarted(by="bot", message="m")]
    log += [e.MessageGrown(by="bot", message="m", index=n, text=text) for n, text in enumerate(texts)]
    return [*log, _posted("n", "".join(texts)), e.MessageEnded(by="bot", message="m")]


def _tools() -> Log:
    asked = e.ToolRequested(
        by="bot", call="a", name="refund", arguments='{"n":1}', key="k", approval="operator"
    )
    return [
        asked,
        e.ToolDecided(by="olga", call="a", approved=True),
        e.ToolStarted(by="bot", call="a"),
        e.ToolProgressed(by="bot", call="a", text="calling", step=1, steps=2, eta_ms=30_000),
        e.ToolProgressed(by="bot", call="a", step=2, steps=2),
        e.ToolEnded(by="bot", call="a", outcome="finished", result='{"ok":true}'),
        e.ToolRequested(by="bot", call="b", name="look", arguments="{}", response="r", idempotent=True),
        e.ToolDecided(by="olga", call="b", approved=False, reason="no"),
        e.ToolEnded(by="bot", call="b", outcome="cancelled", reason="denied"),
        e.ToolProgressed(by="bot", call="b", text="too late"),
        e.ToolEnded(by="bot", call="b", outcome="finished"),
        _posted("t", "?"),
        e.TurnStarted(by="hub", turn="t", participant="ada"),
        e.TurnEnded(by="hub", turn="t"),
        e.ResponseStarted(by="bot", response="r", turn="t"),
        e.ToolRequested(by="bot", call="c", name="pay", arguments="{}", response="r", key="once"),
        e.ToolStarted(by="bot", call="c"),
        e.ToolRequested(
            by="bot", call="d", name="pay", arguments="{}", response="r", key="i", idempotent=True
        ),
        e.ToolStarted(by="bot", call="d"),
        e.ResponseEnded(by="hub", response="r", outcome="interrupted", turn_waits=True),
        e.ResponseStarted(by="bot", response="r2", turn="t"),
        e.ToolRequested(by="bot", call="e", name="pay", arguments="{}", response="r2", key="once"),
        e.ToolStarted(by="bot", call="e"),
        e.ToolRequested(by="bot", call="f", name="pay", arguments="{}", response="r2", key="two"),
        e.ToolStarted(by="bot", call="f"),
        *_put_to_a_person(),
    ]


def _put_to_a_person() -> Log:
    asked = partial(e.ToolRequested, by="bot", name="pay", arguments="{}", response="r2", key="once")
    return [
        asked(call="g", approval="user", unknown=True),
        e.ToolDecided(by="ada", call="g", approved=False, done=True, reason="I have the receipt"),
        e.ToolEnded(by="ada", call="g", outcome="finished", reason="it was done"),
        asked(call="h", approval="user", unknown=True),
        e.ToolDecided(by="ada", call="h", approved=True),
        e.ToolStarted(by="bot", call="h"),
    ]


def _voice() -> Log:
    return [
        e.AttachmentOpened(by="ada", participant="ada", attachment="tab"),
        e.VoiceStarted(by="hub", attachment="tab", call="c1", track="mic"),
        e.VoiceStarted(by="hub", attachment="tab", call="c2", track="mic"),
        e.VoiceEnded(by="hub", attachment="tab", call="c1", reason="replaced"),
        e.VoiceEnded(by="hub", attachment="tab", call="c2"),
        e.GapMarked(by="hub", track="mic", start=960, end=4800),
        e.ClockSighted(by="hub", track="mic", media_time=4_800_000, ago=40_000),
    ]


def _speech() -> Log:
    """A message spoken in two stretches, the second one in the place of the first one's end; and one too long."""
    said = partial(e.SpeechQueued, by="hub", message="m")
    return [
        said(track="t1", start=0, end=960, characters=1),
        _posted("m", "one two three"),
        said(track="t1", start=4_800, end=9_600, characters=3, words=[(3, 4_000)]),
        said(track="t1", start=4_800, end=28_800, characters=13, words=[(7, 9_000), (13, 24_000)]),
        e.HeardSettled(by="hub", message="m", participant="ada", characters=7, samples=9_600),
        said(track="t2", start=0, end=9_600, characters=13, samples=9_600, words=[(13, 19_000)]),
        e.HeardSettled(by="hub", message="m", participant="ada", characters=13, samples=19_200, final=True),
        *(e.SpeechSkipped(by="hub", message="m", participant="ada", start=n, end=n + 1) for n in range(18)),
        e.SpeechSkipped(by="hub", message="nowhere", participant="ada", start=0, end=9),
        said(track="t3", start=0, end=960, characters=0),
        *(said(track=f"t{n}", start=n, end=n + 1, characters=1, samples=n) for n in range(4, 40)),
        said(track="t39", start=39, end=99, characters=1, words=[(1, n) for n in range(600)]),
    ]


def _brought() -> Log:
    """A message whose sound its agent brought, to one node and then to another; the first says so late."""
    said = partial(e.SpeechQueued, by="hub", message="m", characters=0)
    return [
        e.MessageStarted(by="bot", message="m", brought=True),
        said(track="t1", start=0, end=9_600),
        said(track="t2", start=960, end=1_920, samples=9_600),
        said(track="t1", start=0, end=19_200),
        e.SpeechQueued(
            by="hub", message="m", track="t2", start=960, end=4_800, characters=3, words=[(3, 13_440)]
        ),
        e.MessageEnded(by="bot", message="m"),
    ]


def _unknown() -> Log:
    return [
        _later({"deep": {"list": [1, None, True, "👋"]}}),
        _posted("m", "x"),
        _later({"note": "é"}),
        _later({"note": "x" * 8_001}),
    ]


def _nonsense() -> Log:
    return [
        e.MessageStarted(by="bot", message="m"),
        e.MessageGrown(by="bot", message="m", index=0, text="a"),
        e.MessageGrown(by="bot", message="m", index=1, text="?", part=3),
        e.MessageGrown(by="bot", message="m", index=2, text="?", kind="reasoning"),
        e.MessageGrown(by="bot", message="m", index=3, text="?", part=-1),
        e.MessageStarted(by="bot", message="m"),
        e.MessageGrown(by="bot", message="m", index=4, text="b"),
        e.MessageGrown(by="bot", message="m", index=4, text="again"),
        e.MessageGrown(by="bot", message="m", index=5, text="broken"),
        e.MessageGrown(by="bot", message="m", index=-1, text="broken"),
        e.MessageEnded(by="bot", message="m"),
        e.MessageEnded(by="bot", message="m", outcome="failed"),
        e.MessageGrown(by="bot", message="nobody", index=0, text="?"),
        _posted("m", "twice"),
        e.ToolRequested(by="bot", call="m", name="n", arguments="{}"),
        e.ToolEnded(by="bot", call="m", outcome="finished"),
        e.MessageStarted(by="bot", message="n"),
        e.MessageGrown(by="bot", message="n", index=0, text="nothing", count=0),
        e.ResponseEnded(by="bot", response="nobody", outcome="finished"),
        e.TurnEnded(by="hub", turn="nobody"),
        e.AttachmentBack(by="ada", attachment="nobody"),
        e.ParticipantLeft(by="ada", participant="nobody"),
        e.RightReleased(by="hub", right="responder", token=4),
    ]
