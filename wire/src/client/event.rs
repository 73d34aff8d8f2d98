//! What a client is told.

use crate::{Done, ErrorCode, Heartbeat, Identify, Mirror, Safety, SafetyState, Upload, UploadItem};

/// Something that happened. Whatever has text or data borrows it from the frame that brought it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A session begins or goes on: everything that has not ended is asked again.
    Connected {
        /// Who answered.
        identify: Identify<'a>,
        /// The runtime has restarted since the session before.
        restarted: bool,
    },
    /// Nothing answers any more: the client says Hello until something does.
    Disconnected,
    /// The runtime speaks none of this client's versions. Nothing is sent until it restarts or [`connect`](super::Client::connect) is called.
    Incompatible {
        /// Lowest protocol version that it speaks.
        version_min: u8,
        /// Highest protocol version that it speaks.
        version_max: u8,
    },
    /// The runtime has all of a request's text.
    Accepted {
        /// The request.
        id: u32,
    },
    /// A piece of an answer: each byte comes once, and in order.
    Token {
        /// The request.
        id: u32,
        /// How many bytes of the answer came before it.
        offset: u32,
        /// Whole characters, at least one.
        text: &'a str,
    },
    /// The next command of an answer: each comes once, and in order.
    Command {
        /// The request.
        id: u32,
        /// How many bytes of commands came before it.
        offset: u32,
        /// The command, as its set encodes it.
        bytes: &'a [u8],
    },
    /// The end of an answer, after all of its text or commands. It comes once.
    Done {
        /// The request.
        id: u32,
        /// Why, how much and how long.
        done: Done,
    },
    /// The runtime reports an error.
    Error {
        /// The request that it is about; 0 for none.
        id: u32,
        /// What kind of error it is.
        code: ErrorCode,
        /// The request has ended by it. That comes once.
        ends: bool,
        /// What happened, for people.
        message: &'a str,
    },
    /// A request ended here: it was repeated as often as it may be, and the runtime never answered.
    Unanswered {
        /// The request.
        id: u32,
    },
    /// Whether the runtime may generate anything has changed, or was asked for.
    Safety(Safety),
    /// A Reset or an Arm was not confirmed, and is not repeated any more: nothing arms a robot long after it was asked to.
    Unconfirmed {
        /// What the runtime should have become.
        wanted: SafetyState,
    },
    /// How the runtime is.
    Heartbeat(Heartbeat),
    /// It lives.
    Pong {
        /// The Ping's.
        nonce: u32,
    },
    /// A frame of another connection.
    Mirror(Mirror<'a>),
    /// How an upload stands. With the state Stored or Deleted, this request has ended.
    Upload {
        /// The request.
        id: u32,
        /// What became of it.
        upload: Upload,
    },
    /// One of this client's uploads. The request has ended.
    UploadItem {
        /// The request.
        id: u32,
        /// The upload.
        item: UploadItem<'a>,
    },
}
