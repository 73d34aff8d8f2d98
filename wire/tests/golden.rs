//! Every message against literal bytes, both ways. The files of a protocol version stay here for good.

use qwark_wire::*;

/// The bytes of a hex file; `#` begins a comment.
fn bytes_of(hex: &str) -> Vec<u8> {
    hex.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(str::split_whitespace)
        .map(|byte| u8::from_str_radix(byte, 16).expect("two hex digits"))
        .collect()
}

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
    ToRuntime hello 0 0 Hello { version_min: 1, version_max: 1, name: str("rover") };
    ToRuntime ping 1 0 Ping { nonce: 0x0102_0304 };
    ToRuntime generate 2 7 Generate {
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
        stops: [str("\n\n"), str("</s>")].into_iter().collect(),
        text: Bytes::new("Be brief.drive 1.5 cm→".as_bytes()).expect("short enough"),
    };
    ToRuntime generate_raw 3 8 Generate {
        sampling: Sampling::default(),
        form: Form::Raw,
        thinking: Thinking::Default,
        has_system: false,
        system_len: 0,
        prompt_len: 300,
        stops: Stops::new(),
        text: Bytes::default(),
    };
    ToRuntime text 4 8 Text { offset: 0, text: Bytes::new(&LONG).expect("short enough") };
    ToRuntime cancel 65_535 7 Cancel {};
    FromRuntime identify 0 0 Identify {
        version_min: 1,
        version_max: 1,
        boot_id: 0xfedc_ba98_7654_3210,
        schema: 0x1122_3344_5566_7788,
        max_frame: 4096,
        max_text: 262_144,
        context: 2048,
        max_parallel: 4,
        model: str("qwen2.5-0.5b"),
    };
    FromRuntime pong 1 0 Pong { nonce: 0x0102_0304 };
    FromRuntime error 2 9 Error { code: ErrorCode::TooLong, ends: true, message: str("too long") };
    FromRuntime error_of_a_newer_version 2 0 Error { code: ErrorCode::Unknown(200), ends: false, message: str("") };
    FromRuntime token 3 7 Token { offset: 4, text: str(" größe") };
    FromRuntime done 4 7 Done {
        reason: Reason::StopString,
        prompt_tokens: 21,
        output_tokens: 3,
        text_len: 12,
        queue_us: 150,
        prefill_us: 81_000,
        first_token_us: 95_000,
        total_us: 5_000_000_000,
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
