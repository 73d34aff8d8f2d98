/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The board: Arm's MPS2 with image AN386 (a Cortex-M4 at 25 MHz), as QEMU emulates it under the name mps2-an386. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Baud of UART0, on which the runtime is. */
#define BOARD_BAUD 115200u

/* Starts the clock and UART0. */
void board_start(void);

/* Milliseconds since the start; wraps. */
uint32_t board_millis(void);

/* Sleeps until the next interrupt: a byte, or a millisecond. */
void board_wait(void);

/* Sends bytes over UART0 as far as it takes them now; returns how many. */
size_t board_write(void *context, const uint8_t *bytes, size_t len);

/* What has arrived over UART0, at most `room` bytes. */
size_t board_read(uint8_t *bytes, size_t room);

/* Bytes that arrived when there was no room for them. */
uint32_t board_overruns(void);

/* A number that differs from start to start, from the debugger's clock. A real board takes its random number generator. */
uint64_t board_seed(void);

/* Text on the debugger's console. */
void board_print(const char *text);
void board_print_bytes(const char *text, size_t len);
void board_print_number(uint32_t number);

/* Ends the program under the debugger. */
void board_exit(bool success);

#endif
