"""Commands as a program has them: as bytes, or as what the code that was generated from their set makes of these."""

from collections.abc import Callable
from typing import Any, Protocol

from .messages import COMMAND


class CommandModule(Protocol):
    """A module that `qwark commands codegen --lang python` has written."""

    SET_ID: int  #: the id of the set

    def decode(self, data: bytes) -> Any:
        """The command in `data`."""

    def encode(self, command: Any) -> bytes:
        """The bytes of a command."""


class Codec:
    """How a program reads and writes the commands of a set."""

    def __init__(self, commands: int | CommandModule) -> None:
        """`commands` is a set's id, and commands are bytes; or a module that was generated from the set."""
        self.set = commands if isinstance(commands, int) else commands.SET_ID  #: the set's id
        self.decode: Callable[[bytes], Any] = bytes if isinstance(commands, int) else commands.decode
        self._encode: Callable[[Any], bytes] = bytes if isinstance(commands, int) else commands.encode

    def encode(self, command: Any) -> bytes:
        """The bytes of a command. ValueError if they are not as many as one can have."""
        data = self._encode(command)
        if not 1 <= len(data) <= COMMAND:
            raise ValueError(f"a command has 1 to {COMMAND} bytes, not {len(data)}")
        return data
