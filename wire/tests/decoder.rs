//! The decoder against everything that a bad line can do.

mod common;

use common::stuffed;
use proptest::collection::vec;
use proptest::prelude::*;
use qwark_wire::*;

/// Frame number `n`, with some zeros and some text in it.
fn frame(n: u16) -> Vec<u8> {
    let text = "01".repeat(usize::from(n % 100));
    let token = Token { offset: u32::from(n), text: Str::cut(&text) };
    encode_small(&token, 1 + u32::from(n), n).expect("a small frame").to_vec()
}

/// A frame of 20 payload bytes, seal included if there is one, that announces `len` and whose checksum holds.
fn announcing(len: u8) -> Vec<u8> {
    stuffed(&[&[1, 0x90, len, 0, 0, 0, 1, 0, 0, 0][..], &[7; 20]].concat())
}

#[test]
fn the_announced_length_is_that_without_or_with_a_seal() {
    for len in 0..=u8::MAX {
        let outcome = decode(&announcing(len));
        let expected = if matches!(len, 20 | 8) { (vec![0], vec![]) } else { (vec![], vec![Loss::Length]) };
        assert_eq!(outcome, expected, "{len}");
    }
}

/// Sequence numbers of the good frames, and the causes of the losses, in `bytes`.
fn decode(bytes: &[u8]) -> (Vec<u16>, Vec<Loss>) {
    let mut decoder = Decoder::<SMALL_FRAME>::new();
    let (mut good, mut lost) = (Vec::new(), Vec::new());
    decoder.push_all(bytes, |outcome| match outcome {
        Ok(frame) => good.push(frame.seq),
        Err(loss) => lost.push(loss),
    });
    let counters = decoder.counters();
    assert_eq!((counters.frames as usize, counters.lost() as usize), (good.len(), lost.len()));
    (good, lost)
}

fn stream(frames: std::ops::Range<u16>) -> Vec<u8> {
    frames.flat_map(frame).collect()
}

#[test]
fn delimiters_between_frames_are_no_frames() {
    let bytes = [&[0, 0][..], &frame(1), &[0], &frame(2), &[0, 0, 0]].concat();
    assert_eq!(decode(&bytes), (vec![1, 2], vec![]));
}

#[test]
fn every_cause_of_loss_is_told_apart_and_the_next_frame_is_good() {
    let mut damaged = frame(7);
    damaged[2] ^= 1;
    let mut cut = frame(7);
    cut.truncate(cut.len() - 5);
    cut.push(0);
    let long = [vec![0xff; 3 * SMALL_FRAME], vec![0]].concat();
    for (bytes, loss) in [
        (damaged, Loss::Crc),
        (cut, Loss::Cobs),
        (long, Loss::Oversize),
        (vec![3, 1, 2, 0], Loss::Short),
        (announcing(5), Loss::Length),
        (announcing(16), Loss::Length),
    ] {
        assert_eq!(decode(&[bytes, frame(8)].concat()), (vec![8], vec![loss]));
    }
}

/// Noise that is longer than the decoder's buffer and ends in what would be a good frame, had its own delimiter come
/// before it.
#[test]
fn the_tail_of_an_oversized_frame_is_not_a_frame() {
    let bytes = [vec![0x55; SMALL_FRAME + 40], frame(1), frame(2)].concat();
    assert_eq!(decode(&bytes), (vec![2], vec![Loss::Oversize]));
}

#[test]
fn the_longest_frame_fits_exactly() {
    let text = "x".repeat(MAX_TOKEN_TEXT);
    let token = Token { offset: u32::MAX, text: Str::cut(&text) };
    let bytes = encode_small(&token, u32::MAX, 1).expect("a small frame");
    const LEN: usize = OVERHEAD + 4 + 2 + MAX_TOKEN_TEXT;
    let mut exact = Decoder::<LEN>::new();
    exact.push_all(&bytes, |frame| assert_eq!(frame.map(|frame| frame.payload.len()), Ok(LEN - OVERHEAD)));
    assert_eq!(exact.counters().frames, 1);
    let mut short = Decoder::<{ LEN - 1 }>::new();
    short.push_all(&bytes, |frame| assert_eq!(frame, Err(Loss::Oversize)));
    assert_eq!(short.counters().oversize, 1);
}

