/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where int has 16 bits: numbers that a computer's int holds wrap there. For an ATmega1284P, which simavr emulates; see the Makefile.
 * The client's source is included, because its numbers are looked at.
 */
#include "../qwark.c"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

static qwark_client client;
static bool failed;

static void print(const char *text) {
    for (; *text; text++) {
        while (!(UCSR0A & 1 << UDRE0)) {}
        UDR0 = (uint8_t)*text;
    }
}

static void check(bool held, const char *what) {
    if (held) return;
    failed = true;
    print("not so: ");
    print(what);
    print("\n");
}

static size_t take_all(void *context, const uint8_t *bytes, size_t len) {
    (void)context, (void)bytes;
    return len;
}

static uint64_t one_nonce(void *context) {
    (void)context;
    return 1;
}

static void ignore(void *context, const qwark_event *event) { (void)context, (void)event; }

static void set_up(uint32_t baud) {
    qwark_config config;
    memset(&config, 0, sizeof config);
    config.write = take_all;
    config.nonce = one_nonce;
    config.event = ignore;
    config.name = "avr";
    config.baud = baud;
    check(qwark_init(&client, &config) == QWARK_OK, "init");
}

/* On a slow line, two frames of 320 bytes take longer than 16 bits of bits and milliseconds say. */
static void wait_for_a_slow_line(void) {
    set_up(1200);
    check(client.first_wait == 5633, "the first waiting time at 1200 baud");
}

/* A length that, with header and checksum, is that of the frame after all if 65,536 is taken off. */
static void drop_a_wrapped_length(void) {
    uint8_t frame[HEADER + CRC] = {VERSION, PONG, 0xf4, 0xff};
    uint32_t crc = crc32c(0, frame, HEADER);
    set_up(0);
    memcpy(client.in, frame, HEADER);
    for (unsigned i = 0; i < CRC; i++) client.in[HEADER + i] = (uint8_t)(crc >> 8 * i);
    client.in_len = HEADER + CRC;
    on_frame(&client, 0);
    check(client.counters.bad_length == 1, "a length of 65,524 is dropped");
}

/* The values that are given with them. */
static void compute_sums(void) {
    static const uint8_t start[4] = {0xba, 0x78, 0x16, 0xbf};
    uint8_t hash[QWARK_HASH];
    qwark_sha256((const uint8_t *)"abc", 3, hash);
    check(memcmp(hash, start, sizeof start) == 0, "SHA-256");
    check(crc32c(0, (const uint8_t *)"123456789", 9) == 0xe3069283, "CRC-32C");
}

int main(void) {
    UCSR0B = 1 << TXEN0;
    wait_for_a_slow_line();
    drop_a_wrapped_length();
    compute_sums();
    print(failed ? "avr: failed\n" : "avr: held\n");
    cli(); /* asleep for ever: the emulator ends */
    sleep_enable();
    sleep_cpu();
    return 0;
}
