//! Qwark: a lean runtime for small Qwen models on ARM boards.
//!
//! A model file is mapped ([`gguf`]), bound to its shapes ([`model`]), and run ([`engine`]) with the kernels of
//! `qwark-kernels`. Text goes through [`chat`] and [`tokenizer`] to tokens, tokens through [`sampler`] and [`generation`] back to
//! text, which may have to follow a [`grammar`]; [`commands`] says what a robot can do and what answers are commands for it;
//! [`scheduler`] decides what each step computes, [`runtime`] puts these together, and [`links`] brings requests from and
//! replies to serial lines and sockets:
//!
//! ```text
//! bytes -> wire decoder -> Request -> scheduler -> step -> engine -> token -> Reply -> wire encoder -> bytes
//! ```

pub mod bench;
pub mod board;
pub mod cache;
pub mod capture;
pub mod chat;
#[cfg(feature = "cli")]
pub mod cli;
pub mod commands;
mod cores;
#[cfg(feature = "demo")]
mod demo;
pub mod engine;
pub mod generation;
pub mod gguf;
pub mod grammar;
pub mod links;
pub mod model;
#[cfg(feature = "nano")]
pub mod nano;
pub mod pack;
pub mod part_file;
pub mod runtime;
pub mod sampler;
pub mod scheduler;
pub mod serve;
pub mod session;
pub mod snapshot;
pub mod synth;
pub mod tokenizer;
pub mod uploads;
