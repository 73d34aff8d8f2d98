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

proptest! {
    #[test]
    fn requests_round_trip(
        id in 1..=u32::MAX, seq: u16, sampling in sampling(), (system_len, prompt_len, has_system) in any::<(u32, u32, bool)>(),
        form in prop_oneof![Just(Form::Chat), Just(Form::Raw)],
        thinking in prop_oneof![Just(Thinking::Default), Just(Thinking::Off), Just(Thinking::On)],
        stops in vec("\\PC{0,8}", 0..=MAX_STOPS), text in vec(any::<u8>(), 0..=MAX_PIECE),
    ) {
        let stops = stops.iter().map(|stop| Str::cut(stop)).collect();
        let text = Bytes::new(&text).expect("short enough");
        let generate = Generate { sampling, form, thinking, has_system, system_len, prompt_len, stops, text };
        comes_back_as(&generate.into(), id, seq);
        comes_back_as(&Text { offset: prompt_len, text }.into(), id, seq);
        comes_back_as(&Cancel {}.into(), id, seq);
    }

    #[test]
    fn sessions_round_trip(seq: u16, (version_min, version_max, nonce) in any::<(u8, u8, u32)>(), name in "\\PC{0,100}") {
        comes_back_as(&Hello { version_min, version_max, name: Str::cut(&name) }.into(), 0, seq);
        comes_back_as(&Ping { nonce }.into(), 0, seq);
        answer_comes_back_as(&Pong { nonce }.into(), 0, seq);
    }

    #[test]
    fn answers_round_trip(
        id in 1..=u32::MAX, seq: u16, words in any::<(u32, u32, u32)>(), times in any::<(u64, u64, u64, u64)>(), number: u8,
        max_frame: u16, text in "\\PC{0,300}",
    ) {
        answer_comes_back_as(&Token { offset: words.0, text: Str::cut(&text) }.into(), id, seq);
        let code = (1..=u8::MAX).map(ErrorCode::from_number).nth(usize::from(number) % 255).expect("255 numbers");
        answer_comes_back_as(&Error { code, ends: number % 2 == 0, message: Str::cut(&text) }.into(), id, seq);
        answer_comes_back_as(&Done {
            reason: Reason::from_number(number), prompt_tokens: words.0, output_tokens: words.1, text_len: words.2,
            queue_us: times.0, prefill_us: times.1, first_token_us: times.2, total_us: times.3,
        }.into(), id, seq);
        answer_comes_back_as(&Identify {
            version_min: number, version_max: 255 - number, boot_id: times.0, schema: times.1, max_frame,
            max_text: words.0, context: words.1, max_parallel: max_frame, model: Str::cut(&text),
        }.into(), 0, seq);
    }

    #[test]
    fn no_payload_panics(version in 0..3_u8, kind: u8, id in 0..2_u32, payload in vec(any::<u8>(), 0..300)) {
        let frame = Frame { version, kind, seq: 0, id, payload: &payload };
        let _ = ToRuntime::parse(&frame);
        let _ = FromRuntime::parse(&frame);
    }
}

fn parse<'a>(version: u8, kind: u8, id: u32, payload: &'a [u8]) -> Result<ToRuntime<'a>, ParseError> {
    ToRuntime::parse(&Frame { version, kind, seq: 0, id, payload })
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
    let token = Frame { version: 1, kind: 0x90, seq: 0, id: 0, payload: &[] };
    assert_eq!(FromRuntime::parse(&token), Err(ParseError::Id("Token")));
    assert_eq!(FromRuntime::parse(&Frame { kind: 0x12, ..token }), Err(ParseError::Direction(0x12)));
}

#[test]
fn any_version_may_say_hello_and_be_told_no() {
    let hello = parse(9, 0x01, 0, &[7, 9, 0, 0]);
    assert_eq!(hello, Ok(Hello { version_min: 7, version_max: 9, name: Str::default() }.into()));
    let error = Frame { version: 9, kind: 0x8f, seq: 0, id: 0, payload: &[2, 0, 0, 0] };
    assert!(FromRuntime::parse(&error).is_ok());
}

#[test]
fn bytes_after_the_last_known_field_are_ignored() {
    assert_eq!(parse(1, 0x02, 0, &[1, 0, 0, 0, 0xff, 0xff]), Ok(Ping { nonce: 1 }.into()));
}

#[test]
fn fields_are_refused_by_name() {
    assert_eq!(parse(1, 0x02, 0, &[1, 2, 3]), fault("Ping", "nonce", FieldFault::Truncated));
    assert_eq!(parse(1, 0x01, 0, &[1, 1, 3, 0, b'a']), fault("Hello", "name", FieldFault::Truncated));
    assert_eq!(parse(1, 0x01, 0, &[1, 1, 2, 0, 0xc3, 0x28]), fault("Hello", "name", FieldFault::Utf8));
    assert_eq!(parse(1, 0x01, 0, &[1, 1, 65, 0]), fault("Hello", "name", FieldFault::TooLong(64)));

    let generate = Generate {
        sampling: Sampling::default(),
        form: Form::Chat,
        thinking: Thinking::Default,
        has_system: false,
        system_len: 0,
        prompt_len: 0,
        stops: Stops::new(),
        text: Bytes::default(),
    };
    let payload = through_the_line(&generate, 1, 0, |frame| frame.payload.to_vec());
    for (at, byte, field, cause) in
        [(40, 9, "form", FieldFault::Value(9)), (41, 3, "thinking", FieldFault::Value(3)), (42, 2, "has_system", FieldFault::Value(2))]
    {
        let mut payload = payload.clone();
        payload[at] = byte;
        assert_eq!(parse(1, 0x10, 1, &payload), fault("Generate", field, cause));
    }
    let mut not_a_number = payload.clone();
    not_a_number[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
    assert_eq!(parse(1, 0x10, 1, &not_a_number), fault("Generate", "temperature", FieldFault::NotFinite));
    let mut five_stops = payload[..51].to_vec();
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
fn a_piece_fits_beside_the_longest_other_fields() {
    let stop = "x".repeat(MAX_STOP);
    for limit in [SMALL_FRAME, 512, MAX_FRAME] {
        let text = vec![b'x'; max_piece(limit)];
        assert!(!text.is_empty());
        let generate = Generate {
            sampling: Sampling::default(),
            form: Form::Raw,
            thinking: Thinking::On,
            has_system: true,
            system_len: 1,
            prompt_len: 1,
            stops: (0..MAX_STOPS).map(|_| Str::cut(&stop)).collect(),
            text: Bytes::new(&text).expect("a piece"),
        };
        let payload = through_the_line(&generate, 1, 0, |frame| frame.payload.len());
        assert!(payload + OVERHEAD <= limit, "{payload} of {limit}");
    }
}

#[test]
fn a_buffer_that_is_too_small_is_the_callers_fault() {
    let error = encode(&Ping { nonce: 1 }, 0, 0, &mut [0; 10]).expect_err("10 bytes are too few");
    assert_eq!((error, error.fault()), (EncodeError::Full, Fault::Local));
}
