#!/usr/bin/env python3
"""Writes the golden frames of protocol version 1, straight from docs/WIRE.md and without the Rust crate.

    python3 wire/tests/golden/make.py        # rewrites wire/tests/golden/v1/*.hex

Each file holds one frame as it is on the line, delimiter included; the comments show its parts before stuffing. The files
of a version that was released are never changed again.
"""

import pathlib
import struct


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def cobs(data):
    out, rest = bytearray(), data + b"\0"
    while rest:
        run = min(rest.index(0), 254)
        out += bytes([run + 1]) + rest[:run]
        rest = rest[run:] if run == 254 else rest[run + 1:]
        if run == 254 and rest == b"\0":
            break
    return bytes(out)


def u8(n): return struct.pack("<B", n)
def u16(n): return struct.pack("<H", n)
def u32(n): return struct.pack("<I", n)
def u64(n): return struct.pack("<Q", n)
def f32(x): return struct.pack("<f", x)
def text(s): return u16(len(s.encode())) + s.encode()


SAMPLING = [
    ("max_tokens", u32(64)), ("temperature", f32(0.75)), ("top_k", u32(40)), ("top_p", f32(0.5)),
    ("min_p", f32(0.0625)), ("repetition_penalty", f32(1.25)), ("presence_penalty", f32(0.5)),
    ("frequency_penalty", f32(-0.25)), ("seed", u64(0x0123456789ABCDEF)),
]
GREEDY = [
    ("max_tokens", u32(0)), ("temperature", f32(0)), ("top_k", u32(0)), ("top_p", f32(1)), ("min_p", f32(0)),
    ("repetition_penalty", f32(1)), ("presence_penalty", f32(0)), ("frequency_penalty", f32(0)), ("seed", u64(0)),
]
LONG = "".join(chr(ord("a") + i % 26) for i in range(300))

# name: (kind, sequence number, request id, fields)
FRAMES = {
    "hello": (0x01, 0, 0, [("version_min", u8(1)), ("version_max", u8(1)), ("name", text("rover"))]),
    "ping": (0x02, 1, 0, [("nonce", u32(0x01020304))]),
    "generate": (0x10, 2, 7, SAMPLING + [
        ("form", u8(0)), ("thinking", u8(1)), ("has_system", u8(1)), ("system_len", u32(9)), ("prompt_len", u32(15)),
        ("stops", u8(2) + text("\n\n") + text("</s>")), ("text", text("Be brief.drive 1.5 cm→"))]),
    "generate_raw": (0x10, 3, 8, GREEDY + [
        ("form", u8(1)), ("thinking", u8(0)), ("has_system", u8(0)), ("system_len", u32(0)), ("prompt_len", u32(300)),
        ("stops", u8(0)), ("text", u16(0))]),
    "text": (0x11, 4, 8, [("offset", u32(0)), ("text", text(LONG))]),
    "cancel": (0x12, 0xFFFF, 7, []),
    "identify": (0x81, 0, 0, [
        ("version_min", u8(1)), ("version_max", u8(1)), ("boot_id", u64(0xFEDCBA9876543210)),
        ("schema", u64(0x1122334455667788)), ("max_frame", u16(4096)), ("max_text", u32(262144)), ("context", u32(2048)),
        ("max_parallel", u16(4)), ("model", text("qwen2.5-0.5b"))]),
    "pong": (0x82, 1, 0, [("nonce", u32(0x01020304))]),
    "error": (0x8F, 2, 9, [("code", u8(5)), ("ends", u8(1)), ("message", text("too long"))]),
    "error_of_a_newer_version": (0x8F, 2, 0, [("code", u8(200)), ("ends", u8(0)), ("message", text(""))]),
    "token": (0x90, 3, 7, [("offset", u32(4)), ("text", text(" größe"))]),
    "done": (0x91, 4, 7, [
        ("reason", u8(4)), ("prompt_tokens", u32(21)), ("output_tokens", u32(3)), ("text_len", u32(12)),
        ("queue_us", u64(150)), ("prefill_us", u64(81000)), ("first_token_us", u64(95000)),
        ("total_us", u64(5000000000))]),
}

folder = pathlib.Path(__file__).parent / "v1"
folder.mkdir(exist_ok=True)
for name, (kind, seq, request, fields) in FRAMES.items():
    header = [("version", u8(1)), ("kind", u8(kind)), ("seq", u16(seq)), ("id", u32(request))]
    body = b"".join(value for _, value in header + fields)
    crc = struct.pack("<I", crc32c(body))
    lines = [f"# {field} {value.hex(' ')}" for field, value in header + fields + [("crc", crc)]]
    frame = cobs(body + crc) + b"\0"
    lines += [frame[at:at + 32].hex(" ") for at in range(0, len(frame), 32)]
    (folder / f"{name}.hex").write_text("\n".join(lines) + "\n")
