//! The links as another process meets them: over a real Unix socket and a real pseudo-terminal.

#[path = "../common/frames.rs"]
mod frames;
mod harness;
mod lines;
mod seals;
mod sockets;
