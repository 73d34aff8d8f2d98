//! Bad lines, pulled cables and killed processes. `docs/FAULTS.md` says what is shown here and how.

#[path = "../common/mod.rs"]
mod common;

mod asker;
mod board;
mod cable;
mod clients;
mod injector;
mod kills;
mod questions;
mod random;
mod robot;
mod script;
mod simulation;
mod table;
mod terminals;
mod wire;
