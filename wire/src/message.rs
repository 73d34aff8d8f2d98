//! The messages of protocol version 1.
//!
//! Numbers are given in groups of sixteen with room in each: 0x00 session, 0x10 generation; 0x20 to 0x7f are free. The
//! runtime's messages have bit 7 set.

use heapless::Vec;

use crate::field::{Field, Piece, Str, code};
use crate::frame::{MAX_FRAME, OVERHEAD, SMALL_FRAME};
use crate::schema::{FROM_RUNTIME_BIT, Kind, messages, record};
use crate::{Fault, FieldFault};

pub use crate::schema::ParseError;

/// Most bytes of text in one [`Generate`] or [`Text`] frame.
pub const MAX_PIECE: usize = 3840;

/// Most bytes of text in one [`Token`] frame; longer text is sent as several.
pub const MAX_TOKEN_TEXT: usize = 224;

/// Most bytes in an end's own name or its model's.
pub const MAX_NAME: usize = 64;

/// Most bytes in an [`Error`]'s explanation.
pub const MAX_ERROR_TEXT: usize = 160;

/// Most stop strings of one request.
pub const MAX_STOPS: usize = 4;

/// Most bytes in one stop string.
pub const MAX_STOP: usize = 32;

/// Kinds that every version of the protocol reads, whatever version the header says: two ends that share no version can
/// still tell each other so.
pub(crate) const ANY_VERSION: [u8; 3] = [Hello::KIND, Identify::KIND, Error::KIND];

/// The stop strings of one request.
pub type Stops<'a> = Vec<Str<'a, MAX_STOP>, MAX_STOPS>;

code! {
    /// What the prompt is.
    closed Form {
        /// A user's words: the model's chat template is put around them.
        0 Chat,
        /// The very text that the model is to continue.
        1 Raw,
    }
}

code! {
    /// Whether the model is to think before it answers, for models that can.
    closed Thinking {
        /// As the chat template has it.
        0 Default,
        /// Answer at once.
        1 Off,
        /// Think first.
        2 On,
    }
}

code! {
    /// Why an answer ended.
    open Reason {
        /// The model ended it.
        1 Stop,
        /// `max_tokens` were generated.
        2 Length,
        /// The context is full.
        3 Context,
        /// One of the request's stop strings came up; it is not part of the answer.
        4 StopString,
        /// The client cancelled it.
        5 Cancelled,
    }
}

code! {
    /// What kind of error it is.
    open ErrorCode {
        /// A field does not hold what it should.
        1 Malformed,
        /// A kind, version or value that this runtime does not know.
        2 Unsupported,
        /// The id belongs to a request that is still running.
        3 IdInUse,
        /// No request has this id, or it has ended.
        4 UnknownId,
        /// The prompt is longer than the runtime takes, or than the context.
        5 TooLong,
        /// A piece of the prompt is missing, out of order, late or not UTF-8.
        6 Incomplete,
        /// Too many requests at once: try again later.
        7 Busy,
        /// A parameter is out of its range.
        8 Parameter,
        /// The runtime is going down.
        9 Stopping,
        /// The runtime failed.
        10 Internal,
    }
}

impl ErrorCode {
    /// Who has to act.
    pub fn fault(self) -> Fault {
        match self {
            ErrorCode::Unsupported => Fault::Versions,
            ErrorCode::Incomplete => Fault::Line,
            ErrorCode::Malformed | ErrorCode::IdInUse | ErrorCode::UnknownId | ErrorCode::TooLong | ErrorCode::Parameter => Fault::Peer,
            ErrorCode::Busy | ErrorCode::Stopping | ErrorCode::Internal | ErrorCode::Unknown(_) => Fault::Local,
        }
    }
}

impl From<ParseError> for ErrorCode {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::Version(_)
            | ParseError::Kind(_)
            | ParseError::Direction(_)
            | ParseError::Field { fault: FieldFault::Value(_), .. } => ErrorCode::Unsupported,
            ParseError::Id(_) | ParseError::Field { .. } => ErrorCode::Malformed,
        }
    }
}

record! {
    /// How the next token is chosen.
    #[derive(Copy)]
    Sampling {
        /// Most tokens to generate; 0 for as many as the context takes.
        max_tokens: u32,
        /// 0 takes the likeliest token every time; higher is more varied.
        temperature: f32,
        /// Only this many of the likeliest tokens; 0 for all.
        top_k: u32,
        /// Only the likeliest tokens that together reach this probability; 1 for all.
        top_p: f32,
        /// Only tokens at least this likely relative to the likeliest; 0 for all.
        min_p: f32,
        /// Divides the score of every token seen before; 1 for none.
        repetition_penalty: f32,
        /// Subtracted from the score of every token generated before; 0 for none.
        presence_penalty: f32,
        /// Subtracted once for each time that a token was generated before; 0 for none.
        frequency_penalty: f32,
        /// Same seed and same request, same answer.
        seed: u64,
    }
}

impl Default for Sampling {
    /// Greedy, and as long as the context takes.
    fn default() -> Self {
        Sampling {
            max_tokens: 0,
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            seed: 0,
        }
    }
}

