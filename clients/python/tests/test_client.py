"""The clients with and without asyncio, over a real socket and a pseudo-terminal."""

import asyncio
from dataclasses import replace
import importlib.util
from threading import Thread, Timer
import time
import unittest

import qwark
from qwark import ErrorCode, LinkError, Reason, RequestError, SafetyState, Sampling, UploadKind, UploadState
from qwark.client import _Background
from qwark.frame import Decoder
from qwark.links import Address
from qwark.messages import EStop, Generate, Hello
from tests.scripted import SET, Runtime, commands, model
from tests.served import OnSocket, OnTerminal, Served

LONG = "a rather long way " * 60
KEY = bytes(range(32))


class Words:
    """A module for the scripted runtime's commands."""

    SET_ID = SET

    @staticmethod
    def decode(data: bytes) -> str:
        """The word."""
        return data[1:].decode()

    @staticmethod
    def encode(command: str) -> bytes:
        """Its command."""
        return commands(command)[0]


class InANewerVersion(Runtime):
    """Whose frames have a version that this package does not speak."""

    def send(self) -> bytes:
        return b"".join(replace(frame, version=2).emit() for frame in Decoder().feed(super().send()))


class Waiting(unittest.TestCase):
    """`qwark.connect`."""

    def serve(self) -> Served:
        """A runtime that a test's clients reach."""
        return self.started(OnSocket())

    def started(self, served: Served) -> Served:
        """Runs it until the end of the test."""
        served.__enter__()
        self.addCleanup(served.__exit__)
        return served

    def test_pieces_then_result(self) -> None:
        with qwark.connect(self.serve().address) as q:
            assert q.identify is not None
            self.assertEqual(q.identify.models, ("scripted",))
            answer = q.generate("go forward", sampling=Sampling(seed=3))
            pieces = list(answer)
            result = answer.result()
        self.assertGreater(len(pieces), 1)
        self.assertEqual("".join(piece.text for piece in pieces), model("go forward"))
        self.assertEqual((result.text, result.reason, result.prompt_tokens), (model("go forward"), Reason.STOP, 10))
        self.assertEqual((result.timings.queue, result.timings.first_token, result.timings.total), (1e-5, 3e-5, 4e-5))

    def test_commands_as_bytes_and_through_a_module(self) -> None:
        with qwark.connect(self.serve().address) as q:
            asked = q.command("go on", SET)
            self.assertEqual(list(asked), commands("go on"))
            result = asked.result()
            self.assertEqual((result.commands, result.reason, result.output_tokens), (commands("go on"), Reason.STOP, 2))
            self.assertEqual(list(q.command("go on", Words, fallback="stop")), ["go", "on"])
            with self.assertRaises(RequestError) as refused:
                q.command("go", SET + 1).result()
            self.assertIs(refused.exception.code, ErrorCode.PARAMETER)
            for fallback in (b"", bytes(257)):
                with self.assertRaises(ValueError):
                    q.command("go", SET, fallback=fallback)

    def test_a_grammar_is_uploaded_and_named(self) -> None:
        served = self.serve()
        with qwark.connect(served.address) as q:
            grammar = q.upload_grammar(qwark.GrammarForm.REGEX, "größer|kleiner")
            q.generate("go", grammar=grammar).result()
        (job,) = served.runtime.jobs.values()
        assert isinstance(job.ask, Generate)
        self.assertEqual((job.ask.grammar, job.ask.grammar_hash), grammar)
        self.assertEqual(bytes(served.runtime.uploads[grammar[1]][1]).decode(), "größer|kleiner")

    def test_many_threads_and_a_cancel(self) -> None:
        with qwark.connect(self.serve().address) as q:
            doomed = q.generate(LONG)
            results: dict[int, str] = {}
            threads = [Thread(target=lambda i=i: results.update({i: q.generate(f"{i}" * 300).result().text})) for i in range(8)]
            for thread in threads:
                thread.start()
            pieces = iter(doomed)
            next(pieces)
            q.cancel(doomed)
            for thread in threads:
                thread.join()
            self.assertIs(doomed.result().reason, Reason.CANCELLED)
            self.assertEqual(results, {i: model(f"{i}" * 300) for i in range(8)})

    def test_stop_and_release(self) -> None:
        with qwark.connect(self.serve().address) as q:
            answer = q.generate(LONG)
            next(iter(answer))
            before = time.monotonic()
            self.assertEqual(q.estop(), qwark.Safety(SafetyState.STOPPED, 1))
            self.assertLess(time.monotonic() - before, 0.5)
            self.assertIs(answer.result().reason, Reason.STOPPED)
            with self.assertRaises(RequestError) as refused:
                q.generate("x").result()
            self.assertIs(refused.exception.code, ErrorCode.STOPPED)
            with self.assertRaises(RequestError):
                q.arm()
            self.assertIs(q.reset().state, SafetyState.DISARMED)
            self.assertIs(q.arm().state, SafetyState.ARMED)
            self.assertEqual(q.generate("x").result().text, model("x"))

    def test_a_stop_without_a_session(self) -> None:
        served = self.serve()
        served.runtime = InANewerVersion(1, KEY)
        self.assertEqual(qwark.estop(served.address), qwark.Safety(SafetyState.STOPPED, 1))
        self.assertEqual(set(served.runtime.kinds), {EStop})

    def test_a_stop_without_a_session_is_repeated(self) -> None:
        for what in ("on the connection", "on a new connection"):
            with self.subTest(what):
                served = self.serve()
                served.runtime.mute = True

                def mend() -> None:
                    if what == "on a new connection":
                        served.hang_up()
                    served.runtime.mute = False

                Timer(0.5, mend).start()
                self.assertIs(qwark.estop(served.address).state, SafetyState.STOPPED)

    def test_a_stop_that_nobody_confirms_fails(self) -> None:
        served = self.serve()
        served.runtime.mute = True
        for address, why in ((served.address, "does not answer"), ("unix:/nowhere.sock", "No such file")):
            before = time.monotonic()
            with self.assertRaisesRegex(LinkError, why):
                qwark.estop(address, timeout=0.3)
            self.assertLess(time.monotonic() - before, 2)

    def test_uploads(self) -> None:
        with qwark.connect(self.serve().address) as q:
            self.assertIs(q.upload(UploadKind.IMAGE, bytes(9000), name="front").state, UploadState.STORED)
            (item,) = q.uploads()
            self.assertEqual((item.name, item.size, item.received), ("front", 9000, 9000))
            q.delete_upload(item.sha256)
            self.assertEqual(q.uploads(), [])

    def test_ping_and_heartbeat(self) -> None:
        with qwark.connect(self.serve().address, heartbeat=0.1) as q:
            self.assertLess(q.ping(), 1)
            time.sleep(0.5)
            assert q.heartbeat is not None
            self.assertEqual(q.heartbeat.temperature, 40.0)

    def test_a_broken_link_is_a_pause(self) -> None:
        served = self.serve()
        with qwark.connect(served.address) as q:
            answer = q.generate(LONG)
            text = ""
            for number, piece in enumerate(answer):
                text += piece.text
                if number in (3, 20):
                    served.hang_up()
        self.assertEqual(text, model(LONG))
        self.assertEqual((len(served.runtime.begun), served.runtime.kinds.count(Hello)), (1, 3))

    def test_a_restarted_runtime_is_a_pause(self) -> None:
        served = self.serve()
        with qwark.connect(served.address) as q:
            text = ""
            for number, piece in enumerate(q.generate(LONG)):
                text += piece.text
                if number == 10:
                    served.runtime = Runtime(2)
                    served.hang_up()
        self.assertEqual(text, model(LONG))

    def test_a_closed_client_says_so(self) -> None:
        with qwark.connect(self.serve().address) as q:
            answer = q.generate(LONG)
        q.close()
        for call in (answer.result, q.ping, lambda: q.generate("x")):
            with self.assertRaises(LinkError):
                call()

    def test_no_runtime(self) -> None:
        before = time.monotonic()
        with self.assertRaisesRegex(LinkError, "/nowhere.sock"):
            qwark.connect("unix:/nowhere.sock", timeout=0.3)
        self.assertLess(time.monotonic() - before, 2)

    def test_a_runtime_that_goes_fails_what_waits(self) -> None:
        with OnSocket() as served:
            q = qwark.connect(served.address, timeout=0.5)
            answer = q.generate(LONG)
            next(iter(answer))
        with self.assertRaises(LinkError):
            answer.result()
        with self.assertRaises(LinkError):
            q.ping()
        q.close()

    def test_a_refused_monitor(self) -> None:
        with qwark.connect(self.serve().address) as q:
            with self.assertRaises(RequestError) as refused:
                next(iter(q.monitor()))
            self.assertIs(refused.exception.code, ErrorCode.DENIED)

    def test_what_does_not_fit_is_refused_at_once(self) -> None:
        with qwark.connect(self.serve().address) as q:
            unfit: tuple[dict[str, object], ...] = ({"fallback": "x" * 65}, {"stops": ["x"] * 5}, {"key": -1})
            for options in unfit:
                with self.assertRaises(ValueError):
                    q.generate("x", **options)
        unfit = ({"name": "x" * 33}, {"key": b"short"}, {"heartbeat": 0.01}, {"client": 1 << 64})
        for options in unfit:
            with self.assertRaises(ValueError):
                qwark.connect("unix:/nowhere.sock", **options)
        for address in ("tcp:1", "unix:", "/dev/ttyUSB0"):
            with self.assertRaises(ValueError):
                qwark.connect(address)


