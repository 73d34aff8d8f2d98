//! Requests and answers, put together again.

use qwark_wire::*;

use super::record;
use crate::capture::{End, Exchange, Owner, Record, Requests};
use crate::grammar::Grammar;
use crate::session::{Asked, Sentence};

const DONE: Done = Done {
    reason: Reason::Stop,
    prompt_tokens: 3,
    output_tokens: 2,
    text_len: 9,
    answer_at: 0,
    queue_us: 0,
    prefill_us: 0,
    first_token_us: 0,
    total_us: 0,
};

fn generate(key: u64, window: u32, prompt_len: u32, text: &str) -> Generate<'_> {
    let text = Bytes::new(text.as_bytes()).expect("short");
    Generate { key, window, prompt_len, text, ..Generate::default() }
}

fn token(offset: u32, text: &str) -> Token<'_> {
    Token { offset, text: Str::new(text).expect("short") }
}

fn ended() -> Ack {
    Ack { received: 9, window: 0, ended: true }
}

fn read(records: &[Record]) -> Vec<Exchange> {
    let mut requests = Requests::default();
    records.iter().for_each(|record| requests.push(record));
    requests.exchanges().to_vec()
}

/// From client 1 to the runtime, and back.
fn to(id: u32, message: &impl Message) -> Record {
    record(1, 1, false, id, message)
}

fn from(id: u32, message: &impl Message) -> Record {
    record(1, 1, true, id, message)
}

#[test]
fn pieces_become_a_request_and_an_answer() {
    let system = Generate { has_system: true, system_len: 4, ..generate(5, 64, 7, "Be b") };
    let exchanges = read(&[
        to(7, &system),
        from(7, &Accepted { received: 4, window: 100 }),
        to(7, &Text { offset: 9, text: Bytes::new(b"rd").expect("short") }),
        to(7, &Text { offset: 4, text: Bytes::new(b"drive\xe2").expect("short") }),
        to(7, &Text { offset: 4, text: Bytes::new(b"drive\xe2").expect("short") }),
        to(7, &Text { offset: 10, text: Bytes::new(b"\x86\x92").expect("short") }),
        from(7, &token(0, "go fo")),
        from(7, &token(0, "go fo")),
        from(7, &token(5, "rwrd")),
        from(7, &DONE),
    ]);
    // `→` has three bytes: the text is one longer than announced, so nobody can have answered it.
    assert_eq!(exchanges[0].asked(), None);
    let longer = Generate { prompt_len: 8, ..system };
    let exchanges = read(&[
        to(7, &longer),
        to(7, &Text { offset: 4, text: Bytes::new(b"drive\xe2").expect("short") }),
        to(7, &Text { offset: 10, text: Bytes::new(b"\x86\x92").expect("short") }),
        from(7, &token(0, "go fo")),
        from(7, &token(3, "forwrd")),
        from(7, &DONE),
    ]);
    let Some(Asked::Text(request)) = exchanges[0].asked() else { panic!("not whole") };
    assert_eq!((request.system.as_deref(), request.prompt.as_str()), (Some("Be b"), "drive→"));
    assert_eq!((exchanges.len(), &exchanges[0].answer[..], &exchanges[0].end), (1, &b"go forwrd"[..], &Some(End::Done(DONE))));
    assert_eq!((exchanges[0].contradiction, exchanges[0].gap), (None, false));
}

#[test]
fn a_repetition_is_the_same_request_also_under_another_id_and_on_another_line() {
    let other_line = |record: Record| Record { connection: 2, ..record };
    let exchanges = read(&[
        to(7, &generate(5, 64, 2, "hi")),
        to(7, &generate(5, 64, 2, "hi")),
        from(7, &token(0, "go ")),
        other_line(to(9, &generate(5, 64, 2, "h"))),
        other_line(from(9, &token(0, "go "))),
        other_line(from(9, &token(3, "on"))),
        other_line(from(9, &DONE)),
        other_line(to(9, &ended())),
    ]);
    assert_eq!(exchanges.len(), 1);
    assert_eq!((exchanges[0].id, &exchanges[0].answer[..]), (7, &b"go on"[..]));
}

#[test]
fn an_id_is_free_again_once_the_end_is_acknowledged() {
    let asked = generate(0, 64, 2, "hi");
    let without_window = generate(0, 0, 2, "hi");
    let twice = |first: &[Record], asked: &Generate<'_>| read(&[first, &[to(7, asked), from(7, &token(0, "b")), from(7, &DONE)]].concat());
    let open = [to(7, &asked), from(7, &token(0, "a")), from(7, &DONE)];
    assert_eq!(twice(&open, &asked).len(), 1, "it may not have heard of the end");
    assert_eq!(twice(&open, &asked)[0].contradiction, Some(0));
    assert_eq!(twice(&[&open[..], &[to(7, &ended())]].concat(), &asked).len(), 2);
    assert_eq!(twice(&[to(7, &without_window), from(7, &DONE)], &without_window).len(), 2, "nobody acknowledges there");
}

