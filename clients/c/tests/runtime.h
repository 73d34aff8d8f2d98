/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A runtime without a model, for the tests: it does what docs/WIRE.md asks of the other end, for one client on one line, and
 * answers each prompt with letters that follow from it, and each sentence with commands that consist of such letters.
 */
#ifndef RUNTIME_H
#define RUNTIME_H

#include "codec.h"
#include "line.h"

enum { REPLIES = 16, REPLY_TEXT = 4096, REPLY_FIXED = 320, COMMAND_BYTES = 12, UPLOAD_ROOM = 4096 };

typedef struct repeat {
    uint32_t due, wait, tries;
    bool on;
} repeat;

typedef struct reply {
    bool used;
    uint32_t id;
    bool is_sentence;
    uint8_t fixed[REPLY_FIXED]; /* the first frame's fields but the text: the key and what has to be the same under it */
    size_t fixed_len;
    uint8_t text[REPLY_TEXT];
    uint32_t total, text_crc, text_received;
    uint32_t answer_len; /* as far as it goes, if nothing ends it */
    uint32_t generated, window, sent, acknowledged;
    bool ended, end_acknowledged;
    uint8_t reason; /* of the Done */
    uint8_t error;  /* not 0: an Error ends it */
    repeat tokens, end;
} reply;

typedef struct runtime {
    line *out;
    const uint8_t *key; /* of the link, or NULL */
    uint64_t boot_id, client, nonces;
    bool session;
    seals with;
    uint8_t safety;
    uint32_t stop;
    uint16_t seq;
    uint16_t heartbeat_ms;
    uint32_t heartbeat_due, uptime;
    reply replies[REPLIES];
    uint8_t in[MAX_STUFFED];
    size_t in_len;
    /* The upload */
    uint8_t upload[UPLOAD_ROOM], upload_hash[32];
    uint32_t upload_size, upload_received;
    bool stored;
    /* What the test looks at */
    uint32_t started;     /* answers begun, since the start */
    uint32_t corrupted;   /* texts that were not what was announced */
    /* What the test sets */
    bool deaf;            /* nothing is read or sent */
    uint8_t ignored;      /* a kind that is never answered; 0 for none */
} runtime;

/* Begins, or begins anew with everything forgotten and another boot id. */
void runtime_start(runtime *r, uint64_t boot_id);

void runtime_receive(runtime *r, const uint8_t *bytes, size_t len, uint32_t now);

/* One millisecond. */
void runtime_step(runtime *r, uint32_t now);

/* Byte `at` of the answer to the prompt whose checksum is `text_crc`. */
uint8_t answer_byte(uint32_t text_crc, uint32_t at);

#endif
