"""The messages, as docs/WIRE.md has them: each is a dataclass whose annotations say how its fields lie on the line."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, ClassVar, TypeVar

from .enums import ErrorCode, Form, GrammarForm, Priority, Reason, SafetyState, Thinking, UploadKind, UploadState
from .fields import F32, U8, U16, U32, U64, Bytes, ListOf, Reader, Sha256, Str, Text32, field_type
from .frame import Frame

PIECE = 3712  #: most bytes of text or data in one frame
COMMAND = 256  #: most bytes of an encoded command

_M = TypeVar("_M", bound="Message")


class Scope(IntEnum):
    """What a message belongs to."""

    SESSION = 0  #: the connection: its id is 0
    REQUEST = 1  #: a request or upload: its id is not 0
    EITHER = 2


class Message:
    """What a frame says."""

    KIND: ClassVar[int]  #: its number
    SCOPE: ClassVar[Scope]  #: what it belongs to

    def __init_subclass__(cls, kind: int, scope: Scope) -> None:
        cls.KIND = kind
        cls.SCOPE = scope
        KINDS[kind] = cls

    def emit(self) -> bytes:
        """Its payload. ValueError if a field does not fit."""
        return field_type(type(self)).emit(self)

    @classmethod
    def parse(cls: type[_M], payload: bytes) -> _M:
        """The message in a payload, or Malformed. Bytes after the last field are a newer version's."""
        message = field_type(cls).parse(Reader(payload))
        assert isinstance(message, cls)
        return message

    def frame(self, seq: int, number: int = 0) -> Frame:
        """The frame that holds it, without a seal."""
        return Frame(self.KIND, seq, number, self.emit())


KINDS: dict[int, type[Message]] = {}  #: every kind that this package knows, by number


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen. As it stands: the likeliest one, until the model ends the answer."""

    max_tokens: U32 = 0  #: most tokens to generate; 0 for as many as the context takes
    temperature: F32 = 0.0  #: 0 takes the likeliest token every time; higher is more varied
    top_k: U32 = 0  #: only this many of the likeliest tokens; 0 for all
    top_p: F32 = 1.0  #: only the likeliest tokens that together reach this probability; 1 for all
    min_p: F32 = 0.0  #: only tokens at least this likely relative to the likeliest; 0 for all
    repetition_penalty: F32 = 1.0  #: divides the score of every token seen before; 1 for none
    presence_penalty: F32 = 0.0  #: subtracted from the score of every token generated before; 0 for none
    frequency_penalty: F32 = 0.0  #: subtracted once for each time that a token was generated before; 0 for none
    seed: U64 = 0  #: same seed and same request, same answer


@dataclass(frozen=True)
class Hello(Message, kind=0x01, scope=Scope.SESSION):
    """Begins a session, or goes on with one after the link failed."""

    version_min: U8
    version_max: U8
    client: U64  #: drawn when the client starts, kept when its link fails
    nonce: U64  #: fresh for every Hello: comes back in the Identify
    heartbeat_ms: U16  #: how often the client wants a Heartbeat; 0 for never
    name: Text32


@dataclass(frozen=True)
class Ping(Message, kind=0x02, scope=Scope.SESSION):
    """Asks whether the runtime is there."""

    nonce: U32


@dataclass(frozen=True)
class EStop(Message, kind=0x03, scope=Scope.SESSION):
    """Emergency stop."""


@dataclass(frozen=True)
class Reset(Message, kind=0x04, scope=Scope.SESSION):
    """Ends an emergency stop; the runtime is disarmed then."""

    stop: U32  #: the number of the stop that is to be ended


@dataclass(frozen=True)
class Arm(Message, kind=0x05, scope=Scope.SESSION):
    """Lets a disarmed runtime generate again."""

    stop: U32  #: the number of the last stop


@dataclass(frozen=True)
class Monitor(Message, kind=0x06, scope=Scope.SESSION):
    """Asks for a copy of every frame of the runtime, or for no more of them."""

    on: bool


@dataclass(frozen=True)
class Generate(Message, kind=0x10, scope=Scope.REQUEST):
    """Asks for an answer."""

    key: U64  #: the same key and the same fields are the same request, done once; 0 for none
    priority: Priority
    deadline_ms: U32  #: from the receipt of this frame; 0 for no limit
    window: U32  #: bytes that may be sent ahead of Ack; 0 for all, without Ack
    sampling: Sampling
    form: Form
    thinking: Thinking
    has_system: bool
    system_len: U32
    prompt_len: U32
    text_crc: U32  #: of the system text and the prompt
    grammar: GrammarForm  #: what the answer has to follow
    grammar_hash: Sha256  #: of the upload that says what; zeros without a grammar
    has_fallback: bool
    fallback: Annotated[str, Str(64)]
    stops: Annotated[tuple[str, ...], ListOf(4, Str(32))]
    text: Annotated[bytes, Bytes(PIECE)]  #: the first bytes; Text frames bring the rest


@dataclass(frozen=True)
class Text(Message, kind=0x11, scope=Scope.REQUEST):
    """The next piece of a request's text."""

    offset: U32
    text: Annotated[bytes, Bytes(PIECE)]


