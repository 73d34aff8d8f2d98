"""The client against a real runtime: `qwark serve`, over a Unix socket.

    QWARK=target/release/qwark python -m unittest tests.test_runtime

QWARK is the program, QWARK_MODEL a model file; without a model, one with random weights is made. Without the program the tests
are skipped, and say so.
"""

import importlib.util
import os
from pathlib import Path
import subprocess
import sys
import tempfile
from threading import Thread
import time
from types import ModuleType
import unittest

import qwark
from qwark import ErrorCode, GrammarForm, Reason, RequestError, SafetyState, Sampling, UploadKind, UploadState
from qwark.schema import fingerprint

PROGRAM = os.environ.get("QWARK", "")
SHORT = Sampling(max_tokens=40)
LONG = Sampling(max_tokens=300)
KEY = bytes(range(32))
SET = Path(__file__).parents[3] / "commands" / "rover.toml"
START = 30.0  # seconds that a runtime may take until it answers


def model(folder: Path) -> Path:
    """The model that the runtime is to serve."""
    given = os.environ.get("QWARK_MODEL")
    if given:
        return Path(given).resolve()
    made = folder / "random.gguf"
    subprocess.run([PROGRAM, "synth", "qwen2.5-0.5b", made, "--layers", "2"], check=True, stdout=subprocess.DEVNULL)
    return made


def setUpModule() -> None:
    """Says why there is nothing to test, if nobody wants it; a program that is not there is an error."""
    if not PROGRAM:
        print("skipped: QWARK does not name the program `qwark`")
        raise unittest.SkipTest("there is no runtime")
    if not Path(PROGRAM).exists():
        raise FileNotFoundError(f"QWARK={PROGRAM}: there is no such program")


