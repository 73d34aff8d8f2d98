//! The board's first UART: a CMSDK APB UART (Arm DDI 0479), polled.

use core::ptr::{read_volatile, write_volatile};

/// Where its registers are on the MPS2 with the AN386 image (Arm DAI 0386).
const BASE: usize = 0x4000_4000;

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CTRL: usize = 0x08;
const BAUDDIV: usize = 0x10;

/// In STATE: the transmit buffer is full.
const TX_FULL: u32 = 1 << 0;
/// In STATE: a byte was received.
const RX_FULL: u32 = 1 << 1;
/// In CTRL: transmitter and receiver are on.
const ENABLE: u32 = 0b11;

/// The UART. There is one: whoever has it uses it alone.
pub struct Uart(());

impl Uart {
    /// Turns the UART on for `baud` bits per second, at a peripheral clock of `clock` Hz.
    ///
    /// # Safety
    /// To be called once: two of them would share the registers.
    pub unsafe fn new(clock: u32, baud: u32) -> Self {
        let uart = Uart(());
        uart.write(BAUDDIV, clock / baud);
        uart.write(CTRL, ENABLE);
        uart
    }

    /// The next byte that arrived, if there is one.
    pub fn receive(&mut self) -> Option<u8> {
        (self.read(STATE) & RX_FULL != 0).then(|| self.read(DATA) as u8)
    }

    /// Sends `bytes`, waiting for each.
    pub fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while self.read(STATE) & TX_FULL != 0 {}
            self.write(DATA, byte.into());
        }
    }

    fn read(&self, register: usize) -> u32 {
        // SAFETY: a register of the UART, which is always mapped on this board, and which only the one `Uart` uses.
        unsafe { read_volatile((BASE + register) as *const u32) }
    }

    fn write(&self, register: usize, value: u32) {
        // SAFETY: as in `read`.
        unsafe { write_volatile((BASE + register) as *mut u32, value) }
    }
}
