"""Field types: how a value lies on the line, and how the protocol's tables describe it. Parse and emit stand side by side."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import IntEnum
from functools import cache
import math
import struct
from typing import Annotated, Any, get_args, get_origin, get_type_hints


class Malformed(ValueError):
    """A payload does not hold what its kind should."""


class Reader:
    """A payload that is read from its start to its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        piece = self._data[self._at : self._at + count]
        if len(piece) != count:
            raise Malformed("the payload ends too early")
        self._at += count
        return piece


class FieldType:
    """A type of the protocol's tables."""

    name: str  #: as the tables have it
    limit: int = 0  #: most bytes or items; 0 where the type itself says it
    rows: Sequence[tuple[str, "FieldType"]] = ()  #: a record's fields, or a list's item
    values: Sequence[tuple[str, int]] = ()  #: names and numbers of an enum

    def parse(self, reader: Reader) -> Any:
        """Takes a value off the line, or raises Malformed."""
        raise NotImplementedError

    def emit(self, value: Any) -> bytes:
        """The value's bytes, or ValueError where it has none."""
        raise NotImplementedError


class Unsigned(FieldType):
    """An unsigned integer, little-endian."""

    def __init__(self, bits: int) -> None:
        self.name = f"u{bits}"
        self._len = bits // 8

    def parse(self, reader: Reader) -> int:
        return int.from_bytes(reader.take(self._len), "little")

    def emit(self, value: int) -> bytes:
        try:
            return int(value).to_bytes(self._len, "little")
        except OverflowError:
            raise ValueError(f"{value} is no {self.name}") from None


class Float(FieldType):
    """IEEE 754 binary32, finite."""

    name = "f32"

    def parse(self, reader: Reader) -> float:
        (value,) = struct.unpack("<f", reader.take(4))
        if not math.isfinite(value):
            raise Malformed("a number is not finite")
        return float(value)

    def emit(self, value: float) -> bytes:
        try:
            if math.isfinite(value):
                return struct.pack("<f", value)
        except OverflowError:
            pass
        raise ValueError(f"{value} is no finite {self.name}")


class Bool(FieldType):
    """One byte, 0 or 1."""

    name = "bool"

    def parse(self, reader: Reader) -> bool:
        (value,) = reader.take(1)
        if value > 1:
            raise Malformed("a bool is neither 0 nor 1")
        return value == 1

    def emit(self, value: bool) -> bytes:
        return bytes([bool(value)])


class Hash(FieldType):
    """A SHA-256."""

    name = "hash"
    _LEN = 32

    def parse(self, reader: Reader) -> bytes:
        return reader.take(self._LEN)

    def emit(self, value: bytes) -> bytes:
        if len(value) != self._LEN:
            raise ValueError(f"a hash has {self._LEN} bytes, not {len(value)}")
        return value


class Bytes(FieldType):
    """A u16 length and that many bytes."""

    name = "bytes"

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def parse(self, reader: Reader) -> Any:
        length = int.from_bytes(reader.take(2), "little")
        if length > self.limit:
            raise Malformed(f"{length} bytes where {self.limit} are the most")
        return reader.take(length)

    def emit(self, value: Any) -> bytes:
        if len(value) > self.limit:
            raise ValueError(f"{len(value)} bytes where {self.limit} are the most")
        return len(value).to_bytes(2, "little") + bytes(value)


class Str(Bytes):
    """Bytes that are UTF-8."""

    name = "str"

    def parse(self, reader: Reader) -> str:
        try:
            return str(super().parse(reader), "utf-8")
        except UnicodeDecodeError:
            raise Malformed("text is not UTF-8") from None

    def emit(self, value: str) -> bytes:
        return super().emit(value.encode())


class ListOf(FieldType):
    """A u8 count and that many items."""

    name = "list"

    def __init__(self, limit: int, item: FieldType) -> None:
        self.limit = limit
        self.rows = (("item", item),)
        self._item = item

    def parse(self, reader: Reader) -> tuple[Any, ...]:
        (count,) = reader.take(1)
        if count > self.limit:
            raise Malformed(f"{count} items where {self.limit} are the most")
        return tuple(self._item.parse(reader) for _ in range(count))

    def emit(self, value: Sequence[Any]) -> bytes:
        if len(value) > self.limit:
            raise ValueError(f"{len(value)} items where {self.limit} are the most")
        return bytes([len(value)]) + b"".join(self._item.emit(item) for item in value)


class Choice(FieldType):
    """One byte with a list of values. What this package does not know yet is kept as its number."""

    def __init__(self, enum: type[IntEnum]) -> None:
        self.name = enum.__name__
        self.values = tuple((member.name.title().replace("_", ""), member.value) for member in enum)
        self._enum = enum

    def parse(self, reader: Reader) -> IntEnum:
        return self._enum(reader.take(1)[0])

    def emit(self, value: IntEnum) -> bytes:
        return bytes([value])


class Record(FieldType):
    """The fields of a dataclass, one after the other."""

    def __init__(self, cls: type) -> None:
        hints = get_type_hints(cls, include_extras=True)
        self.name = cls.__name__
        self.rows = tuple((field.name, field_type(hints[field.name])) for field in fields(cls))
        self._cls = cls

    def parse(self, reader: Reader) -> Any:
        return self._cls(*(row.parse(reader) for _, row in self.rows))

    def emit(self, value: Any) -> bytes:
        return b"".join(row.emit(getattr(value, name)) for name, row in self.rows)


def field_type(hint: Any) -> FieldType:
    """The field type that a dataclass, or the annotation of one's field, stands for."""
    return _field_type(hint)


@cache
def _field_type(hint: Any) -> FieldType:
    if get_origin(hint) is Annotated:
        declared = get_args(hint)[1]
        assert isinstance(declared, FieldType)
        return declared
    if hint is bool:
        return Bool()
    if is_dataclass(hint):
        return Record(hint)  # type: ignore[arg-type]
    return Choice(hint)


U8 = Annotated[int, Unsigned(8)]  #: a number of one byte
U16 = Annotated[int, Unsigned(16)]  #: a number of two bytes
U32 = Annotated[int, Unsigned(32)]  #: a number of four bytes
U64 = Annotated[int, Unsigned(64)]  #: a number of eight bytes
F32 = Annotated[float, Float()]  #: a finite number
Sha256 = Annotated[bytes, Hash()]  #: a SHA-256
Text32 = Annotated[str, Str(32)]  #: a name
