"""The session over a line that damages what it carries, and over restarts of both ends."""

from dataclasses import replace
import unittest

from qwark.answer import SILENCE
from qwark.enums import ErrorCode, Reason, SafetyState, UploadKind, UploadState
from qwark.events import Failed, Lost
from qwark.frame import Decoder
from qwark.messages import COMMAND, KINDS, Accepted, Ack, CommandReply, Error, EStop, Generate, Hello, Identify, Ping, Resend, Safety, Token
from qwark.messages import Upload
from qwark.session import Session
from tests.scripted import commands, model
from tests.simulation import Simulation, request, sentence

KEY = bytes(range(32))
PROMPTS = ("go forward", "größe → ₂" * 20, "a" * 3000)
RATES = (0.0, 0.02, 0.1)
SENTENCES = ("stop", "zurück → links " * 60, "go on")


class Commanding(unittest.TestCase):
    """Every command whole, once and in order."""

    def check(self, sim: Simulation, tickets: list[int]) -> None:
        sim.run(sim.ended(*tickets), 240)
        sim.pass_time(3)
        for ticket, text in zip(tickets, SENTENCES):
            self.assertEqual(sim.commands(ticket), commands(text))
            self.assertEqual(sim.text(ticket), "")
            self.assertIs(sim.reason(ticket), Reason.STOP)

    def asked(self, sim: Simulation) -> list[int]:
        return [sim.session.command(sentence(window=window), text) for window, text in zip((256, 1, 4096), SENTENCES)]

    def test_on_lines_good_and_bad(self) -> None:
        for rate in RATES:
            for seed in range(4):
                with self.subTest(rate=rate, seed=seed):
                    sim = Simulation(seed, rate)
                    tickets = [sim.session.command(sentence(), text) for text in SENTENCES]
                    self.check(sim, tickets)
                    self.assertEqual(sorted(sim.runtime.begun), sorted(text.encode() for text in SENTENCES))

    def test_in_any_window(self) -> None:
        sim = Simulation(2)
        self.check(sim, self.asked(sim))

    def test_over_pulled_cables_and_restarts(self) -> None:
        sim = Simulation(6, 0.02, KEY)
        tickets = [sim.session.command(sentence(), text) for text in SENTENCES]
        for seed in range(4):
            sim.pass_time(0.2)
            sim.replug()
            sim.pass_time(0.2)
            sim.restart_runtime(seed)
        self.check(sim, tickets)

    def test_another_set_is_refused(self) -> None:
        sim = Simulation(1)
        ticket = sim.session.command(sentence(set=1), "go")
        sim.run(sim.ended(ticket))
        self.assertEqual([event.code for event in sim.ends(ticket) if isinstance(event, Failed)], [ErrorCode.PARAMETER])

    def test_what_goes_on_within_a_command_ends_it(self) -> None:
        sim = Simulation(1)
        ticket = sim.session.command(sentence(), "go " * 300)
        sim.run(lambda: len(sim.commands(ticket)) > 2)
        before = sim.commands(ticket)
        sim.runtime.mute = True  # what is on its way arrives before that
        sim.pass_time(0.2)
        received = sum(map(len, sim.commands(ticket)))
        sim.runtime.mute = False
        sim.runtime.say(CommandReply(received - 1, b"abc"), ticket)
        sim.run(sim.ended(ticket))
        (end,) = sim.ends(ticket)
        assert isinstance(end, Failed)
        self.assertEqual((end.code, sim.commands(ticket)[:3]), (ErrorCode.INTEGRITY, before[:3]))

    def test_the_fallback_has_room_in_short_frames(self) -> None:
        sim = Simulation(1)
        tickets = [sim.session.command(sentence(has_fallback=True, fallback=bytes(COMMAND)), text) for text in SENTENCES]
        self.check(sim, tickets)


