//! `qwark demo`: the runtime on a pseudo-terminal, and a simulated rover at the other end of it.
//!
//! ```text
//! sentence -> rover -> pseudo-terminal -> runtime -> model
//!    map  <-  rover <- pseudo-terminal <- runtime <- commands
//! ```
//!
//! Whoever plays it, people at a terminal ([`screen`]) or a script ([`script`]), gives the rover's orders, hears its news and
//! sees a copy of every frame ([`stage::Stage`]).

mod about;
mod rover;
pub mod screen;
pub mod script;
mod stage;
mod talk;

pub use rover::Pace;
pub use rover::commands::SET_ID;
pub use stage::perform;

/// The command set of the simulated rover.
pub const SET: &str = include_str!("../../commands/rover.toml");
