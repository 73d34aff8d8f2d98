/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "board.h"

#define CORE_HZ 25000000u
#define RING 1024u /* bytes that may arrive before board_read: 90 ms at 115,200 baud */

/* CMSDK APB UART (Arm DDI 0479). */
typedef struct uart {
    volatile uint32_t data, state, control, interrupt, divisor;
} uart;
#define UART0 ((uart *)0x40004000u)
#define UART_TX_FULL 1u
#define UART_RX_FULL 2u
#define UART_TX_ON 1u
#define UART_RX_ON 2u
#define UART_RX_INTERRUPT_ON 8u
#define UART_RX_INTERRUPT 2u

/* ARMv7-M (Arm DDI 0403). */
#define SYSTICK_CONTROL (*(volatile uint32_t *)0xe000e010u)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xe000e014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xe000e018u)
#define SYSTICK_ON 7u /* enabled, with interrupt, from the core's clock */
#define NVIC_ENABLE (*(volatile uint32_t *)0xe000e100u)
#define UART0_RX_IRQ 0u

/* Semihosting (Arm IHI 0030). */
enum semihosting { SYS_WRITE0 = 0x04, SYS_CLOCK = 0x10, SYS_TIME = 0x11, SYS_EXIT = 0x18 };
#define EXIT_SUCCESS_REASON 0x20026u
#define EXIT_FAILURE_REASON 0x20023u

static volatile uint32_t millis, ring_in, ring_out, overruns;
static uint8_t ring[RING];

static uint32_t semihosting(uint32_t operation, uintptr_t argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_start(void) {
    UART0->divisor = CORE_HZ / BOARD_BAUD;
    UART0->control = UART_TX_ON | UART_RX_ON | UART_RX_INTERRUPT_ON;
    NVIC_ENABLE = 1u << UART0_RX_IRQ;
    SYSTICK_RELOAD = CORE_HZ / 1000 - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = SYSTICK_ON;
}

uint32_t board_millis(void) { return millis; }

void board_wait(void) { __asm__ volatile("wfi"); }

size_t board_write(void *context, const uint8_t *bytes, size_t len) {
    (void)context;
    size_t taken = 0;
    while (taken < len && !(UART0->state & UART_TX_FULL)) UART0->data = bytes[taken++];
    return taken;
}

size_t board_read(uint8_t *bytes, size_t room) {
    size_t len = 0;
    while (len < room && ring_out != ring_in) {
        bytes[len++] = ring[ring_out % RING];
        ring_out++;
    }
    return len;
}

uint32_t board_overruns(void) { return overruns; }

uint64_t board_seed(void) {
    uint64_t seconds = semihosting(SYS_TIME, 0), hundredths = semihosting(SYS_CLOCK, 0);
    return (seconds << 32 | hundredths << 8 | 1) ^ SYSTICK_VALUE;
}

void board_print(const char *text) { semihosting(SYS_WRITE0, (uintptr_t)text); }

void board_print_bytes(const char *text, size_t len) {
    char copy[65];
    while (len > 0) {
        size_t part = len < sizeof copy - 1 ? len : sizeof copy - 1;
        for (size_t i = 0; i < part; i++) copy[i] = text[i];
        copy[part] = 0;
        board_print(copy);
        text += part;
        len -= part;
    }
}

void board_print_number(uint32_t number) {
    char digits[11];
    char *at = digits + sizeof digits - 1;
    *at = 0;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    board_print(at);
}

void board_exit(bool success) {
    semihosting(SYS_EXIT, success ? EXIT_SUCCESS_REASON : EXIT_FAILURE_REASON);
    for (;;) board_wait();
}

/* ---- Interrupts and start ---- */

static void on_systick(void) { millis++; }

static void on_uart0_rx(void) {
    UART0->interrupt = UART_RX_INTERRUPT;
    while (UART0->state & UART_RX_FULL) {
        uint8_t byte = (uint8_t)UART0->data;
        if (ring_in - ring_out == RING) overruns++;
        else ring[ring_in++ % RING] = byte;
    }
}

static void on_fault(void) {
    board_print("FAIL: a fault of the core\n");
    board_exit(false);
}

int main(void);

/* From the linker script. */
extern uint32_t data_start[], data_end[], data_image[], bss_start[], bss_end[], stack_end[];

static void on_reset(void) {
    for (uint32_t *to = data_start, *from = data_image; to < data_end;) *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;) *to++ = 0;
    main();
    board_exit(false);
}

typedef void (*handler)(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    handler core[15];
    handler irq[1];
} vectors = {
    stack_end,
    {on_reset, on_fault, on_fault, on_fault, on_fault, on_fault, 0, 0, 0, 0, on_fault, on_fault, 0, on_fault, on_systick},
    {on_uart0_rx},
};
