"""Numbers as people say and write them."""

from __future__ import annotations

from fractions import Fraction

from qwark_nano.command_set import decimal
from qwark_nano.voice import Voice

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = ("", "", *"twenty thirty forty fifty sixty seventy eighty ninety".split())
NUMBER_WORDS = frozenset([*ONES, *TENS[2:], "hundred", "thousand", "half", "quarter", "quarters"])
MIXED = {Fraction(1, 2): ("a half", "1/2", "½"), Fraction(1, 4): ("a quarter", "1/4", "¼"), Fraction(3, 4): ("three quarters", "3/4", "¾")}


def cardinal(n: int, voice: Voice) -> str:
    """A whole number in words."""
    if n < 20:
        return ONES[n]
    if n < 100:
        join = " " if voice.spoken or voice.chance(0.5) else "-"
        return TENS[n // 10] + (join + ONES[n % 10] if n % 10 else "")
    unit, name = (100, "hundred") if n < 1000 else (1000, "thousand")
    head = "a" if n // unit == 1 and voice.chance(0.4) else cardinal(n // unit, voice)
    if n == unit and voice.chance(0.05):
        return name
    if not n % unit:
        return f"{head} {name}"
    join = " and " if (unit == 100 or n % unit < 100) and voice.chance(0.6) else " "
    return f"{head} {name}{join}{cardinal(n % unit, voice)}"


def in_digits(value: Fraction, voice: Voice) -> str:
    """A number in digits: 3, 3.0, 0.5, .5, 1,200, 2½."""
    whole, rest = divmod(value, 1)
    if rest in MIXED and voice.chance(0.12):
        if whole and voice.chance(0.4):
            return f"{whole} and {MIXED[rest][0]}"
        mark = MIXED[rest][1 if voice.chance(0.6) else 2]
        return f"{whole} {mark}" if whole and "/" in mark else f"{whole or ''}{mark}"
    if rest == 0:
        if value >= 1000 and voice.chance(0.15):
            return f"{whole:,}"
        return f"{whole}.0" if value < 100 and voice.chance(0.05) else str(whole)
    text = decimal(value, point=True)
    if voice.chance(0.03):
        # As most of Europe writes it.
        return text.replace(".", ",")
    if text.startswith("0.") and voice.chance(0.12):
        return text[1:]
    return text + "0" if len(text) < 4 and voice.chance(0.04) else text


def in_words(value: Fraction, voice: Voice) -> str:
    """A number in words: three, two point five, two and a half."""
    whole, rest = divmod(value, 1)
    if rest == 0:
        return cardinal(int(whole), voice) + (" point zero" if whole < 20 and voice.chance(0.02) else "")
    if rest in MIXED and whole and voice.chance(0.5):
        return f"{cardinal(int(whole), voice)} and {MIXED[rest][0]}"
    behind = " ".join(ONES[int(d)] for d in decimal(value, point=True).split(".")[1])
    if whole:
        return f"{cardinal(int(whole), voice)} {'dot' if voice.chance(0.03) else 'point'} {behind}"
    return voice.fill("(|zero |oh |nought |zero |zero )point ") + " " + behind


def number(value: Fraction, voice: Voice) -> str:
    """A number of either kind; minus is a word or a sign."""
    if value < 0:
        text = number(-value, voice)
        return voice.fill("(minus|negative) {n}", n=text) if voice.spoken or text[0].isalpha() or voice.chance(0.3) else "-" + text
    long = value >= 200 or len(decimal(value, point=True)) > 4
    in_digits_share = (0.25 if voice.spoken else 0.62) + (0.2 if long else 0)
    return in_digits(value, voice) if voice.chance(in_digits_share) else in_words(value, voice)
