"""Lengths in any unit that people measure a room in, with their metres."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from qwark_nano.voice import Voice

from .numbers import number


@dataclass(frozen=True)
class Unit:
    """A unit of length: names after one and after several, short names, and names that follow digits without a blank."""

    metres: Fraction
    one: tuple[str, ...]
    many: tuple[str, ...]
    short: tuple[str, ...]


METRE = Unit(Fraction(1), ("metre", "meter"), ("metres", "meters"), ("m", "m", "m.", "mtr"))
CENTIMETRE = Unit(Fraction(1, 100), ("centimetre", "centimeter"), ("centimetres", "centimeters", "centis"), ("cm", "cm", "cms", "cm."))
MILLIMETRE = Unit(Fraction(1, 1000), ("millimetre", "millimeter"), ("millimetres", "millimeters", "mils"), ("mm", "mm", "mm."))
DECIMETRE = Unit(Fraction(1, 10), ("decimetre", "decimeter"), ("decimetres", "decimeters"), ("dm",))
KILOMETRE = Unit(Fraction(1000), ("kilometre", "kilometer"), ("kilometres", "kilometers"), ("km", "kms"))
FOOT = Unit(Fraction("0.3048"), ("foot",), ("feet", "feet", "foot"), ("ft", "ft", "ft.", "'"))
INCH = Unit(Fraction("0.0254"), ("inch",), ("inches",), ("in", "in", "in.", '"'))
YARD = Unit(Fraction("0.9144"), ("yard",), ("yards",), ("yd", "yds"))
MILE = Unit(Fraction("1609.344"), ("mile",), ("miles",), ("mi",))
FRACTIONS = {
    Fraction(1, 2): ("half a {u}", "half a {u}", "a half {u}", "one half {u}", "half of a {u}", "1/2 {u}", "½ {u}"),
    Fraction(1, 4): ("a quarter of a {u}", "quarter of a {u}", "a quarter {u}", "one quarter of a {u}", "1/4 {u}", "¼ of a {u}"),
    Fraction(3, 4): ("three quarters of a {u}", "three-quarters of a {u}", "3/4 of a {u}", "three quarter {u}", "¾ {u}"),
    Fraction(1, 10): ("a tenth of a {u}", "one tenth of a {u}", "1/10 of a {u}"),
    Fraction(2, 10): ("two tenths of a {u}", "a fifth of a {u}", "one fifth of a {u}", "2 tenths of a {u}"),
    Fraction(3, 10): ("three tenths of a {u}", "3 tenths of a {u}"),
    Fraction(4, 10): ("four tenths of a {u}", "two fifths of a {u}"),
    Fraction(6, 10): ("six tenths of a {u}", "three fifths of a {u}"),
    Fraction(7, 10): ("seven tenths of a {u}", "7 tenths of a {u}"),
    Fraction(8, 10): ("eight tenths of a {u}", "four fifths of a {u}"),
    Fraction(9, 10): ("nine tenths of a {u}", "9 tenths of a {u}"),
    Fraction(1, 8): ("an eighth of a {u}", "one eighth of a {u}"),
    Fraction(1, 3): ("a third of a {u}", "one third of a {u}", "1/3 of a {u}"),
    Fraction(2, 3): ("two thirds of a {u}", "2/3 of a {u}"),
}


# Steps of the amounts that people say, and finer ones of those that they measure; elsewhere 1 and 0.1.
STEPS = {
    METRE: (Fraction(1, 10), Fraction(1, 100)),
    FOOT: (Fraction(1, 2), Fraction(1, 10)),
    YARD: (Fraction(1, 2), Fraction(1, 10)),
    KILOMETRE: (Fraction(1, 2), Fraction(1, 10)),
    MILE: (Fraction(1, 2), Fraction(1, 2)),
    MILLIMETRE: (Fraction(1), Fraction(1)),
}


@dataclass(frozen=True)
class Length:
    """A length as it was said."""

    text: str
    metres: Fraction


def within(low: Fraction, high: Fraction, voice: Voice) -> Length:
    """A length from `low` to `high` metres, in a unit that suits it."""
    kind = voice.rng.random()
    if kind < 0.06 and low < 1:
        return _compound(voice)
    if kind < 0.12 and low < 1:
        return _fraction(voice)
    unit = _unit(voice, high)
    tops = [high] if high > 20 or voice.chance(0.4) else [min(high, Fraction(t)) for t in ("0.5", "1", "2.5", "5")]
    top = max(voice.rng.choice(tops), low * Fraction("1.5")) / unit.metres
    return measure(_round_amount(low / unit.metres, top, unit, voice), unit, voice)


def measure(amount: Fraction, unit: Unit, voice: Voice) -> Length:
    """So many of a unit."""
    text = _measured(amount, unit, voice)
    return Length(text.replace("a inch", "an inch").replace("a an inch", "an inch"), amount * unit.metres)


def _measured(amount: Fraction, unit: Unit, voice: Voice) -> str:
    if amount in FRACTIONS and (amount.denominator == 3 or voice.chance(0.75 if amount.denominator in (2, 4) else 0.2)):
        form = voice.rng.choice([f for f in FRACTIONS[amount] if not (voice.spoken and not f[0].isalpha())])
        return form.replace("{u}", voice.rng.choice(unit.one))
    if amount == 1 and voice.chance(0.45):
        return voice.fill("(a|a|one|a single) ") + " " + voice.rng.choice(unit.one)
    if amount.denominator in (2, 4) and amount > 1 and voice.chance(0.3):
        whole = voice.rng.choice(("a", "a", "one")) if amount < 2 else number(Fraction(int(amount)), voice)
        rest = {Fraction(1, 2): "a half", Fraction(1, 4): "a quarter", Fraction(3, 4): "three quarters"}[amount % 1]
        if voice.chance(0.12):
            rest = rest.removeprefix("a ")
        return f"{whole} {voice.rng.choice(unit.one if amount < 2 or voice.chance(0.08) else unit.many)} and {rest}"
    if amount.denominator == 2 and amount > 1 and voice.chance(0.05):
        # Halves are counted: three half metres would be odd, but one and a half a metre is heard.
        return f"{number(Fraction(int(amount)), voice)} and half {voice.rng.choice((*unit.one, *unit.many))}"
    if amount == 12 and voice.chance(0.12):
        return f"a dozen {voice.rng.choice(unit.many)}"
    if amount == 6 and voice.chance(0.08):
        return f"half a dozen {voice.rng.choice(unit.many)}"
    if amount == 2 and voice.chance(0.15):
        return voice.fill("a couple (of|of|) ") + " " + voice.rng.choice(unit.many)
    said = number(amount, voice)
    return _joined(said, amount, unit, voice)


def _joined(said: str, amount: Fraction, unit: Unit, voice: Voice) -> str:
    digits = said[-1].isdigit() or said[-1] in "½¼¾"
    if digits and voice.chance(0.55 if not voice.spoken else 0.3):
        short = voice.rng.choice(unit.short[:2] if voice.spoken else unit.short)
        blank = "" if short in "'\"" else " " if voice.chance(0.5) else ""
        return said + blank + short
    one = amount == 1 or (amount < 1 and voice.chance(0.4))
    name = voice.rng.choice(unit.one if one or voice.chance(0.04) else unit.many)
    return f"{said}{'-' if digits and not voice.spoken and voice.chance(0.03) else ' '}{name}"


def _unit(voice: Voice, high: Fraction) -> Unit:
    units = [METRE, CENTIMETRE, MILLIMETRE, FOOT, INCH, YARD, DECIMETRE]
    if high > 100:
        units, weights = [METRE, KILOMETRE, MILE, FOOT, YARD, CENTIMETRE], [5, 3, 2, 2, 1, 1]
    else:
        weights = [36, 24, 9, 13, 13, 4, 1]
    return voice.rng.choices(units, weights)[0]


def _round_amount(low: Fraction, high: Fraction, unit: Unit, voice: Voice) -> Fraction:
    """An amount, mostly a round one: people say 20 or 35 more often than 33.4."""
    step, fine = STEPS.get(unit, (Fraction(1), Fraction(1, 10)))
    kind = voice.rng.random()
    if kind < 0.42:
        step = max(Fraction(1), step)
    elif kind < 0.62 and high > 20:
        step = voice.rng.choice([Fraction(5), Fraction(10), Fraction(50) if high > 200 else Fraction(10)])
    elif kind > 0.91:
        step = fine / 10 if unit is METRE and kind > 0.98 else fine
    first, last = -(-low // step), high // step
    return voice.rng.randint(int(first), max(int(first), int(last))) * step or step


def _fraction(voice: Voice) -> Length:
    unit = voice.rng.choices([METRE, FOOT, YARD, INCH], [10, 3, 1, 1])[0]
    half, quarter, more, third, thirds = (Fraction(*f) for f in ((1, 2), (1, 4), (3, 4), (1, 3), (2, 3)))
    amount = voice.rng.choices([half, quarter, more, half + 1, quarter + 2, half + 3, third, thirds], [6, 4, 4, 5, 2, 2, 1, 1])[0]
    return measure(amount, unit, voice)


def beyond(voice: Voice) -> Length:
    """Two units, just above ten metres."""
    if voice.chance(0.6):
        return _compound(voice, Fraction(10))
    first = measure(Fraction(voice.rng.choice((32, 33, 34))), FOOT, voice)
    inches = voice.rng.randint(1, 11)
    if first.metres + inches * INCH.metres <= Fraction("10.005"):
        return beyond(voice)
    second = measure(Fraction(inches), INCH, voice)
    return Length(first.text + voice.rng.choice((" and ", " ", " and ", ", ")) + second.text, first.metres + second.metres)


def _compound(voice: Voice, whole: Fraction | None = None) -> Length:
    """Two units: a metre and 30 centimetres, three feet six inches."""
    if whole is not None or voice.chance(0.6):
        metres, centimetres = (
            int(whole) if whole is not None else voice.rng.randint(1, 9),
            voice.rng.choice([1, 5, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, voice.rng.randint(1, 99)]),
        )
        first, second = measure(Fraction(metres), METRE, voice), measure(Fraction(centimetres), CENTIMETRE, voice)
        if centimetres >= 10 and not voice.spoken and voice.chance(0.12):
            return Length(f"{metres}{voice.rng.choice(('m', ' m ', 'm '))}{centimetres}", first.metres + second.metres)
        if centimetres >= 10 and voice.chance(0.25):
            return Length(f"{first.text} {number(Fraction(centimetres), voice)}", first.metres + second.metres)
    else:
        first, second = measure(Fraction(voice.rng.randint(1, 30)), FOOT, voice), measure(Fraction(voice.rng.randint(1, 11)), INCH, voice)
        if voice.chance(0.2):
            feet, inches = round(first.metres / FOOT.metres), round(second.metres / INCH.metres)
            if not voice.spoken:
                return Length(f"{feet}'{inches}\"", first.metres + second.metres)
            return Length(f"{number(Fraction(feet), voice)} foot {number(Fraction(inches), voice)}", first.metres + second.metres)
    return Length(first.text + voice.rng.choice((" and ", " ", " and ", ", ")) + second.text, first.metres + second.metres)
