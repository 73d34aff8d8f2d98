"""What can go wrong."""

from .enums import ErrorCode


class QwarkError(Exception):
    """Any failure that this package reports."""


class LinkError(QwarkError):
    """The runtime could not be reached for longer than the client's `timeout`, or the client was closed."""


class IncompatibleError(LinkError):
    """The runtime answers, but no understanding is possible: no version in common, or it asks for a key."""


class RequestError(QwarkError):
    """The runtime refused a request, or ended it."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(f"{code.name}: {message}" if message else code.name)
        self.code = code  #: what kind of error it is
        self.message = message  #: what happened, for people
