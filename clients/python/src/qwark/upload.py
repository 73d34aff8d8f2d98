"""One upload: announced, sent in chunks, taken up again after a pause."""

from collections import deque

from .activity import Activity
from .enums import UploadState
from .events import Answered, Event
from .messages import PIECE, Error, Message, Upload, UploadBegin, UploadData
from .outgoing import Outgoing
from .timer import Timer

_DATA_FIELDS = 6  # bytes of an UploadData's payload that are not data


class Sending(Activity):
    """An UploadBegin until the runtime has stored everything. Its value is the last `Upload`."""

    def __init__(self, ticket: int, events: deque[Event], begin: UploadBegin, data: bytes, first_wait: float) -> None:
        super().__init__(ticket, events)
        self._begin = begin
        self._begun = False  # whether the UploadBegin was sent in this session
        self._known = False  # whether it was answered
        self._outgoing = Outgoing(data)
        self._timer = Timer(first_wait)

    @property
    def exhausted(self) -> bool:
        return self._timer.exhausted

    def resume(self, now: float) -> None:
        self._begun = self._known = False
        self._outgoing.restart()
        self._timer.stop()

    def bulk(self, room: int, now: float) -> Message | None:
        message: Message | None = None
        if not self._begun:
            self._begun = True
            message = self._begin
        elif self._known:
            piece = self._outgoing.piece(min(PIECE, room - _DATA_FIELDS))
            message = UploadData(*piece) if piece else None
        if message is not None and not self._timer.running:
            self._timer.start(now)
        return message

    def take(self, message: Message, now: float) -> None:
        if isinstance(message, Error):
            self.fail(message.code, message.message)
        elif isinstance(message, Upload) and message.state is UploadState.STORED:
            self.finish(Answered(self.ticket, message))
        elif isinstance(message, Upload):
            first, self._known = not self._known, True
            if self._outgoing.acknowledged(message.received, message.window) or first:
                self._timer.start(now)
            else:
                self._timer.answered()

    def due(self) -> float | None:
        return self._timer.at

    def tick(self, now: float) -> None:
        if self._timer.expired(now):
            if self._known and not self._outgoing.blocked and not self._outgoing.complete:
                self._outgoing.go_back()
            else:
                self._begun = False
