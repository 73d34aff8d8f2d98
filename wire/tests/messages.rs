//! Messages: any one survives the way there and back; what is no message is refused with the right cause.

use proptest::collection::vec;
use proptest::prelude::*;
use qwark_wire::*;

/// A frame on the line, decoded again and handed to `read`.
fn through_the_line<T>(message: &impl Message, id: u32, seq: u16, read: impl Fn(&Frame<'_>) -> T) -> T {
    let mut buffer = [0; max_encoded(MAX_FRAME)];
    let encoded = encode(message, id, seq, &mut buffer).expect("every message fits into a frame");
    let mut decoder = Decoder::<MAX_FRAME>::new();
    let mut result = None;
    decoder.push_all(encoded, |frame| result = Some(read(&frame.expect("a good frame"))));
    result.expect("one frame")
}

fn comes_back_as(message: &ToRuntime<'_>, id: u32, seq: u16) {
    through_the_line(message, id, seq, |frame| {
        assert_eq!((frame.id, frame.seq), (id, seq));
        assert_eq!(ToRuntime::parse(frame).as_ref(), Ok(message));
    });
}

fn answer_comes_back_as(message: &FromRuntime<'_>, id: u32, seq: u16) {
    assert!(encode_small(message, id, seq).is_ok(), "every answer fits into a small frame");
    through_the_line(message, id, seq, |frame| {
        assert_eq!(FromRuntime::parse(frame).as_ref(), Ok(message));
    });
}

fn finite() -> impl Strategy<Value = f32> {
    any::<f32>().prop_filter("a finite number", |x| x.is_finite())
}

prop_compose! {
    fn sampling()(
        (max_tokens, top_k, seed) in any::<(u32, u32, u64)>(),
        (temperature, top_p, min_p) in (finite(), finite(), finite()),
        (repetition_penalty, presence_penalty, frequency_penalty) in (finite(), finite(), finite()),
    ) -> Sampling {
        Sampling {
            max_tokens, temperature, top_k, top_p, min_p,
            repetition_penalty, presence_penalty, frequency_penalty, seed,
        }
    }
}

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>()
}

fn safety() -> impl Strategy<Value = SafetyState> {
    any::<u8>().prop_map(SafetyState::from_number)
}

fn upload_kind() -> impl Strategy<Value = UploadKind> {
    prop_oneof![Just(UploadKind::Image), Just(UploadKind::Audio), Just(UploadKind::Grammar)]
}

fn grammar_form() -> impl Strategy<Value = GrammarForm> {
    prop_oneof![Just(GrammarForm::None), Just(GrammarForm::JsonSchema), Just(GrammarForm::Regex), Just(GrammarForm::Lark)]
}

prop_compose! {
    /// A Generate but for what borrows.
    fn generate()(
        (key, deadline_ms, window, text_crc) in any::<(u64, u32, u32, u32)>(), sampling in sampling(),
        (system_len, prompt_len, has_system, has_fallback) in any::<(u32, u32, bool, bool)>(),
        priority in prop_oneof![Just(Priority::Low), Just(Priority::Normal), Just(Priority::High), Just(Priority::Urgent)],
        form in prop_oneof![Just(Form::Chat), Just(Form::Raw), Just(Form::Conversation)],
        thinking in prop_oneof![Just(Thinking::Default), Just(Thinking::Off), Just(Thinking::On)],
        (grammar, grammar_hash) in (grammar_form(), hash()),
    ) -> Generate<'static> {
        Generate {
            key, priority, deadline_ms, window, sampling, form, thinking, has_system, system_len, prompt_len, text_crc, grammar, grammar_hash,
            has_fallback, ..Generate::default()
        }
    }
}

