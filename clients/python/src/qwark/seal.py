"""Seals: the keyed proof that a frame comes from the other end, in this session, for the first time."""

import hashlib
import hmac
import struct
from typing import NamedTuple

from .frame import Frame

KEY_LEN = 32  #: bytes of a link's key
_TAG_LEN = 8
_COUNTER = struct.Struct("<I")
_SALT = struct.Struct("<QQQBI")

FROM_CLIENT = 0  #: direction of a frame that a client sends
FROM_RUNTIME = 1  #: direction of a frame that the runtime sends


class Salt(NamedTuple):
    """What the seals of one session have in common, besides the key."""

    client_nonce: int  #: the Hello's
    runtime_nonce: int  #: the Identify's
    client: int  #: the client's number


def tag(key: bytes, session: Salt, direction: int, counter: int, frame: Frame) -> bytes:
    """The first bytes of HMAC-SHA-256 (RFC 2104) over what makes the session, the counter and the frame."""
    salt = _SALT.pack(*session, direction, counter)
    return hmac.new(key, salt + frame.header_and_payload(), hashlib.sha256).digest()[:_TAG_LEN]


class Sealer:
    """One end of one sealed session: seals what it sends, and checks what it receives."""

    def __init__(self, key: bytes, session: Salt, direction: int = FROM_CLIENT) -> None:
        self._key = key
        self._session = session
        self._direction = direction
        self._sent = 0
        self._taken = 0

    def seal(self, frame: Frame) -> bytes:
        """The seal of the next frame that this end sends."""
        self._sent += 1
        return _COUNTER.pack(self._sent) + tag(self._key, self._session, self._direction, self._sent, frame)

    def holds(self, frame: Frame) -> bool:
        """Whether a received frame's seal holds and is new; then it is not taken a second time."""
        if not frame.seal:
            return False
        (counter,) = _COUNTER.unpack_from(frame.seal)
        theirs = tag(self._key, self._session, 1 - self._direction, counter, frame)
        if counter <= self._taken or not hmac.compare_digest(theirs, frame.seal[_COUNTER.size :]):
            return False
        self._taken = counter
        return True
