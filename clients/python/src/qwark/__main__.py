"""`python -m qwark ask --link ADDRESS PROMPT` and `python -m qwark monitor --link ADDRESS`."""

import argparse
import sys

import qwark


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m qwark", description="Talks to a Qwark runtime.")
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask", help="print the answer to a prompt")
    monitor = commands.add_parser("monitor", help="print every frame of the runtime")
    for command in (ask, monitor):
        command.add_argument("--link", required=True, help="unix:PATH or serial:PORT[:BAUD]")
    ask.add_argument("prompt")
    return parser.parse_args()


def main() -> None:
    """Runs one command."""
    arguments = _arguments()
    try:
        with qwark.connect(arguments.link) as q:
            if arguments.command == "ask":
                for piece in q.generate(arguments.prompt):
                    print(piece.text, end="", flush=True)
                print()
            else:
                for seen in q.monitor():
                    arrow = "<-" if seen.sent else "->"
                    print(f"{seen.at:12.6f} {seen.connection:3} {arrow} {seen.frame.id:10} {seen.message or seen.frame}", flush=True)
    except (qwark.QwarkError, ValueError) as error:
        sys.exit(f"qwark: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
