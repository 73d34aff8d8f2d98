"""What a session tells its owner. A ticket is the number that the session gave to what the event is about."""

from dataclasses import dataclass

from .enums import ErrorCode
from .messages import Done, Heartbeat, Identify, Mirror, Safety


@dataclass(frozen=True)
class Live:
    """The runtime has answered: requests go on."""

    identify: Identify
    restarted: bool  #: it has started anew since it answered last


@dataclass(frozen=True)
class Lost:
    """The runtime is not heard any more. The session says Hello until it is."""

    reason: str


@dataclass(frozen=True)
class Incompatible:
    """The runtime answers, but the two have no version in common, or only the runtime has a key."""

    reason: str


@dataclass(frozen=True)
class Piece:
    """The next text of an answer: in order, each byte once."""

    ticket: int
    offset: int  #: bytes of the answer before it
    text: str


@dataclass(frozen=True)
class Commanded:
    """The next command of an answer: in order, each once."""

    ticket: int
    offset: int  #: bytes of commands before it
    data: bytes  #: the command, encoded


@dataclass(frozen=True)
class Ended:
    """An answer has ended, and all of its text or commands were told before. Comes once."""

    ticket: int
    done: Done


@dataclass(frozen=True)
class Failed:
    """A request was refused, or ended by an error. Comes once, and nothing after it."""

    ticket: int
    code: ErrorCode
    message: str


@dataclass(frozen=True)
class Answered:
    """Anything else that was asked for is done. Comes once. What `value` is, the asking method says."""

    ticket: int
    value: object


@dataclass(frozen=True)
class Refused:
    """The runtime complains about a frame that belongs to no request."""

    code: ErrorCode
    message: str


Event = Live | Lost | Incompatible | Piece | Commanded | Ended | Failed | Answered | Refused | Heartbeat | Safety | Mirror
