"""Short questions: one frame, repeated until its answer comes."""

from collections import deque
from collections.abc import Callable

from .activity import Activity
from .enums import ErrorCode, SafetyState, UploadState
from .events import Answered, Event
from .messages import Arm, Error, EStop, Message, Ping, Pong, Reset, Safety, Upload, UploadDelete, UploadItem, UploadList
from .timer import Timer

ESTOP_INTERVAL = 0.1  #: seconds between two EStop frames, until the stop is confirmed


class Exchange(Activity):
    """One frame, and what it is for."""

    def __init__(self, ticket: int, events: deque[Event], timer: Timer) -> None:
        super().__init__(ticket, events)
        self._timer = timer
        self._send_now = True

    def question(self, now: float) -> Message:
        """The frame to send, for the first time or again."""
        raise NotImplementedError

    @property
    def exhausted(self) -> bool:
        return self._timer.exhausted

    def resume(self, now: float) -> None:
        self._send_now = True
        self._timer.stop()

    def control(self, now: float) -> Message | None:
        if not self._send_now:
            return None
        self._send_now = False
        if not self._timer.running:
            self._timer.start(now)
        return self.question(now)

    def due(self) -> float | None:
        return self._timer.at

    def tick(self, now: float) -> None:
        if self._timer.expired(now):
            self._send_now = True

    def answer(self, value: object) -> None:
        """Ends it with what was asked for."""
        self.finish(Answered(self.ticket, value))


class Pinging(Exchange):
    """A Ping until its Pong. The value is the round trip in seconds."""

    def __init__(self, ticket: int, events: deque[Event], timer: Timer, nonce: Callable[[], int]) -> None:
        super().__init__(ticket, events, timer)
        self._nonce = nonce
        self._sent: dict[int, float] = {}  # each repetition has a nonce of its own, so that the round trip is its own too

    def question(self, now: float) -> Message:
        nonce = self._nonce()
        self._sent[nonce] = now
        return Ping(nonce)

    def take(self, message: Message, now: float) -> None:
        if isinstance(message, Pong) and message.nonce in self._sent:
            self.answer(now - self._sent[message.nonce])


class Stopping(Exchange):
    """EStop until a stop is latched. The value is the `Safety` that says so."""

    needs_session = False

    def __init__(self, ticket: int, events: deque[Event]) -> None:
        super().__init__(ticket, events, Timer(ESTOP_INTERVAL, even=True))

    def question(self, now: float) -> Message:
        return EStop()

    def take(self, message: Message, now: float) -> None:
        if isinstance(message, Safety) and message.state is SafetyState.STOPPED:
            self.answer(message)


class Releasing(Exchange):
    """Reset or Arm until the runtime is where it leads to. The value is the `Safety` that says so."""

    def __init__(self, ticket: int, events: deque[Event], timer: Timer, message: Reset | Arm) -> None:
        super().__init__(ticket, events, timer)
        self._message = message

    def question(self, now: float) -> Message:
        return self._message

    def take(self, message: Message, now: float) -> None:
        if not isinstance(message, Safety):
            return
        if message.stop != self._message.stop:
            self.fail(ErrorCode.STOPPED, f"stop {message.stop} has come after stop {self._message.stop}")
        elif message.state is SafetyState.ARMED or (isinstance(self._message, Reset) and message.state is SafetyState.DISARMED):
            self.answer(message)


class Listing(Exchange):
    """UploadList, entry by entry. The value is a list of `UploadItem`."""

    def __init__(self, ticket: int, events: deque[Event], timer: Timer) -> None:
        super().__init__(ticket, events, timer)
        self._items: list[UploadItem] = []

    def question(self, now: float) -> Message:
        return UploadList(len(self._items))

    def resume(self, now: float) -> None:
        self._items.clear()
        super().resume(now)

    def take(self, message: Message, now: float) -> None:
        if isinstance(message, Error):
            self.fail(message.code, message.message)
        elif isinstance(message, UploadItem) and message.index == len(self._items):
            if message.index < message.count:
                self._items.append(message)
            if len(self._items) >= message.count:
                self.answer(self._items)
            else:
                self._timer.stop()
                self._send_now = True


class Deleting(Exchange):
    """UploadDelete until it is gone. The value is the `Upload` that says so."""

    def __init__(self, ticket: int, events: deque[Event], timer: Timer, sha256: bytes) -> None:
        super().__init__(ticket, events, timer)
        self._sha256 = sha256

    def question(self, now: float) -> Message:
        return UploadDelete(self._sha256)

    def take(self, message: Message, now: float) -> None:
        if isinstance(message, Error):
            self.fail(message.code, message.message)
        elif isinstance(message, Upload) and message.state is UploadState.DELETED:
            self.answer(message)
