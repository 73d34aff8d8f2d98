//! The links as another process meets them: over a real Unix socket and a real pseudo-terminal.

mod harness;
mod lines;
mod sockets;
