"""Whole sentences: up to four commands in a row, as people ask for them and as they arrive."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random

from english import manner, requests
from english.writing import written
from qwark_nano.command_set import MAX_COMMANDS, Command, CommandSet
from qwark_nano.examples import Example
from qwark_nano.voice import Voice

from . import arm, corrections, drive, goto, gripper, light, look, nouns, repeats, report, say, short, stop, turn, unclear, wait
from .joining import join
from .phrase import SET, UNSUPPORTED, Phrase

Maker = Callable[[Voice], Phrase]
# Shares of the commands.
KINDS: dict[Maker, int] = {
    drive.drive: 24,
    turn.turn: 16,
    goto.goto: 9,
    gripper.gripper: 10,
    arm.arm: 7,
    look.look: 13,
    light.light: 10,
    say.say: 17,
    wait.wait: 8,
    report.report: 7,
}
# What is asked for several times in a row.
SERIAL: tuple[Maker, ...] = (
    drive.drive,
    drive.drive,
    turn.turn,
    turn.turn,
    goto.goto,
    gripper.gripper,
    arm.arm,
    look.look,
    light.light,
    light.light,
    say.say,
    report.report,
)
PAIRS: dict[Maker, int] = {gripper.both: 1, arm.both: 1, light.several: 1, report.several: 1, short.short: 5, short.bare: 2}
UNSAFE_KINDS: dict[Callable[..., Phrase], int] = {drive.drive: 3, turn.turn: 2, look.look: 2, wait.wait: 2, say.say: 1}
# Whose speed cannot be chosen.
HURRIED = (turn.turn, goto.goto, gripper.gripper, arm.arm, look.look, light.light)
# Sentences that say what they are, and not how.
QUESTIONS = ("what", "who", "how", "why", "when", "where", "do you", "are", "were", "can you", "is ", "i ", "the ")

# What is done again where it is asked for again.
DONE_AGAIN = ("drive", "turn", "wait", "say")
ANY = re.compile("")


class Rover:
    """Sentences for the rover."""

    set: CommandSet = SET

    def example(self, rng: Random, held_out: bool = False) -> Example:
        """A sentence with its answer; `held_out`: one with a phrase or a word that training never sees."""
        kind, pattern = (SHAPES, ANY) if held_out or rng.random() >= DRILL_SHARE else rng.choice(DRILLS)
        while True:
            voice = Voice(rng, held_out, spoken=rng.random() < 0.27)
            phrase = _one_of(kind, voice)
            text = voice.put_back(written(phrase.text, voice, phrase.open_end))
            if text and (voice.is_new or not held_out) and pattern.search(text) and not _says_twice(phrase):
                return Example(text, self.set.answer([_put_back(command, voice) for command in phrase.commands]))


def _says_twice(phrase: Phrase) -> bool:
    """Whether a state is asked for twice in a row by chance, which would count once."""
    return any(a == b and next(iter(a)) not in DONE_AGAIN for a, b in pairwise(phrase.commands))


def _put_back(command: Command, voice: Voice) -> Command:
    ((name, given),) = command.items()
    return {name: {key: voice.put_back(value) if isinstance(value, str) else value for key, value in given.items()}}


def _one_of(makers: dict[Maker, int], voice: Voice) -> Phrase:
    return voice.rng.choices(list(makers), list(makers.values()))[0](voice)


def _hurried(phrase: Phrase, voice: Voice) -> Phrase:
    """`phrase` with a word for a speed, which only a drive has."""
    how = voice.pick(voice.rng.choice((drive.SLOW, drive.FAST)))
    text = voice.fill(
        "{t} {how}|{t}, {how}|{how} {t}|{t} (very|really|nice and) (slowly|quickly|carefully)|{t}, but {how}", t=phrase.text, how=how
    )
    return replace(phrase, text=text, verb=phrase.verb and text.startswith(phrase.text))


def _single(voice: Voice) -> Phrase:
    kind = voice.rng.choices(list(KINDS), list(KINDS.values()))[0]
    phrase = say.say(voice, alone=True) if kind is say.say else kind(voice)
    return _around(_hurried(phrase, voice) if kind in HURRIED and voice.chance(0.08) else phrase, voice)


def _plain(voice: Voice) -> Phrase:
    """One order, as it is."""
    return say.say(voice, alone=True) if voice.chance(0.3) else _one_of(KINDS, voice)


def _full(voice: Voice) -> Phrase:
    """Words to say, as many as there is room for or a few too many."""
    return say.say(voice, unsafe=voice.chance(0.5), alone=True)


def _several(voice: Voice) -> Phrase:
    return _around(join(_some(voice, voice.rng.choices((2, 3, 4), (50, 30, 20))[0]), voice), voice)


def _alike(voice: Voice) -> Phrase:
    """Orders of one kind that are all meant, alone or among others: nothing is taken back, and nothing said twice."""
    kind = voice.rng.choice(SERIAL)
    some = [kind(voice)]
    for _ in range(voice.rng.choice((1, 1, 1, 2))):
        other = kind(voice)
        if all(other.commands != phrase.commands for phrase in some):
            some.append(other)
    between = [wait.wait] if voice.chance(0.4) else list(KINDS)
    parts = [some[0]]
    for phrase in some[1:]:
        if len(parts) + 2 <= MAX_COMMANDS and voice.chance(0.6):
            parts.append(voice.rng.choice(between)(voice))
        parts.append(phrase)
    if len(parts) < MAX_COMMANDS and voice.chance(0.35):
        parts.insert(voice.rng.choice((0, len(parts))), _some(voice, 1)[0])
    return _around(join(parts, voice), voice)


def _pair(voice: Voice) -> Phrase:
    return _around(_beside(_one_of(PAIRS, voice), voice), voice)


def _delayed(voice: Voice) -> Phrase:
    return _around(wait.delayed(voice, _one_of(KINDS, voice)), voice)


def _corrected(voice: Voice) -> Phrase:
    return _around(_beside(corrections.corrected(voice), voice), voice)


def _broken(voice: Voice) -> Phrase:
    return join([*_some(voice, voice.rng.choice((1, 1, 2, 3))), unclear.broken(voice)], voice)


def _unsafe(voice: Voice) -> Phrase:
    kind = voice.rng.choices(list(UNSAFE_KINDS), list(UNSAFE_KINDS.values()))[0]
    return _refused(kind(voice, unsafe=True), voice)


def _unsupported(voice: Voice) -> Phrase:
    if voice.chance(0.3):
        return _refused(voice.rng.choice((goto.unknown_place, light.unsupported))(voice), voice)
    text = requests.request(voice)
    return _refused(Phrase(text, UNSUPPORTED, not text.startswith(QUESTIONS)), voice)


def _stop(voice: Voice) -> Phrase:
    return _around(stop.stop(voice), voice)


def _with_noun(voice: Voice) -> Phrase:
    return _around(_beside(nouns.with_noun(voice, _one_of(KINDS, voice)), voice), voice)


def _repeated(voice: Voice) -> Phrase:
    return _around(_beside(repeats.repeated(voice), voice), voice)


# Shares of the shapes of sentences, in thousandths.
SHAPES: dict[Maker, int] = {
    _stop: 40,
    unclear.unclear: 45,
    _unsupported: 100,
    _unsafe: 80,
    _broken: 10,
    _corrected: 30,
    _repeated: 20,
    _delayed: 15,
    _with_noun: 10,
    _pair: 50,
    _plain: 50,
    _single: 200,
    _several: 270,
    _alike: 80,
}


# What takes longest to learn, for training alone: units that are to be converted, words that are said several times, texts to say of
# about as many letters as there is room for, many orders in one sentence, orders that are given twice.
DRILL_SHARE = 0.3
DRILLS: tuple[tuple[dict[Maker, int], re.Pattern[str]], ...] = (
    ({drive.drive: 1}, re.compile(r"\b(in|inch|inches|ft|foot|feet|yds?|yards?)\b|\d['\"]", re.IGNORECASE)),
    ({say.say: 1}, re.compile(r"\b(\w+)(\W+\1\b)+", re.IGNORECASE)),
    ({_full: 1}, re.compile("^.{64,95}$")),
    ({_several: 1}, re.compile("^.{130}")),
    ({_repeated: 1}, ANY),
)


def _some(voice: Voice, count: int) -> list[Phrase]:
    """Phrases in a row, of which none says again what the one before said: that would be once or twice."""
    found: list[Phrase] = []
    while len(found) < count:
        phrase = _one_of(KINDS, voice)
        if not found or phrase.commands != found[-1].commands or next(iter(phrase.commands[0])) in ("drive", "turn"):
            found.append(phrase)
    return found


def _refused(phrase: Phrase, voice: Voice) -> Phrase:
    """A refused phrase alone or among others, which are refused with it."""
    if voice.chance(0.5):
        return _around(phrase, voice)
    parts = _some(voice, voice.rng.choice((1, 1, 1, 2, 3)))
    parts.insert(len(parts) if voice.chance(0.5) else voice.rng.randint(0, len(parts)), phrase)
    return _around(join(parts, voice), voice)


def _beside(phrase: Phrase, voice: Voice) -> Phrase:
    """`phrase`, sometimes with others after or before it."""
    room = MAX_COMMANDS - len(phrase.commands)
    if room < 1 or voice.chance(0.6):
        return phrase
    others = _some(voice, voice.rng.randint(1, room))
    return join([phrase, *others] if voice.chance(0.6) else [*others, phrase], voice)


def _around(phrase: Phrase, voice: Voice) -> Phrase:
    """Politeness and small talk around a phrase."""
    text = phrase.text
    if voice.chance(0.42):
        text = manner.asked(text, voice, phrase.verb, phrase.open_end)
    if voice.chance(0.17):
        text = manner.with_small_talk(text, voice, phrase.open_end)
    return replace(phrase, text=text, verb=False)
