"""Frames: their bytes on the line, and the decoder that finds them there again."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
import struct

from .checksum import crc32c
from .cobs import stuff, unstuff

VERSION = 1  #: the protocol version that this package speaks
SMALL_FRAME = 320  #: longest frame, before stuffing, that either end takes before it has heard more
MAX_FRAME = 4096  #: longest frame that the decoder takes
DELIMITER = b"\0"  #: follows every frame

_HEADER = struct.Struct("<BBHHI")
_CRC = struct.Struct("<I")
HEADER_LEN = _HEADER.size  #: bytes before the payload
SEAL_LEN = 12  #: bytes of a seal: its counter and its tag
CRC_LEN = _CRC.size  #: bytes after everything else
_SHORTEST = HEADER_LEN + CRC_LEN


@dataclass(frozen=True)
class Frame:
    """One frame, before stuffing and without its checksum."""

    kind: int
    seq: int
    id: int
    payload: bytes = b""
    version: int = VERSION
    seal: bytes = b""  #: counter and tag, or nothing

    def header_and_payload(self) -> bytes:
        """What a seal vouches for."""
        return _HEADER.pack(self.version, self.kind, len(self.payload), self.seq, self.id) + self.payload

    def raw(self) -> bytes:
        """The frame before stuffing, checksum included."""
        body = self.header_and_payload() + self.seal
        return body + _CRC.pack(crc32c(body))

    def emit(self) -> bytes:
        """The frame as it goes on the line, delimiter included."""
        return stuff(self.raw()) + DELIMITER

    @staticmethod
    def parse(raw: bytes) -> "Frame | Loss":
        """The frame in `raw` (unstuffed, with its checksum), or the reason why there is none."""
        if len(raw) < _SHORTEST:
            return Loss.SHORT
        body = raw[:-CRC_LEN]
        if _CRC.unpack(raw[-CRC_LEN:]) != (crc32c(body),):
            return Loss.CHECKSUM
        version, kind, length, seq, number = _HEADER.unpack_from(body)
        if len(body) - HEADER_LEN not in (length, length + SEAL_LEN):
            return Loss.LENGTH
        end = HEADER_LEN + length
        return Frame(kind, seq, number, body[HEADER_LEN:end], version, body[end:])


class Loss(Enum):
    """Why a decoder dropped a frame. The values are the names of the counters."""

    STUFFING = "stuffing"
    SHORT = "short"
    CHECKSUM = "checksum"
    LENGTH = "length"
    OVERSIZED = "oversized"


@dataclass
class Counters:
    """What a decoder has seen since it was made."""

    frames: int = 0  #: good ones
    stuffing: int = 0  #: dropped: the delimiter came inside a block
    short: int = 0  #: dropped: shorter than any frame
    checksum: int = 0  #: dropped: the checksum does not hold
    length: int = 0  #: dropped: its length is not the one that it says
    oversized: int = 0  #: dropped: longer than the buffer

    def count(self, loss: Loss) -> None:
        """Adds one dropped frame."""
        setattr(self, loss.value, getattr(self, loss.value) + 1)

    @property
    def dropped(self) -> int:
        """Frames dropped for any cause."""
        return self.stuffing + self.short + self.checksum + self.length + self.oversized


class _State(Enum):
    COLLECTING = auto()
    DISCARDING = auto()  # up to the next delimiter: the tail of an oversized frame is never read as a frame


class Decoder:
    """Finds the frames in a stream of bytes, whatever lies between them."""

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self.counters = Counters()
        self._max_frame = max_frame
        self._max_stuffed = max_frame + max_frame // 254 + 1
        self._buffer = bytearray()
        self._state = _State.COLLECTING

    def restart(self) -> None:
        """Forgets what has come of a frame: the rest will not come, the line is another. The counters go on."""
        self._buffer.clear()
        self._state = _State.COLLECTING

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes. It must be run to its end."""
        *pieces, rest = data.split(DELIMITER)
        for piece in pieces:
            self._collect(piece)
            frame = self._delimited()
            if frame is not None:
                yield frame
        self._collect(rest)

    def _collect(self, piece: bytes) -> None:
        if self._state is _State.DISCARDING:
            return
        if len(self._buffer) + len(piece) > self._max_stuffed:
            self.counters.count(Loss.OVERSIZED)
            self._buffer.clear()
            self._state = _State.DISCARDING
        else:
            self._buffer += piece

    def _delimited(self) -> Frame | None:
        discarding, self._state = self._state is _State.DISCARDING, _State.COLLECTING
        stuffed = bytes(self._buffer)
        self._buffer.clear()
        if discarding or not stuffed:
            return None
        found = self._read(stuffed)
        if isinstance(found, Loss):
            self.counters.count(found)
            return None
        self.counters.frames += 1
        return found

    def _read(self, stuffed: bytes) -> Frame | Loss:
        raw = unstuff(stuffed)
        if raw is None:
            return Loss.STUFFING
        if len(raw) > self._max_frame:
            return Loss.OVERSIZED
        return Frame.parse(raw)
