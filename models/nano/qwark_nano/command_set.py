"""Command sets (docs/COMMANDS.md): numbers in steps, and answers in their one spelling."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

# A value of a parameter: text of an enum or a string, truth, or a number in the parameter's unit.
Value = str | bool | int | Fraction
Command = Mapping[str, Mapping[str, Value]]

MAX_COMMANDS = 4


class CommandError(ValueError):
    """A command that the set does not have."""


@dataclass(frozen=True)
class Param:
    """One parameter of a command."""

    name: str
    kind: str
    optional: bool = False
    min: Fraction = Fraction(0)
    max: Fraction = Fraction(0)
    step: Fraction = Fraction(1)
    values: tuple[str, ...] = ()
    max_len: int = 0

    def rounded(self, value: Fraction) -> Fraction | None:
        """The multiple of the step nearest to `value`, or None where it is out of range or two are as near."""
        steps, rest = divmod(value, self.step)
        if 2 * rest == self.step:
            return None
        found = (steps + (2 * rest > self.step)) * self.step
        return found if self.min <= found <= self.max else None

    def spell(self, value: Value) -> str:
        """The JSON of `value`."""
        match self.kind, value:
            case "enum", str() if value in self.values:
                return quote(value)
            case "string", str() if len(value) <= self.max_len and value.isprintable():
                return quote(value)
            case "bool", bool():
                return "true" if value else "false"
            case "int" | "float", int() | Fraction() if self.min <= value <= self.max and Fraction(value) % self.step == 0:
                return decimal(Fraction(value), point=self.kind == "float")
        raise CommandError(f"{self.name}: {value!r} is no value of it")


def quote(text: str) -> str:
    """`text` as a JSON string, in which only quotes and backslashes are escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def decimal(value: Fraction, point: bool) -> str:
    """The shortest decimal that says `value`, with a digit behind the point at least, or without a point."""
    digits = 1 if point else 0
    while (scaled := abs(value) * 10**digits).denominator != 1:
        digits += 1
        if digits > 9:
            raise CommandError(f"{value} has no short decimal")
    text = str(scaled.numerator).zfill(digits + 1)
    sign = "-" if value < 0 else ""
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)


class CommandSet:
    """A set as its file describes it."""

    def __init__(self, path: Path) -> None:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        self.path = path
        self.name: str = data["name"]
        self.commands = {c["name"]: {n: _param(n, p) for n, p in c.get("params", {}).items()} for c in data["command"]}

    def line(self, command: Command) -> str:
        """The line of JSON that says `command`."""
        ((name, given),) = command.items()
        params = self.commands.get(name)
        if params is None:
            raise CommandError(f"there is no command {name}")
        missing = [p.name for p in params.values() if p.name not in given and not p.optional]
        unknown = [key for key in given if key not in params]
        if missing or unknown:
            raise CommandError(f"{name}: missing {missing}, unknown {unknown}")
        inner = ",".join(f'"{key}":{param.spell(given[key])}' for key, param in params.items() if key in given)
        return f'{{"{name}":{{{inner}}}}}'

    def answer(self, commands: Sequence[Command]) -> str:
        """The answer that consists of `commands`."""
        if not 1 <= len(commands) <= MAX_COMMANDS:
            raise CommandError(f"{len(commands)} commands are no answer")
        return "\n".join(self.line(command) for command in commands)


def _param(name: str, table: dict[str, object]) -> Param:
    number = {key: Fraction(str(table[key])) for key in ("min", "max", "step") if key in table}
    values = table.get("values", ())
    max_len = table.get("max_len", 0)
    assert isinstance(values, list | tuple)
    assert isinstance(max_len, int)
    return Param(name, str(table["type"]), bool(table.get("optional")), values=tuple(values), max_len=max_len, **number)
