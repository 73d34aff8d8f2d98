"""Consistent overhead byte stuffing (Cheshire and Baker, 1999): bytes without a zero, so that a zero can end a frame."""

_FULL = 254  # most bytes of one block


def stuff(data: bytes) -> bytes:
    """`data` without zero bytes. The delimiter is not part of it."""
    out = bytearray()
    for run in data.split(b"\0"):
        while len(run) >= _FULL:
            out.append(_FULL + 1)
            out += run[:_FULL]
            run = run[_FULL:]
        out.append(len(run) + 1)
        out += run
    if len(out) > 1 and not run:
        full = data[-_FULL:]
        if len(full) == _FULL and 0 not in full:
            out.pop()  # the last block's zero is imagined: after a full block there is none to say
    return bytes(out)


def unstuff(data: bytes) -> bytes | None:
    """What `stuff` was given, or None if `data` ends inside a block or has a zero byte."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        block = data[at + 1 : at + code]
        if code == 0 or len(block) != code - 1:
            return None
        out += block
        at += code
        if code <= _FULL and at < len(data):
            out.append(0)
    return bytes(out)