messages! {
    /// A message from a client to the runtime.
    ToRuntime,
    /// The messages from a client to the runtime.
    TO_RUNTIME {
        /// Begins a session; what an earlier session on this connection asked for is cancelled. Answered by Identify.
        0x01 Session Hello<'a> {
            /// Lowest protocol version that the client speaks.
            version_min: u8,
            /// Highest protocol version that the client speaks.
            version_max: u8,
            /// The client's name, for the runtime's log.
            name: Str<'a, MAX_NAME>,
        }
        /// Asks whether the runtime is there. Answered by Pong at once, even while a model is busy.
        #[derive(Copy)]
        0x02 Session Ping {
            /// Comes back in the Pong.
            nonce: u32,
        }
        /// Asks for an answer. Answered by Tokens and one Done, or by one Error.
        0x10 Request Generate<'a> {
            /// How the next token is chosen.
            sampling: Sampling,
            /// What the prompt is.
            form: Form,
            /// Whether the model is to think first. Ignored for a raw prompt.
            thinking: Thinking,
            /// There is a system text, perhaps an empty one. Without it the chat template's own is used.
            has_system: bool,
            /// Bytes of the system text; 0 unless `has_system`.
            system_len: u32,
            /// Bytes of the prompt.
            prompt_len: u32,
            /// The answer ends before any of these.
            stops: Stops<'a>,
            /// The first bytes of the system text followed by the prompt; Text frames bring the rest.
            text: Piece<'a>,
        }
        /// The next piece of a Generate's text.
        0x11 Request Text<'a> {
            /// How many bytes of the text came before.
            offset: u32,
            /// The piece.
            text: Piece<'a>,
        }
        /// Ends a request. Answered by its Done, unless it has ended already.
        #[derive(Copy)]
        0x12 Request Cancel {}
    }
}

messages! {
    /// A message from the runtime to a client.
    FromRuntime,
    /// The messages from the runtime to a client.
    FROM_RUNTIME {
        /// Says who the runtime is and what it takes.
        0x81 Session Identify<'a> {
            /// Lowest protocol version that the runtime speaks.
            version_min: u8,
            /// Highest protocol version that the runtime speaks.
            version_max: u8,
            /// Differs each time the runtime starts.
            boot_id: u64,
            /// Fingerprint of the runtime's message tables.
            schema: u64,
            /// Longest frame that the runtime takes, in bytes before stuffing.
            max_frame: u16,
            /// Longest system text and prompt of one request, together, in bytes.
            max_text: u32,
            /// Tokens of context that one request can use.
            context: u32,
            /// Requests that run side by side; more wait.
            max_parallel: u16,
            /// The model's name.
            model: Str<'a, MAX_NAME>,
        }
        /// Answers a Ping.
        #[derive(Copy)]
        0x82 Session Pong {
            /// The Ping's.
            nonce: u32,
        }
        /// Says what went wrong: with a request, or with the frame that had this id.
        0x8f Any Error<'a> {
            /// What kind of error it is.
            code: ErrorCode,
            /// The request has ended by it, or never began. If not, only one frame was refused.
            ends: bool,
            /// What happened, for people.
            message: Str<'a, MAX_ERROR_TEXT>,
        }
        /// A piece of an answer.
        0x90 Request Token<'a> {
            /// How many bytes of the answer came before: a gap shows that a frame was lost.
            offset: u32,
            /// Whole characters.
            text: Str<'a, MAX_TOKEN_TEXT>,
        }
        /// Ends an answer. It is the last message about its request.
        #[derive(Copy)]
        0x91 Request Done {
            /// Why the answer ended.
            reason: Reason,
            /// Tokens that the prompt came to.
            prompt_tokens: u32,
            /// Tokens that were generated, whether or not they have text.
            output_tokens: u32,
            /// Bytes of text in the whole answer.
            text_len: u32,
            /// Microseconds from the request's receipt to the start of its work.
            queue_us: u64,
            /// Microseconds spent on the prompt.
            prefill_us: u64,
            /// Microseconds from receipt to the first token; 0 if there was none.
            first_token_us: u64,
            /// Microseconds from receipt to the end.
            total_us: u64,
        }
    }
}

/// Every message fits into the frames of its direction, and its number shows the direction.
const _: () = {
    check_table(TO_RUNTIME, 0, MAX_FRAME);
    check_table(FROM_RUNTIME, FROM_RUNTIME_BIT, SMALL_FRAME);
};

const fn check_table(table: &[Kind], direction: u8, frame: usize) {
    let mut k = 0;
    while k < table.len() {
        assert!(table[k].number & FROM_RUNTIME_BIT == direction, "a kind in the wrong direction");
        assert!(OVERHEAD + table[k].ty.max_len <= frame, "a message too long for its frame");
        k += 1;
    }
}

/// Bytes of text that fit into any [`Generate`] or [`Text`] frame of at most `frame` bytes, whatever its other fields.
pub const fn max_piece(frame: usize) -> usize {
    let others = OVERHEAD + <Generate as Field>::TYPE.max_len - MAX_PIECE;
    let room = frame.saturating_sub(others);
    if room < MAX_PIECE { room } else { MAX_PIECE }
}
