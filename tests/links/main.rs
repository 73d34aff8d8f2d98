//! The links as another process meets them: over a real Unix socket and a real pseudo-terminal.

mod commands;
#[path = "../common/frames.rs"]
mod frames;
mod grammars;
mod harness;
mod lines;
mod seals;
mod sockets;