class Streaming(unittest.TestCase):
    """Every answer complete, each byte once, the end once, nothing computed twice."""

    def check(self, sim: Simulation, tickets: list[int], prompts: tuple[str, ...] = PROMPTS) -> None:
        sim.run(sim.ended(*tickets), 240)
        sim.pass_time(3)
        for ticket, prompt in zip(tickets, prompts):
            self.assertEqual(sim.text(ticket), model(prompt))
            self.assertIs(sim.reason(ticket), Reason.STOP)

    def test_on_lines_good_and_bad(self) -> None:
        for rate in RATES:
            for seed in range(4):
                with self.subTest(rate=rate, seed=seed):
                    sim = Simulation(seed, rate)
                    tickets = [sim.session.generate(request(), None, prompt) for prompt in PROMPTS]
                    self.check(sim, tickets)
                    self.assertEqual(sorted(sim.runtime.begun), sorted(prompt.encode() for prompt in PROMPTS))
                    self.assertTrue(all(job.end_known for job in sim.runtime.jobs.values()))

    def test_sealed(self) -> None:
        for rate in (0.0, 0.05):
            with self.subTest(rate=rate):
                sim = Simulation(5, rate, KEY)
                self.check(sim, [sim.session.generate(request(), None, prompt) for prompt in PROMPTS])

    def test_a_pulled_cable(self) -> None:
        for key in (None, KEY):
            with self.subTest(key=key):
                sim = Simulation(6, 0.02, key)
                tickets = [sim.session.generate(request(), None, prompt) for prompt in PROMPTS]
                for _ in range(5):
                    sim.pass_time(0.3)
                    sim.replug()
                self.check(sim, tickets)
                self.assertEqual(len(sim.runtime.begun), len(PROMPTS))

    def test_a_restarted_runtime(self) -> None:
        for key in (None, KEY):
            with self.subTest(key=key):
                sim = Simulation(7, 0.02, key)
                tickets = [sim.session.generate(request(), None, prompt) for prompt in PROMPTS]
                for seed in range(3):
                    sim.pass_time(0.5)
                    sim.restart_runtime(seed)
                self.check(sim, tickets)

    def test_a_runtime_that_hangs_is_noticed(self) -> None:
        sim = Simulation(8)
        ticket = sim.session.generate(request(), None, PROMPTS[1])
        sim.pass_time(0.2)
        sim.runtime.mute = True
        sim.run(lambda: any(isinstance(event, Lost) for event in sim.events), 4)
        sim.runtime.mute = False
        self.check(sim, [ticket], PROMPTS[1:2])

    def test_a_runtime_that_restarts_says_so_itself(self) -> None:
        sim = Simulation(21, heartbeat=0)
        sim.run(lambda: sim.session.live)
        sim.restart_runtime(1)
        ticket = sim.session.generate(request(), None, PROMPTS[0])
        started = sim.now
        self.check(sim, [ticket], PROMPTS[:1])
        self.assertLess(sim.now - started, 5)

    def test_a_silent_restart_in_the_middle_of_an_answer(self) -> None:
        sim = Simulation(28, heartbeat=0)
        ticket = sim.session.generate(request(), None, PROMPTS[1])
        sim.run(lambda: len(sim.text(ticket)) > 50)
        sim.restart_runtime(1)
        for _ in range(200):
            sim.step()
            sim.up.cut()  # with the last Ack, which would be answered by NoSession
        self.check(sim, [ticket], PROMPTS[1:2])

    def test_ten_repetitions_without_an_answer_begin_a_session(self) -> None:
        sim = Simulation(22, key=KEY, heartbeat=0)
        sim.run(lambda: sim.session.live)
        sim.pass_time(0.2)
        sim.restart_runtime(1)
        ticket = sim.session.generate(request(), None, PROMPTS[0])
        self.check(sim, [ticket], PROMPTS[:1])

    def test_an_answer_that_the_runtime_has_given_up_repeating_goes_on(self) -> None:
        sim = Simulation(29)
        ticket = sim.session.generate(request(), None, "x" * 900)
        sim.run(lambda: len(sim.text(ticket)) > 50)
        cut_at, cut = sim.now, bytearray()
        put, sim.up.put = sim.up.put, lambda data, _: cut.extend(data)  # type: ignore[method-assign]
        for _ in range(40):
            sim.runtime.say(sim.runtime.safety)  # which says nothing about the request
            sim.pass_time(1)
        sim.up.put = put  # type: ignore[method-assign]
        self.assertFalse(sim.ends(ticket))
        self.assertEqual([frame.kind for frame in Decoder().feed(bytes(cut))].count(Generate.KIND), 3)
        self.check(sim, [ticket], ("x" * 900,))
        self.assertLess(sim.now - cut_at, 40 + SILENCE + 5)
        self.assertEqual(len(sim.runtime.begun), 1)
        self.assertFalse(any(isinstance(event, Lost) for event in sim.events))

    def test_an_answer_that_takes_long_is_asked_for_seldom(self) -> None:
        sim = Simulation(30)
        ticket = sim.session.generate(request(), None, "x")
        sim.run(lambda: Generate in sim.runtime.kinds)
        (job,) = sim.runtime.jobs.values()
        job.next_at = sim.now + 3.5 * SILENCE
        self.check(sim, [ticket], ("x",))
        self.assertEqual((sim.runtime.kinds.count(Generate), len(sim.runtime.begun)), (4, 1))

    def test_a_request_that_the_runtime_has_forgotten_is_told_again(self) -> None:
        sim = Simulation(31)
        ticket = sim.session.generate(request(), None, PROMPTS[2])
        sim.run(lambda: bool(sim.text(ticket)))
        sim.runtime.jobs.clear()
        self.check(sim, [ticket], PROMPTS[2:])
        self.assertEqual(sim.runtime.begun, [PROMPTS[2].encode()] * 2)

    def test_an_idle_sealed_link_stays(self) -> None:
        sim = Simulation(23, key=KEY)
        sim.pass_time(20)
        self.assertFalse(any(isinstance(event, Lost) for event in sim.events))
        self.assertIsNotNone(sim.session.heartbeat)

    def test_system_text_is_announced(self) -> None:
        sim = Simulation(9)
        ticket = sim.session.generate(request(), "be brief. ", "go")
        sim.run(sim.ended(ticket))
        self.assertEqual(sim.runtime.begun, [b"be brief. go"])
        (job,) = sim.runtime.jobs.values()
        self.assertEqual((job.ask.system_len, job.ask.prompt_len), (10, 2))

    def test_no_frame_is_longer_than_was_asked_for(self) -> None:
        sim = Simulation(10, key=KEY)
        longest = 0
        put = sim.up.put

        def measured(data: bytes, now: float) -> None:
            nonlocal longest
            longest = max([longest] + [len(frame.raw()) for frame in Decoder().feed(data)])
            put(data, now)

        sim.up.put = measured  # type: ignore[method-assign]
        ticket = sim.session.generate(request(), None, PROMPTS[2])
        sim.run(sim.ended(ticket))
        self.assertEqual(longest, 320)


