"""Orders as nouns: a turn to the left before a drive of two metres."""

from __future__ import annotations

from fractions import Fraction

from english.lengths import within
from english.numbers import in_digits, number
from qwark_nano.voice import Choices, Voice

from .durations import duration
from .goto import PLACES
from .phrase import Phrase, stepped
from .turn import degrees

# {n}: the noun, {o}: another, {p}: an order.
NOUN_FIRST = Choices(
    [
        "{p} after {n}",
        "{p} after {n}",
        "after {n}, {p}",
        "after {n} {p}",
        "{n}, then {p}",
        "{n} and then {p}",
        "{n} before you {p}",
        "{n}, and after that {p}",
        "{n}, please, then {p}",
        "once {n} is done, {p}",
        "let's have {n}, then {p}",
        "i'd like {n} and then {p}",
        "do {n} and then {p}",
    ]
)
NOUN_LAST = Choices(
    [
        "{p} before {n}",
        "{p} before {n}",
        "before {n}, {p}",
        "prior to {n}, {p}",
        "{p} prior to {n}",
        "{p}, followed by {n}",
        "{p} and then {n}",
        "{p}, then {n}",
        "{p} and {n} after that",
        "{p} and finish with {n}",
    ]
)
BOTH = Choices(
    [
        "{n} followed by {o}",
        "{n}, followed by {o}",
        "{n}, then {o}",
        "{n} and then {o}",
        "{n}, {o}",
        "{o} after {n}",
        "{n} before {o}",
        "first {n}, then {o}",
    ]
)


def with_noun(voice: Voice, other: Phrase) -> Phrase:
    """`other` before or after an order that is a noun."""
    noun = _noun(voice)
    if not other.verb or other.open_end:
        last = _noun(voice)
        return Phrase(voice.say(BOTH, n=noun.text, o=last.text), (*noun.commands, *last.commands), verb=False)
    is_first = voice.chance(0.5)
    template = voice.pick(NOUN_FIRST if is_first else NOUN_LAST)
    commands = (*noun.commands, *other.commands) if is_first else (*other.commands, *noun.commands)
    return Phrase(voice.fill(template, n=noun.text, p=other.text), commands, template.startswith("{p}"))


def _noun(voice: Voice) -> Phrase:
    kind = voice.rng.randrange(5)
    if kind == 0:
        return _turn(voice)
    if kind == 1:
        length = within(Fraction(1, 100), Fraction(10), voice)
        sign, way = voice.rng.choice(((1, "forward"), (1, "ahead"), (1, ""), (-1, "back"), (-1, "backwards"), (-1, "in reverse")))
        distance = stepped("drive", "distance", sign * length.metres)
        if not distance:
            return _noun(voice)
        text = voice.fill(
            "(a|the) (drive|move|run|trip) of {f} {w}|(a|the) {f} (drive|move|run) {w}|driving {f} {w}|going {f} {w}", f=length.text, w=way
        )
        return Phrase(text, ({"drive": {"distance": distance}},), verb=False)
    if kind == 2:
        said, seconds = duration(voice)
        rounded = stepped("wait", "seconds", seconds)
        if rounded is None:
            return _noun(voice)
        return Phrase(
            voice.fill("(a|the) (pause|wait|break|delay) of {t}|waiting {t}|{t} of waiting", t=said),
            ({"wait": {"seconds": rounded}},),
            verb=False,
        )
    if kind == 3:
        key, value, way = voice.rng.choice(
            (("pan", 45, "to the left"), ("pan", -45, "to the right"), ("tilt", 30, "up"), ("tilt", -30, "down"))
        )
        return Phrase(voice.fill("a (look|glance) {w}|looking {w}", w=way), ({"look": {key: value}},), verb=False)
    place = voice.rng.choice(PLACES)
    return Phrase(
        voice.fill("(a|the) (trip|drive|visit) to the {p}|going to the {p}|driving to the {p}", p=place),
        ({"goto": {"place": place}},),
        verb=False,
    )


def _turn(voice: Voice) -> Phrase:
    side, sign = voice.rng.choice((("left", 1), ("right", -1)))
    kind = voice.rng.random()
    if kind < 0.2:
        return Phrase(
            voice.fill("(a|the) {s} turn|(a|the) turn to the {s}|turning {s}", s=side), ({"turn": {"angle": 90 * sign}},), verb=False
        )
    if kind < 0.4:
        share, angle = voice.rng.choice((("quarter", 90), ("half", 180), ("full", 360), ("three quarter", 270)))
        return Phrase(voice.fill("a {q} turn to the {s}|a {q} turn {s}", q=share, s=side), ({"turn": {"angle": angle * sign}},), verb=False)
    angle = voice.rng.choice((10, 15, 20, 30, 45, 60, 90, 120, 135, 180, voice.rng.randint(1, 360)))
    if kind < 0.6:
        signed = in_digits(Fraction(angle), voice) if voice.chance(0.8) else number(Fraction(angle), voice)
        said = ("-" if signed[0].isdigit() else "minus ") + signed if sign < 0 else voice.rng.choice(("+", "")) + signed
        return Phrase(
            voice.fill("a {n} (degree|deg|degrees) turn", n=said.replace("+", "+" if signed[0].isdigit() else "")),
            ({"turn": {"angle": angle * sign}},),
            verb=False,
        )
    text = voice.fill(
        "(a|the) turn of {n} to the {s}|a {n} turn to the {s}|a {n} {s} turn|a {s} turn of {n}|turning {s} {n}",
        n=degrees(Fraction(angle), voice),
        s=side,
    )
    return Phrase(text, ({"turn": {"angle": angle * sign}},), verb=False)
