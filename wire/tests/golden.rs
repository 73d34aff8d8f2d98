//! Every message against literal bytes, both ways. The files of a protocol version stay here for good.

mod common;

use common::bytes_of;
use qwark_wire::*;

/// Decodes the one frame in `bytes`, which end with its delimiter.
fn with_frame<T>(bytes: &[u8], read: impl Fn(&Frame<'_>) -> T) -> T {
    let mut decoder = Decoder::<MAX_FRAME>::new();
    let mut results = Vec::new();
    decoder.push_all(bytes, |frame| results.push(read(&frame.expect("a good frame"))));
    assert_eq!(results.len(), 1);
    results.remove(0)
}

fn check(file: &str, message: &impl Message, seq: u16, id: u32, parses: impl Fn(&Frame<'_>) -> bool) {
    let golden = bytes_of(file);
    let mut buffer = [0; max_encoded(MAX_FRAME)];
    let encoded = encode(message, id, seq, &mut buffer).expect("fits");
    assert_eq!(encoded, golden, "emitted");
    with_frame(&golden, |frame| {
        assert_eq!((frame.version, frame.kind, frame.seq, frame.id), (1, message.kind(), seq, id));
        assert!(parses(frame), "parsed {frame:?}");
    });
}

/// One test for each message: the file, the frame's number, the request's id and the message that the file holds.
macro_rules! golden {
    ($($set:ident $file:ident $seq:literal $id:literal $message:expr;)+) => {$(
        #[test]
        fn $file() {
            let file = include_str!(concat!("golden/v1/", stringify!($file), ".hex"));
            let message = $set::from($message);
            check(file, &message, $seq, $id, |frame| $set::parse(frame).as_ref() == Ok(&message));
        }
    )+};
}

fn str<const N: usize>(text: &str) -> Str<'_, N> {
    Str::new(text).expect("short enough")
}

/// The session of `hello` and `identify`, and of the sealed frames.
const CLIENT_NONCE: u64 = 0x1111_2222_3333_4444;
const RUNTIME_NONCE: u64 = 0xaaaa_bbbb_cccc_dddd;

/// SHA-256 of `abc`: FIPS 180-2, appendix B.1.
const SHA: Hash = [
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
    0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
];

/// The id of a command set.
const ROVER: u32 = 0x5c0a_1b2d;

/// The alphabet, over and over: longer than one block of stuffing.
static LONG: [u8; 300] = {
    let mut text = [0; 300];
    let mut i = 0;
    while i < text.len() {
        text[i] = b'a' + (i % 26) as u8;
        i += 1;
    }
    text
};

golden! {
    ToRuntime hello 0 0 Hello {
        version_min: 1,
        version_max: 1,
        client: 0x0102_0304_0506_0708,
        nonce: CLIENT_NONCE,
        heartbeat_ms: 500,
        name: str("rover"),
    };
    ToRuntime ping 1 0 Ping { nonce: 0x0102_0304 };
    ToRuntime estop 2 0 EStop {};
    ToRuntime reset 3 0 Reset { stop: 1 };
    ToRuntime arm 4 0 Arm { stop: 1 };
    ToRuntime monitor 5 0 Monitor { on: true };
    ToRuntime generate 2 7 Generate {
        key: 0xc0_ffee,
        priority: Priority::High,
        deadline_ms: 1500,
        window: 512,
        sampling: Sampling {
            max_tokens: 64,
            temperature: 0.75,
            top_k: 40,
            top_p: 0.5,
            min_p: 0.0625,
            repetition_penalty: 1.25,
            presence_penalty: 0.5,
            frequency_penalty: -0.25,
            seed: 0x0123_4567_89ab_cdef,
        },
        form: Form::Chat,
        thinking: Thinking::Off,
        has_system: true,
        system_len: 9,
        prompt_len: 15,
        text_crc: 0xc010_b3d2,
        grammar: GrammarForm::Regex,
        grammar_hash: SHA,
        has_fallback: true,
        fallback: str("halt"),
        stops: [str("\n\n"), str("</s>")].into_iter().collect(),
        text: Bytes::new("Be brief.drive 1.5 cm→".as_bytes()).expect("short enough"),
    };
    ToRuntime generate_raw 3 8 Generate {
        form: Form::Raw,
        prompt_len: 300,
        text_crc: 0x0a5e_e401,
        ..Generate::default()
    };
    ToRuntime text 4 8 Text { offset: 0, text: Bytes::new(&LONG).expect("short enough") };
    ToRuntime cancel 65_535 7 Cancel {};
    ToRuntime ack 5 7 Ack { received: 120, window: 512, ended: false };
    ToRuntime resend 6 7 Resend { offset: 120, len: 64 };
    ToRuntime command 11 12 Command {
        key: 0xc0_ffee,
        priority: Priority::High,
        deadline_ms: 1500,
        window: 512,
        set: ROVER,
        sentence_len: 14,
        text_crc: 0x2b29_81ad,
        has_fallback: true,
        fallback: Bytes::new(&[0x0a]).expect("short enough"),
        text: Bytes::new("zurück, 30 cm".as_bytes()).expect("short enough"),
    };
    ToRuntime command_plain 12 13 Command { set: ROVER, sentence_len: 300, text_crc: 0x0a5e_e401, ..Command::default() };
    ToRuntime upload_begin 7 9 UploadBegin { what: UploadKind::Grammar, size: 3, sha256: SHA, keep_s: 600, name: str("moves.lark") };
    ToRuntime upload_data 8 9 UploadData { offset: 0, data: Bytes::new(b"abc").expect("short enough") };
    ToRuntime upload_list 9 10 UploadList { index: 1 };
    ToRuntime upload_delete 10 11 UploadDelete { sha256: SHA };
    FromRuntime identify 0 0 Identify {
        version_min: 1,
        version_max: 1,
        boot_id: 0xfedc_ba98_7654_3210,
        schema: 0x1122_3344_5566_7788,
        client_nonce: CLIENT_NONCE,
        nonce: RUNTIME_NONCE,
        kept: 2,
        features: 25,
        safety: SafetyState::Disarmed,
        stop: 3,
        max_frame: 4096,
        max_text: 262_144,
        context: 2048,
        max_parallel: 4,
        max_requests: 32,
        linger_s: 30,
        upload_quota: 8_388_608,
        set: ROVER,
        models: [str("qwen2.5-0.5b")].into_iter().collect(),
        commands: str("rover"),
    };
    FromRuntime pong 1 0 Pong { nonce: 0x0102_0304 };
    FromRuntime safety 2 0 Safety { state: SafetyState::Stopped, stop: 3 };
    FromRuntime heartbeat 3 0 Heartbeat {
        uptime_ms: 86_400_000,
        steps: 123_456,
        running: 1,
        queued: 2,
        parked: 3,
        safety: SafetyState::Armed,
        tokens_per_s: 17.5,
        temperature: 61.25,
        free_kib: 524_288,
        lost: 4,
    };
    FromRuntime mirror 4 0 Mirror {
        at_us: 5_000_000,
        connection: 2,
        sent: true,
        dropped: 7,
        total: 14,
        offset: 0,
        data: Bytes::new(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]).expect("short enough"),
    };
    FromRuntime error 2 9 Error { code: ErrorCode::TooLong, ends: true, message: str("too long") };
    FromRuntime error_of_a_newer_version 2 0 Error { code: ErrorCode::Unknown(200), ends: false, message: str("") };
    FromRuntime token 3 7 Token { offset: 4, text: str(" größe") };
    FromRuntime done 4 7 Done {
        reason: Reason::Fallback,
        prompt_tokens: 21,
        output_tokens: 3,
        text_len: 12,
        answer_at: 8,
        queue_us: 150,
        prefill_us: 81_000,
        first_token_us: 95_000,
        total_us: 5_000_000_000,
    };
    FromRuntime accepted 5 7 Accepted { received: 24, window: 4096 };
    FromRuntime command_reply 8 12 CommandReply { offset: 5, data: Bytes::new(&[0x00, 0x01, 0xe2, 0xff, 0x02]).expect("short enough") };
    FromRuntime upload 6 9 Upload { state: UploadState::Stored, received: 3, window: 8192, expires_s: 600 };
    FromRuntime upload_item 7 10 UploadItem {
        index: 1,
        count: 2,
        what: UploadKind::Image,
        size: 70_000,
        received: 8192,
        expires_s: 59,
        sha256: SHA,
        name: str("front camera"),
    };
}

#[test]
fn every_kind_has_a_file() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/v1");
    let mut seen: Vec<u8> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|file| std::fs::read_to_string(file.expect("readable").path()).expect("text"))
        .map(|hex| with_frame(&bytes_of(&hex), |frame| frame.kind))
        .collect();
    seen.sort_unstable();
    seen.dedup();
    let mut known: Vec<u8> = TO_RUNTIME.iter().chain(FROM_RUNTIME).map(|kind| kind.number).collect();
    known.sort_unstable();
    assert_eq!(seen, known);
}
