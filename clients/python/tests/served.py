"""The scripted runtime behind a real socket or a pseudo-terminal, in a thread."""

import os
from pathlib import Path
import select
import socket
import tempfile
from threading import Thread
import time
import tty

from tests.scripted import Runtime


class Served:
    """A runtime at `address`, until the end of the `with`."""

    def __init__(self) -> None:
        self.runtime = Runtime(1)
        self.address = ""
        self._stop = False
        self._hang_up = False
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Served":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._thread.join()

    def hang_up(self) -> None:
        """Ends the connection."""
        self._hang_up = True

    def _connection(self) -> int | None:
        """A file descriptor of a new connection, soon."""
        raise NotImplementedError

    def _serve(self) -> None:
        while not self._stop:
            fd = self._connection()
            if fd is None:
                continue
            self.runtime.connect()
            self._hang_up = False
            try:
                while not self._stop and not self._hang_up:
                    self._exchange(fd)
            except (OSError, EOFError):
                pass
            self._ended(fd)

    def _exchange(self, fd: int) -> None:
        if select.select([fd], [], [], 0.002)[0]:
            data = os.read(fd, 4096)
            if not data:
                raise EOFError
            self.runtime.receive(data, time.monotonic())
        self.runtime.tick(time.monotonic())
        out = self.runtime.send()
        while out:
            out = out[os.write(fd, out) :]

    def _ended(self, fd: int) -> None:
        os.close(fd)


class OnSocket(Served):
    """Behind a Unix socket."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "runtime.sock"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(0.05)
        self.address = f"unix:{path}"

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._listener.close()
        self._folder.cleanup()

    def _connection(self) -> int | None:
        try:
            return self._listener.accept()[0].detach()
        except TimeoutError:
            return None


class OnTerminal(Served):
    """Behind a pseudo-terminal."""

    def __init__(self) -> None:
        super().__init__()
        self._fd, self._client = os.openpty()
        tty.setraw(self._client)
        self.address = f"serial:{os.ttyname(self._client)}:115200"

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        os.close(self._fd)
        os.close(self._client)

    def _connection(self) -> int | None:
        return self._fd

    def _ended(self, fd: int) -> None:
        """The terminal stays."""
