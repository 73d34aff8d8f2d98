use std::time::{Duration, Instant};

use proptest::prelude::*;
use qwark_wire::{Bytes, ErrorCode, Hash, Str, UploadBegin, UploadData, UploadKind, UploadList, UploadState};
use sha2::{Digest, Sha256};

use super::Owner;
use super::{Limits, MAX_KEEP, UploadError, Uploads, WINDOW};

const LIMITS: Limits = Limits { client_bytes: 100, total_bytes: 150, client_uploads: 3, total_uploads: 5 };

fn sha(data: &[u8]) -> Hash {
    Sha256::digest(data).into()
}

fn begin_as<'a>(sha256: Hash, size: u32, name: &'a str) -> UploadBegin<'a> {
    UploadBegin { what: UploadKind::Image, size, sha256, keep_s: 60, name: Str::cut(name) }
}

fn begin(data: &[u8]) -> UploadBegin<'static> {
    begin_as(sha(data), data.len() as u32, "camera")
}

fn chunk(offset: usize, data: &[u8]) -> UploadData<'_> {
    UploadData { offset: offset as u32, data: Bytes::new(data).expect("short") }
}

#[test]
fn chunks_in_order_are_stored_under_the_published_hash() {
    // The test vector of FIPS 180-4 for `abc`.
    let published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let (mut uploads, now) = (Uploads::new(LIMITS), Instant::now());
    let sha256 = sha(b"abc");
    assert_eq!(sha256.map(|byte| format!("{byte:02x}")).concat(), published);

    let upload = uploads.begin(Owner::Client(1), 7, &begin(b"abc"), now).expect("there is room");
    assert_eq!((upload.state, upload.received, upload.window, upload.expires_s), (UploadState::Receiving, 0, 3, 60));
    assert_eq!(uploads.data(Owner::Client(1), 7, &chunk(0, b"ab"), now).expect("taken").received, 2);
    assert_eq!(uploads.get(Owner::Client(1), UploadKind::Image, &sha256, now), None, "not before it is whole");
    let upload = uploads.data(Owner::Client(1), 7, &chunk(2, b"c"), now).expect("taken");
    assert_eq!((upload.state, upload.received, upload.window), (UploadState::Stored, 3, 0));
    assert_eq!(uploads.get(Owner::Client(1), UploadKind::Image, &sha256, now), Some(&b"abc"[..]));
    assert_eq!(uploads.get(Owner::Client(2), UploadKind::Image, &sha256, now), None, "it belongs to its client");
    assert_eq!(uploads.get(Owner::Client(1), UploadKind::Grammar, &sha256, now), None, "it is something else");
}

#[test]
fn repetitions_gaps_and_resumption_change_nothing() {
    let (mut uploads, now) = (Uploads::new(LIMITS), Instant::now());
    uploads.begin(Owner::Client(1), 7, &begin(b"abcdef"), now).expect("there is room");
    for (offset, data, received) in [(2, "cd", 0), (0, "ab", 2), (0, "ab", 2), (1, "bcd", 2), (4, "ef", 2)] {
        let upload = uploads.data(Owner::Client(1), 7, &chunk(offset, data.as_bytes()), now).expect("answered");
        assert_eq!(upload.received, received, "{data} at {offset}");
    }
    // Under another id, as after a restart of the client.
    assert_eq!(uploads.begin(Owner::Client(1), 9, &begin(b"abcdef"), now).expect("known").received, 2);
    assert_eq!(uploads.data(Owner::Client(1), 7, &chunk(2, b"cdef"), now), Err(UploadError::NotBegun(7)));
    for _ in 0..2 {
        assert_eq!(uploads.data(Owner::Client(1), 9, &chunk(2, b"cdef"), now).expect("taken").state, UploadState::Stored);
    }
    assert_eq!(uploads.begin(Owner::Client(1), 9, &begin(b"abcdef"), now).expect("known").state, UploadState::Stored);
    assert_eq!(uploads.bytes(Owner::Client(1)), 6, "one upload only");
}

#[test]
fn other_bytes_than_announced_are_dropped() {
    let (mut uploads, now) = (Uploads::new(LIMITS), Instant::now());
    uploads.begin(Owner::Client(1), 7, &begin(b"abc"), now).expect("there is room");
    let error = uploads.data(Owner::Client(1), 7, &chunk(0, b"abx"), now).expect_err("another hash");
    assert_eq!((error, error.code(), error.ends()), (UploadError::Integrity, ErrorCode::Integrity, true));
    assert_eq!(uploads.total_bytes(), 0);
    assert_eq!(uploads.data(Owner::Client(1), 7, &chunk(0, b"abc"), now), Err(UploadError::NotBegun(7)));
    assert_eq!(uploads.begin(Owner::Client(1), 8, &begin_as(sha(b"x"), 0, ""), now), Err(UploadError::Integrity), "nothing is not x");
    assert_eq!(uploads.begin(Owner::Client(1), 8, &begin(b""), now).expect("nothing is nothing").state, UploadState::Stored);
}