class Background(unittest.TestCase):
    """The thread of a client without asyncio."""

    def test_what_an_interrupted_caller_has_left_is_cancelled(self) -> None:
        background, cancelled = _Background(), []

        async def work() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        async def begin() -> "asyncio.Task[None]":
            return asyncio.create_task(work())

        background.run(begin())
        background.stop()
        self.assertEqual(cancelled, [True])


class Addresses(unittest.TestCase):
    """What names a link."""

    def test_serial(self) -> None:
        for text, path, baud in (
            ("serial:/dev/ttyUSB0:9600", "/dev/ttyUSB0", 9600),
            ("serial:/dev/ttyUSB0", "/dev/ttyUSB0", 115_200),
            ("serial:COM3", "COM3", 115_200),
            ("unix:/run/a:b.sock", "/run/a:b.sock", None),
        ):
            address = Address(text)
            self.assertEqual((address.path, address.baud), (path, baud))


@unittest.skipUnless(importlib.util.find_spec("serial"), "pyserial is not installed")
class OverATerminal(Waiting):
    """The same over a pseudo-terminal."""

    def serve(self) -> Served:
        return self.started(OnTerminal())


class Asyncio(unittest.IsolatedAsyncioTestCase):
    """`qwark.aio`."""

    async def test_everything_side_by_side(self) -> None:
        with OnSocket() as served:
            async with qwark.aio.connect(served.address) as q:
                doomed = q.generate(LONG)
                answers = [q.generate(f"{i}" * 200) for i in range(5)]
                async for _ in doomed:
                    await q.cancel(doomed)
                    break
                results = await asyncio.gather(*(answer.result() for answer in answers))
                self.assertEqual([result.text for result in results], [model(f"{i}" * 200) for i in range(5)])
                self.assertIs((await doomed.result()).reason, Reason.CANCELLED)
                stored, elapsed = await asyncio.gather(q.upload(UploadKind.AUDIO, b"abc"), q.ping())
                self.assertIs(stored.state, UploadState.STORED)
                self.assertLess(elapsed, 1)
                self.assertEqual(len(await q.uploads()), 1)
                self.assertIs((await q.estop()).state, SafetyState.STOPPED)

    async def test_a_stop_without_a_session(self) -> None:
        with OnSocket() as served:
            self.assertIs((await qwark.aio.estop(served.address)).state, SafetyState.STOPPED)
            self.assertEqual(qwark.estop(served.address), qwark.Safety(SafetyState.STOPPED, 1), "also where a loop runs")
            with self.assertRaises(LinkError):
                await qwark.aio.estop("unix:/nowhere.sock", timeout=0.2)

    async def test_leaving_cancels_what_runs(self) -> None:
        with OnSocket() as served:
            async with qwark.aio.connect(served.address) as q:
                answer = q.generate(LONG)
                await anext(answer)
            with self.assertRaises(LinkError):
                await answer.result()
            await asyncio.sleep(0.1)
            (job,) = served.runtime.jobs.values()
            self.assertIs(getattr(job.end, "reason", None), Reason.CANCELLED)


if __name__ == "__main__":
    unittest.main()
