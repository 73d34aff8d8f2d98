"""The client for programs without asyncio: the same calls, which wait. Any number of threads may use one client.

A background thread runs the asyncio client; every call here is handed to it.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from threading import Thread
from typing import Any, Generic, TypeVar

from . import aio
from .commands import CommandModule
from .enums import GrammarForm, UploadKind
from .errors import LinkError
from .events import Piece
from .frame import Counters
from .messages import Heartbeat, Identify, Safety, Upload, UploadItem
from .mirrors import Mirrored
from .reception import Ignored
from .results import CommandsResult, Result

_T = TypeVar("_T")
_Item = TypeVar("_Item")
_End = TypeVar("_End")


class _Background:
    """A thread with an event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="qwark", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs `work` there and waits for it. LinkError if the thread has ended."""
        if self._loop.is_closed():
            work.close()
            raise LinkError("the client was closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # an interrupt of the caller
            raise

    def stop(self) -> None:
        """Ends the thread, after whatever an interrupted caller has left there."""
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class _Reply(Generic[_Item, _End]):
    """An answer while it comes: iterate over what it consists of, then ask for its result; or only for the result."""

    def __init__(self, background: _Background, reply: aio._Reply[_Item, _End]) -> None:
        self._background = background
        self._reply = reply

    def __iter__(self) -> Iterator[_Item]:
        """What it consists of. Raises RequestError or LinkError if the request ends by it."""
        while (following := self._background.run(_next(self._reply))) is not None:
            yield following[0]

    def result(self) -> _End:
        """Waits for the end. Raises like the iteration."""
        return self._background.run(self._reply.result())

    def cancel(self) -> None:
        """Ends it early, from this thread or another. The iteration ends once the runtime has confirmed it."""
        self._background.run(self._reply.cancel())


async def _next(reply: aio._Reply[_Item, _End]) -> tuple[_Item] | None:
    async for item in reply:
        return (item,)
    return None


class Answer(_Reply[Piece, Result]):
    """Pieces of text, then a `Result`."""


class Commands(_Reply[Any, CommandsResult]):
    """Commands, each as soon as the runtime has it, then a `CommandsResult`."""


class Client:
    """A client of one runtime, open from the start. It is closed by `close`, or at the end of a `with`.

    See `qwark.aio.Client` for what the arguments and calls mean: they are the same.
    """

    def __init__(self, address: str, **options: Any) -> None:
        """Waits for the runtime's first answer. LinkError if none comes in time, ValueError if an argument is out of range."""
        self._client = aio.Client(address, **options)
        self._background = _Background()
        try:
            self._background.run(self._client.open())
        except BaseException:
            self._background.stop()
            raise

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancels what has not ended and closes the link."""
        try:
            self._background.run(self._client.close())
        except LinkError:
            return  # it was closed before
        self._background.stop()

    @property
    def identify(self) -> Identify | None:
        """Who the runtime is and what it takes, as it said last."""
        return self._client.identify

    @property
    def safety(self) -> Safety | None:
        """Whether the runtime may generate anything, as it said last."""
        return self._client.safety

    @property
    def heartbeat(self) -> Heartbeat | None:
        """How the runtime is, as it said last."""
        return self._client.heartbeat

    @property
    def live(self) -> bool:
        """Whether the runtime is reached at the moment."""
        return self._client.live

    @property
    def counters(self) -> tuple[Counters, Ignored]:
        """How good the line is: frames that came damaged, and frames that came well but did not count."""
        return self._client.counters

    def generate(self, prompt: str, **options: Any) -> Answer:
        """Asks for an answer. The options are those of `qwark.aio.Client.generate`."""

        async def begin() -> aio.Answer:
            return self._client.generate(prompt, **options)

        return Answer(self._background, self._background.run(begin()))

    def chat(self, messages: Sequence[Mapping[str, Any]], **options: Any) -> Answer:
        """Asks for the next message of a conversation. The options are those of `qwark.aio.Client.chat`."""

        async def begin() -> aio.Answer:
            return self._client.chat(messages, **options)

        return Answer(self._background, self._background.run(begin()))

    def command(self, sentence: str, commands: int | CommandModule, **options: Any) -> Commands:
        """Asks for the commands that a sentence means. The arguments are those of `qwark.aio.Client.command`."""

        async def begin() -> aio.Commands:
            return self._client.command(sentence, commands, **options)

        return Commands(self._background, self._background.run(begin()))

    def upload_grammar(self, form: GrammarForm, text: str, *, keep: int = 0) -> tuple[GrammarForm, bytes]:
        """Uploads a grammar; what it returns is what `generate` takes as `grammar`. `keep` is as for `upload`."""
        return self._background.run(self._client.upload_grammar(form, text, keep=keep))

    def cancel(self, answer: Answer | Commands) -> None:
        """Ends an answer early, like its own `cancel`."""
        answer.cancel()

    def ping(self) -> float:
        """Asks whether the runtime is there: the round trip in seconds."""
        return self._background.run(self._client.ping())

    def estop(self) -> Safety:
        """Emergency stop of the runtime, repeated until it confirms. It does not replace a hardware stop."""
        return self._background.run(self._client.estop())

    def reset(self) -> Safety:
        """Ends the emergency stop; the runtime is disarmed then. RequestError if another stop has come meanwhile."""
        return self._background.run(self._client.reset())

    def arm(self) -> Safety:
        """Lets a disarmed runtime generate again. RequestError if it is stopped."""
        return self._background.run(self._client.arm())

    def upload(self, kind: UploadKind, data: bytes, *, name: str = "", keep: int = 0) -> Upload:
        """Uploads `data`, which is kept under its SHA-256 until it was not used for `keep` seconds (0: one hour)."""
        return self._background.run(self._client.upload(kind, data, name=name, keep=keep))

    def uploads(self) -> list[UploadItem]:
        """This client's uploads."""
        return self._background.run(self._client.uploads())

    def delete_upload(self, sha256: bytes) -> None:
        """Deletes one of this client's uploads."""
        self._background.run(self._client.delete_upload(sha256))

    def monitor(self) -> Iterator[Mirrored]:
        """Every frame of every client of the runtime. RequestError if this client may not see them."""
        mirrors = self._client.monitor()

        async def following() -> Mirrored | None:
            return await anext(mirrors, None)

        try:
            while (mirrored := self._background.run(following())) is not None:
                yield mirrored
        finally:
            self._background.run(mirrors.aclose())


def connect(address: str, **options: Any) -> Client:
    """A client of the runtime at `address`, `unix:PATH` or `serial:PORT[:BAUD]`. The options are those of `qwark.aio.Client`."""
    return Client(address, **options)


def estop(address: str, *, timeout: float = aio.TIMEOUT) -> Safety:
    """Emergency stop of the runtime at `address`, like `qwark.aio.estop`."""
    background = _Background()
    try:
        return background.run(aio.estop(address, timeout=timeout))
    finally:
        background.stop()
