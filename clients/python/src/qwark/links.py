"""Links: how bytes get to the runtime and back. An address is `unix:/path/of.sock` or `serial:/dev/ttyUSB0:115200`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import sleep
from typing import Any, Protocol

from .errors import LinkError
from .frame import MAX_FRAME, SMALL_FRAME

BAUD = 115_200  #: of a serial line whose address does not say it
_READ = 65_536  # most bytes taken at once
_BLOCK = 4096  # bytes that may wait in a socket's buffer on this side: what waits longer can still be overtaken
_DRAIN = 0.002  # seconds between two looks at what the port has not sent yet
_POLL = 0.1  # seconds after which a thread that waits for a serial port looks whether it was closed


class Link(Protocol):
    """An open link. Its methods raise OSError when it fails."""

    async def read(self) -> bytes:
        """The next bytes, as soon as there are any; nothing if the other end has closed."""

    async def write(self, data: bytes) -> None:
        """Sends `data`, and returns when the line has taken it."""

    async def close(self) -> None:
        """Closes it. What was written before is still sent."""


class Address:
    """Where a runtime is."""

    def __init__(self, text: str) -> None:
        """ValueError if `text` is no address."""
        scheme, _, rest = text.partition(":")
        if scheme not in ("unix", "serial") or not rest:
            raise ValueError(f"{text!r} is neither unix:PATH nor serial:PORT[:BAUD]")
        self.path = rest
        self.baud: int | None = None  #: of a serial line; None for a socket
        if scheme == "serial":
            path, _, baud = rest.rpartition(":")
            self.path, self.baud = (path, int(baud)) if path and baud.isdecimal() else (rest, BAUD)

    @property
    def max_frame(self) -> int:
        """Longest frame to send there: on a serial line a short one is lost less, and urgent frames wait less for it."""
        return MAX_FRAME if self.baud is None else SMALL_FRAME

    async def open(self) -> Link:
        """Opens the link, or raises OSError; or LinkError where that will never succeed."""
        if self.baud is None:
            reader, writer = await asyncio.open_unix_connection(self.path)
            return _Socket(reader, writer)
        return await _Serial.open(self.path, self.baud)


class _Socket:
    """A Unix socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        writer.transport.set_write_buffer_limits(high=_BLOCK)

    async def read(self) -> bytes:
        return await self._reader.read(_READ)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):  # the other end was faster
            await self._writer.wait_closed()


class _Serial:
    """A serial port of pyserial, whose calls block: one thread reads and one writes."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self._reading = ThreadPoolExecutor(1, "qwark-serial-read")
        self._writing = ThreadPoolExecutor(1, "qwark-serial-write")

    @classmethod
    async def open(cls, path: str, baud: int) -> "_Serial":
        try:
            import serial
        except ModuleNotFoundError:
            raise LinkError("a serial line needs pyserial: pip install 'qwark[serial]'") from None

        def opened() -> Any:
            return serial.Serial(path, baud, timeout=_POLL, exclusive=True)

        try:
            return cls(await asyncio.get_running_loop().run_in_executor(None, opened))
        except ValueError as error:
            raise OSError(f"{path}: {error}") from error

    async def read(self) -> bytes:
        return bytes(await self._on(self._reading, self._read))

    async def write(self, data: bytes) -> None:
        await self._on(self._writing, self._write, data)

    async def close(self) -> None:
        self._port.cancel_write()
        self._port.close()
        self._reading.shutdown(wait=False)
        self._writing.shutdown(wait=False)

    def _read(self) -> bytes:
        while self._port.is_open:
            data = self._port.read(max(1, self._port.in_waiting))
            if data:
                return bytes(data)
        return b""

    def _write(self, data: bytes) -> None:
        self._port.write(data)
        while self._port.is_open and self._port.out_waiting:
            sleep(_DRAIN)  # what was not handed to the port yet can be overtaken by an emergency stop

    @staticmethod
    async def _on(thread: ThreadPoolExecutor, call: Any, *args: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, call, *args)
        except OSError:
            raise
        except Exception as error:  # pyserial raises TypeError, termios.error and others on a port that is gone
            raise OSError(f"the serial port failed: {error}") from error
