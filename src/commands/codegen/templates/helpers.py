

class DecodeError(ValueError):
    """Bytes or a line that are no command of this set."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise DecodeError("the bytes end too early")
        self.at += count
        return piece

    def number(self, width: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(width), "little", signed=signed)


class _Int:
    def __init__(self, low: int, high: int, step: int, width: int) -> None:
        self.low, self.high, self.step, self.width = low, high, step, width

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"{value!r} is not a whole number")
        if not self.low <= value <= self.high or value % self.step:
            raise ValueError(f"{value} is not a multiple of {self.step} from {self.low} to {self.high}")
        return value

    def decode(self, reader: _Reader) -> int:
        return self.check(reader.number(self.width, signed=True))

    def encode(self, value: Any) -> bytes:
        return self.check(value).to_bytes(self.width, "little", signed=True)

    def to_json(self, value: Any) -> str:
        return str(self.check(value))

    def from_json(self, value: Any) -> int:
        return self.check(value)


class _Float:
    """Multiples of factor / 10 ** decimals."""

    def __init__(self, low: int, high: int, factor: int, decimals: int, width: int) -> None:
        self.factor, self.decimals = factor, decimals
        self.steps = _Int(low, high, 1, width)

    def _value(self, steps: int) -> float:
        return steps * self.factor / 10**self.decimals

    def _steps(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{value!r} is not a number")
        try:
            steps = float(value) * 10**self.decimals / self.factor
        except OverflowError:
            steps = float("inf")  # out of every range
        if not self.steps.low - 0.5 < steps < self.steps.high + 0.5:
            raise ValueError(f"{value} is not from {self._value(self.steps.low)} to {self._value(self.steps.high)}")
        # Halves away from zero, as in C and Rust: round() would take them to the even number.
        return self.steps.check(int(steps - 0.5 if steps < 0 else steps + 0.5))

    def decode(self, reader: _Reader) -> float:
        return self._value(self.steps.decode(reader))

    def encode(self, value: Any) -> bytes:
        return self.steps.encode(self._steps(value))

    def to_json(self, value: Any) -> str:
        units = self._steps(value) * self.factor
        whole, fraction = divmod(abs(units), 10**self.decimals)
        digits = f"{fraction:0{self.decimals}}".rstrip("0") if self.decimals else ""
        return f"{'-' if units < 0 else ''}{whole}.{digits or '0'}"

    def from_json(self, value: Any) -> float:
        return self._value(self._steps(value))


class _Enum:
    def __init__(self, kind: Type[enum.Enum], width: int) -> None:
        self.kind, self.width = kind, width
        self.members = list(kind)
        self.indices = {member: index for index, member in enumerate(self.members)}

    def decode(self, reader: _Reader) -> enum.Enum:
        index = reader.number(self.width)
        if index >= len(self.members):
            raise DecodeError(f"there is no value number {index}")
        return self.members[index]

    def encode(self, value: Any) -> bytes:
        return self.indices[self.kind(value)].to_bytes(self.width, "little")

    def to_json(self, value: Any) -> str:
        return _quote(self.kind(value).value)

    def from_json(self, value: Any) -> enum.Enum:
        return self.kind(value)


class _Bool:
    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is not True or False")
        return value

    def decode(self, reader: _Reader) -> bool:
        number = reader.number(1)
        if number > 1:
            raise DecodeError(f"{number} is neither 0 nor 1")
        return number == 1

    def encode(self, value: Any) -> bytes:
        return bytes([self.check(value)])

    def to_json(self, value: Any) -> str:
        return "true" if self.check(value) else "false"

    def from_json(self, value: Any) -> bool:
        return self.check(value)


class _Text:
    def __init__(self, max_len: int, width: int) -> None:
        self.max_len, self.width = max_len, width

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a text")
        if len(value) > self.max_len:
            raise ValueError(f"a text is longer than {self.max_len} characters")
        if any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in value):
            raise ValueError("a text has a control character or half a character")
        return value

    def decode(self, reader: _Reader) -> str:
        return self.check(reader.take(reader.number(self.width)).decode())

    def encode(self, value: Any) -> bytes:
        data = self.check(value).encode()
        return len(data).to_bytes(self.width, "little") + data

    def to_json(self, value: Any) -> str:
        return _quote(self.check(value))

    def from_json(self, value: Any) -> str:
        return self.check(value)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _shape(command: Any) -> Tuple[int, str, Tuple[Tuple[str, bool, Any], ...]]:
    for index, (kind, name, fields) in enumerate(_COMMANDS):
        if type(command) is kind:
            return index, name, fields
    raise ValueError(f"{command!r} is no command of this set")


def decode(data: bytes) -> Command:
    """The command that all of `data` is. Raises DecodeError where it is none."""
    try:
        reader = _Reader(data)
        index = reader.number(1)
        if index >= len(_COMMANDS):
            raise DecodeError(f"there is no command number {index}")
        kind, _, fields = _COMMANDS[index]
        count = sum(optional for _, optional, _ in fields)
        bits = reader.number((count + 7) // 8)
        if bits >> count:
            raise DecodeError("the command claims parameters that there are not")
        values: Dict[str, Any] = {}
        for name, optional, codec in fields:
            there = not optional or bits & 1
            bits >>= int(optional)
            values[name] = codec.decode(reader) if there else None
        if reader.at != len(data):
            raise DecodeError("there are more bytes than the command has")
        return kind(**values)
    except DecodeError:
        raise
    except ValueError as error:
        raise DecodeError(str(error)) from error


def encode(command: Command) -> bytes:
    """The bytes of `command`, numbers rounded to their step. Raises ValueError where a value is out of its range."""
    index, _, fields = _shape(command)
    count, bits, data = 0, 0, b""
    for name, optional, codec in fields:
        value = getattr(command, name)
        if optional:
            bits |= (value is not None) << count
            count += 1
        if value is not None or not optional:
            data += codec.encode(value)
    return bytes([index]) + bits.to_bytes((count + 7) // 8, "little") + data


def to_json(command: Command) -> str:
    """The line of `command`, as a model writes it. Raises ValueError where a value is out of its range."""
    _, name, fields = _shape(command)
    given = [(field, codec, getattr(command, field), optional) for field, optional, codec in fields]
    parts = [f'"{field}":{codec.to_json(value)}' for field, codec, value, optional in given if value is not None or not optional]
    return f'{{"{name}":{{{",".join(parts)}}}}}'


def from_json(line: str) -> Command:
    """The command that `line` is, spelled as `to_json` does. Raises DecodeError where it is none."""
    try:
        ((wanted, values),) = json.loads(line).items()
        kind, fields = next((kind, fields) for kind, name, fields in _COMMANDS if name == wanted)
        codecs = {name: codec for name, _, codec in fields}
        read = {name: None for name, optional, _ in fields if optional}
        command = kind(**{**read, **{name: codecs[name].from_json(value) for name, value in values.items()}})
        if to_json(command) == line:
            return command
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration, RecursionError) as error:
        raise DecodeError(f"no command of this set: {line!r}") from error
    raise DecodeError(f"not spelled as it should be: {line!r}")
