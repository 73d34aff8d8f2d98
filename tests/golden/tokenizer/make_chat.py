"""Renders the conversations of chat/conversations.json with transformers' own renderer of chat templates.

make_chat.py              writes chat/expected.json for the templates of this folder and Qwark's built-in one
make_chat.py TEMPLATE...  prints the same for other templates, such as a model's own one
"""
import json
import sys
from pathlib import Path

from transformers.utils.chat_template_utils import render_jinja_template

HERE = Path(__file__).parent / "chat"
OURS = {
    "thinking": HERE / "thinking.jinja",
    "constructs": HERE / "constructs.jinja",
    "chatml": HERE.parents[3] / "src" / "chat" / "chatml.jinja",
}
BOS_TOKEN, EOS_TOKEN = "<|endoftext|>", "<|im_end|>"


def render(template, chat):
    (text,), _ = render_jinja_template(
        conversations=[chat["messages"]],
        tools=chat.get("tools"),
        chat_template=template,
        add_generation_prompt=chat.get("add_generation_prompt", True),
        bos_token=BOS_TOKEN,
        eos_token=EOS_TOKEN,
        **{key: chat[key] for key in ("enable_thinking",) if key in chat},
    )
    return text


def main():
    templates = {path: Path(path) for path in sys.argv[1:]} or OURS
    conversations = json.loads((HERE / "conversations.json").read_text())
    expected = {
        name: {title: render(path.read_text(), chat) for title, chat in conversations.items()}
        for name, path in templates.items()
    }
    text = json.dumps(expected, ensure_ascii=False, indent=1) + "\n"
    if len(sys.argv) > 1:
        print(text, end="")
    else:
        (HERE / "expected.json").write_text(text)


main()
