//! A motor controller's day, on a Cortex-M4 without an allocator: it asks over its UART, streams the answer, gets commands, cancels an answer, stops the
//! runtime in the middle of another, is refused, arms it again and gets the first answer once more.
//!
//! It runs on the emulated board `mps2-an386`, and says through semihosting how each step went, PASS or FAIL; the emulator's exit code is 0
//! if all of them passed.
#![no_std]
#![no_main]

mod clock;
mod robot;
mod uart;

/// The rover's commands, as `qwark commands codegen --lang rust` writes them.
#[allow(dead_code, reason = "the firmware reads commands, and looks into none")]
mod rover {
    include!(env!("ROVER_RS"));
}

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hprintln};

use robot::Robot;
use uart::Uart;

/// The board's clock, in Hz.
const CLOCK: u32 = 25_000_000;

/// The line's speed.
const BAUD: u32 = 115_200;

#[entry]
fn main() -> ! {
    let outcome = match cortex_m::Peripherals::take() {
        Some(peripherals) => {
            clock::start(peripherals.SYST, CLOCK);
            // SAFETY: `main` runs once, and so does this.
            let uart = unsafe { Uart::new(CLOCK, BAUD) };
            Robot::new(uart, BAUD).run()
        }
        None => Err("the peripherals are taken"),
    };
    match outcome {
        Ok(()) => {
            hprintln!("PASS: all steps");
            debug::exit(debug::EXIT_SUCCESS);
        }
        Err(reason) => {
            hprintln!("FAIL: {}", reason);
            debug::exit(debug::EXIT_FAILURE);
        }
    }
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("FAIL: {}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {
        cortex_m::asm::wfi();
    }
}