#[test]
fn every_single_bit_error_is_found() {
    let sent = frame(33);
    for bit in 0..8 * sent.len() {
        let mut received = sent.clone();
        received[bit / 8] ^= 1 << (bit % 8);
        let (good, lost) = decode(&[&received[..], &[0], &frame(34)].concat());
        assert_eq!(good, [34], "bit {bit}");
        assert!(!lost.is_empty());
    }
}

/// Damages `bytes` in `range`, in one of the ways that a line does.
fn damage(bytes: &mut Vec<u8>, at: usize, len: usize, how: u8, noise: &[u8]) {
    let range = at..bytes.len().min(at + len);
    match how {
        0 => drop(bytes.drain(range)),
        1 => drop(bytes.splice(at..at, noise.iter().copied())),
        _ => drop(bytes.splice(range, noise.iter().copied())),
    }
}

proptest! {
    #[test]
    fn noise_costs_one_good_frame_at_most(
        at in 0.0..1.0_f64, len in 1..300_usize, how in 0..3_u8, noise in vec(any::<u8>(), 1..600),
    ) {
        let frames = 20;
        let mut bytes = stream(0..frames);
        let at = (at * bytes.len() as f64) as usize;
        // Frames that end before the damage and frames that begin after it.
        let before = (0..frames).take_while(|&n| stream(0..n + 1).len() <= at).count() as u16;
        let end = if how == 1 { at } else { bytes.len().min(at + len) };
        let after = (0..frames).find(|&n| stream(0..n).len() >= end).unwrap_or(frames);
        damage(&mut bytes, at, len, how, &noise);

        let (good, _) = decode(&bytes);
        let untouched: Vec<u16> = (0..before).chain(after..frames).collect();
        let missing = untouched.iter().filter(|n| !good.contains(n)).count();
        prop_assert!(missing <= 1, "{missing} of {untouched:?} are missing in {good:?}");
        prop_assert!(good.is_sorted());
    }

    #[test]
    fn noise_before_a_leading_delimiter_costs_nothing(noise in vec(any::<u8>(), 0..600)) {
        let bytes = [&frame(1)[..], &noise, &[DELIMITER], &stream(2..5)].concat();
        let (good, _) = decode(&bytes);
        prop_assert_eq!(good, [1, 2, 3, 4]);
    }

    #[test]
    fn any_split_gives_the_same_frames(noise in vec(any::<u8>(), 0..100), cuts in vec(0.0..1.0_f64, 0..10)) {
        let bytes = [&stream(0..4)[..], &noise, &[DELIMITER], &stream(4..8)].concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| (cut * bytes.len() as f64) as usize).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut decoder = Decoder::<SMALL_FRAME>::new();
        let mut good = Vec::new();
        for cut in cuts.windows(2) {
            decoder.push_all(&bytes[cut[0]..cut[1]], |outcome| good.extend(outcome.map(|frame| frame.seq)));
        }
        prop_assert_eq!(good, decode(&bytes).0);
    }

    /// Neither random bytes nor random stuffing get the decoder out of step, whatever its size.
    #[test]
    fn no_stream_wedges_a_decoder(bytes in vec(prop_oneof![4 => any::<u8>(), 1 => Just(0), 1 => Just(255)], 0..5000)) {
        let mut smallest = Decoder::<OVERHEAD>::new();
        smallest.push_all(&bytes, |_| ());
        let empty = encode_small(&Cancel {}, 1, 77).expect("a small frame");
        let mut last = None;
        smallest.push_all(&[&[DELIMITER][..], &empty].concat(), |frame| last = Some(frame.map(|frame| frame.seq)));
        prop_assert_eq!(last, Some(Ok(77)));

        let (good, _) = decode(&[&bytes[..], &[DELIMITER], &frame(78)].concat());
        prop_assert_eq!(good.last(), Some(&78));
    }
}