proptest! {
    #[test]
    fn requests_round_trip(
        id in 1..=u32::MAX, seq: u16, generate in generate(), (offset, window, ended) in any::<(u32, u32, bool)>(),
        fallback in "\\PC{0,30}", stops in vec("\\PC{0,8}", 0..=MAX_STOPS), text in vec(any::<u8>(), 0..=MAX_PIECE),
        command in vec(any::<u8>(), 0..=MAX_COMMAND),
    ) {
        let stops = stops.iter().map(|stop| Str::cut(stop)).collect();
        let text = Bytes::new(&text).expect("short enough");
        comes_back_as(&Generate { fallback: Str::cut(&fallback), stops, text, ..generate.clone() }.into(), id, seq);
        let Generate { key, priority, deadline_ms, text_crc, has_fallback, .. } = generate;
        let fallback = Bytes::new(&command).expect("short enough");
        comes_back_as(&Command {
            key, priority, deadline_ms, window, set: offset, sentence_len: window, text_crc, has_fallback, fallback, text,
        }.into(), id, seq);
        comes_back_as(&Text { offset, text }.into(), id, seq);
        comes_back_as(&Cancel {}.into(), id, seq);
        comes_back_as(&Ack { received: offset, window, ended }.into(), id, seq);
        comes_back_as(&Resend { offset, len: window }.into(), id, seq);
    }

    #[test]
    fn uploads_round_trip(
        id in 1..=u32::MAX, seq: u16, what in upload_kind(), sha256 in hash(), (size, keep_s, offset) in any::<(u32, u32, u32)>(),
        (index, count, number) in any::<(u16, u16, u8)>(), name in "\\PC{0,40}", data in vec(any::<u8>(), 0..=MAX_PIECE),
    ) {
        let name = Str::cut(&name);
        comes_back_as(&UploadBegin { what, size, sha256, keep_s, name }.into(), id, seq);
        comes_back_as(&UploadData { offset, data: Bytes::new(&data).expect("short enough") }.into(), id, seq);
        comes_back_as(&UploadList { index }.into(), id, seq);
        comes_back_as(&UploadDelete { sha256 }.into(), id, seq);
        let state = UploadState::from_number(number);
        answer_comes_back_as(&Upload { state, received: offset, window: size, expires_s: keep_s }.into(), id, seq);
        answer_comes_back_as(&UploadItem { index, count, what, size, received: offset, expires_s: keep_s, sha256, name }.into(), id, seq);
    }

    #[test]
    fn sessions_round_trip(
        seq: u16, (version_min, version_max, heartbeat_ms) in any::<(u8, u8, u16)>(), (client, number) in any::<(u64, u32)>(),
        (on, state) in (any::<bool>(), safety()), name in "\\PC{0,100}",
    ) {
        comes_back_as(&Hello { version_min, version_max, client, nonce: !client, heartbeat_ms, name: Str::cut(&name) }.into(), 0, seq);
        comes_back_as(&Ping { nonce: number }.into(), 0, seq);
        comes_back_as(&EStop {}.into(), 0, seq);
        comes_back_as(&Reset { stop: number }.into(), 0, seq);
        comes_back_as(&Arm { stop: number }.into(), 0, seq);
        comes_back_as(&Monitor { on }.into(), 0, seq);
        answer_comes_back_as(&Pong { nonce: number }.into(), 0, seq);
        answer_comes_back_as(&Safety { state, stop: number }.into(), 0, seq);
    }

    #[test]
    fn reports_round_trip(
        seq: u16, (uptime_ms, steps, lost, free_kib) in any::<(u64, u64, u32, u32)>(), (running, queued, parked) in any::<(u16, u16, u16)>(),
        (tokens_per_s, temperature) in (finite(), finite()), safety in safety(), sent: bool, data in vec(any::<u8>(), 0..=MAX_MIRROR),
    ) {
        let heartbeat = Heartbeat { uptime_ms, steps, running, queued, parked, safety, tokens_per_s, temperature, free_kib, lost };
        answer_comes_back_as(&heartbeat.into(), 0, seq);
        let data = Bytes::new(&data).expect("short enough");
        let mirror = Mirror { at_us: uptime_ms, connection: lost, sent, dropped: free_kib, total: running, offset: queued, data };
        answer_comes_back_as(&mirror.into(), 0, seq);
    }

    #[test]
    fn answers_round_trip(
        id in 1..=u32::MAX, seq: u16, words in any::<(u32, u32, u32, u32)>(), times in any::<(u64, u64, u64, u64)>(), number: u8,
        text in "\\PC{0,300}", command in vec(any::<u8>(), 0..=MAX_COMMAND),
    ) {
        answer_comes_back_as(&CommandReply { offset: words.0, data: Bytes::new(&command).expect("short enough") }.into(), id, seq);
        answer_comes_back_as(&Token { offset: words.0, text: Str::cut(&text) }.into(), id, seq);
        answer_comes_back_as(&Accepted { received: words.0, window: words.1 }.into(), id, seq);
        let error = Error { code: ErrorCode::from_number(number), ends: number.is_multiple_of(2), message: Str::cut(&text) };
        answer_comes_back_as(&error.into(), id, seq);
        answer_comes_back_as(&Done {
            reason: Reason::from_number(number), prompt_tokens: words.0, output_tokens: words.1, text_len: words.2, answer_at: words.3,
            queue_us: times.0, prefill_us: times.1, first_token_us: times.2, total_us: times.3,
        }.into(), id, seq);
    }

    #[test]
    fn identities_round_trip(
        seq: u16, halves in any::<(u16, u16, u16, u16, u16)>(), words in any::<(u32, u32, u32, u32, u32)>(),
        longs in any::<(u64, u64, u64, u64)>(), version: u8, safety in safety(), names in vec("\\PC{0,40}", 0..=MAX_MODELS),
    ) {
        answer_comes_back_as(&Identify {
            version_min: version, version_max: !version, boot_id: longs.0, schema: longs.1, client_nonce: longs.2, nonce: longs.3,
            kept: halves.0, features: words.0, safety, stop: words.1, max_frame: halves.1, max_text: words.2, context: words.3,
            max_parallel: halves.2, max_requests: halves.3, linger_s: halves.4, upload_quota: words.4, set: words.1,
            models: names.iter().map(|name| Str::cut(name)).collect(), commands: Str::cut(names.first().map_or("", String::as_str)),
        }.into(), 0, seq);
    }

    #[test]
    fn no_payload_panics(version in 0..3_u8, kind: u8, id in 0..2_u32, payload in vec(any::<u8>(), 0..300)) {
        let frame = Frame { version, kind, seq: 0, id, payload: &payload, seal: None };
        let _ = ToRuntime::parse(&frame);
        let _ = FromRuntime::parse(&frame);
    }
}

