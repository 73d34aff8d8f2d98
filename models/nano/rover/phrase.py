"""Parts of a sentence with their commands."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from qwark_nano.command_set import Command, CommandSet

SET = CommandSet(Path(__file__).parents[3] / "commands" / "rover.toml")


@dataclass(frozen=True)
class Phrase:
    """A part of a sentence."""

    text: str
    commands: tuple[Command, ...]
    # Whether it begins with a verb, so that "could you" goes before it.
    verb: bool = True
    # Whether it ends with words to say that no quote closes.
    open_end: bool = False


def refusal(reason: str) -> tuple[Command, ...]:
    """The answer that refuses."""
    return ({"refuse": {"reason": reason}},)


UNSAFE, UNSUPPORTED, UNCLEAR = refusal("unsafe"), refusal("unsupported"), refusal("unclear")


def is_refused(phrase: Phrase) -> bool:
    """Whether the phrase is not to be done."""
    return "refuse" in phrase.commands[0]


def stepped(command: str, param: str, value: Fraction) -> Fraction | None:
    """`value` rounded to the parameter's step, or None where it is out of range or between two steps."""
    return SET.commands[command][param].rounded(value)
