/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec.h"

#include <string.h>

#include "../qwark.h"
#include "check.h"

enum { HEADER = 10, SEAL = 12, CRC = 4, TAG = 8 };

uint32_t codec_crc(const uint8_t *bytes, size_t len) {
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

void packet_begin(packet *p, uint8_t kind, uint32_t id) {
    memset(p, 0, sizeof *p);
    p->kind = kind;
    p->id = id;
}

void packet_bytes(packet *p, const void *bytes, size_t len) {
    CHECK(p->len + len <= sizeof p->payload, "%zu bytes", len);
    if (len > 0) memcpy(p->payload + p->len, bytes, len);
    p->len += len;
}

void packet_number(packet *p, uint64_t value, unsigned bytes) {
    for (; bytes > 0; bytes--, value >>= 8) {
        uint8_t byte = (uint8_t)value;
        packet_bytes(p, &byte, 1);
    }
}

void packet_float(packet *p, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    packet_number(p, bits, 4);
}

void packet_text(packet *p, const void *bytes, size_t len) {
    packet_number(p, len, 2);
    packet_bytes(p, bytes, len);
}

const uint8_t *read_bytes(packet *p, size_t len) {
    static const uint8_t nothing[MAX_FRAME];
    if (p->len - p->at < len) {
        p->short_read = true;
        return nothing;
    }
    p->at += len;
    return p->payload + p->at - len;
}

uint64_t read_number(packet *p, unsigned bytes) {
    const uint8_t *at = read_bytes(p, bytes);
    uint64_t value = 0;
    for (unsigned i = bytes; i > 0; i--) value = value << 8 | at[i - 1];
    return value;
}

/* HMAC-SHA-256 of salt and frame, by two hashes in one go each. */
static void make_tag(const seals *with, uint8_t direction, uint32_t counter, const uint8_t *frame, size_t len, uint8_t tag[TAG]) {
    uint8_t inner[64 + 29 + MAX_FRAME], outer[64 + 32];
    packet salt;
    packet_begin(&salt, 0, 0);
    packet_number(&salt, with->client_nonce, 8);
    packet_number(&salt, with->runtime_nonce, 8);
    packet_number(&salt, with->client, 8);
    packet_number(&salt, direction, 1);
    packet_number(&salt, counter, 4);
    for (unsigned i = 0; i < 64; i++) {
        uint8_t byte = i < 32 ? with->key[i] : 0;
        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5c;
    }
    memcpy(inner + 64, salt.payload, salt.len);
    memcpy(inner + 64 + salt.len, frame, len);
    qwark_sha256(inner, 64 + salt.len + len, outer + 64);
    qwark_sha256(outer, sizeof outer, inner);
    memcpy(tag, inner, TAG);
}

/* Header and payload, as a seal covers them. */
static size_t lay_out(const packet *p, uint8_t frame[MAX_FRAME]) {
    packet header;
    packet_begin(&header, 0, 0);
    packet_number(&header, 1, 1);
    packet_number(&header, p->kind, 1);
    packet_number(&header, p->len, 2);
    packet_number(&header, p->seq, 2);
    packet_number(&header, p->id, 4);
    CHECK(HEADER + p->len + SEAL + CRC <= MAX_FRAME, "a payload of %zu bytes", p->len);
    memcpy(frame, header.payload, HEADER);
    memcpy(frame + HEADER, p->payload, p->len);
    return HEADER + p->len;
}

static size_t stuff(const uint8_t *from, size_t len, uint8_t *to) {
    size_t at = 0, out = 0;
    while (true) {
        size_t run = 0;
        while (run < 254 && at + run < len && from[at + run] != 0) run++;
        to[out++] = (uint8_t)(run + 1);
        memcpy(to + out, from + at, run);
        out += run;
        at += run;
        if (run == 254 && at < len) continue; /* a full block stands for no zero */
        if (at == len) break;
        at++;
    }
    to[out++] = 0;
    return out;
}

size_t encode(const packet *p, seals *with, uint8_t out[MAX_STUFFED]) {
    uint8_t frame[MAX_FRAME];
    size_t len = lay_out(p, frame);
    if (with && with->key) {
        uint32_t counter = ++with->sent;
        make_tag(with, with->direction, counter, frame, len, frame + len + 4);
        for (unsigned i = 0; i < 4; i++) frame[len++] = (uint8_t)(counter >> 8 * i);
        len += TAG;
    }
    uint32_t crc = codec_crc(frame, len);
    for (unsigned i = 0; i < CRC; i++) frame[len++] = (uint8_t)(crc >> 8 * i);
    return stuff(frame, len, out);
}

bool decode(const uint8_t *bytes, size_t len, packet *p) {
    uint8_t frame[MAX_FRAME];
    size_t out = 0;
    for (size_t at = 0; at < len;) {
        size_t code = bytes[at++];
        if (code - 1 > len - at || out + code > sizeof frame) return false;
        memcpy(frame + out, bytes + at, code - 1);
        out += code - 1;
        at += code - 1;
        if (code < 255 && at < len) frame[out++] = 0;
    }
    if (out < HEADER + CRC) return false;
    packet crc, header;
    packet_begin(&crc, 0, 0);
    packet_bytes(&crc, frame + out - CRC, CRC);
    if (read_number(&crc, 4) != codec_crc(frame, out - CRC)) return false;
    packet_begin(&header, 0, 0);
    packet_bytes(&header, frame, HEADER);
    if (read_number(&header, 1) != 1) return false;
    packet_begin(p, (uint8_t)read_number(&header, 1), 0);
    size_t payload = (size_t)read_number(&header, 2);
    p->seq = (uint16_t)read_number(&header, 2);
    p->id = (uint32_t)read_number(&header, 4);
    p->sealed = out == HEADER + payload + SEAL + CRC;
    if (!p->sealed && out != HEADER + payload + CRC) return false;
    packet_bytes(p, frame + HEADER, payload);
    if (p->sealed) {
        packet seal;
        packet_begin(&seal, 0, 0);
        packet_bytes(&seal, frame + HEADER + payload, SEAL);
        p->counter = (uint32_t)read_number(&seal, 4);
        memcpy(p->tag, read_bytes(&seal, TAG), TAG);
    }
    return true;
}

bool seal_holds(const packet *p, seals *with) {
    uint8_t frame[MAX_FRAME], tag[TAG];
    if (!p->sealed || p->counter <= with->received) return false;
    make_tag(with, !with->direction, p->counter, frame, lay_out(p, frame), tag);
    if (memcmp(tag, p->tag, TAG) != 0) return false;
    with->received = p->counter;
    return true;
}
