//! The messages of protocol version 1.
//!
//! Numbers are given in groups of sixteen with room in each: 0x00 session and safety, 0x10 generation, 0x20 uploads; 0x30
//! to 0x7f are free. The runtime's messages have bit 7 set.

use heapless::Vec;

use crate::field::{Bytes, Encoded, Hash, Piece, Str, code};
use crate::frame::{MAX_FRAME, OVERHEAD, SEAL, SMALL_FRAME};
use crate::schema::{FROM_RUNTIME_BIT, Kind, messages, record};
use crate::{Fault, FieldFault};

pub use crate::schema::ParseError;

/// Most bytes of text or data in one [`Generate`], [`Command`], [`Text`] or [`UploadData`] frame.
pub const MAX_PIECE: usize = 3712;

/// Most bytes of text in one [`Token`] frame; longer text is sent as several.
pub const MAX_TOKEN_TEXT: usize = 216;

/// Most bytes of one encoded command, so that a frame always carries a whole one.
pub const MAX_COMMAND: usize = 256;

/// Most bytes of a mirrored frame in one [`Mirror`] frame; longer ones are sent as several.
pub const MAX_MIRROR: usize = 192;

/// Most bytes in an end's own name, in a model's or in an upload's.
pub const MAX_NAME: usize = 32;

/// Most bytes in an [`Error`]'s explanation.
pub const MAX_ERROR_TEXT: usize = 160;

/// Most stop strings of one request.
pub const MAX_STOPS: usize = 4;

/// Most bytes in one stop string.
pub const MAX_STOP: usize = 32;

/// Most bytes in a request's fallback.
pub const MAX_FALLBACK: usize = 64;

/// Most models that a runtime names.
pub const MAX_MODELS: usize = 3;

/// What [`Heartbeat::temperature`] says where there is no sensor: absolute zero.
pub const NO_TEMPERATURE: f32 = -273.15;

/// Kinds that every version of the protocol reads, whatever version the header says: two ends that share no version can
/// still tell each other so, and anyone can stop a robot.
pub(crate) const ANY_VERSION: [u8; 5] = [Hello::KIND, EStop::KIND, Identify::KIND, Safety::KIND, Error::KIND];

/// The models that a runtime names.
pub type Models<'a> = Vec<Str<'a, MAX_NAME>, MAX_MODELS>;

/// The stop strings of one request.
pub type Stops<'a> = Vec<Str<'a, MAX_STOP>, MAX_STOPS>;

