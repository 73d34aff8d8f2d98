#!/usr/bin/env python3
"""Writes the golden frames of protocol version 1, straight from docs/WIRE.md and without the Rust crate.

    python3 wire/tests/golden/make.py        # rewrites wire/tests/golden/v1/*.hex

Each file holds one frame as it is on the line, delimiter included; the comments show its parts before stuffing. The files
of a version that was released are never changed again.
"""

import hashlib
import hmac
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
def encoded(command): return u16(len(bytes.fromhex(command))) + bytes.fromhex(command)


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

KEY = bytes(range(32))
CLIENT, CLIENT_NONCE, RUNTIME_NONCE = 0x0102030405060708, 0x1111222233334444, 0xAAAABBBBCCCCDDDD
SHA = hashlib.sha256(b"abc").digest()
GENERATE = [("key", u64(0xC0FFEE)), ("priority", u8(2)), ("deadline_ms", u32(1500)), ("window", u32(512))]
PLAIN = [("key", u64(0)), ("priority", u8(1)), ("deadline_ms", u32(0)), ("window", u32(0))]
ROVER = 0x5C0A1B2D
SENTENCE = "zurück, 30 cm"
WORDS = "Be brief.drive 1.5 cm→"
PING = [("nonce", u32(0x01020304))]

# name: (kind, sequence number, request id, fields)
FRAMES = {
    "hello": (0x01, 0, 0, [
        ("version_min", u8(1)), ("version_max", u8(1)), ("client", u64(CLIENT)), ("nonce", u64(CLIENT_NONCE)),
        ("heartbeat_ms", u16(500)), ("name", text("rover"))]),
    "ping": (0x02, 1, 0, PING),
    "estop": (0x03, 2, 0, []),
    "reset": (0x04, 3, 0, [("stop", u32(1))]),
    "arm": (0x05, 4, 0, [("stop", u32(1))]),
    "monitor": (0x06, 5, 0, [("on", u8(1))]),
    "generate": (0x10, 2, 7, GENERATE + SAMPLING + [
        ("form", u8(0)), ("thinking", u8(1)), ("has_system", u8(1)), ("system_len", u32(9)), ("prompt_len", u32(15)),
        ("text_crc", u32(crc32c(WORDS.encode()))), ("grammar", u8(2)), ("grammar_hash", SHA), ("has_fallback", u8(1)), ("fallback", text("halt")),
        ("stops", u8(2) + text("\n\n") + text("</s>")), ("text", text(WORDS))]),
    "generate_raw": (0x10, 3, 8, PLAIN + GREEDY + [
        ("form", u8(1)), ("thinking", u8(0)), ("has_system", u8(0)), ("system_len", u32(0)), ("prompt_len", u32(300)),
        ("text_crc", u32(crc32c(LONG.encode()))), ("grammar", u8(0)), ("grammar_hash", bytes(32)), ("has_fallback", u8(0)), ("fallback", u16(0)),
        ("stops", u8(0)), ("text", u16(0))]),
    "text": (0x11, 4, 8, [("offset", u32(0)), ("text", text(LONG))]),
    "cancel": (0x12, 0xFFFF, 7, []),
    "ack": (0x13, 5, 7, [("received", u32(120)), ("window", u32(512)), ("ended", u8(0))]),
    "resend": (0x14, 6, 7, [("offset", u32(120)), ("len", u32(64))]),
    "command": (0x15, 11, 12, GENERATE + [
        ("set", u32(ROVER)), ("sentence_len", u32(len(SENTENCE.encode()))), ("text_crc", u32(crc32c(SENTENCE.encode()))),
        ("has_fallback", u8(1)), ("fallback", encoded("0a")), ("text", text(SENTENCE))]),
    "command_plain": (0x15, 12, 13, PLAIN + [
        ("set", u32(ROVER)), ("sentence_len", u32(300)), ("text_crc", u32(crc32c(LONG.encode()))),
        ("has_fallback", u8(0)), ("fallback", u16(0)), ("text", u16(0))]),
    "upload_begin": (0x20, 7, 9, [
        ("what", u8(3)), ("size", u32(3)), ("sha256", SHA), ("keep_s", u32(600)), ("name", text("moves.lark"))]),
    "upload_data": (0x21, 8, 9, [("offset", u32(0)), ("data", text("abc"))]),
    "upload_list": (0x22, 9, 10, [("index", u16(1))]),
    "upload_delete": (0x23, 10, 11, [("sha256", SHA)]),
    "identify": (0x81, 0, 0, [
        ("version_min", u8(1)), ("version_max", u8(1)), ("boot_id", u64(0xFEDCBA9876543210)),
        ("schema", u64(0x1122334455667788)), ("client_nonce", u64(CLIENT_NONCE)), ("nonce", u64(RUNTIME_NONCE)), ("kept", u16(2)),
        ("features", u32(25)), ("safety", u8(2)), ("stop", u32(3)), ("max_frame", u16(4096)), ("max_text", u32(262144)),
        ("context", u32(2048)), ("max_parallel", u16(4)), ("max_requests", u16(32)), ("linger_s", u16(30)),
        ("upload_quota", u32(8388608)), ("set", u32(ROVER)), ("models", u8(1) + text("qwen2.5-0.5b")), ("commands", text("rover"))]),
    "pong": (0x82, 1, 0, PING),
    "safety": (0x83, 2, 0, [("state", u8(1)), ("stop", u32(3))]),
    "heartbeat": (0x84, 3, 0, [
        ("uptime_ms", u64(86400000)), ("steps", u64(123456)), ("running", u16(1)), ("queued", u16(2)), ("parked", u16(3)),
        ("safety", u8(0)), ("tokens_per_s", f32(17.5)), ("temperature", f32(61.25)), ("free_kib", u32(524288)), ("lost", u32(4))]),
    "mirror": (0x85, 4, 0, [
        ("at_us", u64(5000000)), ("connection", u32(2)), ("sent", u8(1)), ("dropped", u32(7)), ("total", u16(14)), ("offset", u16(0)),
        ("data", u16(14) + bytes(range(14)))]),
    "error": (0x8F, 2, 9, [("code", u8(5)), ("ends", u8(1)), ("message", text("too long"))]),
    "error_of_a_newer_version": (0x8F, 2, 0, [("code", u8(200)), ("ends", u8(0)), ("message", text(""))]),
    "token": (0x90, 3, 7, [("offset", u32(4)), ("text", text(" größe"))]),
    "done": (0x91, 4, 7, [
        ("reason", u8(7)), ("prompt_tokens", u32(21)), ("output_tokens", u32(3)), ("text_len", u32(12)), ("answer_at", u32(8)),
        ("queue_us", u64(150)), ("prefill_us", u64(81000)), ("first_token_us", u64(95000)),
        ("total_us", u64(5000000000))]),
    "accepted": (0x92, 5, 7, [("received", u32(24)), ("window", u32(4096))]),
    "command_reply": (0x93, 8, 12, [("offset", u32(5)), ("data", encoded("00 01 e2 ff 02"))]),
    "upload": (0xA0, 6, 9, [("state", u8(2)), ("received", u32(3)), ("window", u32(8192)), ("expires_s", u32(600))]),
    "upload_item": (0xA1, 7, 10, [
        ("index", u16(1)), ("count", u16(2)), ("what", u8(1)), ("size", u32(70000)), ("received", u32(8192)), ("expires_s", u32(59)),
        ("sha256", SHA), ("name", text("front camera"))]),
}