#[test]
fn a_chunk_past_the_end_is_refused_and_ends_nothing() {
    let (mut uploads, now) = (Uploads::new(LIMITS), Instant::now());
    uploads.begin(Owner::Client(1), 7, &begin(b"abc"), now).expect("there is room");
    for past in [chunk(0, b"abcd"), chunk(usize::MAX & 0xffff_ffff, b"x")] {
        let error = uploads.data(Owner::Client(1), 7, &past, now).expect_err("too long");
        assert_eq!((error.code(), error.ends()), (ErrorCode::Malformed, false), "{error}");
    }
    assert_eq!(uploads.data(Owner::Client(1), 7, &chunk(0, b"abc"), now).expect("taken").state, UploadState::Stored);
}

#[test]
fn one_hash_has_one_length_until_it_is_deleted() {
    let (mut uploads, now) = (Uploads::new(LIMITS), Instant::now());
    uploads.begin(Owner::Client(1), 7, &begin_as(sha(b"abc"), 4, ""), now).expect("there is room");
    let error = uploads.begin(Owner::Client(1), 7, &begin(b"abc"), now).expect_err("3 is not 4");
    assert_eq!(error, UploadError::Size { announced: 3, known: 4 });
    for _ in 0..2 {
        assert_eq!(uploads.delete(Owner::Client(1), &sha(b"abc")).state, UploadState::Deleted);
    }
    uploads.begin(Owner::Client(1), 7, &begin(b"abc"), now).expect("there is room again");
}

#[test]
fn quotas_count_what_is_announced() {
    let (mut uploads, now) = (Uploads::new(LIMITS), Instant::now());
    uploads.begin(Owner::Client(1), 1, &begin(&[1; 90]), now).expect("there is room");
    assert_eq!(uploads.begin(Owner::Client(1), 2, &begin(&[2; 11]), now), Err(UploadError::ClientQuota { size: 11, used: 90, quota: 100 }));
    uploads.begin(Owner::Client(1), 2, &begin(&[2; 10]), now).expect("it fits to the byte");
    assert_eq!(uploads.begin(Owner::Client(2), 1, &begin(&[3; 51]), now), Err(UploadError::TotalQuota { size: 51, left: 50 }));
    for n in 0..3 {
        uploads.begin(Owner::Client(2), n, &begin(&[n as u8; 1]), now).expect("there is room");
    }
    let error = uploads.begin(Owner::Client(2), 9, &begin(&[9; 1]), now).expect_err("a fourth");
    assert_eq!((error, error.code()), (UploadError::TooMany(3), ErrorCode::Quota));
    assert_eq!(uploads.begin(Owner::Client(3), 9, &begin(&[9; 1]), now), Err(UploadError::TooMany(5)));
    uploads.forget(Owner::Client(2));
    uploads.begin(Owner::Client(3), 9, &begin(&[9; 1]), now).expect("there is room again");
}

#[test]
fn what_nobody_uses_is_forgotten_in_time() {
    let (mut uploads, start) = (Uploads::new(LIMITS), Instant::now());
    let after = |seconds| start + Duration::from_secs(seconds);
    for (id, data, keep_s) in [(1, b"a", 10), (2, b"b", 0), (3, b"c", u32::MAX)] {
        uploads.begin(Owner::Client(1), id, &UploadBegin { keep_s, ..begin(data) }, start).expect("there is room");
        uploads.data(Owner::Client(1), id, &chunk(0, data), start).expect("taken");
    }
    assert!(uploads.get(Owner::Client(1), UploadKind::Image, &sha(b"a"), after(9)).is_some(), "this is a use");
    assert_eq!(uploads.list(Owner::Client(1), &UploadList { index: 0 }, after(12)).expires_s, 7);
    assert!(uploads.get(Owner::Client(1), UploadKind::Image, &sha(b"a"), after(19)).is_none());
    let last = start + MAX_KEEP - Duration::from_millis(1);
    assert_eq!((uploads.list(Owner::Client(1), &UploadList { index: 1 }, last).count, uploads.total_bytes()), (2, 2));
    uploads.expire(start + MAX_KEEP);
    assert_eq!(uploads.total_bytes(), 0);
}

