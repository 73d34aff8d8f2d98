"""The client for asyncio. `qwark.connect` is the same for programs without it.

    async with qwark.aio.connect("unix:/run/qwark.sock") as q:
        async for piece in q.generate("go forward"):
            print(piece.text)
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
import hashlib
from typing import Any, Generic, TypeVar

from .commands import Codec, CommandModule
from .enums import ErrorCode, Form, GrammarForm, Priority, Thinking, UploadKind
from .errors import IncompatibleError, LinkError, QwarkError, RequestError
from .events import Answered, Commanded, Ended, Event, Failed, Incompatible, Live, Lost, Piece, Refused
from .frame import Counters
from .links import Address, Link
from .messages import Command, Done, Generate, Heartbeat, Identify, Mirror, Safety, Sampling, Upload, UploadItem
from .mirrors import Assembly, Mirrored
from .reception import Ignored
from .results import CommandsResult, Result
from .session import Session
from .stop import Stop
from .tools import conversation

TIMEOUT = 10.0  #: seconds without a runtime after which calls fail, unless another time is given
WINDOW = 4096  #: bytes of an answer that may be on their way
_REOPEN = 0.2  # seconds between two attempts to open a link
_WATCH = 0.25  # seconds between two looks at what has waited too long
_CHUNK = 256  # bytes handed to the link at once: whatever is urgent waits for no more than these
_GOODBYE = 0.5  # seconds that the last frames may take

_T = TypeVar("_T")
_Item = TypeVar("_Item")
_End = TypeVar("_End")


class _Waiter:
    """Where the events of one ticket go."""

    def __init__(self, since: float) -> None:
        self.since = since
        self._events: asyncio.Queue[Event | QwarkError] = asyncio.Queue()

    def put(self, event: Event | QwarkError) -> None:
        self._events.put_nowait(event)

    async def get(self) -> Event:
        event = await self._events.get()
        if isinstance(event, QwarkError):
            raise event
        if isinstance(event, Failed):
            raise RequestError(event.code, event.message)
        return event


class _Reply(ABC, Generic[_Item, _End]):
    """An answer while it comes: iterate over what it consists of, then ask for its result; or only for the result."""

    def __init__(self, client: "Client", ticket: int, waiter: _Waiter) -> None:
        self._client = client
        self.ticket = ticket  #: the id of its frames
        self._waiter = waiter
        self._end: _End | QwarkError | None = None

    @abstractmethod
    def _take(self, event: Event) -> _Item:
        """What an event that is not the end brings."""

    @abstractmethod
    def _ended(self, done: Done) -> _End:
        """The result."""

    def __aiter__(self) -> "_Reply[_Item, _End]":
        return self

    async def __anext__(self) -> _Item:
        """The next one. Raises RequestError or LinkError if the request ends by it."""
        if isinstance(self._end, QwarkError):
            raise self._end
        if self._end is None:
            try:
                event = await self._waiter.get()
            except QwarkError as error:
                self._end = error
                raise
            if not isinstance(event, Ended):
                return self._take(event)
            self._end = self._ended(event.done)
        raise StopAsyncIteration

    async def result(self) -> _End:
        """Waits for the end. Raises like the iteration."""
        async for _ in self:
            pass
        assert self._end is not None and not isinstance(self._end, QwarkError)
        return self._end

    async def cancel(self) -> None:
        """Ends it early. The iteration ends as soon as the runtime has confirmed it, with the reason Cancelled."""
        await self._client._cancel(self.ticket)


class Answer(_Reply[Piece, Result]):
    """Pieces of text, then a `Result`."""

    _streamed = ""

    def _take(self, event: Event) -> Piece:
        assert isinstance(event, Piece)
        self._streamed += event.text
        return event

    def _ended(self, done: Done) -> Result:
        return Result.of(done, self._streamed)


class Commands(_Reply[Any, CommandsResult]):
    """Commands, each as soon as the runtime has it, then a `CommandsResult`."""

    def __init__(self, client: "Client", ticket: int, waiter: _Waiter, codec: Codec) -> None:
        super().__init__(client, ticket, waiter)
        self._codec = codec
        self._commands: list[Any] = []

    def _take(self, event: Event) -> Any:
        assert isinstance(event, Commanded)
        command = self._codec.decode(event.data)
        self._commands.append(command)
        return command

    def _ended(self, done: Done) -> CommandsResult:
        return CommandsResult.of(done, self._commands)


class Client:
    """A client of one runtime. Enter it, or `open` it, before use.

    The link is opened again whenever it fails, and what was asked for goes on where it was. A call fails with LinkError only
    when the runtime could not be reached for `timeout` seconds.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout: float = TIMEOUT,
        name: str = "qwark-python",
        client: int | None = None,
        key: bytes | None = None,
        heartbeat: float = 1.0,
    ) -> None:
        """`address` is `unix:PATH` or `serial:PORT[:BAUD]`. `client` is a number that says who this client is (None: a new
        one). `key` of 32 bytes seals the link. `heartbeat` is how often the runtime shows that it works, in seconds (at least
        0.1; 0 for never): a link that is silent for three times as long is taken for lost. ValueError if one is out of range."""
        if heartbeat and not 0.1 <= heartbeat <= 65.535:
            raise ValueError("heartbeat is 0, or 0.1 to 65.535 seconds")
        self._address = Address(address)
        self._timeout = timeout
        self._session = Session(
            name=name, client=client, key=key, heartbeat=heartbeat, max_frame=self._address.max_frame, baud=self._address.baud
        )
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._waiters: dict[int, _Waiter] = {}
        self._opening: list[_Waiter] = []
        self._monitors: list[_Waiter] = []
        self._lost_at = 0.0
        self._why = "the link was not opened"
        self._end: LinkError | None = None  # after which no call succeeds

    async def __aenter__(self) -> "Client":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Opens the link and waits for the runtime's first answer. LinkError if none comes in time."""
        self._lost_at = self._now()
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._watch())]
        waiter = _Waiter(self._lost_at)
        self._opening.append(waiter)
        try:
            await waiter.get()
        except QwarkError:
            await self.close()
            raise
        finally:
            self._opening.remove(waiter)

    async def close(self) -> None:
        """Cancels what has not ended and closes the link."""
        for ticket in list(self._waiters):
            self._session.cancel(ticket)
        self._fail_all(LinkError("the client was closed"))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    @property
    def identify(self) -> Identify | None:
        """Who the runtime is and what it takes, as it said last."""
        return self._session.identify

    @property
    def safety(self) -> Safety | None:
        """Whether the runtime may generate anything, as it said last."""
        return self._session.safety

    @property
    def heartbeat(self) -> Heartbeat | None:
        """How the runtime is, as it said last."""
        return self._session.heartbeat

    @property
    def live(self) -> bool:
        """Whether the runtime is reached at the moment."""
        return self._session.live

    @property
    def counters(self) -> tuple[Counters, Ignored]:
        """How good the line is: frames that came damaged, and frames that came well but did not count."""
        return self._session.decoder.counters, self._session.ignored

    def generate(
        self,
        prompt: str,
        *,
        system: str | None = None,
        sampling: Sampling = Sampling(),
        priority: Priority = Priority.NORMAL,
        deadline: float | None = None,
        fallback: str | None = None,
        stops: Sequence[str] = (),
        form: Form = Form.CHAT,
        thinking: Thinking = Thinking.DEFAULT,
        grammar: tuple[GrammarForm, bytes] | None = None,
        key: int = 0,
    ) -> Answer:
        """Asks for an answer.

        `deadline` is in seconds from the runtime's receipt; when it comes, the answer ends with what there is, or with the
        `fallback`. `grammar` is the form of an upload of the kind GRAMMAR, and its SHA-256: the answer follows it. Whoever asks the same with the same `key` gets the same answer, computed once; 0 draws a new one.
        ValueError if a field does not fit into the protocol."""
        request = Generate(
            key=key,
            priority=priority,
            deadline_ms=_milliseconds(deadline),
            window=WINDOW,
            sampling=sampling,
            form=form,
            thinking=thinking,
            has_system=False,
            system_len=0,
            prompt_len=0,
            text_crc=0,
            grammar=GrammarForm.NONE if grammar is None else grammar[0],
            grammar_hash=bytes(32) if grammar is None else grammar[1],
            has_fallback=fallback is not None,
            fallback=fallback or "",
            stops=tuple(stops),
            text=b"",
        )
        self._check()
        ticket = self._session.generate(request, system, prompt)
        return Answer(self, ticket, self._wait_for(ticket))

    def chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        tool_choice: str = "auto",
        **options: Any,
    ) -> Answer:
        """Asks for the next message of a conversation.

        `messages` and `tools` have the form of OpenAI's interface: `{"role": "user", "content": "Go!"}`, `{"type": "function",
        "function": {"name": "go", "parameters": {...}}}`. The answer's calls are held to the tools; its `Result.called` reads them.
        `tool_choice` is "auto", "none", "required", or the name of the tool to call. The other options are those of `generate`.
        ValueError if something is no JSON, or does not fit into the protocol."""
        return self.generate(conversation(messages, tools, tool_choice), form=Form.CONVERSATION, **options)

    def command(
        self,
        sentence: str,
        commands: int | CommandModule,
        *,
        priority: Priority = Priority.NORMAL,
        deadline: float | None = None,
        fallback: Any = None,
        key: int = 0,
    ) -> Commands:
        """Asks for the commands that a sentence means.

        `commands` is the module that `qwark commands codegen --lang python` wrote for the runtime's command set, or the set's id:
        commands are what the module makes of them, or bytes. `deadline` is in seconds from the runtime's receipt; when it comes,
        what is whole by then has been sent, and the `fallback`, which is a command, comes last. `key` is as for `generate`.
        ValueError if a field does not fit into the protocol."""
        codec = Codec(commands)
        request = Command(
            key=key,
            priority=priority,
            deadline_ms=_milliseconds(deadline),
            window=WINDOW,
            set=codec.set,
            sentence_len=0,
            text_crc=0,
            has_fallback=fallback is not None,
            fallback=b"" if fallback is None else codec.encode(fallback),
            text=b"",
        )
        self._check()
        ticket = self._session.command(request, sentence)
        return Commands(self, ticket, self._wait_for(ticket), codec)

    async def upload_grammar(self, form: GrammarForm, text: str, *, keep: int = 0) -> tuple[GrammarForm, bytes]:
        """Uploads a grammar; what it returns is what `generate` takes as `grammar`. `keep` is as for `upload`."""
        data = text.encode()
        await self.upload(UploadKind.GRAMMAR, data, keep=keep)
        return form, hashlib.sha256(data).digest()

    async def cancel(self, answer: Answer | Commands) -> None:
        """Ends an answer early, like its own `cancel`."""
        await answer.cancel()

    async def ping(self) -> float:
        """Asks whether the runtime is there: the round trip in seconds."""
        return await self._ask(self._session.ping(), float)

    async def estop(self) -> Safety:
        """Emergency stop of the runtime: it ends every answer of every client, and gives none until `reset` and `arm`.

        It is repeated until the runtime confirms it, also after this call has failed with LinkError. It does not replace a
        hardware stop."""
        return await self._ask(self._session.estop(), Safety, keep=True)

    async def reset(self) -> Safety:
        """Ends the emergency stop; the runtime is disarmed then. RequestError if another stop has come meanwhile."""
        return await self._ask(self._session.reset(), Safety)

    async def arm(self) -> Safety:
        """Lets a disarmed runtime generate again. RequestError if it is stopped."""
        return await self._ask(self._session.arm(), Safety)

    async def upload(self, kind: UploadKind, data: bytes, *, name: str = "", keep: int = 0) -> Upload:
        """Uploads `data`, which is kept under its SHA-256 until it was not used for `keep` seconds (0: one hour)."""
        return await self._ask(self._session.upload(kind, data, name, keep), Upload, timed=False)

    async def uploads(self) -> list[UploadItem]:
        """This client's uploads."""
        return await self._ask(self._session.list_uploads(), list)

    async def delete_upload(self, sha256: bytes) -> None:
        """Deletes one of this client's uploads."""
        await self._ask(self._session.delete_upload(sha256), Upload)

    async def monitor(self) -> AsyncGenerator[Mirrored, None]:
        """Every frame of every client of the runtime. RequestError if this client may not see them."""
        self._check()
        waiter, assembly = _Waiter(self._now()), Assembly()
        self._monitors.append(waiter)
        self._session.monitor(True)
        self._wake.set()
        try:
            while True:
                piece = await waiter.get()
                whole = assembly.add(piece) if isinstance(piece, Mirror) else None
                if whole is not None:
                    yield whole
        finally:
            self._monitors.remove(waiter)
            self._session.monitor(bool(self._monitors))
            self._wake.set()

    async def _cancel(self, ticket: int) -> None:
        self._session.cancel(ticket)
        self._dispatch()
        self._wake.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _check(self) -> None:
        if self._end is not None:
            raise self._end

    def _wait_for(self, ticket: int) -> _Waiter:
        waiter = self._waiters[ticket] = _Waiter(self._now())
        self._dispatch()
        self._wake.set()
        return waiter

    async def _ask(self, ticket: int, kind: type[_T], *, keep: bool = False, timed: bool = True) -> _T:
        """Waits for the value of what has this ticket; gives it up on failure, unless it is to `keep` on."""
        waiter = self._wait_for(ticket)
        answered = False
        try:
            self._check()
            event = await asyncio.wait_for(waiter.get(), self._timeout if timed else None)
            answered = True
        except asyncio.TimeoutError:
            raise LinkError(f"no answer within {self._timeout} seconds") from None
        finally:
            self._waiters.pop(ticket, None)
            if not answered and not keep:
                self._session.forget(ticket)
        assert isinstance(event, Answered) and isinstance(event.value, kind)
        return event.value

    async def _run(self) -> None:
        """Keeps a link open and the session on it."""
        try:
            while True:
                await self._connection()
                await asyncio.sleep(_REOPEN)
        except LinkError as error:
            self._fail_all(error)
        except Exception as error:  # a mistake in this package is not to leave anyone waiting
            self._fail_all(LinkError(f"the client failed: {error!r}"))
            raise

    async def _connection(self) -> None:
        try:
            link = await self._address.open()
        except OSError as error:
            self._why = str(error)
        else:
            await self._serve(link)

    async def _serve(self, link: Link) -> None:
        self._session.connected(self._now())
        both = [asyncio.create_task(self._read(link)), asyncio.create_task(self._write(link))]
        try:
            ended, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            error = next(iter(ended)).exception()
            if error is not None and not isinstance(error, OSError):
                raise error
            self._why = str(error or "the runtime has closed the link")
        except asyncio.CancelledError:
            both[1].cancel()
            await asyncio.wait(both[1:])
            await self._say_goodbye(link)
            raise
        finally:
            for task in both:
                task.cancel()
            await link.close()
            await asyncio.gather(*both, return_exceptions=True)
            self._session.disconnected(self._why)
            self._dispatch()

    async def _read(self, link: Link) -> None:
        while data := await link.read():
            self._session.receive(data, self._now())
            self._dispatch()
            self._wake.set()

    async def _write(self, link: Link) -> None:
        while True:
            self._wake.clear()
            self._session.tick(self._now())
            data = self._session.send(self._now(), _CHUNK)
            self._dispatch()
            if data:
                await link.write(data)
                continue
            due = self._session.due()
            alarm = None if due is None else asyncio.get_running_loop().call_at(due, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                if alarm is not None:
                    alarm.cancel()

    async def _say_goodbye(self, link: Link) -> None:
        with suppress(OSError, asyncio.TimeoutError):  # the runtime notices later that this client is gone
            await asyncio.wait_for(link.write(self._session.send(self._now())), _GOODBYE)

    async def _watch(self) -> None:
        """Fails what has waited too long for a runtime, also while the link takes no bytes."""
        while True:
            await asyncio.sleep(_WATCH)
            now = self._now()
            self._session.tick(now)
            self._dispatch()
            if self._session.live:
                continue
            error = LinkError(f"no runtime at {self._address.path} for {self._timeout} seconds: {self._why}")
            for ticket, waiter in list(self._waiters.items()):
                if now - max(self._lost_at, waiter.since) > self._timeout:
                    self._session.cancel(ticket)
                    self._waiters.pop(ticket, None)
                    waiter.put(error)
            for waiter in self._opening:
                if now - waiter.since > self._timeout:
                    waiter.put(error)

    def _dispatch(self) -> None:
        """Hands the session's events to those who wait for them."""
        while self._session.events:
            event = self._session.events.popleft()
            if isinstance(event, (Piece, Commanded, Ended, Failed, Answered)):
                self._hand(event)
            elif isinstance(event, Live):
                for waiter in self._opening:
                    waiter.put(event)
            elif isinstance(event, Lost):
                self._lost_at, self._why = self._now(), event.reason
            elif isinstance(event, Incompatible):
                self._fail_all(IncompatibleError(event.reason))
            elif isinstance(event, Mirror) or (isinstance(event, Refused) and event.code is ErrorCode.DENIED):
                failure = RequestError(event.code, event.message) if isinstance(event, Refused) else event
                for waiter in self._monitors:
                    waiter.put(failure)

    def _hand(self, event: Piece | Commanded | Ended | Failed | Answered) -> None:
        waiter = self._waiters.get(event.ticket)
        if waiter is not None:
            waiter.put(event)
            if not isinstance(event, (Piece, Commanded)):
                del self._waiters[event.ticket]

    def _fail_all(self, error: LinkError) -> None:
        self._end = self._end or error
        for waiter in [*self._waiters.values(), *self._opening, *self._monitors]:
            waiter.put(self._end)
        self._waiters.clear()


def _milliseconds(deadline: float | None) -> int:
    """A time limit as the protocol has it."""
    return 0 if deadline is None else max(1, round(deadline * 1000))


def connect(address: str, **options: Any) -> Client:
    """A client of the runtime at `address`, to be entered: `async with connect(...) as q`. Options are those of `Client`."""
    return Client(address, **options)


async def estop(address: str, *, timeout: float = TIMEOUT) -> Safety:
    """Emergency stop of the runtime at `address`, without a session: also of one whose key or version this program lacks.

    It is repeated until the runtime confirms it; LinkError if it does not within `timeout` seconds. Where a client is open, its
    own `estop` is the faster one, and a serial line that it has open cannot be opened again. This does not replace a hardware
    stop."""
    return await Stop(Address(address)).within(timeout)