fn parse<'a>(version: u8, kind: u8, id: u32, payload: &'a [u8]) -> Result<ToRuntime<'a>, ParseError> {
    ToRuntime::parse(&Frame { version, kind, seq: 0, id, payload, seal: None })
}

fn fault<'a>(message: &'static str, field: &'static str, fault: FieldFault) -> Result<ToRuntime<'a>, ParseError> {
    Err(ParseError::Field { message, field, fault })
}

#[test]
fn headers_are_refused_for_what_is_wrong_with_them() {
    assert_eq!(parse(1, 0x2a, 1, &[]), Err(ParseError::Kind(0x2a)));
    assert_eq!(parse(1, 0xaa, 1, &[]), Err(ParseError::Direction(0xaa)));
    assert_eq!(parse(2, 0xaa, 1, &[]), Err(ParseError::Direction(0xaa)));
    assert_eq!(parse(1, 0x12, 0, &[]), Err(ParseError::Id("Cancel")));
    assert_eq!(parse(2, 0x12, 1, &[]), Err(ParseError::Version(2)));
    assert_eq!(parse(0, 0x12, 1, &[]), Err(ParseError::Version(0)));
    let token = Frame { version: 1, kind: 0x90, seq: 0, id: 0, payload: &[], seal: None };
    assert_eq!(FromRuntime::parse(&token), Err(ParseError::Id("Token")));
    assert_eq!(FromRuntime::parse(&Frame { kind: 0x12, ..token }), Err(ParseError::Direction(0x12)));
}

#[test]
fn any_version_may_say_hello_stop_and_be_told_no() {
    let hello = Hello { version_min: 7, version_max: 9, client: 1, nonce: 2, heartbeat_ms: 3, name: Str::default() };
    let payload = [7, 9, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0];
    assert_eq!(parse(9, 0x01, 0, &payload), Ok(hello.into()));
    assert_eq!(parse(9, 0x03, 0, &[]), Ok(EStop {}.into()));
    let error = Frame { version: 9, kind: 0x8f, seq: 0, id: 0, payload: &[2, 0, 0, 0], seal: None };
    assert!(FromRuntime::parse(&error).is_ok());
    assert!(FromRuntime::parse(&Frame { kind: 0x83, payload: &[1, 0, 0, 0, 0], ..error }).is_ok());
    assert_eq!(FromRuntime::parse(&Frame { kind: 0x82, ..error }), Err(ParseError::Version(9)));
}

