"""The client's side of the protocol as a state machine: bytes in, bytes out, time as an argument, events out.

It does no input or output and has no clock and no thread, so a front can put it on any link, and a test on any fault. Whoever
owns it calls `connected` when there is a line, `receive` with what comes, `tick` when `due` says so, and after each of them
writes what `send` gives and looks at `events`. Times are seconds of one monotonic clock.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto
import hashlib
import os

from .activity import Activity, earliest
from .answer import Answer
from .checksum import crc32c
from .enums import ErrorCode, Features, SafetyState, UploadKind
from .events import Event, Incompatible, Live, Lost, Refused
from .exchange import Deleting, Listing, Pinging, Releasing, Stopping
from .frame import CRC_LEN, DELIMITER, HEADER_LEN, MAX_FRAME, SEAL_LEN, SMALL_FRAME, VERSION, Decoder, Frame
from .messages import Ack, Arm, Command, Done, Error, EStop, Generate, Heartbeat, Hello, Identify, Message, Mirror, Monitor
from .messages import Ping, Pong, Reset, Safety, Scope, UploadBegin
from .reception import Ignored, Reception
from .safety import earlier, known
from .seal import KEY_LEN, Salt, Sealer
from .timer import Timer, first_wait
from .upload import Sending

HELLO_INTERVAL = 0.5  #: seconds between two Hello frames, until one is answered
HEARTBEATS = 3  #: so many missing ones mean that the link is lost
PATIENCE = 5.0  #: seconds of silence, where there are no heartbeats, after which a client that waits says Hello
QUIET = 0.02  #: seconds of silence after which a frame is sent with a delimiter before it too

_UNSEALED_KINDS = {Hello.KIND, EStop.KIND}


class _State(Enum):
    OFFLINE = auto()  # there is no line
    GREETING = auto()  # Hello is said until it is answered
    LIVE = auto()


class Session:
    """A client's session with a runtime, over as many connections and restarts as it takes."""

    def __init__(
        self,
        *,
        name: str = "",
        client: int | None = None,
        key: bytes | None = None,
        heartbeat: float = 1.0,
        max_frame: int = MAX_FRAME,
        baud: int | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """A session that has not begun.

        `client` is who the client is to the runtime (None: a new number; 0: its requests end with each connection). `key` of 32
        bytes seals every frame. `heartbeat` is how often the runtime shows that it works, in seconds; 0 for never. No frame
        longer than `max_frame` is sent, though the runtime may take longer ones: on a bad line short ones are lost less.
        `baud` is the line's speed, None for a fast one. `random` gives that many random bytes.
        """
        if key is not None and len(key) != KEY_LEN:
            raise ValueError(f"a key has {KEY_LEN} bytes, not {len(key)}")
        self._random = random
        self.client = self._draw(8) if client is None else client  #: who this client is to the runtime
        self.events: deque[Event] = deque()  #: what has happened; the owner takes from the left
        self.decoder = Decoder()  #: with the counters of damaged frames
        self.identify: Identify | None = None  #: the runtime's last answer to a Hello
        self.safety: Safety | None = None  #: what the runtime said last
        self.heartbeat: Heartbeat | None = None  #: the last one
        self._name = name
        self._key = key
        self._heartbeat = heartbeat
        self._max_frame = max_frame
        self._first_wait = first_wait(baud)
        self._state = _State.OFFLINE
        self._greeting = Timer(max(HELLO_INTERVAL, self._first_wait), even=True)
        self._nonce: int | None = None  # of the Hello that is not answered yet
        self._sealer: Sealer | None = None
        self._heard = 0.0
        self._sent: float | None = None
        self._seq_out = 0
        self._reception = Reception()
        self._ticket = self._draw(4)
        self._activities: dict[int, Activity] = {}
        self._outbox: deque[tuple[int, Message]] = deque()  # id and message of frames that belong to no activity
        self._monitoring = False
        self._greeter(0).emit()  # what does not fit into a Hello is the caller's mistake: it is told so now

    # What the owner asks for. Each returns a ticket: the events that answer it have the same one.

    def generate(self, request: Generate, system: str | None, prompt: str) -> int:
        """Asks for an answer; the fields of `request` that describe the text are filled in here. Ends as Ended or Failed."""
        before = (system or "").encode()
        text = before + prompt.encode()
        request = replace(
            request,
            key=request.key or self._draw(8),
            has_system=system is not None,
            system_len=len(before),
            prompt_len=len(text) - len(before),
            text_crc=crc32c(text),
            text=b"",
        )
        request.emit()  # a field that does not fit is the caller's mistake: it is told so now
        return self._begin(lambda ticket: Answer(ticket, self.events, request, text, self._first_wait))

    def command(self, request: Command, sentence: str) -> int:
        """Asks for commands; the fields of `request` that describe the sentence are filled in here. Ends as Ended or Failed."""
        text = sentence.encode()
        request = replace(request, key=request.key or self._draw(8), sentence_len=len(text), text_crc=crc32c(text), text=b"")
        request.emit()
        return self._begin(lambda ticket: Answer(ticket, self.events, request, text, self._first_wait))

    def cancel(self, ticket: int) -> None:
        """Ends an answer early: its end then has the reason Cancelled. Nothing happens to one that has ended."""
        activity = self._activities.get(ticket)
        if isinstance(activity, Answer):
            activity.cancel()
            self._settle(activity)

    def upload(self, kind: UploadKind, data: bytes, name: str, keep_s: int) -> int:
        """Uploads `data`. The answer's value is the runtime's `Upload`."""
        begin = UploadBegin(kind, len(data), hashlib.sha256(data).digest(), keep_s, name)
        begin.emit()
        return self._begin(lambda ticket: Sending(ticket, self.events, begin, data, self._first_wait))

    def list_uploads(self) -> int:
        """Lists this client's uploads. The answer's value is a list of `UploadItem`."""
        return self._begin(lambda ticket: Listing(ticket, self.events, Timer(self._first_wait)))

    def delete_upload(self, sha256: bytes) -> int:
        """Deletes an upload. The answer's value is the runtime's `Upload`."""
        return self._begin(lambda ticket: Deleting(ticket, self.events, Timer(self._first_wait), sha256))

    def ping(self) -> int:
        """Asks whether the runtime is there. The answer's value is the round trip in seconds."""
        return self._begin(lambda ticket: Pinging(ticket, self.events, Timer(self._first_wait), lambda: self._draw(4)))

    def estop(self) -> int:
        """Emergency stop, repeated until the runtime confirms it. The answer's value is its `Safety`."""
        return self._begin(lambda ticket: Stopping(ticket, self.events))

    def reset(self) -> int:
        """Ends the last emergency stop that the runtime told of. The answer's value is its `Safety`."""
        return self._begin(lambda ticket: Releasing(ticket, self.events, Timer(self._first_wait), Reset(self._last_stop())))

    def arm(self) -> int:
        """Lets a disarmed runtime generate again. The answer's value is its `Safety`."""
        ticket = self._begin(lambda ticket: Releasing(ticket, self.events, Timer(self._first_wait), Arm(self._last_stop())))
        if self.safety is not None and self.safety.state is SafetyState.STOPPED:
            self.fail(ticket, ErrorCode.STOPPED, "an emergency stop is latched: reset it first")
        return ticket

    def monitor(self, on: bool) -> None:
        """Asks for `Mirror` events of every frame of the runtime, or for no more of them."""
        self._monitoring = on
        if self._state is _State.LIVE:
            self._outbox.append((0, Monitor(on)))

    def fail(self, ticket: int, code: ErrorCode, message: str) -> None:
        """Gives up what has this ticket."""
        activity = self._activities.get(ticket)
        if activity is not None:
            activity.fail(code, message)
            self._settle(activity)

    def forget(self, ticket: int) -> None:
        """Gives up what has this ticket, without a word to anyone."""
        self._activities.pop(ticket, None)

    # The line.

    @property
    def ignored(self) -> Ignored:
        """Counters of undamaged frames that do not count."""
        return self._reception.ignored

    @property
    def live(self) -> bool:
        """Whether the runtime has answered, and is still heard."""
        return self._state is _State.LIVE

    def connected(self, now: float) -> None:
        """There is a new line to the runtime."""
        self.decoder.restart()
        self._sent = None
        self._seq_out = 0
        self._reception.restart()
        self._outbox.clear()
        self._greet("a new connection")

    def disconnected(self, reason: str) -> None:
        """The line is gone."""
        self._lose(reason, _State.OFFLINE)

    def receive(self, data: bytes, now: float) -> None:
        """Takes bytes that came over the line."""
        for frame in self.decoder.feed(data):
            self._take(frame, now)

    def due(self) -> float | None:
        """When `tick` has something to do; None if only the line can bring something."""
        if self._state is _State.OFFLINE:
            return None
        activities = (activity.due() for activity in self._activities.values() if self._runs(activity))
        return earliest(self._greeting.at, self._silent_at(), *activities)

    def tick(self, now: float) -> None:
        """Looks at the clock."""
        if self._state is _State.OFFLINE:
            return
        if self._greeting.expired(now):
            self._nonce = None
        silent_at = self._silent_at()
        if silent_at is not None and now >= silent_at:
            self._greet("nothing is heard any more")
        for activity in self._activities.values():
            if self._runs(activity):
                activity.tick(now)
        if self.live and any(activity.exhausted for activity in self._activities.values()):
            self._greet("a frame was repeated ten times and never answered")

    def send(self, now: float, limit: int | None = None) -> bytes:
        """What is to go over the line now: whole frames, the urgent ones first, and no more of them once there are `limit` bytes."""
        out = bytearray()
        while self._state is not _State.OFFLINE and (limit is None or len(out) < limit):
            following = self._next(now)
            if following is None:
                break
            out += self._framed(*following).emit()
        if not out:
            return b""
        silent = self._sent is None or now - self._sent > QUIET
        self._sent = now
        return DELIMITER + out if silent else bytes(out)

    def _next(self, now: float) -> tuple[int, Message] | None:
        """Id and message of the next frame."""
        for activity in self._activities.values():
            if not activity.needs_session and (message := activity.control(now)):
                return 0, message
        if self._state is _State.GREETING:
            return self._hello(now)
        if self._outbox:
            return self._outbox.popleft()
        for activity in self._activities.values():
            if message := activity.control(now):
                return self._addressed(activity, message)
        for activity in list(self._activities.values()):
            message = activity.bulk(self._room(self._max_frame), now)
            if message is not None and len(message.emit()) > self._room(MAX_FRAME):
                self.fail(activity.ticket, ErrorCode.TOO_LONG, "it does not fit into the frames that the runtime takes")
            elif message is not None:
                self._activities[activity.ticket] = self._activities.pop(activity.ticket)  # the next one's turn
                return self._addressed(activity, message)
        return None

    def _hello(self, now: float) -> tuple[int, Message] | None:
        if self._nonce is not None:
            return None
        self._nonce = self._draw(8)
        if not self._greeting.running:
            self._greeting.start(now)
        return 0, self._greeter(self._nonce)

    def _greeter(self, nonce: int) -> Hello:
        return Hello(VERSION, VERSION, self.client, nonce, round(self._heartbeat * 1000), self._name)

    def _addressed(self, activity: Activity, message: Message) -> tuple[int, Message]:
        return (0 if message.SCOPE is Scope.SESSION else activity.ticket), message

    def _framed(self, number: int, message: Message) -> Frame:
        frame = message.frame(self._seq_out, number)
        self._seq_out = (self._seq_out + 1) & 0xFFFF
        sealed = self.live and self._sealer is not None and message.KIND not in _UNSEALED_KINDS
        return replace(frame, seal=self._sealer.seal(frame)) if sealed and self._sealer else frame

    def _room(self, ours: int) -> int:
        """Bytes of payload in a frame that both ends want."""
        theirs = self.identify.max_frame if self.identify else SMALL_FRAME
        return min(theirs, ours) - HEADER_LEN - CRC_LEN - (SEAL_LEN if self._key else 0)

    def _take(self, frame: Frame, now: float) -> None:
        message = self._reception.read(frame)
        if message is None:
            return
        if isinstance(message, Identify):
            self._identified(frame, message, now)
            return
        if self._key is not None and not (self._sealer is not None and self._sealer.holds(frame)):
            if isinstance(message, Safety):
                self._unproven(message, now)
                return
            if not isinstance(message, Pong):
                self.ignored.unsealed += 1
                return
        self._reception.count(frame.seq)
        self._heard = now
        self._dispatch(frame.id, message, now)

    def _identified(self, frame: Frame, identify: Identify, now: float) -> None:
        answers = self._nonce is not None and identify.client_nonce == self._nonce
        if self._key is not None:
            sealer = Sealer(self._key, Salt(identify.client_nonce, identify.nonce, self.client))
            if not answers or not sealer.holds(frame):
                self.ignored.unsealed += 1
                return
            self._sealer = sealer
        if not answers:
            if self.live and self.identify is not None and identify.boot_id != self.identify.boot_id:
                self._greet("the runtime has restarted")
            return
        restarted = self.identify is not None and identify.boot_id != self.identify.boot_id
        self._state = _State.LIVE
        self._greeting.stop()
        self._nonce = None
        self._heard = now
        self._reception.restart(frame.seq)
        self.identify = identify
        if not identify.version_min <= VERSION <= identify.version_max:
            versions = f"{identify.version_min} to {identify.version_max}"
            self.events.append(Incompatible(f"the runtime speaks the protocol's versions {versions}, this client {VERSION}"))
        elif self._key is None and identify.features & Features.SEALED:
            self.events.append(Incompatible("the runtime takes sealed frames only, and this client has no key"))
        self.events.append(Live(identify, restarted))
        self._resume(restarted, now)

    def _resume(self, restarted: bool, now: float) -> None:
        assert self.identify is not None
        if restarted:
            self.safety = None  # its stops are counted anew
        for activity in self._activities.values():
            activity.resume(now)
        self._outbox.clear()
        if self._monitoring:
            self._outbox.append((0, Monitor(True)))
        if self._key is not None:
            self._outbox.append((0, Ping(self._draw(4))))  # the runtime's side begins with a sealed frame
        self._safety(Safety(self.identify.safety, self.identify.stop), now)

    def _dispatch(self, number: int, message: Message, now: float) -> None:
        if isinstance(message, Error) and message.code is ErrorCode.NO_SESSION:
            if self.live:
                self._greet("the runtime has restarted")
        elif isinstance(message, Safety):
            if self._is_doubtful(message):
                self._greet("the runtime may have restarted")
            self._safety(message, now)
        elif isinstance(message, Heartbeat):
            self.heartbeat = message
            self.events.append(message)
        elif isinstance(message, Mirror):
            self.events.append(message)
        elif isinstance(message, Pong):
            self._offer(message, now)
        elif isinstance(message, Error) and number == 0:
            self.events.append(Refused(message.code, message.message))
        elif number in self._activities:
            self._hand(self._activities[number], message, now)
        else:
            self._forgotten(number, message)

    def _unproven(self, safety: Safety, now: float) -> None:
        """What nothing proves to be the runtime's may confirm a stop while there is no session, and is not remembered."""
        if not self.live and safety.state is SafetyState.STOPPED and not self._is_late(safety):
            self._offer(safety, now)
            return
        self.ignored.unsealed += 1
        if self.live and self._is_stopping():
            self._greet("the runtime may have restarted")

    def _safety(self, safety: Safety, now: float) -> None:
        """Takes in what the runtime may do, unless it is a late repetition."""
        if not known(safety) or self._is_late(safety):
            return
        if safety != self.safety:
            self.safety = safety
            self.events.append(safety)
        self._offer(safety, now)

    def _is_late(self, safety: Safety) -> bool:
        return self.safety is not None and known(safety) and earlier(safety, self.safety)

    def _is_doubtful(self, safety: Safety) -> bool:
        """Whether it may be the answer to an EStop of a runtime that has restarted, and counts anew: only an Identify tells."""
        return self.live and self._is_stopping() and safety.state is SafetyState.STOPPED and self._is_late(safety)

    def _is_stopping(self) -> bool:
        return any(isinstance(activity, Stopping) for activity in self._activities.values())

    def _offer(self, message: Message, now: float) -> None:
        """Hands a message without an id to everything that may wait for it."""
        for activity in list(self._activities.values()):
            self._hand(activity, message, now)

    def _hand(self, activity: Activity, message: Message, now: float) -> None:
        activity.take(message, now)
        self._settle(activity)

    def _settle(self, activity: Activity) -> None:
        if activity.finished:
            self._activities.pop(activity.ticket, None)
            if activity.farewell is not None:
                self._outbox.append((activity.ticket, activity.farewell))

    def _forgotten(self, number: int, message: Message) -> None:
        """Says once more that an end has arrived. An id that the runtime does not know has nothing to be repeated."""
        if isinstance(message, Done):
            self._outbox.append((number, Ack(message.text_len, 0, ended=True)))
        elif isinstance(message, Error) and message.ends and message.code is not ErrorCode.UNKNOWN_ID:
            self._outbox.append((number, Ack(0, 0, ended=True)))

    def _begin(self, make: Callable[[int], Activity]) -> int:
        self._ticket = self._ticket % 0xFFFFFFFF + 1
        while self._ticket in self._activities:
            self._ticket = self._ticket % 0xFFFFFFFF + 1
        self._activities[self._ticket] = make(self._ticket)
        return self._ticket

    def _greet(self, reason: str) -> None:
        """Says Hello until it is answered."""
        self._lose(reason, _State.GREETING)
        self._greeting.stop()
        self._nonce = None

    def _lose(self, reason: str, state: _State) -> None:
        was_live, self._state = self.live, state
        if was_live:
            self.events.append(Lost(reason))

    def _runs(self, activity: Activity) -> bool:
        return self.live or not activity.needs_session

    def _silent_at(self) -> float | None:
        """When to doubt the link. Without heartbeats only what is awaited can be missed: a runtime that has restarted owes nothing."""
        if not self.live:
            return None
        if self._heartbeat:
            return self._heard + HEARTBEATS * self._heartbeat
        return max(self._heard, self._sent or 0.0) + PATIENCE if self._activities else None

    def _last_stop(self) -> int:
        return self.safety.stop if self.safety else 0

    def _draw(self, size: int) -> int:
        """A random number of `size` bytes that is not 0."""
        return int.from_bytes(self._random(size), "little") or 1
