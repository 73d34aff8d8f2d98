"""Reads lines: a command in hexadecimal, or J and a line of JSON. Writes each as the module encodes what it read, and for bytes their JSON; - where it refused."""
import sys

import generated as g

for line in sys.stdin.buffer.read().decode().split("\n")[:-1]:
    try:
        if line.startswith("J"):
            print(g.encode(g.from_json(line[1:])).hex())
        else:
            command = g.decode(bytes.fromhex(line))
            text = g.to_json(command)
            assert g.from_json(text) == command
            print(g.encode(command).hex(), text)
    except g.DecodeError:
        print("-")
