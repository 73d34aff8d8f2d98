"""Something that a session does until it is answered: the part that answers, uploads and short questions share."""

from collections import deque

from .enums import ErrorCode
from .events import Event, Failed
from .messages import Message


class Activity:
    """One thing that was asked for. The session asks it for frames, and hands it what comes back."""

    needs_session = True  #: whether its frames wait for an Identify

    def __init__(self, ticket: int, events: deque[Event]) -> None:
        self.ticket = ticket  #: also the id of its frames, where they have one
        self.finished = False
        self.farewell: Message | None = None  #: to be sent once it has finished
        self._events = events

    def resume(self, now: float) -> None:
        """A session has begun: whatever was not answered is to be sent again."""
        raise NotImplementedError

    def control(self, now: float) -> Message | None:
        """The next short frame, if one is due."""
        return None

    def bulk(self, room: int, now: float) -> Message | None:
        """The next frame of a longer text, with a payload of `room` bytes at most, if one is due."""
        return None

    def take(self, message: Message, now: float) -> None:
        """Something came that may be about it."""
        raise NotImplementedError

    def due(self) -> float | None:
        """When `tick` has something to do."""
        raise NotImplementedError

    def tick(self, now: float) -> None:
        """Looks at the clock."""
        raise NotImplementedError

    @property
    def exhausted(self) -> bool:
        """Whether it has repeated itself too often without any answer."""
        raise NotImplementedError

    def fail(self, code: ErrorCode, message: str) -> None:
        """Ends it by an error."""
        self.finish(Failed(self.ticket, code, message))

    def finish(self, event: Event) -> None:
        """Ends it, and tells so once."""
        if not self.finished:
            self.finished = True
            self._events.append(event)


def earliest(*times: float | None) -> float | None:
    """The earliest of the times that there are."""
    return min((time for time in times if time is not None), default=None)