class Ending(unittest.TestCase):
    """Cancel, emergency stop, errors."""

    def test_cancel_ends_one_and_no_other(self) -> None:
        for rate in RATES:
            with self.subTest(rate=rate):
                sim = Simulation(11, rate)
                stays, goes = (sim.session.generate(request(), None, "x" * 900) for _ in range(2))
                sim.run(lambda: bool(sim.text(goes)))
                sim.session.cancel(goes)
                sim.run(sim.ended(stays, goes))
                sim.pass_time(2)
                self.assertIs(sim.reason(goes), Reason.CANCELLED)
                self.assertTrue(model("x" * 900).startswith(sim.text(goes)))
                self.assertEqual(sim.text(stays), model("x" * 900))

    def test_cancel_before_anything_was_sent(self) -> None:
        sim = Simulation(12)
        ticket = sim.session.generate(request(), None, "x")
        sim.session.cancel(ticket)
        sim.run(sim.ended(ticket))
        self.assertIs(sim.reason(ticket), Reason.CANCELLED)
        self.assertNotIn(Generate, sim.runtime.kinds)

    def test_cancel_of_what_a_restart_forgot(self) -> None:
        sim = Simulation(13)
        ticket = sim.session.generate(request(), None, "x" * 900)
        sim.run(lambda: bool(sim.text(ticket)))
        sim.restart_runtime(1)
        sim.session.cancel(ticket)
        sim.run(sim.ended(ticket))
        self.assertIs(sim.reason(ticket), Reason.CANCELLED)

    def test_stop_reset_arm(self) -> None:
        for rate in RATES:
            with self.subTest(rate=rate):
                sim = Simulation(14, rate)
                session = sim.session
                answer = session.generate(request(), None, "x" * 900)
                sim.run(lambda: bool(sim.text(answer)))
                stop = session.estop()
                sim.run(sim.ended(stop, answer))
                self.assertEqual(sim.value(stop), Safety(SafetyState.STOPPED, 1))
                self.assertIs(sim.reason(answer), Reason.STOPPED)
                refused, early = session.generate(request(), None, "y"), session.arm()
                sim.run(sim.ended(refused, early))
                for ticket in (refused, early):
                    (end,) = sim.ends(ticket)
                    self.assertTrue(isinstance(end, Failed) and end.code is ErrorCode.STOPPED, end)
                for ask, state in ((session.reset, SafetyState.DISARMED), (session.arm, SafetyState.ARMED)):
                    ticket = ask()
                    sim.run(sim.ended(ticket))
                    self.assertEqual(sim.value(ticket), Safety(state, 1))
                again = session.generate(request(), None, "y")
                sim.run(sim.ended(again))
                self.assertEqual(sim.text(again), model("y"))

    def test_stop_needs_no_answer_to_hello(self) -> None:
        session = Session()
        session.connected(0.0)
        ticket = session.estop()
        kinds = []
        for step in range(100):
            now = step / 100
            session.tick(now)
            kinds += [frame.kind for frame in Decoder().feed(session.send(now))]
        self.assertEqual(kinds[0], EStop.KIND)
        self.assertEqual((kinds.count(EStop.KIND), kinds.count(Hello.KIND)), (10, 2))
        session.receive(Safety(SafetyState.STOPPED, 4).frame(0).emit(), 1.0)
        self.assertIn(ticket, [getattr(event, "ticket", None) for event in session.events])

    def test_stop_overtakes_what_waits(self) -> None:
        sim = Simulation(27)
        sim.run(lambda: sim.session.live)
        sim.session.upload(UploadKind.IMAGE, bytes(5000), "", 0)
        for prompt in PROMPTS:
            sim.session.generate(request(), None, prompt)
        self.assertGreater(len(sim.session.send(sim.now, 1)), 1)
        sim.session.estop()
        self.assertEqual([frame.kind for frame in Decoder().feed(sim.session.send(sim.now, 1))], [EStop.KIND])

    def test_a_late_repetition_confirms_no_later_stop(self) -> None:
        sim = Simulation(15)
        for ask in (sim.session.estop, sim.session.reset, sim.session.arm):
            ticket = ask()
            sim.run(sim.ended(ticket))
        stop = sim.session.estop()
        sim.session.receive(Safety(SafetyState.STOPPED, 1).frame(3).emit(), sim.now)
        sim.session.receive(Safety(SafetyState.ARMED, 1).frame(4).emit(), sim.now)
        self.assertFalse(any(getattr(event, "ticket", None) == stop for event in sim.session.events))
        sim.run(sim.ended(stop))
        self.assertEqual(sim.value(stop), Safety(SafetyState.STOPPED, 2))

    def test_a_late_repetition_confirms_no_stop_before_the_greeting_either(self) -> None:
        for key in (None, KEY):
            with self.subTest(key=key):
                sim = Simulation(32, key=key)
                for ask in (sim.session.estop, sim.session.reset, sim.session.arm):
                    ticket = ask()
                    sim.run(sim.ended(ticket))
                sim.replug()
                stop = sim.session.estop()
                sim.session.receive(Safety(SafetyState.STOPPED, 1).frame(0).emit(), sim.now)
                self.assertFalse(sim.session.live)
                self.assertEqual(sim.session.safety, Safety(SafetyState.ARMED, 1))
                self.assertEqual([type(event) for event in sim.session.events], [Lost])
                sim.run(sim.ended(stop))
                self.assertEqual(sim.value(stop), Safety(SafetyState.STOPPED, 2))

    def test_a_stop_of_a_runtime_that_has_restarted_unheard_is_confirmed(self) -> None:
        for key, replug in ((None, False), (KEY, False), (None, True), (KEY, True)):
            with self.subTest(key=key, replug=replug):
                sim = Simulation(33, key=key)
                for ask in (sim.session.estop, sim.session.reset, sim.session.arm):
                    ticket = ask()
                    sim.run(sim.ended(ticket))
                sim.restart_runtime(1)
                if replug:
                    sim.replug()
                stop = sim.session.estop()
                sim.run(sim.ended(stop), 1)
                self.assertEqual(sim.value(stop), Safety(SafetyState.STOPPED, 1))

    def test_a_restarted_runtime_counts_its_stops_anew(self) -> None:
        sim = Simulation(25)
        for ask in (sim.session.estop, sim.session.reset, sim.session.arm):
            ticket = ask()
            sim.run(sim.ended(ticket))
        sim.restart_runtime(1)
        sim.run(lambda: sim.session.safety == Safety(SafetyState.ARMED, 0))
        stop = sim.session.estop()
        sim.run(sim.ended(stop), 1)
        self.assertEqual(sim.value(stop), Safety(SafetyState.STOPPED, 1))

    def test_reset_of_an_earlier_stop_fails(self) -> None:
        sim = Simulation(16)
        stop = sim.session.estop()
        sim.run(sim.ended(stop))
        sim.runtime.safety = Safety(SafetyState.STOPPED, 2)
        reset = sim.session.reset()
        sim.run(sim.ended(reset))
        self.assertIsInstance(sim.ends(reset)[0], Failed)
        self.assertIs(sim.runtime.safety.state, SafetyState.STOPPED)


