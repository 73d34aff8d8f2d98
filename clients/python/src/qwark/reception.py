"""What a client makes of frames that arrived undamaged: which of them count, and what their numbers say of the line."""

from dataclasses import dataclass

from .fields import Malformed
from .frame import VERSION, Frame
from .messages import KINDS, Error, Identify, Message, Safety, Scope

_STABLE_KINDS = {kind.KIND for kind in (Identify, Safety, Error)}  # read in every version
_FROM_RUNTIME = 0x80
_HALF = 1 << 15  # of the sequence numbers: a number less than this far ahead is a newer one


@dataclass
class Ignored:
    """Frames that arrived well and yet do not count, by cause; and what their numbers say of the line."""

    echo: int = 0  #: of a kind that only clients send
    version: int = 0  #: of a version that this package does not speak
    unknown: int = 0  #: of a kind that it does not know
    malformed: int = 0  #: whose payload does not hold what its kind should
    unsealed: int = 0  #: without a seal that holds, on a link with a key
    lost: int = 0  #: that never arrived, as the gaps in the numbers say
    repeated: int = 0  #: that came again, or late


class Reception:
    """Reads frames and counts those that do not count."""

    def __init__(self) -> None:
        self.ignored = Ignored()
        self._seq: int | None = None

    def restart(self, seq: int | None = None) -> None:
        """The runtime counts its frames from the beginning, or from `seq`."""
        self._seq = seq

    def read(self, frame: Frame) -> Message | None:
        """The frame's message, unless it is one that does not count."""
        kind = KINDS.get(frame.kind)
        if frame.kind < _FROM_RUNTIME:
            self.ignored.echo += 1
        elif frame.version != VERSION and frame.kind not in _STABLE_KINDS:
            self.ignored.version += 1
        elif kind is None:
            self.ignored.unknown += 1
        elif kind.SCOPE is Scope.REQUEST and frame.id == 0:
            self.ignored.malformed += 1
        else:
            try:
                return kind.parse(frame.payload)
            except Malformed:
                self.ignored.malformed += 1
        return None

    def count(self, seq: int) -> None:
        """Looks at a frame's sequence number."""
        ahead = 1 if self._seq is None else (seq - self._seq) & 0xFFFF
        if 0 < ahead < _HALF:
            self.ignored.lost += ahead - 1
            self._seq = seq
        else:
            self.ignored.repeated += 1
