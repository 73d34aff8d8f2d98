"""Parts of a sentence with their commands."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from qwark_nano.command_set import Command, CommandSet

SET = CommandSet(Path(__file__).parents[3] / "commands" / "rover.toml")


# What an order begins with that "could you" does not go before.
NOT_VERBS = frozenset(
    """
    the a an my your our his her that this these those it it's its i i'm i'd i've we we're you u to for at with by in on off up down left right
    no not yes yo so and or but then there there's here here's what what's who where how is are am can could may might would will shall do does
    light lights lamp led leds white red green blue yellow camera cam eyes head arm gripper grippers claw hand jaws pincers fingers battery
    pose temperature speed pan: tilt: one two half quarter three full slowly fast quickly carefully gently slow forward forwards ahead backward
    backwards straight onward onwards slightly just only exactly about please now time hands counter clockwise counterclockwise anticlockwise
    someone somebody next another some any darkness enough distance heading target destination target: destination: first
    """.split()
)


@dataclass(frozen=True)
class Phrase:
    """A part of a sentence."""

    text: str
    commands: tuple[Command, ...]
    # Whether it begins with a verb, so that "could you" goes before it; never where its first word is none.
    verb: bool = True
    # Whether it ends with words to say that no quote closes.
    open_end: bool = False

    def __post_init__(self) -> None:
        if self.verb and not is_verb(self.text):
            object.__setattr__(self, "verb", False)


def is_verb(text: str) -> bool:
    """Whether the first word of an order is a verb, for all that is known."""
    return text.split(" ", 1)[0].strip(",.:;!?-") not in NOT_VERBS


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
