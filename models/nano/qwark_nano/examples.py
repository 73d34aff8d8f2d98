"""Sentences with their answers, and where they come from."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from .command_set import CommandSet


@dataclass(frozen=True)
class Example:
    """A sentence and the answer to it."""

    text: str
    answer: str


class Generator(Protocol):
    """What a set's package has under the name `GENERATOR`."""

    set: CommandSet

    def example(self, rng: Random, held_out: bool = False) -> Example:
        """A sentence with its answer; `held_out`: one with a phrase or a word that training never sees."""


def load_generator(name: str) -> Generator:
    """The generator of the package `name`."""
    found: Generator = importlib.import_module(name).GENERATOR
    return found


def generate(generator: Generator, count: int, seed: str, held_out: bool) -> list[Example]:
    """`count` examples."""
    rng = Random(seed)
    return [generator.example(rng, held_out) for _ in range(count)]


def read_examples(path: Path) -> list[Example]:
    """Reads lines of `{"text": ..., "commands": [...]}`, whose commands are spelled as in answers."""
    return [_example(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _example(data: dict[str, object]) -> Example:
    commands = data["commands"]
    assert isinstance(commands, Sequence)
    spelled = (json.dumps(command, ensure_ascii=False, separators=(",", ":")) for command in commands)
    return Example(str(data["text"]), "\n".join(spelled))
