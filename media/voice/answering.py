"""The way down: what the agent writes is said to who listens, until somebody takes the floor."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from hub.node.promise import Room
from legato.session import events as e
from legato.session.ids import HUB
from legato.session.modality_rules import on_hold
from legato.session.state import Message
from media.voice import mouth as mouths
from media.voice.audience import Audience, Tellers
from media.voice.barge_in import Move
from media.voice.brought import Brought
from media.voice.carrier import Carrier
from media.voice.clerk import Clerk
from media.voice.echoes import Echoes
from media.voice.going_on import going_on, speech_skipped
from media.voice.keeper import Keeper
from media.voice.ledger import Ledger
from media.voice.marks import Marks
from media.voice.minutes import Ended
from media.voice.mouth import Mouth
from media.voice.playing import Playing
from media.voice.recital import Recital
from media.voice.rest import Report, Returning, Rings, made, returning
from media.voice.routing import several
from media.voice.script import Script, Step, Stop, Written
from media.voice.sound import Sound

FRAME_MS: Final = 20
"""What a listener needs at least before a frame sounds."""

REMEMBERED: Final = 64
"""Messages that were cut and are remembered."""

PAUSE: Final = "(pause)"
"""Who holds the floor while somebody has paused the answer: no attachment has this name."""


class Answering:
    """One session's speech on this node. Told what happens in the room; `run` is its task."""

    def __init__(self, room: Room, sound: Sound, clerk: Clerk, keeper: Keeper, echoes: Echoes) -> None:
        self._room = room
        self._now = sound.now
        self._clerk = clerk
        self._marks = Marks()
        self._script = Script()
        self._keeper = keeper
        self._playing = Playing(room)
        tellers = Tellers(self._heard, self._first_sent, self._playing.sent, echoes.spoken, self._late)
        self._audience = Audience(sound.wheel, sound.coders, self._seat, tellers)
        self.keep, self.report = self._audience.keep, self._audience.report
        self.give_way = self._audience.give_way
        self._mouth = Mouth(
            mouths.Tools(
                sound.now, sound.new_id, clerk.write, partial(_written, keeper, clerk), keeper.keep,
                partial(self._mark, "first_audio_in"), partial(Brought, room, keeper),
                sound.speaker, sound.prompts,
            ),
            self._audience,
        )  # fmt: skip
        self._holding: set[str] = set()
        self._cut: deque[str] = deque(maxlen=REMEMBERED)
        self._carriers: dict[str, Carrier] = {}

    async def run(self) -> None:
        """Speak until cancelled."""
        await self._mouth.run()

    def tick(self, now: int) -> None:
        """Time passed."""
        self._mouth.tick(now)
        self._audience.tick(now)

    def close(self) -> None:
        """The node lets the session go: write down what was heard, keep what was said."""
        self._audience.settle_all(self._now())
        self._mouth.stop()
        self._mouth.flush()

    # --- who listens

    @property
    def live(self) -> bool:
        """Whether somebody listens."""
        return len(self._audience) > 0

    async def returning(self, who: str, said: Report | None = None, rings: Rings | None = None) -> Returning:
        """What the participant has not heard of what was said. Raises what the store raises, `KeysError`."""
        return await returning(rings or self._keeper, self._room.state, who, said, known=self._script.live)

    def join(
        self,
        attachment: str,
        participant: str,
        returning: Returning,
        *,
        warm: bool,
        fresh: bool = False,
        turned: Written | None = None,
    ) -> None:
        """An attachment will listen, first to what it has not heard; if it is the first, what is to be said begins, and
        what was written since it `turned` to listen."""
        state = self._room.state
        self._pause()
        # What was read of the log may be older than the cut, and of how far it was heard the log is told later still.
        uncut = tuple(each for each in returning.rests if each.message not in self._cut)
        returning = replace(returning, rests=uncut)
        on = going_on(state, returning, company=self._audience.others(participant))
        self._clerk.write(speech_skipped(participant, on.missed))
        self._audience.join(
            attachment, participant, self._now(), on.returning, warm=warm, fresh=fresh, behind=on.behind
        )
        self.keep(attachment, on_hold(state, attachment))
        said = self._mouth.messages
        rests = [each for each in on.returning.rests if each.message not in said]
        if self._script.live:
            self._perform(self._script.take_up(state, rests))
        else:
            self._perform(self._script.begin(state, rests, returning.seen, turned))

    def connect(self, attachment: str, carrier: Carrier) -> None:
        """Its call is up."""
        self._carriers[attachment] = carrier
        self._audience.connect(attachment, carrier, self._now())
        if not self._holding:
            self._room.signal(HUB, "unmute", {})

    def leave(self, attachment: str, silent_for: int) -> None:
        """Its call is over; nobody had been heard on it for so many ms."""
        self._carriers.pop(attachment, None)
        self._playing.leave(attachment)
        self._audience.leave(attachment, silent_for)
        self.moved(attachment, Move.RELEASE)
        if not self.live:
            self._script.end()
            self._mouth.hush()

    @property
    def saying(self) -> list[str]:
        """The messages that are being made into speech, or wait to be."""
        return self._mouth.messages

    def look(self, participant: str, attachment: str, *, warm: bool) -> None:
        """This page of the participant (empty: any) says whether it can sound now; it may have missed what it plays,
        and that it may."""
        if not self._audience.warm(participant, attachment, warm=warm):
            self._playing.tell()
        if not self._holding:
            self._room.signal(HUB, "unmute", {})

    # --- what happens

    @property
    def speaking(self) -> bool:
        """Whether an agent is being heard, or about to be."""
        return self._audience.speaking

    def moved(self, attachment: str, move: Move) -> None:
        """A microphone holds, takes or frees the floor."""
        if move is Move.RELEASE:
            if attachment in self._holding:
                self._holding.discard(attachment)
                self._free()
            return
        self._holding.add(attachment)
        self._audience.hold()
        self._hush(next(iter(self._mouth.messages), ""))
        if move is Move.CUT:
            self._interrupted()

    def turn_ended(self, ended: Ended) -> None:
        """A turn ended: its answer is timed from here on."""
        self._marks.ended(ended.turn, ended.at)

    def follow(self, events: Sequence[e.Event]) -> None:
        """These were appended; the room's state has them."""
        now = self._now()
        self._pause()
        self._mouth.look()
        for event in events:
            if isinstance(event, e.ResponseStarted):
                self._marks.answered(event.response, event.turn)
            elif isinstance(event, e.CancelRequested):
                made = dict.fromkeys(self._mouth.messages + self._audience.waiting())
                self.silence([each for each in made if self._of(each) == event.response])
            elif isinstance(event, e.MessageGrown | e.MessagePosted):
                self._first_word(event, now)
        self._perform(self._script.look(self._room.state))

    def bring(self, message: str, author: str) -> Recital:
        """The agent brings the sound of this message itself, to this node."""
        self._script.brought(message)
        entry = self._room.state.entries.get(message)
        ledger = Ledger()
        if isinstance(entry, Message) and entry.speech:
            ledger = Ledger(entry.speech_characters, made(entry), entry.speech_words)
        return self._mouth.bring(message, author, self._of(message), ledger)

    # --- inside

    def _perform(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Stop):
                self.silence([step.message])
            else:
                self._mouth.follow(step)

    def _pause(self) -> None:
        """What is said waits at the very word while somebody has paused the answer."""
        paused = self._room.state.paused != ""
        if paused != (PAUSE in self._holding):
            self.moved(PAUSE, Move.HOLD if paused else Move.RELEASE)

    def _hush(self, message: str) -> None:
        """A page that plays nothing but the agent is silenced at once; one that hears people, too, must not be."""
        if not self._audience.several and not several(self._room.state):
            self._room.signal(HUB, "mute", {"message": message})

    def _free(self) -> None:
        if not self._holding:
            self._audience.release()
            self._room.signal(HUB, "unmute", {})

    def _interrupted(self) -> None:
        """Somebody took the floor: what is being said is over, and its agent is asked to stop."""
        said = self._mouth.messages
        self._mouth.stop()
        said += self._audience.cut(self._now())
        responses = dict.fromkeys(response for each in said if (response := self._of(each)))
        self._script.cut(said)
        self._cut.extend(said)
        open_ones = self._room.state.responses
        self._clerk.write(
            [
                e.CancelRequested(by=HUB, response=response)
                for response in responses
                if response in open_ones and not open_ones[response].cancel_requested
            ]
        )

    def silence(self, messages: Sequence[str]) -> None:
        """These are over, whatever waits of them. What waits of others is said all the same."""
        audible = set(self._audience.waiting())
        self._script.cut(messages)
        self._mouth.stop(messages)
        if audible.intersection(messages):
            self._hush(messages[0])
            self._script.cut(self._audience.cut(self._now(), messages))
            self._free()

    def _of(self, message: str) -> str:
        """The response that a message belongs to, or ""."""
        entry = self._room.state.entries.get(message)
        return entry.response if isinstance(entry, Message) else self._mouth.response_of(message)

    def _first_word(self, event: e.MessageGrown | e.MessagePosted, now: int) -> None:
        if isinstance(event, e.MessagePosted) and event.spoken is not None:
            return
        if isinstance(event, e.MessageGrown) and event.kind != "text":
            return
        self._mark("first_word", self._of(event.message), now)

    def _heard(self, events: Sequence[e.HeardSettled]) -> None:
        """Nothing is heard that the log does not know to be made."""
        for message in dict.fromkeys(event.message for event in events):
            self._mouth.tell(message)
        self._clerk.write(events)

    def _late(self, attachment: str) -> int:
        """Milliseconds from sent to heard: the way, a frame, and what jitter makes the listener hold back."""
        carrier = self._carriers.get(attachment)
        if carrier is None:
            return 0
        stats = carrier.stats()
        return (stats.rtt or 0) // 2 + FRAME_MS + int(2 * stats.peer_jitter)

    def _first_sent(self, message: str, now: int) -> None:
        response = self._of(message)
        self._mark("first_audio_out", response, now)
        for attachment in self._carriers:
            self._mark("heard", response, now + self._late(attachment))

    def _mark(self, mark: e.Mark, response: str, now: int, media_time: int = -1) -> None:
        self._clerk.write(self._marks.reached(mark, response, now, media_time))

    def _seat(self, attachment: str) -> str:
        return f"{self._room.key.tenant}/{self._room.key.session}/{attachment}"


async def _written(keeper: Keeper, clerk: Clerk, seconds: float) -> None:
    """Ring and log have what was made."""
    await keeper.settled(seconds)
    await clerk.settled(seconds)