@dataclass(frozen=True)
class Cancel(Message, kind=0x12, scope=Scope.REQUEST):
    """Ends a request."""


@dataclass(frozen=True)
class Ack(Message, kind=0x13, scope=Scope.REQUEST):
    """Says how much of an answer has arrived."""

    received: U32
    window: U32  #: bytes that may be sent after those
    ended: bool  #: the request's end has arrived too


@dataclass(frozen=True)
class Resend(Message, kind=0x14, scope=Scope.REQUEST):
    """Asks for a part of an answer again."""

    offset: U32
    len: U32


@dataclass(frozen=True)
class Command(Message, kind=0x15, scope=Scope.REQUEST):
    """Asks for the commands that a sentence means."""

    key: U64  #: the same key and the same fields are the same request, done once; 0 for none
    priority: Priority
    deadline_ms: U32  #: from the receipt of this frame; 0 for no limit
    window: U32  #: bytes that may be sent ahead of Ack; 0 for all, without Ack
    set: U32  #: the id of the command set
    sentence_len: U32
    text_crc: U32  #: of the sentence
    has_fallback: bool
    fallback: Annotated[bytes, Bytes(COMMAND)]  #: a command, encoded
    text: Annotated[bytes, Bytes(PIECE)]  #: the first bytes; Text frames bring the rest


@dataclass(frozen=True)
class UploadBegin(Message, kind=0x20, scope=Scope.REQUEST):
    """Begins an upload, or goes on with one."""

    what: UploadKind
    size: U32
    sha256: Sha256
    keep_s: U32  #: seconds after its last use; 0 for as long as the runtime likes
    name: Text32


@dataclass(frozen=True)
class UploadData(Message, kind=0x21, scope=Scope.REQUEST):
    """A chunk of an upload."""

    offset: U32
    data: Annotated[bytes, Bytes(PIECE)]


@dataclass(frozen=True)
class UploadList(Message, kind=0x22, scope=Scope.REQUEST):
    """Asks for one entry of the list of uploads."""

    index: U16


@dataclass(frozen=True)
class UploadDelete(Message, kind=0x23, scope=Scope.REQUEST):
    """Deletes an upload."""

    sha256: Sha256