code! {
    /// What the prompt is.
    closed Form {
        /// A user's words: the model's chat template is put around them.
        0 Chat,
        /// The very text that the model is to continue.
        1 Raw,
        /// A conversation in JSON: an object with `messages` and, if there are any, `tools` and `tool_choice`.
        2 Conversation,
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
    /// What an answer has to follow.
    closed GrammarForm {
        /// Nothing.
        0 None,
        /// JSON that meets a JSON Schema.
        1 JsonSchema,
        /// A regular expression, as a whole.
        2 Regex,
        /// A grammar in llguidance's dialect of Lark.
        3 Lark,
    }
}

code! {
    /// Whose work is done first. A request gives its place up, between two steps, to one of a higher class.
    closed Priority {
        /// When nothing else is to be done.
        0 Low,
        /// As most requests.
        1 Normal,
        /// Before those.
        2 High,
        /// Before everything.
        3 Urgent,
    }
}

code! {
    /// Whether the runtime may generate anything.
    open SafetyState {
        /// It may.
        0 Armed,
        /// An emergency stop is latched: nothing is generated until Reset, and then Arm.
        1 Stopped,
        /// After a Reset: nothing is generated until Arm.
        2 Disarmed,
    }
}

code! {
    /// What an upload holds.
    closed UploadKind {
        /// A picture.
        1 Image,
        /// Sound.
        2 Audio,
        /// A grammar.
        3 Grammar,
    }
}

code! {
    /// What became of an upload.
    open UploadState {
        /// Some of it is missing: go on at `received`.
        1 Receiving,
        /// All of it is here and its hash holds.
        2 Stored,
        /// It is gone.
        3 Deleted,
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
        /// Its deadline came; what was generated until then is the answer.
        6 Deadline,
        /// Its deadline came, and the fallback took the answer's place.
        7 Fallback,
        /// An emergency stop ended it.
        8 Stopped,
        /// Its grammar could not be followed any further; what there is does not meet it.
        9 Grammar,
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
        /// No Hello was received on this connection since the runtime started: say it, then send again.
        11 NoSession,
        /// The key belongs to a request with other contents.
        12 KeyReused,
        /// An emergency stop is latched.
        13 Stopped,
        /// The runtime is not armed.
        14 Disarmed,
        /// This link or user may not do that, or the frame's seal does not hold.
        15 Denied,
        /// No room for so much.
        16 Quota,
        /// What arrived is not what its checksum or hash announced.
        17 Integrity,
    }
}

impl ErrorCode {
    /// Who has to act.
    pub fn fault(self) -> Fault {
        match self {
            ErrorCode::Unsupported => Fault::Versions,
            ErrorCode::Incomplete | ErrorCode::Integrity => Fault::Line,
            ErrorCode::Malformed
            | ErrorCode::IdInUse
            | ErrorCode::UnknownId
            | ErrorCode::TooLong
            | ErrorCode::Parameter
            | ErrorCode::NoSession
            | ErrorCode::KeyReused
            | ErrorCode::Denied => Fault::Peer,
            ErrorCode::Busy
            | ErrorCode::Stopping
            | ErrorCode::Internal
            | ErrorCode::Stopped
            | ErrorCode::Disarmed
            | ErrorCode::Quota
            | ErrorCode::Unknown(_) => Fault::Local,
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
        /// Most tokens to generate; 0 for as many as the context takes. Those that a grammar begins with count, and are not cut.
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
        /// Begins a session, or goes on with one after the link failed. Answered by Identify.
        0x01 Session Hello<'a> {
            /// Lowest protocol version that the client speaks.
            version_min: u8,
            /// Highest protocol version that the client speaks.
            version_max: u8,
            /// A number that the client draws when it starts, and keeps when its link fails; 0 for a client whose requests end with its link.
            client: u64,
            /// Fresh for every Hello: comes back in the Identify, and makes seals of earlier sessions worthless.
            nonce: u64,
            /// How often the client wants a Heartbeat, in milliseconds; 0 for never.
            heartbeat_ms: u16,
            /// The client's name, for the runtime's log.
            name: Str<'a, MAX_NAME>,
        }
        /// Asks whether the runtime is there. Answered by Pong at once, even while a model is busy.
        #[derive(Copy)]
        0x02 Session Ping {
            /// Comes back in the Pong.
            nonce: u32,
        }
        /// Emergency stop. Latched at once, by the thread that reads it; ends every request of every client. Answered by Safety.
        #[derive(Copy)]
        0x03 Session EStop {}
        /// Ends an emergency stop; the runtime is disarmed then. Answered by Safety.
        #[derive(Copy)]
        0x04 Session Reset {
            /// The number of the stop that is to be ended, as Safety gave it: a Reset that was meant for an earlier one does nothing.
            stop: u32,
        }
        /// Lets a disarmed runtime generate again. Answered by Safety.
        #[derive(Copy)]
        0x05 Session Arm {
            /// The number of the last stop, as Safety gave it.
            stop: u32,
        }
        /// Asks for a copy of every frame that the runtime receives or sends from now on, or for no more of them.
        #[derive(Copy)]
        0x06 Session Monitor {
            /// Whether to send them.
            on: bool,
        }
        /// Asks for an answer. Answered by Accepted, Tokens and one Done, or by one Error.
        0x10 Request Generate<'a> {
            /// Whoever asks the same again, under the same key, gets the same reply, and nothing is done twice; 0 for none.
            key: u64,
            /// Whose work is done first.
            priority: Priority,
            /// Milliseconds from the receipt of this frame to the latest end of the answer; 0 for no limit.
            deadline_ms: u32,
            /// Bytes of the answer that the runtime may send ahead of what the client acknowledged; 0 for all of it, without acknowledgement.
            window: u32,
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
            /// CRC-32C of the whole text, system text and prompt.
            text_crc: u32,
            /// What the answer has to follow.
            grammar: GrammarForm,
            /// SHA-256 of the upload that says what; zeros without a grammar.
            grammar_hash: Hash,
            /// There is a fallback, perhaps an empty one.
            has_fallback: bool,
            /// What the answer is to be if the deadline comes first.
            fallback: Str<'a, MAX_FALLBACK>,
            /// The answer ends before any of these.
            stops: Stops<'a>,
            /// The first bytes of the system text followed by the prompt; Text frames bring the rest.
            text: Piece<'a>,
        }
        /// The next piece of a request's text. Answered by Accepted.
        0x11 Request Text<'a> {
            /// How many bytes of the text came before.
            offset: u32,
            /// The piece.
            text: Piece<'a>,
        }
        /// Ends a request. Answered by its Done, or by an Error if there is no such request.
        #[derive(Copy)]
        0x12 Request Cancel {}
        /// Says how much of an answer has arrived, and how much more may be sent.
        #[derive(Copy)]
        0x13 Request Ack {
            /// Bytes of the answer that have arrived, with none missing before them.
            received: u32,
            /// Bytes that may be sent after those.
            window: u32,
            /// The request's end has arrived too: nothing more need be sent about it.
            ended: bool,
        }
        /// Asks for a part of an answer again.
        #[derive(Copy)]
        0x14 Request Resend {
            /// Where the missing part begins.
            offset: u32,
            /// How many bytes are missing; what the runtime has not generated yet comes in its own time.
            len: u32,
        }
        /// Asks for the commands that a sentence means. Answered by Accepted, CommandReplies and one Done, or by one Error.
        0x15 Request Command<'a> {
            /// Whoever asks the same again, under the same key, gets the same reply, and nothing is done twice; 0 for none.
            key: u64,
            /// Whose work is done first.
            priority: Priority,
            /// Milliseconds from the receipt of this frame to the latest end of the answer; 0 for no limit.
            deadline_ms: u32,
            /// Bytes of commands that the runtime may send ahead of what the client acknowledged; 0 for all of them, without acknowledgement.
            window: u32,
            /// The id of the command set that the client decodes by.
            set: u32,
            /// Bytes of the sentence.
            sentence_len: u32,
            /// CRC-32C of the whole sentence.
            text_crc: u32,
            /// There is a fallback.
            has_fallback: bool,
            /// The command that is sent if the deadline comes first; empty unless `has_fallback`.
            fallback: Encoded<'a>,
            /// The first bytes of the sentence; Text frames bring the rest.
            text: Piece<'a>,
        }
        /// Begins an upload under this id, or goes on with one. Answered by Upload.
        0x20 Request UploadBegin<'a> {
            /// What it holds.
            what: UploadKind,
            /// Its length in bytes.
            size: u32,
            /// Its SHA-256, which is also what it is called by later.
            sha256: Hash,
            /// Seconds after its last use for which it is to be kept; 0 for as long as the runtime likes.
            keep_s: u32,
            /// Its name, for people.
            name: Str<'a, MAX_NAME>,
        }
        /// A chunk of the upload that this id began. Answered by Upload.
        0x21 Request UploadData<'a> {
            /// How many bytes came before.
            offset: u32,
            /// The chunk.
            data: Piece<'a>,
        }
        /// Asks for one entry of the list of this client's uploads. Answered by UploadItem.
        #[derive(Copy)]
        0x22 Request UploadList {
            /// Which one, from 0.
            index: u16,
        }
        /// Deletes one of this client's uploads. Answered by Upload.
        #[derive(Copy)]
        0x23 Request UploadDelete {
            /// Its SHA-256.
            sha256: Hash,
        }
    }
}

