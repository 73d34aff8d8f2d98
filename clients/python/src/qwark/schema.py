"""The fingerprint of the message tables: two ends that have the same one were built from the same tables."""

from .fields import FieldType, field_type
from .frame import VERSION
from .messages import KINDS

_OFFSET = 0xCBF29CE484222325
_PRIME = 0x100000001B3


def fnv1a(data: bytes) -> int:
    """64-bit FNV-1a (Fowler, Noll and Vo)."""
    value = _OFFSET
    for byte in data:
        value = (value ^ byte) * _PRIME & 0xFFFFFFFFFFFFFFFF
    return value


def _name(name: str) -> bytes:
    return name.encode() + b"\0"


def _described(declared: FieldType) -> bytes:
    rows = b"".join(_name(name) + _described(row) for name, row in declared.rows)
    values = b"".join(_name(name) + bytes([number]) for name, number in declared.values)
    return _name(declared.name) + declared.limit.to_bytes(4, "little") + rows + values


def fingerprint() -> int:
    """The fingerprint of this package's tables."""
    kinds = sorted(KINDS.items())  # the client's first: the runtime's have bit 7 set
    return fnv1a(bytes([VERSION]) + b"".join(bytes([number, kind.SCOPE]) + _described(field_type(kind)) for number, kind in kinds))
