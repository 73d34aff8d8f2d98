//! The client's half of the protocol against a scripted runtime, on a simulated line with a simulated clock.

#[path = "../common/mod.rs"]
mod common;
mod line;
mod lossy;
mod requests;
mod runtime;
mod sessions;
