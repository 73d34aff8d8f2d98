/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Frames of both directions, for the tests: written from docs/WIRE.md in the plainest way, and apart from the client.
 */
#ifndef CODEC_H
#define CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_FRAME 4096
#define MAX_STUFFED (MAX_FRAME + MAX_FRAME / 254 + 2)

/* A frame, and a place in its payload for the functions that read it. */
typedef struct packet {
    uint8_t kind;
    uint16_t seq;
    uint32_t id;
    uint8_t payload[MAX_FRAME];
    size_t len, at;
    bool short_read; /* a field was read that is not there */
    bool sealed;
    uint32_t counter;
    uint8_t tag[8];
} packet;

/* What a session's seals have in common; without a key there are none. */
typedef struct seals {
    const uint8_t *key;
    uint64_t client_nonce, runtime_nonce, client;
    uint8_t direction; /* of what is sent: 0 from a client, 1 from a runtime */
    uint32_t sent, received;
} seals;

void packet_begin(packet *p, uint8_t kind, uint32_t id);
void packet_number(packet *p, uint64_t value, unsigned bytes);
void packet_float(packet *p, float value);
void packet_bytes(packet *p, const void *bytes, size_t len);
/* With its length before it. */
void packet_text(packet *p, const void *bytes, size_t len);

uint64_t read_number(packet *p, unsigned bytes);
/* The place of the next `len` bytes. */
const uint8_t *read_bytes(packet *p, size_t len);

/* Stuffs a frame, with its delimiter; seals it where `with` is given and has a key. Returns the length. */
size_t encode(const packet *p, seals *with, uint8_t out[MAX_STUFFED]);

/* Takes a frame apart, as it is on the line but without the delimiter. False if it does not hold. */
bool decode(const uint8_t *bytes, size_t len, packet *p);

/* Whether a frame's seal holds and is new. */
bool seal_holds(const packet *p, seals *with);

uint32_t codec_crc(const uint8_t *bytes, size_t len);

#endif