#[test]
fn bytes_after_the_last_known_field_are_ignored() {
    assert_eq!(parse(1, 0x02, 0, &[1, 0, 0, 0, 0xff, 0xff]), Ok(Ping { nonce: 1 }.into()));
}

#[test]
fn fields_are_refused_by_name() {
    assert_eq!(parse(1, 0x02, 0, &[1, 2, 3]), fault("Ping", "nonce", FieldFault::Truncated));
    const HELLO: [u8; 20] = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (name, cause) in
        [(&[3, 0, b'a'][..], FieldFault::Truncated), (&[2, 0, 0xc3, 0x28], FieldFault::Utf8), (&[33, 0], FieldFault::TooLong(32))]
    {
        assert_eq!(parse(1, 0x01, 0, &[&HELLO[..], name].concat()), fault("Hello", "name", cause));
    }

    let payload = through_the_line(&Generate::default(), 1, 0, |frame| frame.payload.to_vec());
    for (at, byte, field) in
        [(8, 4, "priority"), (57, 9, "form"), (58, 3, "thinking"), (59, 2, "has_system"), (72, 4, "grammar"), (105, 2, "has_fallback")]
    {
        let mut payload = payload.clone();
        payload[at] = byte;
        assert_eq!(parse(1, 0x10, 1, &payload), fault("Generate", field, FieldFault::Value(byte)));
    }
    let mut not_a_number = payload.clone();
    not_a_number[21..25].copy_from_slice(&f32::NAN.to_le_bytes());
    assert_eq!(parse(1, 0x10, 1, &not_a_number), fault("Generate", "temperature", FieldFault::NotFinite));
    let mut five_stops = payload[..108].to_vec();
    five_stops.extend([5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(parse(1, 0x10, 1, &five_stops), fault("Generate", "stops", FieldFault::TooMany(4)));
}

#[test]
fn errors_say_whose_fault_it_is_and_become_codes() {
    let value = ParseError::Field { message: "Generate", field: "form", fault: FieldFault::Value(9) };
    let truncated = ParseError::Field { message: "Ping", field: "nonce", fault: FieldFault::Truncated };
    for (error, whose, code) in [
        (ParseError::Version(2), Fault::Versions, ErrorCode::Unsupported),
        (ParseError::Kind(0x2a), Fault::Versions, ErrorCode::Unsupported),
        (ParseError::Direction(0x90), Fault::Line, ErrorCode::Unsupported),
        (value, Fault::Versions, ErrorCode::Unsupported),
        (truncated, Fault::Peer, ErrorCode::Malformed),
        (ParseError::Id("Cancel"), Fault::Peer, ErrorCode::Malformed),
    ] {
        assert_eq!((error.fault(), ErrorCode::from(error)), (whose, code), "{error}");
    }
    assert_eq!(value.to_string(), "Generate.form: 9 stands for nothing");
}

#[test]
fn text_is_cut_between_characters() {
    let text = "€".repeat(30);
    assert_eq!(Str::<32>::new(&text), None);
    assert_eq!(Str::<32>::cut(&text).get(), "€".repeat(10));
    assert_eq!(Str::<2>::cut(&text).get(), "");
}

#[test]
fn the_longest_question_fills_the_longest_frame_with_its_seal() {
    let (stop, fallback, text) = ("x".repeat(MAX_STOP), "y".repeat(MAX_FALLBACK), [b'z'; MAX_PIECE]);
    let generate = Generate {
        fallback: Str::new(&fallback).expect("a fallback"),
        stops: (0..MAX_STOPS).map(|_| Str::cut(&stop)).collect(),
        text: Bytes::new(&text).expect("a piece"),
        ..Generate::default()
    };
    let longest = TO_RUNTIME.iter().find(|kind| kind.number == Generate::KIND).expect("in the table").ty.max_len;
    assert_eq!(payload_len(&generate), longest);
    assert_eq!(through_the_line(&generate, 1, 0, |frame| frame.payload.len()), longest);
    assert!(longest + OVERHEAD + SEAL <= MAX_FRAME);
}

#[test]
fn a_buffer_that_is_too_small_is_the_callers_fault() {
    let error = encode(&Ping { nonce: 1 }, 0, 0, &mut [0; 10]).expect_err("10 bytes are too few");
    assert_eq!((error, error.fault()), (EncodeError::Full, Fault::Local));
}