class Asking(unittest.TestCase):
    """Pings and uploads."""

    def test_uploads(self) -> None:
        for rate in RATES:
            with self.subTest(rate=rate):
                sim = Simulation(17, rate)
                data = bytes(range(256)) * 20
                first = sim.session.upload(UploadKind.IMAGE, data, "front", 60)
                second = sim.session.upload(UploadKind.GRAMMAR, b"x", "", 0)
                sim.pass_time(0.2)
                sim.replug()
                sim.run(sim.ended(first, second), 120)
                stored = sim.value(first)
                assert isinstance(stored, Upload)
                self.assertEqual((stored.state, stored.received), (UploadState.STORED, len(data)))
                listing = sim.session.list_uploads()
                sim.run(sim.ended(listing))
                items = sim.value(listing)
                assert isinstance(items, list)
                self.assertEqual(sorted(item.size for item in items), [1, len(data)])
                for item in items:
                    ticket = sim.session.delete_upload(item.sha256)
                    sim.run(sim.ended(ticket))
                empty = sim.session.list_uploads()
                sim.run(sim.ended(empty))
                self.assertEqual(sim.value(empty), [])

    def test_an_upload_over_a_restart(self) -> None:
        sim = Simulation(24)
        ticket = sim.session.upload(UploadKind.AUDIO, bytes(5000), "", 0)
        sim.pass_time(0.15)
        sim.restart_runtime(1)
        sim.run(sim.ended(ticket))
        stored = sim.value(ticket)
        assert isinstance(stored, Upload)
        self.assertIs(stored.state, UploadState.STORED)

    def test_ping_measures_its_own_repetition(self) -> None:
        sim = Simulation(18)
        sim.run(lambda: sim.session.live)
        ticket = sim.session.ping()
        sim.step()
        sim.up.cut()
        sim.run(sim.ended(ticket))
        elapsed = sim.value(ticket)
        assert isinstance(elapsed, float)
        self.assertAlmostEqual(elapsed, 0.02, delta=0.011)