messages! {
    /// A message from the runtime to a client.
    FromRuntime,
    /// The messages from the runtime to a client.
    FROM_RUNTIME {
        /// Says who the runtime is and what it takes. Answers Hello; also sent unasked when the runtime opens a line.
        0x81 Session Identify<'a> {
            /// Lowest protocol version that the runtime speaks.
            version_min: u8,
            /// Highest protocol version that the runtime speaks.
            version_max: u8,
            /// Differs each time the runtime starts.
            boot_id: u64,
            /// Fingerprint of the runtime's message tables.
            schema: u64,
            /// The Hello's nonce; 0 if this answers none.
            client_nonce: u64,
            /// Fresh for every Identify; part of every seal of the session.
            nonce: u64,
            /// Requests of this client that the runtime still has.
            kept: u16,
            /// What the runtime can do: the sum of 1 for uploads, 2 for pictures, 4 for sound, 8 for commands; 16 if frames must be sealed.
            features: u32,
            /// Whether it may generate anything.
            safety: SafetyState,
            /// The number of the last emergency stop since the runtime started; 0 for none.
            stop: u32,
            /// Longest frame that the runtime takes, in bytes before stuffing.
            max_frame: u16,
            /// Longest system text and prompt of one request, together, in bytes.
            max_text: u32,
            /// Tokens of context that one request can use.
            context: u32,
            /// Requests that run side by side; more wait.
            max_parallel: u16,
            /// Requests of one client that have not ended.
            max_requests: u16,
            /// Seconds for which a client's requests outlive its link.
            linger_s: u16,
            /// Bytes of uploads that the runtime keeps for one client.
            upload_quota: u32,
            /// The id of its command set; 0 for none.
            set: u32,
            /// Names of its models. The first one answers.
            models: Models<'a>,
            /// Name of its command set; empty for none.
            commands: Str<'a, MAX_NAME>,
        }
        /// Answers a Ping.
        #[derive(Copy)]
        0x82 Session Pong {
            /// The Ping's.
            nonce: u32,
        }
        /// Says whether the runtime may generate anything. Answers EStop, Reset and Arm, and tells every client of a change.
        #[derive(Copy)]
        0x83 Session Safety {
            /// What it may do.
            state: SafetyState,
            /// The number of the last emergency stop since the runtime started; 0 for none.
            stop: u32,
        }
        /// Says how the runtime is. Sent by the thread that computes, between two steps: if that one hangs, no heartbeat comes.
        #[derive(Copy)]
        0x84 Session Heartbeat {
            /// Milliseconds since the runtime started.
            uptime_ms: u64,
            /// Steps computed since then: while `running` is not 0, it grows.
            steps: u64,
            /// Requests that are being computed.
            running: u16,
            /// Requests that wait for their turn.
            queued: u16,
            /// Requests that gave their place up to others, for now.
            parked: u16,
            /// Whether the runtime may generate anything.
            safety: SafetyState,
            /// Tokens generated per second, over the last few seconds of work.
            tokens_per_s: f32,
            /// Degrees Celsius of the board's hottest sensor; -273.15 where there is none.
            temperature: f32,
            /// Memory that is free on the board, in KiB.
            free_kib: u32,
            /// Frames from this client that arrived damaged or never, on this connection.
            lost: u32,
        }
        /// A frame that the runtime received or sent, or a part of it; asked for by Monitor.
        0x85 Session Mirror<'a> {
            /// Microseconds since the runtime started.
            at_us: u64,
            /// The connection, counted from 1 since the runtime started.
            connection: u32,
            /// It was sent to the client, not received from it.
            sent: bool,
            /// Frames that could not be mirrored since the last that was: this line is too slow for them.
            dropped: u32,
            /// Length of the whole frame, header and checksum included, before stuffing.
            total: u16,
            /// How many of its bytes came before.
            offset: u16,
            /// The piece.
            data: Bytes<'a, MAX_MIRROR>,
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
            /// Bytes of text, or of commands, that were sent for this request.
            text_len: u32,
            /// Where in them the answer begins, or in an answer of commands the fallback: 0 if there was no fallback.
            answer_at: u32,
            /// Microseconds from the request's receipt to the start of its work.
            queue_us: u64,
            /// Microseconds spent on the prompt.
            prefill_us: u64,
            /// Microseconds from receipt to the first token; 0 if there was none.
            first_token_us: u64,
            /// Microseconds from receipt to the end.
            total_us: u64,
        }
        /// Acknowledges a request, or a part of its text.
        #[derive(Copy)]
        0x92 Request Accepted {
            /// Bytes of its text that have arrived, with none missing before them.
            received: u32,
            /// Bytes that may be sent after those before the next Accepted.
            window: u32,
        }
        /// One command of an answer, whole.
        0x93 Request CommandReply<'a> {
            /// How many bytes of the answer's commands came before.
            offset: u32,
            /// The command, as the set that both ends have encodes it.
            data: Encoded<'a>,
        }
        /// Says how an upload stands.
        #[derive(Copy)]
        0xa0 Request Upload {
            /// What became of it.
            state: UploadState,
            /// Bytes that have arrived, with none missing before them.
            received: u32,
            /// Bytes that may be sent after those before the next Upload.
            window: u32,
            /// Seconds until it is forgotten.
            expires_s: u32,
        }
        /// One of this client's uploads.
        0xa1 Request UploadItem<'a> {
            /// Which one, as it was asked for.
            index: u16,
            /// How many there are. If not more than `index`, the other fields mean nothing.
            count: u16,
            /// What it holds.
            what: UploadKind,
            /// Its length in bytes.
            size: u32,
            /// Bytes of it that have arrived.
            received: u32,
            /// Seconds until it is forgotten.
            expires_s: u32,
            /// Its SHA-256.
            sha256: Hash,
            /// Its name.
            name: Str<'a, MAX_NAME>,
        }
    }
}

