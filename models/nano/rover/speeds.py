"""Speeds as numbers."""

from __future__ import annotations

from fractions import Fraction

from english.lengths import FOOT, INCH, Unit
from english.numbers import number
from qwark_nano.voice import Voice

from .phrase import stepped

PER_SECOND = "(m/s|m/s|metres per second|meters per second|metres every second|meters each second|meter a second|metres a second|meters a second|m per second|m per s|mps|metre per second|meter per second|meters/second|m / s|metres/s)"


def speed(voice: Voice) -> tuple[str, Fraction]:
    """A speed that there is, and its metres per second rounded to the step."""
    while True:
        kind = voice.rng.random()
        if kind < 0.62:
            value = Fraction(voice.rng.randint(1, 20), 20) if voice.chance(0.6) else Fraction(voice.rng.randint(5, 100), 100)
            if voice.chance(0.12):
                # The slowest and the fastest are still within.
                value = voice.rng.choice((Fraction(1, 20), Fraction(1)))
            text, metres = _per_second(value, voice), value
        elif kind < 0.8:
            value = Fraction(voice.rng.choice((voice.rng.randint(1, 20) * 5, voice.rng.randint(5, 100), voice.rng.choice((5, 5, 10, 100)))))
            text, metres = (
                f"{number(value, voice)} {voice.fill('(cm/s|centimetres per second|centimeters per second|cm per second|centimetres a second|centimeters a second)')}",
                value / 100,
            )
        elif kind < 0.86:
            value = Fraction(voice.rng.randint(1, 20) * 50)
            text, metres = (
                f"{number(value, voice)} {voice.fill('(mm/s|millimetres per second|millimeters per second|mm per second)')}",
                value / 1000,
            )
        elif kind < 0.93:
            unit, names, most = voice.rng.choice(
                ((FOOT, "(feet per second|ft/s|feet a second|foot per second)", 3), (INCH, "(inches per second|in/s|inches a second)", 39))
            )
            value = Fraction(voice.rng.randint(1, most))
            name = voice.fill(names)
            said = _one_of(unit, voice) + voice.rng.choice((" per second", " a second")) if value == 1 else f"{number(value, voice)} {name}"
            text, metres = said, value * unit.metres
        else:
            value = voice.rng.choice(
                (Fraction(voice.rng.randint(1, 7), 2), Fraction(voice.rng.randint(1, 2) * 9, 5), Fraction(voice.rng.randint(2, 36), 10))
            )
            text, metres = (
                f"{number(value, voice)} {voice.fill('(km/h|kilometres per hour|kilometers per hour|kph|kilometres an hour|kmh|km per hour)')}",
                value * 1000 / 3600,
            )
        rounded = stepped("drive", "speed", metres)
        # Between the limits and the next step, some would round and others refuse.
        if rounded is not None and Fraction(1, 20) <= metres <= 1:
            return text, rounded


def _one_of(unit: Unit, voice: Voice) -> str:
    return voice.fill("(one|a) ") + " " + unit.one[0]


def _per_second(value: Fraction, voice: Voice) -> str:
    if value == Fraction(1, 2) and voice.chance(0.4):
        return voice.fill("(half a|half a|one half|a half) (metre|meter) (per|a|each) second")
    if value == Fraction(1, 4) and voice.chance(0.3):
        return voice.fill("a quarter (of a|) (metre|meter) (per|a) second")
    if value == 1 and voice.chance(0.4):
        return voice.fill("(one|a|1) (metre|meter) (per|a|each) second")
    said = number(value, voice)
    return said if voice.chance(0.05) else f"{said} {voice.fill(PER_SECOND)}"


def unsafe(voice: Voice) -> str:
    """A speed that there is not."""
    kind = voice.rng.random()
    if kind < 0.45:
        value = Fraction(voice.rng.choice((voice.rng.randint(11, 20), voice.rng.randint(11, 99), voice.rng.randint(2, 20) * 10)), 10)
        if voice.chance(0.3):
            value = 1 + Fraction(voice.rng.choice((5, 10, 15, 20, 25, 30, 50, voice.rng.randint(2, 60))), 100)
        return f"{number(value, voice)} {voice.fill(PER_SECOND)}"
    if kind < 0.65:
        # Too slow is as unsafe as too fast.
        kind = voice.rng.random()
        if kind < 0.4:
            return f"{number(Fraction(voice.rng.choice((0, 1, 2, 3, 4, 1, 2)), 100), voice)} {voice.fill(PER_SECOND)}"
        if kind < 0.75:
            n = voice.rng.choice((1, 2, 3, 4, 2))
            name = voice.fill(
                "(cm/s|centimetres per second|centimeters per second|cm per second|centimetres a second|centimeters a second)"
            )
            if n == 1:
                return voice.fill("(one|a|1) (centimetre|centimeter|cm) (per|a) second")
            return f"{number(Fraction(n), voice)} {name}"
        return f"{number(Fraction(voice.rng.randint(1, 45)), voice)} {voice.fill('(mm/s|millimetres per second|millimeters per second|mm per second)')}"
    if kind < 0.8:
        value = Fraction(voice.rng.choice((voice.rng.randint(11, 50) * 10, voice.rng.randint(103, 600))))
        return f"{number(value, voice)} {voice.fill('(cm/s|centimetres per second|centimeters per second|cm per second|centimetres a second)')}"
    if kind < 0.9:
        return f"{number(Fraction(voice.rng.choice((voice.rng.randint(4, 60), voice.rng.randint(4, 12))) * 10 + voice.rng.choice((0, 0, 2, 4, 5, 6, 8)), 10), voice)} {voice.fill('(km/h|kilometres per hour|kilometers per hour|kph|miles per hour|mph|kilometres an hour|miles an hour)')}"
    return f"{number(Fraction(voice.rng.randint(4, 30)), voice)} {voice.fill('(feet per second|ft/s|feet a second)')}"
