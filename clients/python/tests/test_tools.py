"""Calls in an answer's text."""

import json
from typing import Any
import unittest

from qwark.tools import Called, ToolCall, conversation, read_calls


def call(name: str, arguments: str) -> str:
    return f'<tool_call>\n{{"name": "{name}", "arguments": {arguments}}}\n</tool_call>'


class Calls(unittest.TestCase):
    def test_text_and_calls_are_set_apart(self) -> None:
        tag = {"text": "a </tool_call> and <tool_call>", "on": [1, 2.5, None]}
        for text, content, calls in (
            ("", "", []),
            ("I'll look.\n", "I'll look.\n", []),
            (call("stop", "{}"), "", [ToolCall("stop", {})]),
            ("So:\n" + call("say", json.dumps(tag)), "So:", [ToolCall("say", tag)]),
            (call("stop", "{}") + "\n" + call("go.to", '{"x": 1}') + "\n", "", [ToolCall("stop", {}), ToolCall("go.to", {"x": 1})]),
        ):
            self.assertEqual(read_calls(text), Called(content, calls))

    def test_what_is_no_call_is_refused(self) -> None:
        whole = call("go", '{"x": 1}')
        cut = [whole[:end] for end in range(len("<tool_call>"), len(whole))]
        for text in [
            *cut,
            whole + " and so on",
            whole + "\n<tool_call>",
            call("go", "[]"),
            call("go", "1e999"),
            call("go", '{"x": 1e999}'),
            call("go", '{"x": NaN}'),
            call("go", "[" * 100_000),
            whole.replace('"name"', '"id": 1, "name"'),
            "<tool_call>{}</tool_call>",
            "<tool_call>[]</tool_call>",
        ]:
            with self.assertRaises(ValueError, msg=text[:99]):
                read_calls(text)

    def test_an_answer_becomes_a_message(self) -> None:
        self.assertEqual(read_calls("Yes.").message(), {"role": "assistant", "content": "Yes."})
        function = {"name": "go", "arguments": {"x": 1}}
        calls = [{"type": "function", "function": function}]
        self.assertEqual(read_calls(call("go", '{"x": 1}')).message(), {"role": "assistant", "content": "", "tool_calls": calls})

    def test_a_conversation_is_what_it_says(self) -> None:
        messages = [{"role": "user", "content": "größer"}]
        tools = [{"type": "function", "function": {"name": "go"}}]
        self.assertEqual(json.loads(conversation(messages, (), "auto")), {"messages": messages, "tool_choice": "auto"})
        named = {"type": "function", "function": {"name": "go"}}
        self.assertEqual(json.loads(conversation(messages, tools, "go")), {"messages": messages, "tools": tools, "tool_choice": named})

    def test_what_is_no_json_is_no_conversation(self) -> None:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        for content in (float("nan"), {1, 2}, deep):
            with self.assertRaises(ValueError):
                conversation([{"role": "user", "content": content}], (), "auto")
