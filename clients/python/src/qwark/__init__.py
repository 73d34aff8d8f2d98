"""Client of the Qwark runtime: answers of a small language model over a serial line or a Unix socket.

    with qwark.connect("unix:/run/qwark.sock") as q:
        for piece in q.generate("go forward"):
            print(piece.text, end="")

`qwark.aio` has the same for asyncio. `qwark.session` is the protocol without any input or output.
"""

from . import aio
from .client import Answer, Client, Commands, connect, estop
from .commands import CommandModule
from .enums import ErrorCode, Features, Form, GrammarForm, Priority, Reason, SafetyState, Thinking, UploadKind, UploadState
from .errors import IncompatibleError, LinkError, QwarkError, RequestError
from .events import Piece
from .keyfile import read_key
from .messages import Heartbeat, Identify, Safety, Sampling, Upload, UploadItem
from .mirrors import Mirrored
from .results import CommandsResult, Result, Timings
from .tools import Called, ToolCall

__all__ = [
    "Answer",
    "Called",
    "Client",
    "CommandModule",
    "Commands",
    "CommandsResult",
    "ErrorCode",
    "Features",
    "Form",
    "GrammarForm",
    "Heartbeat",
    "Identify",
    "IncompatibleError",
    "LinkError",
    "Mirrored",
    "Piece",
    "Priority",
    "QwarkError",
    "Reason",
    "RequestError",
    "Result",
    "Safety",
    "SafetyState",
    "Sampling",
    "Thinking",
    "Timings",
    "ToolCall",
    "Upload",
    "UploadItem",
    "UploadKind",
    "UploadState",
    "aio",
    "connect",
    "estop",
    "read_key",
]
