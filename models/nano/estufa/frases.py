"""Whole sentences for the greenhouse."""

from __future__ import annotations

from pathlib import Path
from random import Random

from qwark_nano import noise
from qwark_nano.command_set import Command, CommandSet
from qwark_nano.examples import Example
from qwark_nano.voice import Choices, Voice, lines, tidy, words

from . import ordens
from .numeros import WORDS

KINDS = {ordens.water: 30, ordens.window: 14, ordens.light: 12, ordens.fan: 16, ordens.wait: 12, ordens.measure: 14}
JOINS = Choices(
    [
        "{x} e {y}",
        "{x} e depois {y}",
        "{x}, depois {y}",
        "{x} depois {y}",
        "{x}, {y}",
        "{x}. {y}",
        "{x} e em seguida {y}",
        "{x}; {y}",
        "primeiro {x} e depois {y}",
        "{x} e aí {y}",
        "{x} e também {y}",
    ],
    ["{x} e logo depois {y}"],
)
AROUND = lines("""
    {x}
    {x}
    {x}
    {x} por favor
    por favor {x}
    {x}, (por favor|obrigado|obrigada|tá|tá bom|viu|ok)
    (oi|olá|ei|bom dia|boa tarde|boa noite|estufa|ô estufa|escuta), {x}
    (então|agora|bom|olha|vai) {x}
    (está|tá) (muito|) (quente|frio|abafado|seco) (hoje|aqui), {x}
    (as plantas|meus tomates|as folhas) estão (tristes|lindas|secas|murchas), {x}
    {x} (agora|já|logo|rapidinho|quando puder)
    {x} que (eu vou sair|está na hora|o sol está forte|vai chover)
    * (querida|minha) estufa, {x}
    * {x}, faz favor
""")
FILLERS = words("é hum ahn tipo assim né então bem sei_lá", keep=False)
KNOWN = WORDS | frozenset("abre fecha liga desliga acende apaga fraco forte médio aberta fechada acesa apagada".split())
ACCENTS = str.maketrans("áàâãéêíóôõúç", "aaaaeeiooouc")


class Greenhouse:
    """Portuguese sentences for the greenhouse."""

    set: CommandSet = CommandSet(Path(__file__).parent / "estufa.toml")

    def example(self, rng: Random, held_out: bool = False) -> Example:
        """A sentence with its answer; `held_out`: one with a phrase or a word that training never sees."""
        while True:
            voice = Voice(rng, held_out, spoken=rng.random() < 0.3)
            text, commands = _orders(voice)
            text = _written(voice.say(AROUND, x=text), voice)
            if not held_out or voice.is_new:
                return Example(text, self.set.answer(commands))


def _one(voice: Voice) -> ordens.Order:
    return voice.rng.choices(list(KINDS), list(KINDS.values()))[0](voice)


def _orders(voice: Voice) -> tuple[str, list[Command]]:
    kind = voice.rng.random()
    if kind < 0.06:
        return voice.say(ordens.STOP), [{"parar": {}}]
    parts = [_one(voice) for _ in range(voice.rng.choices((1, 2, 3, 4), (55, 22, 13, 10))[0])]
    refused = None
    if kind < 0.12:
        return _alone(ordens.confusing(voice))
    if kind < 0.22:
        refused = ordens.dangerous(voice)
    elif kind < 0.32:
        refused = voice.say(ordens.IMPOSSIBLE), ordens.refusal("impossivel")
    if refused and voice.chance(0.6):
        return _alone(refused)
    if refused:
        parts[voice.rng.randrange(len(parts))] = refused
    text = parts[0][0]
    for part, _ in parts[1:]:
        text = voice.say(JOINS, x=text, y=part)
    return text, [refused[1]] if refused else [command for _, command in parts]


def _alone(order: ordens.Order) -> tuple[str, list[Command]]:
    return order[0], [order[1]]


def _written(text: str, voice: Voice) -> str:
    rng = voice.rng
    text = tidy(text)
    if voice.spoken:
        if voice.chance(0.25):
            text = noise.with_words_between(text, rng, lambda: voice.pick(FILLERS))
        return noise.without_punctuation(text)
    if voice.chance(0.15):
        text = noise.with_typos(text, rng, KNOWN)
    if voice.chance(0.15):
        text = text.translate(ACCENTS)
    kind = voice.rng.random()
    if kind < 0.5:
        return noise.capitalised(text) + rng.choice((".", ".", "!", "", "?" if text.startswith(("qua", "como", "está", "que")) else "."))
    return noise.odd_case(text, rng) if kind < 0.58 else text
