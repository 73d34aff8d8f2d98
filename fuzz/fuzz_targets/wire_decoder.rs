//! Any bytes are frames or not, any payload is a message or not; what is one is written as it was read, and nothing wedges the decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qwark_wire::{DELIMITER, Decoder, Frame, FromRuntime, MAX_FRAME, Message, OVERHEAD, Ping, SMALL_FRAME, ToRuntime, encode, max_encoded};

/// The sequence number of the frame that must be received after anything.
const LAST: u16 = 0xbeef;

fuzz_target!(|bytes: &[u8]| {
    in_step::<OVERHEAD_OF_A_PING>(bytes);
    in_step::<SMALL_FRAME>(bytes);
    in_step::<MAX_FRAME>(bytes);
    // Bytes whose checksum holds are rare: the rest looks at any payload of any kind.
    if let [version, kind, id, payload @ ..] = bytes {
        look(&Frame { version: version % 3, kind: *kind, seq: 1, id: (id % 3).into(), payload, seal: None });
    }
});

/// The smallest decoder that takes a Ping.
const OVERHEAD_OF_A_PING: usize = OVERHEAD + 4;

/// Whatever came before, a frame after a delimiter is received.
fn in_step<const N: usize>(bytes: &[u8]) {
    let mut decoder = Decoder::<N>::new();
    let (mut good, mut lost) = (0, 0);
    decoder.push_all(bytes, |outcome| match outcome {
        Ok(frame) => {
            good += 1;
            look(&frame);
        }
        Err(_) => lost += 1,
    });
    assert_eq!((decoder.counters().frames, decoder.counters().lost()), (good, lost));
    let mut buffer = [0; 64];
    let ping = encode(&Ping { nonce: 7 }, 0, LAST, &mut buffer).expect("it fits");
    let mut last = None;
    decoder.push_all(&[&[DELIMITER], ping].concat(), |outcome| last = Some(outcome.map(|frame| frame.seq)));
    assert_eq!(last, Some(Ok(LAST)));
}

fn look(frame: &Frame<'_>) {
    if let Ok(message) = ToRuntime::parse(frame) {
        again(frame, &message, |frame| assert_eq!(ToRuntime::parse(frame).as_ref(), Ok(&message)));
    }
    if let Ok(message) = FromRuntime::parse(frame) {
        again(frame, &message, |frame| assert_eq!(FromRuntime::parse(frame).as_ref(), Ok(&message)));
    }
}

/// The message is written as it was read, but for bytes after its last field.
fn again(frame: &Frame<'_>, message: &impl Message, same: impl Fn(&Frame<'_>)) {
    let mut buffer = [0; max_encoded(MAX_FRAME)];
    let encoded = encode(message, frame.id, frame.seq, &mut buffer).expect("every message fits");
    let mut decoder = Decoder::<MAX_FRAME>::new();
    decoder.push_all(encoded, |outcome| {
        let written = outcome.expect("a good frame");
        assert!(frame.payload.starts_with(written.payload));
        assert_eq!((written.kind, written.id, written.seq), (frame.kind, frame.id, frame.seq));
        same(&written);
    });
    assert_eq!(decoder.counters().frames, 1);
}
