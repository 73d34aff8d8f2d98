"""The protocol's named numbers."""

from enum import IntEnum, IntFlag


class Open(IntEnum):
    """An enum that may grow: a number that a newer runtime sends becomes a member `NEWER_<number>`."""

    @classmethod
    def _missing_(cls, value: object) -> "Open | None":
        if not isinstance(value, int) or not 0 <= value <= 255:
            return None
        member = int.__new__(cls, value)
        member._name_ = f"NEWER_{value}"
        member._value_ = value
        return member


class Priority(Open):
    """Whose work is done first."""

    LOW = 0  #: when nothing else is to be done
    NORMAL = 1  #: as most requests
    HIGH = 2  #: before those
    URGENT = 3  #: before everything


class Form(Open):
    """What a prompt is."""

    CHAT = 0  #: a user's words: the model's chat template is put around them
    RAW = 1  #: the very text that the model is to continue
    CONVERSATION = 2  #: a conversation in JSON: an object with `messages` and, if there are any, `tools` and `tool_choice`


class Thinking(Open):
    """Whether the model is to think first."""

    DEFAULT = 0  #: as the chat template has it
    OFF = 1  #: answer at once
    ON = 2  #: think first


class GrammarForm(Open):
    """What an answer has to follow."""

    NONE = 0  #: nothing
    JSON_SCHEMA = 1  #: JSON that meets a JSON Schema
    REGEX = 2  #: a regular expression, as a whole
    LARK = 3  #: a grammar in llguidance's dialect of Lark


class UploadKind(Open):
    """What an upload holds."""

    IMAGE = 1  #: a picture
    AUDIO = 2  #: sound
    GRAMMAR = 3  #: a grammar


class SafetyState(Open):
    """Whether the runtime may generate anything."""

    ARMED = 0  #: it may
    STOPPED = 1  #: an emergency stop is latched, until Reset and then Arm
    DISARMED = 2  #: after a Reset, until Arm


class ErrorCode(Open):
    """What kind of error it is."""

    MALFORMED = 1  #: a field does not hold what it should
    UNSUPPORTED = 2  #: a kind, version or value that this runtime does not know
    ID_IN_USE = 3  #: the id belongs to a request that is still running
    UNKNOWN_ID = 4  #: no request has this id, or it has ended
    TOO_LONG = 5  #: the prompt is longer than the runtime takes, or than the context
    INCOMPLETE = 6  #: a piece of the prompt is missing, out of order, late or not UTF-8
    BUSY = 7  #: too many requests at once: try again later
    PARAMETER = 8  #: a parameter is out of its range
    STOPPING = 9  #: the runtime is going down
    INTERNAL = 10  #: the runtime failed
    NO_SESSION = 11  #: no Hello was received on this connection since the runtime started
    KEY_REUSED = 12  #: the key belongs to a request with other contents
    STOPPED = 13  #: an emergency stop is latched
    DISARMED = 14  #: the runtime is not armed
    DENIED = 15  #: this link or user may not do that, or the frame's seal does not hold
    QUOTA = 16  #: no room for so much
    INTEGRITY = 17  #: what arrived is not what its checksum or hash announced


class Reason(Open):
    """Why an answer ended."""

    STOP = 1  #: the model ended it
    LENGTH = 2  #: `max_tokens` were generated
    CONTEXT = 3  #: the context is full
    STOP_STRING = 4  #: one of the request's stop strings came up; it is not part of the answer
    CANCELLED = 5  #: the client cancelled it
    DEADLINE = 6  #: its deadline came; what was generated until then is the answer
    FALLBACK = 7  #: its deadline came, and the fallback took the answer's place
    STOPPED = 8  #: an emergency stop ended it
    GRAMMAR = 9  #: its grammar could not be followed any further; what there is does not meet it


class UploadState(Open):
    """What became of an upload."""

    RECEIVING = 1  #: some of it is missing
    STORED = 2  #: all of it is there and its hash holds
    DELETED = 3  #: it is gone


class Features(IntFlag):
    """What a runtime can do."""

    UPLOADS = 1
    PICTURES = 2
    SOUND = 4
    COMMANDS = 8
    SEALED = 16  #: frames must be sealed
