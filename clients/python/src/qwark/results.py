"""What callers get back."""

from dataclasses import dataclass

from .enums import Reason
from .messages import Done


@dataclass(frozen=True)
class Timings:
    """How long an answer took, in seconds by the runtime's clock."""

    queue: float  #: from the request's receipt to the start of its work
    prefill: float  #: spent on the prompt
    first_token: float | None  #: from receipt to the first token; None if there was none
    total: float  #: from receipt to the end


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
        first = done.first_token_us / 1e6 if done.first_token_us else None
        timings = Timings(done.queue_us / 1e6, done.prefill_us / 1e6, first, done.total_us / 1e6)
        text = streamed.encode()[done.answer_at :].decode("utf-8", "replace")
        return cls(text, done.reason, done.prompt_tokens, done.output_tokens, timings, streamed)