@dataclass(frozen=True)
class Identify(Message, kind=0x81, scope=Scope.SESSION):
    """Says who the runtime is and what it takes."""

    version_min: U8
    version_max: U8
    boot_id: U64  #: differs each time the runtime starts
    schema: U64  #: fingerprint of the runtime's message tables
    client_nonce: U64  #: the Hello's; 0 if this answers none
    nonce: U64  #: fresh for every Identify
    kept: U16  #: requests of this client that the runtime still has
    features: U32  #: see `Features`
    safety: SafetyState
    stop: U32  #: the number of the last emergency stop; 0 for none
    max_frame: U16  #: longest frame that the runtime takes
    max_text: U32  #: longest system text and prompt of one request, together
    context: U32  #: tokens of context that one request can use
    max_parallel: U16  #: requests that run side by side
    max_requests: U16  #: requests of one client that have not ended
    linger_s: U16  #: seconds for which requests outlive the link
    upload_quota: U32  #: bytes of uploads for one client
    set: U32  #: id of its command set; 0 for none
    models: Annotated[tuple[str, ...], ListOf(3, Str(32))]
    commands: Text32  #: name of its command set; empty for none


@dataclass(frozen=True)
class Pong(Message, kind=0x82, scope=Scope.SESSION):
    """Answers a Ping."""

    nonce: U32


@dataclass(frozen=True)
class Safety(Message, kind=0x83, scope=Scope.SESSION):
    """Says whether the runtime may generate anything."""

    state: SafetyState
    stop: U32  #: the number of the last emergency stop; 0 for none


@dataclass(frozen=True)
class Heartbeat(Message, kind=0x84, scope=Scope.SESSION):
    """Says how the runtime is; sent by the thread that computes."""

    uptime_ms: U64
    steps: U64  #: steps computed: while `running` is not 0, it grows
    running: U16
    queued: U16
    parked: U16
    safety: SafetyState
    tokens_per_s: F32
    temperature: F32  #: degrees Celsius; -273.15 where there is no sensor
    free_kib: U32
    lost: U32  #: frames from this client that arrived damaged or never


@dataclass(frozen=True)
class Mirror(Message, kind=0x85, scope=Scope.SESSION):
    """A piece of a frame that the runtime received or sent."""

    at_us: U64
    connection: U32
    sent: bool
    dropped: U32  #: frames that could not be mirrored since the last that was
    total: U16  #: length of the whole frame before stuffing
    offset: U16
    data: Annotated[bytes, Bytes(192)]


@dataclass(frozen=True)
class Error(Message, kind=0x8F, scope=Scope.EITHER):
    """Says what went wrong."""

    code: ErrorCode
    ends: bool  #: the request has ended by it, or never began
    message: Annotated[str, Str(160)]


@dataclass(frozen=True)
class Token(Message, kind=0x90, scope=Scope.REQUEST):
    """A piece of an answer."""

    offset: U32
    text: Annotated[str, Str(216)]


@dataclass(frozen=True)
class Done(Message, kind=0x91, scope=Scope.REQUEST):
    """Ends an answer."""

    reason: Reason
    prompt_tokens: U32
    output_tokens: U32
    text_len: U32
    answer_at: U32  #: where in the text the answer begins, or in commands the fallback: not 0 only before a fallback
    queue_us: U64
    prefill_us: U64
    first_token_us: U64
    total_us: U64


@dataclass(frozen=True)
class Accepted(Message, kind=0x92, scope=Scope.REQUEST):
    """Acknowledges a request, or a part of its text."""

    received: U32
    window: U32


@dataclass(frozen=True)
class CommandReply(Message, kind=0x93, scope=Scope.REQUEST):
    """One command of an answer, whole."""

    offset: U32
    data: Annotated[bytes, Bytes(COMMAND)]


@dataclass(frozen=True)
class Upload(Message, kind=0xA0, scope=Scope.REQUEST):
    """Says how an upload stands."""

    state: UploadState
    received: U32
    window: U32
    expires_s: U32


@dataclass(frozen=True)
class UploadItem(Message, kind=0xA1, scope=Scope.REQUEST):
    """One of this client's uploads."""

    index: U16
    count: U16  #: how many there are
    what: UploadKind
    size: U32
    received: U32
    expires_s: U32
    sha256: Sha256
    name: Text32
