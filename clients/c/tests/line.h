/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One direction of a serial line in memory: it has a speed, and hits frames at random. */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>
#include <stdint.h>

enum { LINE_ROOM = 1 << 14, FRAME_ROOM = 1024 };

typedef struct line {
    uint64_t seed;
    uint32_t hit_per_mille; /* of the frames */
    uint32_t bytes_per_ms;
    size_t buffer; /* bytes that it takes before they are sent */
    uint8_t queue[LINE_ROOM]; /* what is on its way */
    size_t head, len;
    uint8_t frame[FRAME_ROOM]; /* what was written since the last delimiter */
    size_t frame_len;
    uint32_t hits;
} line;

/* Takes as much as there is room for. */
size_t line_write(line *l, const uint8_t *bytes, size_t len);

/* What arrives in one millisecond: at most `room` bytes. */
size_t line_read(line *l, uint8_t *bytes, size_t room);

#endif
