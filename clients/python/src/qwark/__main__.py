"""`python -m qwark ask --link ADDRESS PROMPT` and `python -m qwark monitor --link ADDRESS`."""

import argparse
import os
import sys

import qwark


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m qwark", description="Talks to a Qwark runtime.")
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask", help="print the answer to a prompt")
    monitor = commands.add_parser("monitor", help="print every frame of the runtime")
    for command in (ask, monitor):
        command.add_argument("--link", required=True, help="unix:PATH or serial:PORT[:BAUD]")
        command.add_argument("--key", metavar="FILE", help="the link's key, 64 hexadecimal digits in a file that nobody else may read")
    ask.add_argument("prompt")
    return parser.parse_args()


def _run(arguments: argparse.Namespace) -> None:
    key = None if arguments.key is None else qwark.read_key(arguments.key)
    with qwark.connect(arguments.link, key=key) as q:
        if arguments.command == "ask":
            for piece in q.generate(arguments.prompt):
                print(piece.text, end="", flush=True)
            print(flush=True)
        else:
            for seen in q.monitor():
                arrow = "<-" if seen.sent else "->"
                print(f"{seen.at:12.6f} {seen.connection:3} {arrow} {seen.frame.id:10} {seen.message or seen.frame}", flush=True)


def main() -> None:
    """Runs one command."""
    try:
        _run(_arguments())
    except BrokenPipeError:  # whoever read the output has seen enough: no fault, and nothing is to be flushed to them at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (qwark.QwarkError, ValueError, OSError) as error:
        sys.exit(f"qwark: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
