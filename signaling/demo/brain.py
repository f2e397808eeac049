"""What the offline demo agent says: small talk about itself, orders looked up, refunds made.

Pure. A turn's words become a `Plan`: words to say, perhaps a tool to call, and what to say of its result.
It knows number words, because people say "four seven one one".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from legato.session.state import State

DIGITS: Final = {
    "zero": "0",
    "oh": "0",
    "one": "1",
    "two": "2",
    "to": "2",
    "three": "3",
    "four": "4",
    "for": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
}

ORDERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "4711": {"item": "a cello bow", "status": "shipped", "arrives": "Thursday", "amount": 84.5},
    "1234": {"item": "a metronome", "status": "being packed", "arrives": "next Monday", "amount": 29.0},
    "5150": {"item": "rosin, two pieces", "status": "delivered", "arrives": "yesterday", "amount": 18.9},
}

TRY: Final = (
    "You can ask about an order, for example number 4 7 1 1, or ask for a refund. "
    "Then break something: cut the network, reload, or kill the hub while I am speaking."
)

WELCOME: Final = (
    "Welcome. I am the concierge of a shop for string instruments. Ask me about order 4711, or for a story, "
    "and break something below while I answer. Press Talk to speak with me."
)
"""What whoever comes in reads."""

HELLO: Final = "Hello! Ask me where order 4 7 1 1 is. Or ask for a story, and kill the hub while I tell it."
"""What whoever presses Talk first of all hears: short, because it is in the way of what they want to say."""

NOT_DONE: Final = "Then I leave that alone. "

A_PERSON: Final = "I have asked for a person: they see what was said here. Until one comes, I am here."
"""What whoever wants a person is told."""

_PERSON: Final = (
    r"\b(talk|speak|want|need|get|ask|transfer|connect|like|please)\b.*\b(person|human|operator)\b"
    r"|^\W*(an? |the )?(real )?(person|human|operator)\b(?!s)"
)

GREETINGS: Final = 2
"""How many there are: in text, and by voice."""

STORY: Final = (
    "Legato means: play it with no break between the notes. A cellist walks on stage and begins a long, slow melody. "
    "In the third bar a string snaps. She does not stop; she moves the melody to the next string. "
    "In the tenth bar the lights go out. She plays on, by heart. In the twentieth bar the hall itself falls down "
    "around her, and somebody builds it up again in a third of a second, because everything that was played is "
    "written down. "
    "The melody goes on from the very note. Nobody in the audience has missed a sound. That is the whole idea. "
    "When you kill the hub in the middle of this sentence, the sentence goes on, and not one word of it comes twice."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """`say` first; then `tool` with `arguments`, if any, and `report(result)`."""

    say: str
    tool: str = ""
    arguments: Mapping[str, Any] | None = None
    report: Callable[[Mapping[str, Any]], str] | None = None


SPECIALISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "sound": ("two recordings", "the third string", "the whole hall"),
    "price": ("our own list", "two other shops", "a second-hand bow"),
    "delivery": ("the store room", "the post", "the weather"),
}
"""Who looks at what when something is compared, all at once."""


def compares(text: str) -> bool:
    """Whether several are to look at it."""
    return "compare" in text.lower()


def wants_person(text: str) -> bool:
    """Whether somebody wants a person instead of the agent."""
    return re.search(_PERSON, text.lower()) is not None


def is_fresh(state: State, agent: str) -> bool:
    """Whether nothing was said in the session yet but greetings of participant `agent`."""
    return state.finished <= GREETINGS and all(entry.by == agent for entry in state.entries.values())


def order_number(text: str) -> str:
    """The order number that `text` names, as digits; "" if none. Digits may be words or stand apart."""
    words = [DIGITS.get(word, word) for word in re.findall(r"[a-z]+|\d+", text.lower())]
    runs = re.findall(r"(?:\d+ ?)+", " ".join(word if word.isdigit() else "." for word in words))
    numbers = [run.replace(" ", "") for run in runs]
    return next((number for number in numbers if len(number) == 4), "")


def plan(text: str, earlier: str = "") -> Plan:
    """What to do about `text`; `earlier` is the conversation so far (for "refund it")."""
    lowered = text.lower()
    if "refund" in lowered or "money back" in lowered:
        return _refund(order_number(text) or order_number(earlier))
    if "taxi" in lowered or "cab" in lowered.split():
        return Plan("I am calling one. ", "taxi", {"place": "the shop"}, _taxi_report)
    if "where am i" in lowered:
        return Plan("Your browser may know, if you allow it. ", "where_am_i", {}, _where_report)
    if number := order_number(text):
        return Plan("Let me look that up. ", "order", {"number": number}, _order_report)
    if "order" in lowered or "package" in lowered or "parcel" in lowered:
        return Plan("Gladly. What is the order number? It has four digits.")
    if "story" in lowered or "long" in lowered or "tell me" in lowered:
        return Plan(STORY)
    if re.search(r"\b(hello|hi|hey|good (morning|evening|afternoon))\b", lowered):
        return Plan(f"Hello! I am the concierge of this demo. {TRY}")
    if re.search(r"\b(thanks|thank you|bye|goodbye)\b", lowered):
        return Plan("You are welcome. The session stays here, should you come back.")
    return Plan(f"I heard: “{text.strip()}”. {TRY}" if text.strip() else TRY)


def draft(text: str, earlier: str = "") -> str:
    """What a person might answer to `text`: an order is looked up, and nothing else is done."""
    if number := order_number(text):
        return _order_report(find_order(number))
    return plan(text, earlier).say.strip()


def redirected(words: str) -> Plan:
    """What follows the sentence during which somebody asked for another way: nothing, or what was asked for."""
    if re.search(r"\b(short|shorter|brief|briefly|enough|quick|point)\b", words.lower()):
        return Plan("And so on, in short. ")
    return plan(words)


def ends_sentence(word: str) -> bool:
    """Whether a sentence ends with the word."""
    return word.rstrip().endswith((".", "?", "!", ":"))


def _refund(number: str) -> Plan:
    order = ORDERS.get(number)
    if not number:
        return Plan("I can refund an order. Which one is it? Please say its four digits.")
    if order is None:
        return Plan(f"There is no order {spell(number)}, so there is nothing to refund.")
    return Plan(
        "One moment, I am refunding it. ",
        "refund",
        {"number": number, "amount": order["amount"]},
        _refund_report,
    )


def _order_report(result: Mapping[str, Any]) -> str:
    if not result.get("found"):
        return f"I find no order {spell(str(result.get('number', '')))}. Try 4 7 1 1."
    return (
        f"Order {spell(str(result['number']))} is {result['item']}. "
        f"It is {result['status']} and arrives {result['arrives']}. "
        "Shall I refund it, or is all well?"
    )


def _taxi_report(result: Mapping[str, Any]) -> str:
    if not result:
        return "Good, then a taxi is on its way already."
    return f"A taxi is at {result['place']} in {result['minutes']} minutes."


def _where_report(result: Mapping[str, Any]) -> str:
    return (
        f"Your clock is that of {result.get('time_zone', 'nowhere')}, and you read {result.get('language')}."
    )


def _refund_report(result: Mapping[str, Any]) -> str:
    return (
        f"Done. {result['amount']:.2f} euros are on their way back to you, under receipt {result['receipt']}."
    )


def spell(number: str) -> str:
    """Digits apart, so that a voice says them one by one."""
    return " ".join(number)


def find_order(number: str) -> dict[str, Any]:
    """The order as the `order` tool reports it."""
    order = ORDERS.get(number)
    return {"number": number, "found": order is not None, **(order or {})}


def words_of(text: str) -> list[str]:
    """The text cut after each space, so that the joined pieces are the text."""
    return re.findall(r"\S+\s*|\s+", text)
