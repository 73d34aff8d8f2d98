"""Whole sentences for the greenhouse."""

from __future__ import annotations

import re
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
    (agora|então|bom|vai|olha), {x}, (por favor|tá|viu)
    {x}, (que|porque) (está|tá) (muito|) (quente|frio|abafado|seco|escuro|claro)
    (tô|estou|já vou) (saindo|indo embora|com pressa), {x}
    {x} (pra mim|por gentileza|hoje|aí|aqui|de novo)
    * (querida|minha) estufa, {x}
    * {x}, faz favor
""")
# Before an order whose verb is in the infinitive, and before one in the subjunctive.
ASKED = lines("""
    (você |)(pode|poderia|consegue|podia|vai) {x}
    (dá pra|dá para|é possível|é hora de|está na hora de) {x}
    (quero|preciso|gostaria de|vamos|favor|tem que|tenta) {x}
    (você |)(pode|poderia) {x} (por favor|, por favor|por gentileza|agora|pra mim)
    * será que você pode {x}
""")
WISHED = lines("""
    (quero|preciso|gostaria|peço) que (você |){x}
    (é preciso|é bom|tomara) que {x}
    * espero que você {x}
""")
# The forms of verbs that orders begin with: rega, regue, regar.
FORMS = re.compile(
    r"^(rega|molha|bota|fecha|levanta|acende|apaga|liga|desliga|coloca|mede|espera|aguarda|abre|usa|deixa|verifica|baixa|areja|ilumina)\b"
)
SUBJUNCTIVE = {"rega": "regue", "fecha": "feche", "acende": "acenda", "apaga": "apague", "liga": "ligue", "desliga": "desligue"} | {
    "coloca": "coloque",
    "mede": "meça",
    "abre": "abra",
    "verifica": "verifique",
}
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
            text = _written(voice.say(AROUND, x=_asked(text, voice)), voice)
            if not held_out or voice.is_new:
                return Example(text, self.set.answer(commands))


def _asked(text: str, voice: Voice) -> str:
    """`text` as a question or a wish, where its verb is known."""
    found = FORMS.match(text)
    if not found or voice.chance(0.65):
        return text
    verb, rest = found[0], text[found.end() :]
    if voice.chance(0.3):
        return voice.say(WISHED, x=SUBJUNCTIVE.get(verb, verb.removesuffix("a") + "e") + rest)
    return voice.say(ASKED, x=verb + "r" + rest)


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
