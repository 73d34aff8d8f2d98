"""What callers get back."""

from dataclasses import dataclass
from typing import Any

from .enums import Reason
from .messages import Done
from .tools import Called, read_calls


@dataclass(frozen=True)
class Timings:
    """How long an answer took, in seconds by the runtime's clock."""

    queue: float  #: from the request's receipt to the start of its work
    prefill: float  #: spent on the prompt
    first_token: float | None  #: from receipt to the first token; None if there was none
    total: float  #: from receipt to the end

    @classmethod
    def of(cls, done: Done) -> "Timings":
        """Those that the end of an answer tells."""
        first = done.first_token_us / 1e6 if done.first_token_us else None
        return cls(done.queue_us / 1e6, done.prefill_us / 1e6, first, done.total_us / 1e6)


@dataclass(frozen=True)
class Result:
    """How an answer ended."""

    text: str  #: the answer: what was generated, or the fallback where that took its place
    reason: Reason  #: why it ended
    prompt_tokens: int  #: tokens that the prompt came to
    output_tokens: int  #: tokens that were generated
    timings: Timings
    streamed: str  #: everything that was sent; longer than `text` only where a fallback came after it

    @classmethod
    def of(cls, done: Done, streamed: str) -> "Result":
        """The result of an answer whose pieces came to `streamed`."""
        text = streamed.encode()[done.answer_at :].decode("utf-8", "replace")
        return cls(text, done.reason, done.prompt_tokens, done.output_tokens, Timings.of(done), streamed)

    def called(self) -> Called:
        """The tools that the answer calls. ValueError if a call is not whole, as where the answer was cut off."""
        return read_calls(self.text)


@dataclass(frozen=True)
class CommandsResult:
    """How an answer of commands ended."""

    commands: list[Any]  #: all of them, the fallback at the end if there was one
    reason: Reason  #: why it ended; unless that is STOP, there may be more that the sentence asks for
    prompt_tokens: int  #: tokens that the prompt came to
    output_tokens: int  #: tokens that were generated
    timings: Timings

    @classmethod
    def of(cls, done: Done, commands: list[Any]) -> "CommandsResult":
        """The result of an answer that came to these commands."""
        return cls(commands, done.reason, done.prompt_tokens, done.output_tokens, Timings.of(done))
