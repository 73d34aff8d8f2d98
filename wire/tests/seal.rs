//! Sealed frames: against golden bytes, and against whoever has no key or plays frames again.
#![cfg(feature = "seal")]

mod common;

use common::{bytes_of, stuffed, unstuffed};
use qwark_wire::*;

/// As in `golden/make.py`.
const SESSION: Session = Session {
    key: Key(numbers()),
    client_nonce: 0x1111_2222_3333_4444,
    client: 0x0102_0304_0506_0708,
    runtime_nonce: 0xaaaa_bbbb_cccc_dddd,
};

const fn numbers() -> [u8; KEY] {
    let mut bytes = [0; KEY];
    let mut i = 0;
    while i < KEY {
        bytes[i] = i as u8;
        i += 1;
    }
    bytes
}

/// What `seals` makes of the frame in `bytes`.
fn accepts(seals: &mut Seals, bytes: &[u8]) -> bool {
    let mut decoder = Decoder::<SMALL_FRAME>::new();
    let mut accepted = None;
    decoder.push_all(bytes, |frame| accepted = Some(seals.accept(&frame.expect("a good frame").seal.expect("a sealed frame"))));
    accepted.expect("one frame")
}

/// Whether `seals` know the frame in `bytes` for one that came before.
fn is_repeated(seals: &Seals, bytes: &[u8]) -> bool {
    let mut repeated = None;
    Decoder::<SMALL_FRAME>::new()
        .push_all(bytes, |frame| repeated = Some(seals.is_repeated(&frame.expect("a good frame").seal.expect("a sealed frame"))));
    repeated.expect("one frame")
}

/// Ping number `nonce`, sealed by `seals`.
fn ping(seals: &mut Seals, nonce: u32) -> Vec<u8> {
    seals.encode(&Ping { nonce }, 0, 1, &mut [0; 64]).expect("it fits").to_vec()
}

#[test]
fn golden_frames_are_made_and_accepted() {
    let (mut client, mut runtime) = (Seals::new(SESSION, Side::Client), Seals::new(SESSION, Side::Runtime));
    let sealed_ping = bytes_of(include_str!("golden/v1/sealed_ping.hex"));
    assert_eq!(ping(&mut client, 0x0102_0304), sealed_ping);
    assert!(accepts(&mut runtime, &sealed_ping));
    // The file has the runtime's second sealed frame: Identify was the first.
    let mut buffer = [0; 64];
    assert!(runtime.encode(&Pong { nonce: 0 }, 0, 0, &mut buffer).is_ok());
    let sealed_pong = bytes_of(include_str!("golden/v1/sealed_pong.hex"));
    assert_eq!(runtime.encode(&Pong { nonce: 0x0102_0304 }, 0, 1, &mut buffer), Ok(&sealed_pong[..]));
    assert!(accepts(&mut client, &sealed_pong));
}

#[test]
fn a_frame_is_accepted_once_and_none_before_it() {
    let (mut client, mut runtime) = (Seals::new(SESSION, Side::Client), Seals::new(SESSION, Side::Runtime));
    let frames: Vec<_> = (0..4).map(|nonce| ping(&mut client, nonce)).collect();
    for (n, accepted) in [(0, true), (0, false), (2, true), (1, false), (2, false), (3, true)] {
        assert_eq!(accepts(&mut runtime, &frames[n]), accepted, "frame {n}");
    }
    assert!(is_repeated(&runtime, &frames[1]), "late, but the client's own");
    assert!(!is_repeated(&runtime, &ping(&mut client, 4)), "new");
    let stranger = ping(&mut Seals::new(Session { client: 1, ..SESSION }, Side::Client), 0);
    assert!(!is_repeated(&runtime, &stranger), "of another session");
}

#[test]
fn other_keys_sessions_and_directions_are_refused() {
    let other_key = Key({
        let mut key = numbers();
        key[31] ^= 0x80;
        key
    });
    for session in [
        Session { key: other_key, ..SESSION },
        Session { client_nonce: SESSION.client_nonce ^ 1, ..SESSION },
        Session { client: SESSION.client ^ 1, ..SESSION },
        Session { runtime_nonce: SESSION.runtime_nonce ^ 1, ..SESSION },
    ] {
        let frame = ping(&mut Seals::new(session, Side::Client), 7);
        assert!(!accepts(&mut Seals::new(SESSION, Side::Runtime), &frame), "{session:?}");
    }
    let own = ping(&mut Seals::new(SESSION, Side::Runtime), 7);
    assert!(!accepts(&mut Seals::new(SESSION, Side::Runtime), &own), "its own frame came back");
    assert_eq!(format!("{other_key:?}"), "Key(..)", "a key does not get into a log");
}

/// A frame whose checksum was made to fit after somebody changed it, as only somebody does who wants to.
#[test]
fn no_byte_can_be_changed_whatever_the_checksum_says() {
    let sealed = ping(&mut Seals::new(SESSION, Side::Client), 0x0102_0304);
    let frame = unstuffed(&sealed);
    let body = &frame[..frame.len() - CRC];
    assert!(accepts(&mut Seals::new(SESSION, Side::Runtime), &stuffed(body)));
    for at in 0..body.len() {
        // Another length would be no frame at all.
        if (2..4).contains(&at) {
            continue;
        }
        for bit in 0..8 {
            let mut changed = body.to_vec();
            changed[at] ^= 1 << bit;
            assert!(!accepts(&mut Seals::new(SESSION, Side::Runtime), &stuffed(&changed)), "byte {at}, bit {bit}");
        }
    }
}
