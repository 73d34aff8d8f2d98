//! Captures: every frame that a runtime received or sent, as `qwark serve --record` writes them down, and what can be read from
//! them.
//!
//! A capture is a text file of JSON lines. The first is the [`Header`], each other one a [`Record`]: see "Captures" in
//! `docs/WIRE.md`. [`Writer`] writes one from many threads, [`Reader`] reads it, [`View`] shows what is in a frame, and [`Requests`]
//! puts the requests and answers of a capture together again. [`Mirrors`] does for a live monitor what a reader does for a file.

mod frame;
mod mirror;
mod model_hash;
mod payload;
mod reader;
mod record;
mod requests;
#[cfg(test)]
pub(crate) mod tests;
mod uploads;
mod view;
mod writer;

pub use frame::{Bare, FrameError};
pub use mirror::{Mirrored, Mirrors};
pub use model_hash::model_sha256;
pub use payload::Value;
pub use reader::{CaptureError, Reader};
pub use record::{Header, Record, Settings, VERSION};
pub use requests::{End, Exchange, Owner, Requests};
pub use view::View;
pub use writer::Writer;