impl Default for Generate<'_> {
    /// An empty prompt in the model's chat template: of normal priority, greedy, without a limit, a key or a window.
    fn default() -> Self {
        Generate {
            key: 0,
            priority: Priority::Normal,
            deadline_ms: 0,
            window: 0,
            sampling: Sampling::default(),
            form: Form::Chat,
            thinking: Thinking::Default,
            has_system: false,
            system_len: 0,
            prompt_len: 0,
            text_crc: 0,
            grammar: GrammarForm::None,
            grammar_hash: Hash::default(),
            has_fallback: false,
            fallback: Str::default(),
            stops: Stops::new(),
            text: Piece::default(),
        }
    }
}

impl Default for Command<'_> {
    /// No sentence, of no set: of normal priority, without a limit, a key or a window.
    fn default() -> Self {
        Command {
            key: 0,
            priority: Priority::Normal,
            deadline_ms: 0,
            window: 0,
            set: 0,
            sentence_len: 0,
            text_crc: 0,
            has_fallback: false,
            fallback: Encoded::default(),
            text: Piece::default(),
        }
    }
}

/// Every message fits into the frames of its direction, and its number shows the direction.
const _: () = {
    check_table(TO_RUNTIME, 0, MAX_FRAME);
    check_table(FROM_RUNTIME, FROM_RUNTIME_BIT, SMALL_FRAME);
    let command = <Command<'static> as crate::field::Field<'static>>::TYPE.max_len - MAX_PIECE;
    assert!(OVERHEAD + SEAL + command <= SMALL_FRAME, "a fallback that some clients cannot send");
};

const fn check_table(table: &[Kind], direction: u8, frame: usize) {
    let mut k = 0;
    while k < table.len() {
        assert!(table[k].number & FROM_RUNTIME_BIT == direction, "a kind in the wrong direction");
        assert!(OVERHEAD + SEAL + table[k].ty.max_len <= frame, "a message too long for its frame");
        k += 1;
    }
}