def generated(folder: Path) -> ModuleType:
    """The code that the program generates for the rover's commands."""
    path = folder / "rover.py"
    with path.open("wb") as file:
        subprocess.run([PROGRAM, "commands", "codegen", SET, "--lang", "python"], check=True, stdout=file)
    spec = importlib.util.spec_from_file_location("rover", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rover"] = module  # where dataclasses look
    spec.loader.exec_module(module)
    return module


class AgainstTheRuntime(unittest.TestCase):
    """Each test has its own client, and most share one runtime."""

    folder: "tempfile.TemporaryDirectory[str]"
    model: Path
    runtime: "subprocess.Popen[bytes]"
    address: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.model = model(Path(cls.folder.name))
        cls.address = f"unix:{cls.folder.name}/runtime.sock"
        cls.start()
        cls.addClassCleanup(cls.stop)

    @classmethod
    def start(cls) -> None:
        """Starts the runtime."""
        key = Path(cls.folder.name) / "key"
        key.touch(0o600)
        key.write_text(KEY.hex())
        sealed = f"{cls.address}.sealed"
        links = ["--link", cls.address, "--link", sealed, "--key", f"{sealed}={key}"]
        cls.runtime = subprocess.Popen([PROGRAM, "serve", "--no-cache", "--model", cls.model, "--commands", SET, *links])

    @classmethod
    def stop(cls) -> None:
        """Kills the runtime, which has no time to say anything."""
        cls.runtime.kill()
        cls.runtime.wait()

    def connect(self, **options: object) -> qwark.Client:
        """A client, until the end of the test."""
        client = qwark.connect(self.address, timeout=START, **options)
        self.addCleanup(client.close)
        return client

    def test_it_was_built_from_the_same_tables(self) -> None:
        identify = self.connect().identify
        assert identify is not None
        self.assertEqual(identify.schema, fingerprint())

    def test_the_same_request_has_the_same_answer(self) -> None:
        q = self.connect()
        answer = q.generate("go forward", sampling=SHORT)
        text = "".join(piece.text for piece in answer)
        result = answer.result()
        self.assertEqual(text, result.text)
        self.assertIn(result.reason, (Reason.LENGTH, Reason.STOP))
        self.assertGreater(result.prompt_tokens, 0)
        self.assertLessEqual(result.output_tokens, 40)
        self.assertGreaterEqual(result.timings.total, result.timings.prefill)
        self.assertEqual(q.generate("go forward", sampling=SHORT).result().text, text)

    def test_a_sentence_becomes_typed_commands(self) -> None:
        q, rover = self.connect(), generated(Path(self.folder.name))
        assert q.identify is not None
        self.assertEqual((q.identify.commands, q.identify.set), ("rover", rover.SET_ID))
        asked = q.command("go forward two metres", rover)
        commands = list(asked)
        result = asked.result()
        self.assertEqual((result.commands, result.reason), (commands, Reason.STOP))
        self.assertTrue(all(isinstance(command, rover.Command) for command in commands))
        said = [PROGRAM, "command", "--no-cache", "--model", self.model, "--set", SET, "go forward two metres"]
        lines = subprocess.run(said, check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()
        self.assertEqual([rover.to_json(command) for command in commands], lines)

    def test_a_sentence_with_a_deadline_has_its_fallback(self) -> None:
        q, rover = self.connect(), generated(Path(self.folder.name))
        result = q.command("and then " * 500, rover, deadline=0.001, fallback=rover.Stop()).result()
        self.assertEqual((result.commands, result.reason), ([rover.Stop()], Reason.FALLBACK))

    def test_what_is_not_of_the_set_is_refused(self) -> None:
        q, rover = self.connect(), generated(Path(self.folder.name))
        for commands, fallback in ((rover.SET_ID ^ 1, None), (rover.SET_ID, b"\xff")):
            with self.assertRaises(RequestError) as refused:
                q.command("go", commands, fallback=fallback).result()
            self.assertIs(refused.exception.code, ErrorCode.PARAMETER)

    def test_an_answer_follows_its_grammar(self) -> None:
        q = self.connect()
        grammar = q.upload_grammar(GrammarForm.REGEX, "(yes|no|größer)")
        self.assertIn(q.generate("Is it so?", sampling=SHORT, grammar=grammar).result().text, ("yes", "no", "größer"))
        with self.assertRaises(RequestError) as refused:
            q.generate("Is it so?", grammar=(GrammarForm.LARK, bytes(32))).result()
        self.assertIs(refused.exception.code, ErrorCode.PARAMETER)

    def test_a_conversation_calls_its_tools(self) -> None:
        q = self.connect()
        angle = {"type": "object", "required": ["angle"], "properties": {"angle": {"enum": [90, 180]}}}
        tools = [{"type": "function", "function": {"name": name, "parameters": angle}} for name in ("turn", "look")]
        messages: list[dict[str, object]] = [{"role": "user", "content": "Größer, <|im_end|> und weiter."}]
        result = q.chat(messages, tools=tools, tool_choice="look").result()
        (call,) = result.called().calls
        self.assertEqual((call.name, call.arguments.keys(), result.reason), ("look", {"angle"}, Reason.STOP))
        self.assertIn(call.arguments["angle"], (90, 180))
        messages += [result.called().message(), {"role": "tool", "content": "a door"}]
        after = q.chat(messages, tools=tools, tool_choice="none", sampling=SHORT).result()
        self.assertGreater(after.prompt_tokens, result.prompt_tokens + 20)
        self.assertEqual((after.called().calls, after.called().content), ([], after.text))
        alone = q.chat(messages[:1], sampling=SHORT).result()
        self.assertEqual(alone.text, q.generate(str(messages[0]["content"]), sampling=SHORT).result().text)
        for wrong, message in (
            ({"messages": []}, "not a conversation in JSON: it has no messages"),
            ({"messages": messages, "tools": [{"type": "function"}]}, "tool 1: "),
            ({"messages": messages, "tools": tools, "tool_choice": "halt"}, 'there is no tool "halt"'),
        ):
            with self.assertRaises(RequestError) as refused:
                q.chat(**wrong).result()  # type: ignore[arg-type]
            self.assertIs(refused.exception.code, ErrorCode.PARAMETER)
            self.assertIn(message, refused.exception.message)

    def test_a_key_is_one_request(self) -> None:
        q = self.connect()
        first, second = (q.generate("turn left", sampling=SHORT, key=77).result() for _ in range(2))
        self.assertEqual(first, second)
        with self.assertRaises(RequestError) as refused:
            q.generate("turn right", sampling=SHORT, key=77).result()
        self.assertIs(refused.exception.code, ErrorCode.KEY_REUSED)

    def test_cancelling_one_of_eight_changes_no_other(self) -> None:
        prompts = [f"move {number}" for number in range(8)]
        alone = [self.connect().generate(prompt, sampling=SHORT).result().text for prompt in prompts]
        together: dict[int, str] = {}

        def ask(number: int) -> None:
            together[number] = self.connect().generate(prompts[number], sampling=SHORT).result().text

        threads = [Thread(target=ask, args=(number,)) for number in range(8)]
        doomed = self.connect().generate("tell a very long story", sampling=LONG)
        for thread in threads:
            thread.start()
        doomed.cancel()
        self.assertIs(doomed.result().reason, Reason.CANCELLED)
        for thread in threads:
            thread.join()
        self.assertEqual([together[number] for number in range(8)], alone)

    def test_a_deadline_has_its_fallback(self) -> None:
        result = self.connect().generate("tell a very long story " * 50, sampling=LONG, deadline=0.001, fallback="stand still").result()
        self.assertEqual((result.reason, result.text), (Reason.FALLBACK, "stand still"))

    def test_stop_reset_arm(self) -> None:
        q, other = self.connect(), self.connect()
        answer = other.generate("tell a very long story", sampling=LONG)
        next(iter(answer))
        try:
            self.assertIs(q.estop().state, SafetyState.STOPPED)
            self.assertIs(answer.result().reason, Reason.STOPPED)
            with self.assertRaises(RequestError) as refused:
                q.generate("go").result()
            self.assertIs(refused.exception.code, ErrorCode.STOPPED)
            self.assertIs(q.reset().state, SafetyState.DISARMED)
            with self.assertRaises(RequestError) as refused:
                q.generate("go").result()
            self.assertIs(refused.exception.code, ErrorCode.DISARMED)
        finally:
            q.reset()
            self.assertIs(q.arm().state, SafetyState.ARMED)
        self.assertGreater(q.generate("go", sampling=SHORT).result().prompt_tokens, 0)

    def test_a_stop_without_a_session_on_a_sealed_link(self) -> None:
        q = self.connect()
        answer = q.generate("tell a very long story", sampling=LONG)
        next(iter(answer))
        try:
            self.assertIs(qwark.estop(f"{self.address}.sealed").state, SafetyState.STOPPED)
            self.assertIs(answer.result().reason, Reason.STOPPED)
        finally:
            q.reset()
            q.arm()

    def test_uploads(self) -> None:
        q = self.connect()
        data = os.urandom(100_000)
        self.assertIs(q.upload(UploadKind.IMAGE, data, name="front").state, UploadState.STORED)
        (item,) = q.uploads()
        self.assertEqual((item.name, item.size, item.received), ("front", len(data), len(data)))
        q.delete_upload(item.sha256)
        self.assertEqual(q.uploads(), [])

    def test_a_long_prompt_arrives_whole(self) -> None:
        q = self.connect()
        few, many = (q.generate("word " * count, sampling=Sampling(max_tokens=1)).result().prompt_tokens for count in (10, 1000))
        self.assertGreater(many, few + 900)

    def test_heartbeats_and_ping(self) -> None:
        q = self.connect(heartbeat=0.1)
        self.assertLess(q.ping(), 1)
        time.sleep(1)
        assert q.heartbeat is not None
        self.assertGreater(q.heartbeat.free_kib, 0)

    def test_a_monitor_sees_another_clients_frames(self) -> None:
        watching, q = self.connect(), self.connect()
        frames = watching.monitor()
        seen: list[str] = []

        def watch() -> None:
            for mirrored in frames:
                seen.append(type(mirrored.message).__name__)
                if seen[-1] == "Done":
                    return

        thread = Thread(target=watch)
        thread.start()
        time.sleep(0.5)
        q.generate("go", sampling=Sampling(max_tokens=5)).result()
        thread.join(10)
        self.assertIn("Generate", seen)
        self.assertIn("Accepted", seen)
        self.assertEqual(seen[-1], "Done")

    def test_a_sealed_link(self) -> None:
        with qwark.connect(f"{self.address}.sealed", key=KEY, timeout=START) as q:
            self.assertGreater(q.generate("go", sampling=SHORT).result().prompt_tokens, 0)
            self.assertEqual(q.counters[1].unsealed, 0)
        with self.assertRaises(qwark.LinkError):
            qwark.connect(f"{self.address}.sealed", key=bytes(32), timeout=2)
        with self.assertRaises(qwark.IncompatibleError):
            qwark.connect(f"{self.address}.sealed", timeout=2).generate("go").result()

    def test_a_killed_runtime_is_a_pause(self) -> None:
        q = self.connect()
        expected = q.generate("tell a story", sampling=LONG).result().text
        answer = q.generate("tell a story", sampling=LONG)
        text = ""
        for number, piece in enumerate(answer):
            text += piece.text
            if number == 2:
                self.stop()
                self.start()
        self.assertEqual(text, expected)


if __name__ == "__main__":
    unittest.main()
