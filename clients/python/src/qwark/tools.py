"""Tools that a model may call: what an answer calls, read from its text.

    I'll look.
    <tool_call>
    {"name": "get_weather", "arguments": {"city": "Paris"}}
    </tool_call>
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
import math
from typing import Any

_OPEN = "<tool_call>"
_CLOSE = "</tool_call>"
_WORDS = ("auto", "none", "required")


@dataclass(frozen=True)
class ToolCall:
    """A tool that an answer calls."""

    name: str  #: the tool's name
    arguments: dict[str, Any]  #: what it is called with, by name


@dataclass(frozen=True)
class Called:
    """An answer, read."""

    content: str  #: the text before the calls, or all of it where there are none
    calls: list[ToolCall]  #: the calls, in order

    def message(self) -> dict[str, Any]:
        """The answer as the message of a conversation that goes on."""
        functions = [{"name": call.name, "arguments": call.arguments} for call in self.calls]
        calls = [{"type": "function", "function": function} for function in functions]
        return {"role": "assistant", "content": self.content} | ({"tool_calls": calls} if calls else {})


def read_calls(text: str) -> Called:
    """Reads an answer's calls. ValueError if one is not whole, as where the answer was cut off."""
    content, *calls = text.split(_OPEN, 1)
    if not calls:
        return Called(text, [])
    read: list[ToolCall] = []
    rest = calls[0]
    while True:
        call, behind = _read(rest, len(read) + 1)
        read.append(call)
        if not behind:
            return Called(content.removesuffix("\n"), read)
        if not behind.startswith(_OPEN):
            raise ValueError(f"there is more behind call {len(read)}: {behind[:20]!r}")
        rest = behind.removeprefix(_OPEN)


def _read(text: str, number: int) -> tuple[ToolCall, str]:
    """The call that `text` begins with, and what is behind it. A text among the arguments may have any letters in it."""
    start = len(text) - len(text.lstrip())
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"call {number} is not whole: {error}") from error
    behind = text[end:].lstrip()
    if not behind.startswith(_CLOSE):
        raise ValueError(f"call {number} is not whole: no {_CLOSE} behind it")
    match value:
        case {"name": str(name), "arguments": dict(arguments)} if len(value) == 2:
            return ToolCall(name, arguments), behind.removeprefix(_CLOSE).lstrip()
        case _:
            raise ValueError(f"call {number} is not one: {value!r}")


def _number(text: str) -> float:
    """A number that a double holds."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_number)


def conversation(messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], tool_choice: str) -> str:
    """A conversation as the wire has it. ValueError if it is no JSON."""
    said: dict[str, Any] = {"messages": list(messages)}
    if tools:
        said["tools"] = list(tools)
    if tool_choice in _WORDS:
        said["tool_choice"] = tool_choice
    else:
        said["tool_choice"] = {"type": "function", "function": {"name": tool_choice}}
    try:
        return json.dumps(said, ensure_ascii=False, allow_nan=False)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the conversation is no JSON: {error}") from error
