"""An emergency stop without a session: no Hello, no key, and no version in common are needed for it."""

import asyncio
from itertools import count

from .enums import SafetyState
from .errors import LinkError, RequestError
from .exchange import ESTOP_INTERVAL
from .frame import DELIMITER, Decoder
from .links import Address, Link
from .messages import Error, EStop, Identify, Safety
from .reception import Reception


class Stop:
    """EStop, repeated until the runtime confirms it. The link is opened again whenever it fails."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._why = ""

    async def within(self, timeout: float) -> Safety:
        """What the runtime says once it has stopped. LinkError if it does not in time."""
        try:
            return await asyncio.wait_for(self._confirmed(), timeout)
        except asyncio.TimeoutError:
            raise LinkError(f"no stop confirmed at {self._address.path} within {timeout} seconds: {self._why}") from None

    async def _confirmed(self) -> Safety:
        while True:
            try:
                safety = await self._over(await self._address.open())
            except OSError as error:
                self._why = str(error)
            else:
                if safety is not None:
                    return safety
            await asyncio.sleep(ESTOP_INTERVAL)

    async def _over(self, link: Link) -> Safety | None:
        """The confirmation; None if the link is closed before."""
        self._why = "the runtime does not answer"
        heard, sent = asyncio.create_task(self._heard(link)), asyncio.create_task(_repeat(link))
        try:
            await asyncio.wait((heard, sent), return_when=asyncio.FIRST_COMPLETED)
            return heard.result() if heard.done() else sent.result()
        finally:
            heard.cancel()
            sent.cancel()
            await link.close()
            await asyncio.gather(heard, sent, return_exceptions=True)

    async def _heard(self, link: Link) -> Safety | None:
        """The first Stopped. Nothing is known of earlier stops that it could be a late word about."""
        decoder, reception = Decoder(), Reception()
        while data := await link.read():
            for message in map(reception.read, decoder.feed(data)):
                if isinstance(message, Identify):
                    message = Safety(message.safety, message.stop)
                if isinstance(message, Safety) and message.state is SafetyState.STOPPED:
                    return message
                if isinstance(message, Error):
                    self._why = str(RequestError(message.code, message.message))
        return None


async def _repeat(link: Link) -> None:
    for seq in count():
        await link.write(DELIMITER + EStop().frame(seq & 0xFFFF).emit())
        await asyncio.sleep(ESTOP_INTERVAL)
