"""The random choices that make one sentence."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from random import Random

# Of so many words of a list, one is kept from training.
KEPT_OF = 14
# How often one that is kept from training is chosen for a test, where there is one.
KEPT_SHARE = 0.2
# Verbatim texts stand in a sentence as one of these, so that nothing changes them on the way.
FIRST_PLACE = 0xE000
PLACES = re.compile("[\ue000-\ue0ff]")


# What a slot of a template is filled with.
Text = str | Callable[[], str]


class Choices:
    """A list of texts, and those of them that training never sees."""

    def __init__(self, known: Iterable[str], kept: Iterable[str] = ()) -> None:
        # What stands there several times is chosen as often.
        self.known, self.kept = list(known), list(kept)


def lines(text: str) -> Choices:
    """The lines of `text` as choices. Those that begin with a star are kept from training."""
    every = [line.strip() for line in text.strip().splitlines()]
    return Choices((line for line in every if line[0] != "*"), (line[1:].strip() for line in every if line[0] == "*"))


def words(text: str, keep: bool = True) -> Choices:
    """The words of `text` as choices; an underscore is a space. `keep`: some are kept from training, told by a hash, so that they
    stay the same as lists grow."""
    every = list(dict.fromkeys(word.replace("_", " ") for word in text.split()))
    kept = {word for word in every if keep and zlib.crc32(word.encode()) % KEPT_OF == 0}
    return Choices((word for word in every if word not in kept), (word for word in every if word in kept))


class Voice:
    """Who speaks: makes every choice for one sentence, and knows how it will be written down."""

    def __init__(self, rng: Random, held_out: bool = False, spoken: bool = False) -> None:
        self.rng = rng
        self.held_out = held_out
        # As a speech recogniser writes: words without punctuation.
        self.spoken = spoken
        # Whether something was chosen that training never sees.
        self.is_new = False
        self.verbatim: list[str] = []

    def chance(self, p: float) -> bool:
        """True in a share `p` of cases."""
        return self.rng.random() < p

    def pick(self, choices: Choices) -> str:
        """One of `choices`, of those that are for training unless this voice is for tests."""
        if self.held_out and choices.kept and self.chance(KEPT_SHARE):
            self.is_new = True
            return self.rng.choice(choices.kept)
        return self.rng.choice(choices.known)

    def place(self, text: str) -> str:
        """A stand-in for `text`, which is to stay as it is."""
        self.verbatim.append(text)
        return chr(FIRST_PLACE + len(self.verbatim) - 1)

    def put_back(self, text: str) -> str:
        """`text` with the verbatim texts in their places."""
        return PLACES.sub(lambda found: self.verbatim[ord(found[0]) - FIRST_PLACE], text)

    def fill(self, template: str, **slots: Text) -> str:
        """`template` with one of each `(this|or that|)`, and `slots` for `{names}`; a function is asked for each place."""
        return tidy("".join(self._expand(_parse(template), slots)))

    def say(self, choices: Choices, **slots: Text) -> str:
        """One of the templates `choices`, filled."""
        return self.fill(self.pick(choices), **slots)

    def _expand(self, sequence: Sequence_, slots: dict[str, Text]) -> Iterable[str]:
        for item in sequence:
            if isinstance(item, str):
                yield item
            elif isinstance(item, Slot):
                text = slots[item.name]
                yield text if isinstance(text, str) else text()
            else:
                yield from self._expand(self.rng.choice(item), slots)


class Slot:
    """A place in a template that is filled by name."""

    def __init__(self, name: str) -> None:
        self.name = name


Sequence_ = list["str | Slot | list[Sequence_]"]


@cache
def _parse(template: str) -> Sequence_:
    pieces = re.findall(r"[(|)]|\{\w+\}|[^(|){}]+", template)
    parsed, end = _alternatives(pieces, 0)
    if end != len(pieces):
        raise ValueError(f"brackets do not match: {template}")
    return [parsed]


def _alternatives(pieces: list[str], at: int) -> tuple[list[Sequence_], int]:
    found: list[Sequence_] = [[]]
    while at < len(pieces) and pieces[at] != ")":
        piece = pieces[at]
        at += 1
        if piece == "|":
            found.append([])
        elif piece == "(":
            inner, at = _alternatives(pieces, at)
            at += 1
            found[-1].append(inner)
        else:
            found[-1].append(Slot(piece[1:-1]) if piece[0] == "{" else piece)
    return found, at


def tidy(text: str) -> str:
    """`text` with single blanks, none before punctuation and none around."""
    return re.sub(r" +([,.!?;])(?!\d)", r"\1", re.sub(r"  +", " ", text)).strip()
