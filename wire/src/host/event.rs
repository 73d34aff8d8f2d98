//! What a client is told, owned.

use std::borrow::ToOwned;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::client::Event;
use crate::{Done, ErrorCode, Hash, Identify, Mirror, Safety, SafetyState, Upload, UploadItem, UploadKind};

/// Who the runtime is, and what it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimeInfo {
    /// Lowest protocol version that it speaks.
    pub version_min: u8,
    /// Highest protocol version that it speaks.
    pub version_max: u8,
    /// Differs each time the runtime starts.
    pub boot_id: u64,
    /// Fingerprint of its message tables: [`SCHEMA`](crate::SCHEMA) if they are this client's.
    pub schema: u64,
    /// Requests of this client that it still had.
    pub kept: u16,
    /// What it can do, as Identify says it.
    pub features: u32,
    /// Longest frame that it takes.
    pub max_frame: u16,
    /// Longest system text and prompt, together, in bytes.
    pub max_text: u32,
    /// Tokens of context that one request can use.
    pub context: u32,
    /// Requests that run side by side.
    pub max_parallel: u16,
    /// Requests of one client that have not ended.
    pub max_requests: u16,
    /// Seconds for which a client's requests outlive its link.
    pub linger_s: u16,
    /// Bytes of uploads that it keeps for one client.
    pub upload_quota: u32,
    /// Its command set's id; 0 for none.
    pub set: u32,
    /// Its models' names. The first one answers.
    pub models: Vec<String>,
    /// Its command set's name; empty for none.
    pub commands: String,
}

impl From<Identify<'_>> for RuntimeInfo {
    fn from(identify: Identify<'_>) -> Self {
        RuntimeInfo {
            version_min: identify.version_min,
            version_max: identify.version_max,
            boot_id: identify.boot_id,
            schema: identify.schema,
            kept: identify.kept,
            features: identify.features,
            max_frame: identify.max_frame,
            max_text: identify.max_text,
            context: identify.context,
            max_parallel: identify.max_parallel,
            max_requests: identify.max_requests,
            linger_s: identify.linger_s,
            upload_quota: identify.upload_quota,
            set: identify.set,
            models: identify.models.iter().map(|name| name.get().to_owned()).collect(),
            commands: identify.commands.get().to_owned(),
        }
    }
}

/// What the runtime says, and what happens to the link.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// A session goes on, or another one began: everything that has not ended was asked again.
    Connected {
        /// The runtime has restarted since the session before.
        restarted: bool,
    },
    /// The link is lost. The client goes on by itself as soon as it is there again.
    Disconnected {
        /// Why, for people.
        cause: String,
    },
    /// A piece of an answer: each byte comes once, and in order.
    Token {
        /// The request.
        id: u32,
        /// How many bytes of the answer came before it.
        offset: u32,
        /// Whole characters.
        text: String,
    },
    /// The next command of an answer: each comes once, and in order.
    Command {
        /// The request.
        id: u32,
        /// How many bytes of commands came before it.
        offset: u32,
        /// The command, as its set encodes it.
        bytes: Vec<u8>,
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
        /// The request that it is about, 0 for none.
        id: u32,
        /// What kind of error it is.
        code: ErrorCode,
        /// The request has ended by it.
        ends: bool,
        /// What happened, for people.
        message: String,
    },
    /// A request ended here: it was repeated as often as it may be, and the runtime never answered.
    Unanswered {
        /// The request.
        id: u32,
    },
    /// Whether the runtime may generate anything has changed, or was asked for.
    Safety(Safety),
    /// A Reset or an Arm was not confirmed, and is not repeated any more.
    Unconfirmed {
        /// What the runtime should have become.
        wanted: SafetyState,
    },
    /// It lives.
    Pong {
        /// The Ping's.
        nonce: u32,
    },
    /// A frame of another connection.
    Mirror(MirrorPiece),
    /// How an upload stands. With the state Stored or Deleted, this request has ended.
    Upload {
        /// The request.
        id: u32,
        /// What became of it.
        upload: Upload,
    },
    /// One of this client's uploads.
    UploadItem {
        /// The request.
        id: u32,
        /// How many there are.
        count: u16,
        /// The upload; `None` if there are not as many.
        item: Option<UploadInfo>,
    },
}

/// A frame that the runtime received or sent, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorPiece {
    /// Microseconds since the runtime started.
    pub at_us: u64,
    /// The connection, counted from 1 since the runtime started.
    pub connection: u32,
    /// It was sent to the client, not received from it.
    pub sent: bool,
    /// Frames that could not be mirrored since the last that was.
    pub dropped: u32,
    /// Length of the whole frame before stuffing.
    pub total: u16,
    /// How many of its bytes came before.
    pub offset: u16,
    /// The piece.
    pub data: Vec<u8>,
}

impl From<Mirror<'_>> for MirrorPiece {
    fn from(mirror: Mirror<'_>) -> Self {
        let Mirror { at_us, connection, sent, dropped, total, offset, data } = mirror;
        MirrorPiece { at_us, connection, sent, dropped, total, offset, data: data.to_vec() }
    }
}

/// Something that the runtime keeps for this client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadInfo {
    /// What it holds.
    pub what: UploadKind,
    /// Its length in bytes.
    pub size: u32,
    /// Bytes of it that have arrived.
    pub received: u32,
    /// Seconds until it is forgotten.
    pub expires_s: u32,
    /// Its SHA-256.
    pub sha256: Hash,
    /// Its name.
    pub name: String,
}

impl From<UploadItem<'_>> for UploadInfo {
    fn from(item: UploadItem<'_>) -> Self {
        let UploadItem { what, size, received, expires_s, sha256, name, .. } = item;
        UploadInfo { what, size, received, expires_s, sha256, name: name.get().to_owned() }
    }
}

impl ClientEvent {
    /// What `event` means to a program; `None` if nothing, or if it is looked at before.
    pub(super) fn new(event: Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Accepted { .. } | Event::Heartbeat(_) | Event::Connected { .. } | Event::Disconnected | Event::Incompatible { .. } => {
                return None;
            }
            Event::Token { id, offset, text } => ClientEvent::Token { id, offset, text: text.to_owned() },
            Event::Command { id, offset, bytes } => ClientEvent::Command { id, offset, bytes: bytes.to_vec() },
            Event::Done { id, done } => ClientEvent::Done { id, done },
            Event::Error { id, code, ends, message } => ClientEvent::Error { id, code, ends, message: message.to_string() },
            Event::Unanswered { id } => ClientEvent::Unanswered { id },
            Event::Safety(safety) => ClientEvent::Safety(safety),
            Event::Unconfirmed { wanted } => ClientEvent::Unconfirmed { wanted },
            Event::Pong { nonce } => ClientEvent::Pong { nonce },
            Event::Mirror(mirror) => ClientEvent::Mirror(mirror.into()),
            Event::Upload { id, upload } => ClientEvent::Upload { id, upload },
            Event::UploadItem { id, item } => {
                ClientEvent::UploadItem { id, count: item.count, item: (item.index < item.count).then(|| item.into()) }
            }
        })
    }
}
