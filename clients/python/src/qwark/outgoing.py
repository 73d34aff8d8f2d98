"""Bytes on their way to the runtime, which acknowledges them and says how many more it takes (go-back-N)."""


class Outgoing:
    """Which part of `data` to send next."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.restart()

    def restart(self) -> None:
        """Nothing is known of what the runtime has."""
        self.received = 0
        self._sent = 0
        self._allowed = 0
        self._went_back: int | None = None  # where an acknowledgement without progress has sent us back to already

    @property
    def complete(self) -> bool:
        """Whether the runtime has all of it."""
        return self.received == len(self.data)

    @property
    def blocked(self) -> bool:
        """Whether the runtime takes nothing now."""
        return self._allowed <= self.received

    def sent_first(self, count: int) -> None:
        """The first `count` bytes went with the request itself."""
        self._sent = max(self._sent, count)

    def piece(self, room: int) -> tuple[int, bytes] | None:
        """Offset and bytes of the next frame, if there is something to send and the window is open."""
        count = min(room, self._allowed - self._sent, len(self.data) - self._sent)
        if count <= 0:
            return None
        at = self._sent
        self._sent += count
        return at, self.data[at : self._sent]

    def go_back(self) -> None:
        """Sends from the first byte that is not acknowledged again."""
        self._sent = self.received

    def acknowledged(self, received: int, window: int) -> bool:
        """Takes an acknowledgement in; whether it shows progress.

        One that says the same as the one before means that a frame did not go on where the data ends, because another was
        lost. The answers to frames that are still on their way say the same again, so it counts once.
        """
        if not self.received <= received <= len(self.data):
            return False
        progress = received > self.received
        if not progress and received < self._sent and self._allowed > received and self._went_back != received:
            self._went_back = received
            self.go_back()
        self.received = received
        self._sent = max(self._sent, received)
        self._allowed = received + window
        return progress

    def finish(self) -> None:
        """The runtime has shown in some other way that it has everything."""
        self.received = self._sent = len(self.data)