#[test]
fn the_list_has_each_upload_once() {
    let (mut uploads, now) = (Uploads::new(LIMITS), Instant::now());
    uploads.begin(Owner::Client(1), 1, &begin_as(sha(b"ab"), 2, "front"), now).expect("there is room");
    uploads.begin(Owner::Client(2), 1, &begin_as(sha(b"cd"), 2, "other"), now).expect("there is room");
    uploads
        .begin(Owner::Client(1), 2, &UploadBegin { what: UploadKind::Grammar, ..begin_as(sha(b"e"), 1, "rules") }, now)
        .expect("there is room");
    uploads.data(Owner::Client(1), 2, &chunk(0, b"e"), now).expect("taken");
    let item = uploads.list(Owner::Client(1), &UploadList { index: 1 }, now);
    assert_eq!((item.index, item.count, item.what, item.size, item.received), (1, 2, UploadKind::Grammar, 1, 1));
    assert_eq!((item.sha256, item.name.get()), (sha(b"e"), "rules"));
    assert_eq!(uploads.list(Owner::Client(1), &UploadList { index: 0 }, now).name.get(), "front");
    assert_eq!(uploads.list(Owner::Client(1), &UploadList { index: 2 }, now).count, 2);
    assert_eq!(uploads.list(Owner::Client(3), &UploadList { index: 0 }, now).count, 0);
}

#[test]
fn a_window_is_no_longer_than_what_is_missing() {
    let (mut uploads, now) = (Uploads::new(Limits::default()), Instant::now());
    let long = vec![5; WINDOW as usize + 10];
    assert_eq!(uploads.begin(Owner::Client(1), 7, &begin(&long), now).expect("there is room").window, WINDOW);
    assert_eq!(uploads.data(Owner::Client(1), 7, &chunk(0, &long[..20]), now).expect("taken").window, WINDOW - 10);
}

/// One call, of one of a few clients about one of a few uploads, so that calls meet.
#[derive(Clone, Debug)]
enum Call {
    Begin { id: u32, what: usize, lie: bool },
    Data { id: u32, what: usize, from: usize, len: usize },
    GoOn { id: u32, what: usize },
    Delete { what: usize },
    Forget,
    Wait(u64),
}

/// The contents that clients may upload: of all sizes around the quotas.
fn contents(what: usize) -> Vec<u8> {
    vec![what as u8; [0, 1, 30, 50, 51, 100, 101][what]]
}

fn calls() -> impl Strategy<Value = Vec<(Owner, Call)>> {
    let call = prop_oneof![
        4 => (0..4u32, 0..7usize, prop::bool::weighted(0.1)).prop_map(|(id, what, lie)| Call::Begin { id, what, lie }),
        4 => (0..4u32, 0..7usize, 0..100usize, 0..60usize).prop_map(|(id, what, from, len)| Call::Data { id, what, from, len }),
        6 => (0..4u32, 0..7usize).prop_map(|(id, what)| Call::GoOn { id, what }),
        1 => (0..7usize).prop_map(|what| Call::Delete { what }),
        1 => Just(Call::Forget),
        1 => (0..90u64).prop_map(Call::Wait),
    ];
    prop::collection::vec(((0..3u64).prop_map(Owner::Client), call), 0..60)
}

proptest! {
    #[test]
    fn whatever_is_called_quotas_hold_and_stored_bytes_have_their_hash(calls in calls()) {
        let (mut uploads, mut now) = (Uploads::new(LIMITS), Instant::now());
        for (owner, call) in calls {
            let content = |what| contents(what);
            match call {
                Call::Begin { id, what, lie } => {
                    let data = content(what);
                    let _ = uploads.begin(owner, id, &begin_as(sha(&data), data.len() as u32 + u32::from(lie), ""), now);
                }
                Call::Data { id, what, from, len } => {
                    let data = content(what);
                    let from = from.min(data.len());
                    let _ = uploads.data(owner, id, &chunk(from, &data[from..data.len().min(from + len)]), now);
                }
                Call::GoOn { id, what } => {
                    // As a client does: from where the answer to its UploadBegin says.
                    let data = content(what);
                    if let Ok(upload) = uploads.begin(owner, id, &begin(&data), now) {
                        let rest = &data[upload.received as usize..];
                        let answer = uploads.data(owner, id, &chunk(upload.received as usize, rest), now);
                        // What was taken from another content under this id shows at the end.
                        prop_assert!(matches!(answer, Ok(_) | Err(UploadError::Integrity)) || id == 0, "{:?}", answer);
                    }
                }
                Call::Delete { what } => {
                    uploads.delete(owner, &sha(&content(what)));
                    prop_assert!(uploads.get(owner, UploadKind::Image, &sha(&content(what)), now).is_none());
                }
                Call::Forget => uploads.forget(owner),
                Call::Wait(seconds) => now += Duration::from_secs(seconds),
            }
            prop_assert!(uploads.total_bytes() <= LIMITS.total_bytes);
            for owner in (0..3).map(Owner::Client) {
                prop_assert!(uploads.bytes(owner) <= LIMITS.client_bytes);
                let count = uploads.list(owner, &UploadList { index: 0 }, now).count;
                prop_assert!(count <= LIMITS.client_uploads);
                for what in 0..7 {
                    let data = content(what);
                    if let Some(stored) = uploads.get(owner, UploadKind::Image, &sha(&data), now) {
                        prop_assert_eq!(stored, &data[..]);
                    }
                }
            }
        }
    }
}