class Frames(unittest.TestCase):
    """Single frames by hand."""

    def live(self, key: bytes | None = None) -> tuple[Session, Identify]:
        sim = Simulation(19, key=key)
        sim.run(lambda: sim.session.live)
        assert sim.session.identify is not None
        sim.session.send(sim.now)
        return sim.session, sim.session.identify

    def sent(self, session: Session, now: float = 100.1) -> list[tuple[int, object]]:
        return [(frame.id, KINDS[frame.kind].parse(frame.payload)) for frame in Decoder().feed(session.send(now))]

    def test_an_identify_for_another_hello_is_ignored(self) -> None:
        session = Session()
        session.connected(0.0)
        ((_, hello),) = self.sent(session, 0.0)
        assert isinstance(hello, Hello)
        identify = replace(self.live()[1], client_nonce=hello.nonce ^ 1)
        session.receive(identify.frame(0).emit(), 0.1)
        self.assertFalse(session.live)
        session.receive(replace(identify, client_nonce=hello.nonce).frame(0).emit(), 0.1)
        self.assertTrue(session.live)

    def test_a_new_boot_id_is_greeted(self) -> None:
        session, identify = self.live()
        session.receive(replace(identify, client_nonce=0).frame(0).emit(), 100.1)
        self.assertTrue(session.live)
        session.receive(replace(identify, client_nonce=0, boot_id=1).frame(0).emit(), 100.1)
        self.assertEqual([type(message) for _, message in self.sent(session)], [Hello])

    def test_silence_is_ended_by_a_delimiter(self) -> None:
        session, _ = self.live()
        session.generate(request(), None, "x")
        self.assertEqual(session.send(101.0)[0], 0)
        session.generate(request(), None, "y")
        self.assertNotEqual(session.send(101.001)[0], 0)

    def test_a_request_that_no_frame_of_the_runtime_takes_fails(self) -> None:
        sim = Simulation(26)
        sim.runtime.max_frame = 320
        large = request(fallback="f" * 64, stops=("s" * 32,) * 4)
        ticket = sim.session.generate(large, None, "x")
        sim.run(sim.ended(ticket))
        (end,) = sim.ends(ticket)
        self.assertTrue(isinstance(end, Failed) and end.code is ErrorCode.TOO_LONG, end)
        sim.runtime.max_frame = 4096
        sim.replug()
        ticket = sim.session.generate(large, None, "x")
        sim.run(sim.ended(ticket))
        self.assertEqual(sim.text(ticket), model("x"))

    def test_a_gap_is_asked_for_and_an_early_token_is_kept(self) -> None:
        session, _ = self.live()
        ticket = session.generate(request(), None, "x")
        self.sent(session)
        session.receive(Token(3, "def").frame(0, ticket).emit(), 100.2)
        self.assertEqual(self.sent(session, 100.2), [(ticket, Ack(0, 256, False)), (ticket, Resend(0, 3))])
        session.receive(Token(0, "abc").frame(1, ticket).emit(), 100.3)
        self.assertEqual([getattr(event, "text", "") for event in session.events][-1:], ["abcdef"])

    def test_an_error_before_anything_else_refuses_the_request(self) -> None:
        for ends, farewell in ((False, []), (True, [Ack(0, 0, True)])):
            with self.subTest(ends=ends):
                session, _ = self.live()
                ticket = session.generate(request(), None, "x")
                self.sent(session)
                session.receive(Error(ErrorCode.ID_IN_USE, ends, "taken").frame(0, ticket).emit(), 100.2)
                self.assertEqual(session.events.pop(), Failed(ticket, ErrorCode.ID_IN_USE, "taken"))
                self.assertEqual([message for _, message in self.sent(session, 100.2)], farewell)
                session.tick(100.7)
                self.assertEqual(self.sent(session, 100.7), [])

    def test_after_a_word_about_the_request_an_error_may_refuse_one_frame_only(self) -> None:
        for word in (Accepted(1, 100), Token(0, "a")):
            with self.subTest(word=word):
                session, _ = self.live()
                ticket = session.generate(request(), None, "x")
                self.sent(session)
                session.receive(word.frame(0, ticket).emit(), 100.2)
                session.receive(Error(ErrorCode.UNSUPPORTED, False, "").frame(1, ticket).emit(), 100.2)
                session.receive(Token(0, "ab").frame(2, ticket).emit(), 100.3)
                self.assertFalse(any(isinstance(event, Failed) for event in session.events))
                self.assertEqual("".join(getattr(event, "text", "") for event in session.events), "ab")
                session.receive(Error(ErrorCode.INTERNAL, True, "").frame(3, ticket).emit(), 100.4)
                self.assertEqual(session.events.pop(), Failed(ticket, ErrorCode.INTERNAL, ""))

    def test_no_session_refuses_nothing_and_a_word_in_an_earlier_session_counts(self) -> None:
        session, identify = self.live()
        fresh, taken = (session.generate(request(), None, "x") for _ in range(2))
        asked = self.sent(session)
        session.receive(Accepted(1, 100).frame(0, taken).emit(), 100.2)
        session.receive(Error(ErrorCode.NO_SESSION, False, "").frame(0, fresh).emit(), 100.2)
        ((_, hello),) = self.sent(session, 100.2)
        assert isinstance(hello, Hello)
        session.receive(replace(identify, client_nonce=hello.nonce).frame(1).emit(), 100.3)
        self.assertCountEqual(self.sent(session, 100.3), asked)
        for seq, ticket in ((2, fresh), (3, taken)):
            session.receive(Error(ErrorCode.UNSUPPORTED, False, "").frame(seq, ticket).emit(), 100.4)
        self.assertEqual([event.ticket for event in session.events if isinstance(event, Failed)], [fresh])

    def test_a_forgotten_end_is_acknowledged_again(self) -> None:
        session, _ = self.live()
        session.receive(Error(ErrorCode.INTERNAL, True, "").frame(0, 77).emit(), 100.1)
        self.assertEqual(self.sent(session), [(77, Ack(0, 0, True))])
        session.receive(Error(ErrorCode.UNKNOWN_ID, True, "").frame(1, 77).emit(), 100.1)
        self.assertEqual(self.sent(session), [])

    def test_an_echo_is_counted_and_not_answered(self) -> None:
        session, _ = self.live()
        session.receive(Ping(1).frame(0).emit() + Hello(1, 1, 5, 5, 0, "").frame(0).emit(), 100.1)
        self.assertEqual((self.sent(session), session.ignored.echo), ([], 2))

    def test_what_is_not_sealed_is_not_believed(self) -> None:
        session, _ = self.live(KEY)
        ticket = session.generate(request(), None, "x")
        self.sent(session)
        before = session.ignored.unsealed
        session.receive(Token(0, "forged").frame(9, ticket).emit(), 100.1)
        session.receive(Safety(SafetyState.ARMED, 9).frame(9).emit(), 100.1)
        self.assertEqual(session.ignored.unsealed - before, 2)
        self.assertNotIn("forged", [getattr(event, "text", "") for event in session.events])
        # Whoever can write to the line may stop the robot, but not make its client believe in a stop that was never heard.
        forged = Safety(SafetyState.STOPPED, 9).frame(9).emit()
        session.receive(forged, 100.1)
        self.assertEqual((session.safety, session.live), (Safety(SafetyState.ARMED, 0), True))
        stop = session.estop()
        session.receive(forged, 100.2)
        self.assertNotIn(stop, [getattr(event, "ticket", None) for event in session.events])
        self.assertFalse(session.live, "it may be a runtime that has restarted, and knows no session")
        session.receive(forged, 100.3)
        self.assertIn(stop, [getattr(event, "ticket", None) for event in session.events])
        self.assertEqual(session.safety, Safety(SafetyState.ARMED, 0), "what nothing proves is not remembered")

    def test_another_key_gets_nowhere(self) -> None:
        sim = Simulation(20, key=KEY, runtime_key=bytes(32))
        sim.pass_time(3)
        self.assertFalse(sim.session.live)
        self.assertGreater(sim.session.ignored.unsealed, 3)


if __name__ == "__main__":
    unittest.main()
