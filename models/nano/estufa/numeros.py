"""Numbers in Portuguese."""

from __future__ import annotations

from fractions import Fraction

from qwark_nano.command_set import decimal
from qwark_nano.voice import Voice

ONES = (
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete dezoito dezenove"
).split()
TENS = ("", "", *"vinte trinta quarenta cinquenta sessenta setenta oitenta noventa".split())
WORDS = frozenset([*ONES, *TENS[2:], "meio", "meia", "cem", "cento"])


def cardinal(n: int) -> str:
    """A whole number below 200 in words."""
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + (f" e {ONES[n % 10]}" if n % 10 else "")
    return "cem" if n == 100 else f"cento e {cardinal(n - 100)}"


def litres(value: Fraction, voice: Voice) -> str:
    """So many litres, in halves."""
    whole, half = divmod(value, 1)
    if value == Fraction(1, 2):
        return voice.fill("(meio litro|0,5 l|meio litro de água|0.5 litros)")
    unit = voice.fill("(litro|litro|l) (de água|||)" if whole == 1 else "(litros|litros|l) (de água|||)")
    if half:
        if voice.chance(0.5):
            return f"{cardinal(int(whole))} {unit.split()[0]} e meio"
        return f"{decimal(value, point=True).replace('.', voice.rng.choice(',.'))} {unit}"
    return f"{cardinal(int(whole)) if voice.chance(0.5) else whole} {unit}"


def number(n: int, voice: Voice) -> str:
    """A whole number in words or digits."""
    return cardinal(n) if voice.chance(0.55) else str(n)