# Sealed under KEY in the session of hello and identify: name: (direction, counter, frame)
SEALED = {
    "sealed_ping": (0, 1, FRAMES["ping"]),
    "sealed_pong": (1, 2, FRAMES["pong"]),
}


def write(name, kind, seq, request, fields, seal=None):
    payload = b"".join(value for _, value in fields)
    header = [("version", u8(1)), ("kind", u8(kind)), ("len", u16(len(payload))), ("seq", u16(seq)), ("id", u32(request))]
    parts = header + fields
    body = b"".join(value for _, value in parts)
    if seal:
        direction, counter = seal
        salt = u64(CLIENT_NONCE) + u64(RUNTIME_NONCE) + u64(CLIENT) + u8(direction) + u32(counter)
        tag = hmac.new(KEY, salt + body, hashlib.sha256).digest()[:8]
        parts = parts + [("counter", u32(counter)), ("tag", tag)]
        body += u32(counter) + tag
    crc = struct.pack("<I", crc32c(body))
    lines = [f"# {field} {value.hex(' ')}" for field, value in parts + [("crc", crc)]]
    frame = cobs(body + crc) + b"\0"
    lines += [frame[at:at + 32].hex(" ") for at in range(0, len(frame), 32)]
    (folder / f"{name}.hex").write_text("\n".join(lines) + "\n")


folder = pathlib.Path(__file__).parent / "v1"
folder.mkdir(exist_ok=True)
for name, frame in FRAMES.items():
    write(name, *frame)
for name, (direction, counter, frame) in SEALED.items():
    write(name, *frame, seal=(direction, counter))