#[test]
fn a_refused_generate_leaves_the_request_alone_that_has_its_id() {
    let refusal = |code, ends| Error { code, ends, message: Str::cut("no") };
    let exchanges = read(&[
        to(7, &generate(0, 64, 2, "hi")),
        from(7, &token(0, "a")),
        to(7, &generate(0, 64, 5, "other")),
        from(7, &refusal(ErrorCode::IdInUse, false)),
        from(7, &token(1, "b")),
        from(7, &DONE),
        to(8, &generate(0, 64, 2, "ho")),
        from(8, &refusal(ErrorCode::Unsupported, false)),
        from(8, &refusal(ErrorCode::Busy, true)),
    ]);
    let ends: Vec<_> = exchanges.iter().map(|exchange| exchange.end.clone()).collect();
    let error = |code| Some(End::Error { code, message: "no".to_owned() });
    assert_eq!(ends, [Some(End::Done(DONE)), error(ErrorCode::IdInUse), error(ErrorCode::Busy)]);
    assert_eq!(exchanges[0].answer, b"ab");
}

#[test]
fn clients_have_ids_and_keys_of_their_own() {
    let asked = generate(5, 0, 2, "hi");
    let by_session = read(&[record(1, 1, false, 7, &asked), record(1, 2, false, 7, &asked), record(1, 2, true, 7, &token(0, "x"))]);
    let answers: Vec<_> = by_session.iter().map(|exchange| (exchange.owner, &exchange.answer[..])).collect();
    assert_eq!(answers, [(Owner::Session(1), &b""[..]), (Owner::Session(2), b"x")]);

    // Where the session's number is not known, the Hello says who it is.
    let hello = |client| Hello { version_min: 1, version_max: 1, client, nonce: 1, heartbeat_ms: 0, name: Str::default() };
    let owners = read(&[
        record(1, 0, false, 0, &hello(0xabc)),
        record(1, 0, false, 7, &asked),
        record(2, 0, false, 0, &hello(0xabc)),
        record(2, 0, false, 8, &asked),
        record(3, 0, false, 0, &hello(0)),
        record(3, 0, false, 7, &asked),
        record(3, 0, false, 0, &hello(0)),
        record(3, 0, false, 7, &asked),
    ]);
    let owners: Vec<_> = owners.iter().map(|exchange| exchange.owner.to_string()).collect();
    assert_eq!(owners, ["client 0xabc", "connection 3.1", "connection 3.2"]);
}

#[test]
fn gaps_and_contradictions_are_seen() {
    let gap = read(&[to(7, &generate(0, 0, 2, "hi")), from(7, &token(0, "ab")), from(7, &token(3, "d"))]);
    assert_eq!((gap[0].gap, &gap[0].answer[..]), (true, &b"ab"[..]));
    let two = read(&[to(7, &generate(0, 0, 2, "hi")), from(7, &token(0, "abcd")), from(7, &token(1, "bX"))]);
    assert_eq!(two[0].contradiction, Some(2));
    let cut = read(&[to(7, &generate(0, 0, 4, "hi"))]);
    assert_eq!((cut[0].asked(), &cut[0].end), (None, &None));
}

#[test]
fn a_sentence_and_its_commands_are_put_together() {
    let command = |text: &'static [u8]| Command {
        key: 5,
        window: 64,
        set: 9,
        sentence_len: 7,
        has_fallback: true,
        fallback: Bytes::new(&[10]).expect("short"),
        text: Bytes::new(text).expect("short"),
        ..Command::default()
    };
    let reply = |offset, data: &'static [u8]| CommandReply { offset, data: Bytes::new(data).expect("short") };
    let exchanges = read(&[
        to(7, &command(b"go")),
        to(7, &Text { offset: 2, text: Bytes::new(b" left").expect("short") }),
        from(7, &reply(0, &[1, 2])),
        from(7, &reply(0, &[1, 2])),
        to(8, &command(b"go left")),
        from(8, &reply(2, &[0, 255])),
        from(8, &Done { text_len: 4, ..DONE }),
    ]);
    let sentence = Sentence { fallback: Some(vec![10]), ..Sentence::new(9, "go left") };
    assert_eq!((exchanges.len(), exchanges[0].asked()), (1, Some(Asked::Commands(sentence))));
    assert_eq!((&exchanges[0].answer[..], exchanges[0].contradiction), (&[1, 2, 0, 255][..], None));
}

#[test]
fn a_grammar_is_found_among_the_uploads_of_its_client() {
    // SHA-256 of `abc`: FIPS 180-2, appendix B.1.
    let sha256 = std::array::from_fn(|at| {
        u8::from_str_radix(&"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"[2 * at..2 * at + 2], 16).expect("hex")
    });
    let begin = UploadBegin { what: UploadKind::Grammar, size: 3, sha256, keep_s: 0, name: Str::default() };
    let data = |offset, data: &'static [u8]| UploadData { offset, data: Bytes::new(data).expect("short") };
    let asked = Generate { grammar: GrammarForm::Regex, grammar_hash: sha256, ..generate(5, 64, 2, "hi") };
    let upload = [to(3, &begin), to(3, &data(0, b"a")), to(3, &data(0, b"a")), to(3, &data(1, b"bc"))];
    let exchanges = read(&[&upload[..], &[to(7, &asked)]].concat());
    assert_eq!((&exchanges[0].grammar, exchanges[0].lacks_grammar()), (&Some(Grammar::Regex("abc".to_owned())), false));
    for without in [&upload[..3], &[]] {
        let exchanges = read(&[without, &[to(7, &asked)]].concat());
        assert_eq!((&exchanges[0].grammar, exchanges[0].lacks_grammar()), (&None, true));
    }
}
