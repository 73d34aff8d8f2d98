//! The runtime's half of a session against any order of frames, words of the engine and times.
//!
//! The input is a list of events: a byte that says which, then what it needs. Frames come as bytes of a line, damaged ones among them,
//! or as a kind, an id and a payload, which gets the fuzzer past the checksum.
//!
//! Promises: no panic, no endless sending, one request for each serial, every piece of text that is sent is that of an answer, and every
//! command is one of the engine's, whole; or they are those of the fallback of a request whose text did not come before its deadline.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use qwark::session::{Action, End, Session};
use qwark_wire::{Decoder, Done, ErrorCode, Frame, FromRuntime, MAX_COMMAND, MAX_FRAME, Reason, ToRuntime};

/// Waits for acknowledgements on a quick line.
const WAIT: Duration = Duration::from_millis(300);

/// Every answer is this, over and over: characters of one to four bytes.
const ANSWER: &str = "a\u{e9}\u{20ac}\u{1d11e}";

/// A command of `len` bytes, 1 at least, that shows where it begins and ends.
fn command(len: usize) -> Vec<u8> {
    let len = len.clamp(1, MAX_COMMAND);
    (0..len).map(|at| (at ^ len) as u8).collect()
}

/// The beginning of the input, split off.
fn split<'i>(input: &mut &'i [u8], len: usize) -> &'i [u8] {
    let (front, rest) = input.split_at(len.min(input.len()));
    *input = rest;
    front
}

fn byte(input: &mut &[u8]) -> u8 {
    split(input, 1).first().copied().unwrap_or(0)
}

/// What was asked.
#[derive(Default)]
struct Asked {
    /// Serials of the requests that the engine has got.
    submitted: Vec<u32>,
    fallbacks: Vec<String>,
    commands: Vec<Vec<u8>>,
}

fn take(session: &mut Session, frame: &Frame<'_>, Asked { submitted, fallbacks, commands }: &mut Asked, now: Instant) {
    let Ok(message) = ToRuntime::parse(frame) else { return };
    match &message {
        ToRuntime::Generate(generate) => fallbacks.push(generate.fallback.get().to_owned()),
        ToRuntime::Command(command) => commands.push(command.fallback.to_vec()),
        _ => {}
    }
    if let Some(Action::Submit { serial, .. }) = session.take(frame.id, &message, frame.payload, None, now) {
        assert!(!submitted.contains(&serial), "submitted twice");
        submitted.push(serial);
    }
}

fuzz_target!(|input: &[u8]| {
    let mut input = input;
    let (mut session, mut now) = (Session::new(WAIT), Instant::now());
    let mut decoder = Box::new(Decoder::<MAX_FRAME>::new());
    let mut asked = Asked::default();
    let mut said = std::collections::HashMap::<u32, usize>::new();
    let cycle = ANSWER.repeat(MAX_FRAME);
    while !input.is_empty() {
        match byte(&mut input) % 8 {
            0 | 1 => {
                let (kind, id, len) = (byte(&mut input), byte(&mut input) % 4, byte(&mut input));
                let payload = split(&mut input, len.into());
                let frame = Frame { version: 1, kind, seq: 0, id: id.into(), payload, seal: None };
                take(&mut session, &frame, &mut asked, now);
            }
            2 => {
                let len = byte(&mut input);
                for &byte in split(&mut input, len.into()) {
                    if let Some(Ok(frame)) = decoder.push(byte) {
                        take(&mut session, &frame, &mut asked, now);
                    }
                }
            }
            3 | 4 => {
                let (serial, len) = (u32::from(byte(&mut input) % 8), usize::from(byte(&mut input)));
                let from = *said.entry(serial).or_default();
                // Answers stay shorter than what they are compared with.
                if asked.submitted.contains(&serial) && from + 4 * len < cycle.len() {
                    let end = cycle.ceil_char_boundary(from + len);
                    // One of the two counts.
                    session.say(serial, &cycle[from..end]);
                    session.command(serial, &command(len));
                    said.insert(serial, end);
                }
            }
            5 => {
                let serial = u32::from(byte(&mut input) % 8);
                let (prompt_tokens, queue_us) = (1, 1);
                session.end(
                    serial,
                    match byte(&mut input) % 2 {
                        0 => End::Error(ErrorCode::Internal, "an error".to_owned()),
                        _ => End::Done(Done {
                            reason: Reason::Stop,
                            prompt_tokens,
                            output_tokens: 1,
                            text_len: 0,
                            answer_at: 0,
                            queue_us,
                            prefill_us: 1,
                            first_token_us: 1,
                            total_us: 1,
                        }),
                    },
                    now,
                );
            }
            6 => {
                now += Duration::from_millis(u64::from(byte(&mut input)) * 50);
                session.expire(now);
            }
            _ => {
                session.begin(WAIT);
            }
        }
        let mut frames = 0;
        while session.transmit(now, &mut |_, message| {
            if let FromRuntime::CommandReply(reply) = message {
                let data = reply.data.get();
                assert!(!data.is_empty() && (data == command(data.len()) || asked.commands.iter().any(|fallback| fallback == data)));
            }
            if let FromRuntime::Token(token) = message {
                let (offset, text) = (token.offset as usize, token.text.get());
                let is_of = |whole: &str| whole.get(offset..).is_some_and(|rest| rest.starts_with(text));
                assert!(is_of(&cycle) || asked.fallbacks.iter().any(|fallback| is_of(fallback)), "a piece of another text");
            }
        }) {
            frames += 1;
            assert!(frames < 10_000, "sent without end");
        }
        session.wake(now);
    }
});
