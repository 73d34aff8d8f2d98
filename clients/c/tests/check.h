/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What all tests use: a check that says where it failed, and random numbers that come again with their seed. */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition, ...)                                                                                                            \
    do {                                                                                                                                 \
        if (!(condition)) {                                                                                                              \
            fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);                                                      \
            fprintf(stderr, __VA_ARGS__);                                                                                                \
            fputc('\n', stderr);                                                                                                         \
            exit(1);                                                                                                                     \
        }                                                                                                                                \
    } while (0)

/* xorshift64*, Vigna 2014. The state must not be 0. */
static inline uint64_t draw(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1d;
}

/* One of 0 to n - 1. */
static inline uint32_t draw_below(uint64_t *state, uint32_t n) { return (uint32_t)((draw(state) >> 32) % n); }

#endif
