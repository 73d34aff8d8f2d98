"""The frames that a monitor is shown: pieces put together again."""

from dataclasses import dataclass

from .fields import Malformed
from .frame import Frame
from .messages import KINDS, Message, Mirror


@dataclass(frozen=True)
class Mirrored:
    """A frame that the runtime received or sent."""

    at: float  #: seconds since the runtime started
    connection: int  #: counted from 1 since the runtime started
    sent: bool  #: by the runtime, not to it
    dropped: int  #: frames before it that could not be shown
    frame: Frame

    @property
    def message(self) -> Message | None:
        """What it says, if this package knows its kind."""
        kind = KINDS.get(self.frame.kind)
        try:
            return kind.parse(self.frame.payload) if kind else None
        except Malformed:
            return None


class Assembly:
    """Puts the pieces of one frame together; the next frame's pieces come after them."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._dropped = 0

    def add(self, piece: Mirror) -> Mirrored | None:
        """The frame that `piece` completes. One whose beginning is missing is left out."""
        if piece.offset == 0:
            self._data.clear()
        self._dropped += piece.dropped
        if piece.offset != len(self._data):
            return None
        self._data += piece.data
        if len(self._data) != piece.total:
            return None
        frame = Frame.parse(bytes(self._data))
        self._data.clear()
        if not isinstance(frame, Frame):
            return None
        dropped, self._dropped = self._dropped, 0
        return Mirrored(piece.at_us / 1e6, piece.connection, piece.sent, dropped, frame)
