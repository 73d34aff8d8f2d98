//! Requests and uploads on a line that is good, or bad in one certain way.

use qwark_wire::client::{AskError, Client, NewUpload, Question, SMALL_OUT, Sentence, Settings};
use qwark_wire::*;

use crate::line::{Harm, Line, Told, settings};
use crate::runtime::{Runtime, error};

/// Loses frame number `n` of this kind, counted from 0.
fn lose(kind: u8, n: usize) -> Harm<'static> {
    let mut count = 0;
    Box::new(move |frame| {
        let mut hit = false;
        Decoder::<MAX_FRAME>::new().push_all(&frame, |frame| hit = frame.is_ok_and(|frame| frame.kind == kind));
        count += usize::from(hit);
        if hit && count == n + 1 { Vec::new() } else { frame }
    })
}

fn ask(line: &mut Line<'_>, prompt: &str) -> u32 {
    line.client.ask(Question::new(prompt.to_owned()), line.now).expect("there is room")
}

fn finish(line: &mut Line<'_>, id: u32) -> Done {
    line.until(|told| matches!(told, Told::Done(of, _) if *of == id));
    let done = line.told.iter().find_map(|told| match told {
        Told::Done(of, done) if *of == id => Some(*done),
        _ => None,
    });
    done.expect("it was told")
}

#[test]
fn a_question_is_asked_with_everything_in_it() {
    let mut line = Line::open();
    let question = Question {
        key: 0xfeed,
        system: Some("Sei knapp.".to_owned()),
        stops: ["\n", "→"].map(str::to_owned).into_iter().collect(),
        fallback: Some("halt".to_owned()),
        ..Question::new("zwölf Boxkämpfer".to_owned())
    };
    let id = line.client.ask(question, line.now).expect("there is room");
    assert_eq!(finish(&mut line, id).reason, Reason::Stop);
    assert_eq!(line.answer(id), "Sei knapp.zwölf Boxkämpfer");
    assert!(line.told.contains(&Told::Accepted(id)));
    let asked = &line.runtime.asked[&id];
    assert_eq!((asked.key, &asked.stops[..]), (0xfeed, &["\n".to_owned(), "→".to_owned()][..]));
}

#[test]
fn each_lost_frame_is_made_up_for() {
    let prompt = "Any one frame may be lost, and the answer is the same as if it were not. ".repeat(30);
    for kind in [Generate::KIND, Text::KIND, Accepted::KIND, Token::KIND, Ack::KIND, Done::KIND, Resend::KIND] {
        for n in [0, 1, 5] {
            let mut line = Line::open();
            line.harm = lose(kind, n);
            let id = ask(&mut line, &prompt);
            finish(&mut line, id);
            assert_eq!(line.answer(id), prompt, "{kind:#x} {n}");
            assert_eq!(line.runtime.keys.len(), 1);
            line.run(3000);
            assert!(line.runtime.asked[&id].ended);
        }
    }
}

fn command(line: &mut Line<'_>, sentence: &str) -> u32 {
    line.client.command(Sentence::new(7, sentence.to_owned()), line.now).expect("there is room")
}

#[test]
fn a_sentence_is_asked_with_everything_in_it() {
    let mut line = Line::open();
    let sentence = Sentence { key: 0xfeed, fallback: Some("\n".to_owned()), ..Sentence::new(0xc0de, "zurück, dann links".to_owned()) };
    let id = line.client.command(sentence, line.now).expect("there is room");
    assert_eq!(finish(&mut line, id).reason, Reason::Stop);
    assert_eq!(line.commands(id), ["zurück, ", "dann ", "links"].map(str::as_bytes));
    let asked = &line.runtime.asked[&id];
    assert_eq!((asked.key, &asked.commands), (0xfeed, &Some((0xc0de, b"\n".to_vec()))));
}

#[test]
fn each_lost_frame_of_a_sentence_is_made_up_for() {
    let sentence = "any one frame may be lost ".repeat(40);
    for kind in [Command::KIND, Text::KIND, Accepted::KIND, CommandReply::KIND, Ack::KIND, Done::KIND, Resend::KIND] {
        for n in [0, 1, 5] {
            let mut line = Line::open();
            line.harm = lose(kind, n);
            let id = command(&mut line, &sentence);
            finish(&mut line, id);
            assert_eq!(line.commands(id).concat(), sentence.as_bytes(), "{kind:#x} {n}");
            assert_eq!((line.commands(id).len(), line.runtime.keys.len()), (240, 1));
            line.run(3000);
            assert!(line.runtime.asked[&id].ended);
        }
    }
}

/// A runtime that has restarted may answer otherwise, as with another model. What of it would go on within a command is not acted on.
#[test]
fn commands_that_do_not_go_on_where_the_ones_before_end_are_an_error() {
    let mut line = Line::open();
    let id = command(&mut line, "go");
    line.runtime.stalled = true;
    let reply = |offset, data: &'static [u8]| CommandReply { offset, data: Bytes::new(data).expect("short enough") };
    line.run(50);
    line.runtime.send(id, &reply(0, b"forward"));
    line.runtime.send(id, &reply(3, b"back"));
    line.until(|told| matches!(told, Told::Command(..)));
    line.run(50);
    assert_eq!(line.client.open_requests(), 1, "what is older than what has come is no contradiction");
    line.runtime.send(id, &reply(3, b"back and left"));
    line.until(|told| *told == Told::Error(id, ErrorCode::Integrity, true));
    assert_eq!((line.commands(id), line.client.open_requests()), (vec![b"forward".to_vec()], 0));
}

#[test]
fn text_is_no_answer_to_a_sentence_nor_are_commands_to_a_question() {
    let mut line = Line::open();
    line.runtime.stalled = true;
    let (question, sentence) = (ask(&mut line, "hi"), command(&mut line, "go"));
    line.run(50);
    line.runtime.send(question, &CommandReply { offset: 0, data: Bytes::new(b"go").expect("short enough") });
    line.runtime.send(sentence, &Token { offset: 0, text: Str::cut("hi") });
    line.run(50);
    assert_eq!((line.answer(sentence), line.commands(question)), (String::new(), Vec::new()));
    assert_eq!(line.client.open_requests(), 2);
}

#[test]
fn a_gap_is_filled_soon_and_without_asking_for_everything() {
    let mut line = Line::open();
    line.harm = lose(Token::KIND, 3);
    let prompt = "0123456789".repeat(100);
    let id = ask(&mut line, &prompt);
    let begin = line.now;
    finish(&mut line, id);
    assert!(line.now - begin < 200, "no timer had to run out: {} ms", line.now - begin);
    assert_eq!(line.runtime.seen.iter().filter(|kind| **kind == Resend::KIND).count(), 1);
}

#[test]
fn without_a_window_nothing_is_acknowledged() {
    let mut line = Line::open();
    let id = line.client.ask(Question { window: 0, ..Question::new("fast".to_owned()) }, line.now).expect("there is room");
    finish(&mut line, id);
    line.run(500);
    assert!(!line.runtime.seen.contains(&Ack::KIND));
    assert_eq!(line.answer(id), "fast");
}

#[test]
fn cancel_is_repeated_until_the_end_and_touches_no_other_request() {
    let mut line = Line::open();
    let slow = |prompt: &str| Question { window: 4, ..Question::new(prompt.repeat(200)) };
    let one = line.client.ask(slow("one "), line.now).expect("there is room");
    let two = line.client.ask(slow("two "), line.now).expect("there is room");
    line.run(100);
    line.harm = lose(Cancel::KIND, 0);
    line.client.cancel(one, line.now).expect("it runs");
    let begin = line.now;
    assert_eq!(finish(&mut line, one).reason, Reason::Cancelled);
    assert!(line.now - begin < 400, "one timer ran out: {} ms", line.now - begin);
    assert!("one ".repeat(200).starts_with(&line.answer(one)));
    assert_eq!(finish(&mut line, two).reason, Reason::Stop);
    assert_eq!(line.answer(two), "two ".repeat(200));
    assert_eq!(line.client.cancel(one, line.now), Err(AskError::UnknownId));
}

#[test]
fn a_cancel_before_the_session_waits_for_the_generate() {
    let mut line = Line::new(&settings());
    let id = ask(&mut line, &"x".repeat(3000));
    line.client.cancel(id, 0).expect("it was asked");
    assert_eq!(finish(&mut line, id).reason, Reason::Cancelled);
    let first = line.runtime.seen.iter().position(|kind| matches!(*kind, Generate::KIND | Cancel::KIND)).expect("it was sent");
    assert_eq!(line.runtime.seen[first], Generate::KIND);
}

#[test]
fn the_end_is_told_once_and_acknowledged_however_often_it_comes() {
    let mut line = Line::open();
    let id = ask(&mut line, "hi");
    let done = finish(&mut line, id);
    line.run(1000);
    let acks = |line: &Line<'_>| line.runtime.seen.iter().filter(|kind| **kind == Ack::KIND).count();
    let before = acks(&line);
    line.runtime.send(id, &done);
    line.run(100);
    line.runtime.send(id, &error(ErrorCode::Busy, true));
    line.run(100);
    assert_eq!(acks(&line), before + 2);
    assert_eq!(line.told.iter().filter(|told| matches!(told, Told::Done(..) | Told::Error(..))).count(), 1);
}

#[test]
fn a_request_that_is_never_answered_is_reported_in_the_end() {
    let mut line = Line::open();
    let mute = Box::new(|frame: Vec<u8>| {
        let mut request = false;
        Decoder::<MAX_FRAME>::new().push_all(&frame, |frame| request = frame.is_ok_and(|frame| frame.kind == Generate::KIND));
        if request { Vec::new() } else { frame }
    });
    line.harm = mute;
    let id = ask(&mut line, "hi");
    line.until(|told| *told == Told::Unanswered(id));
    assert!((60_000..80_000).contains(&line.now), "{}", line.now);
    assert_eq!(line.client.open_requests(), 0);
    assert!(line.told.contains(&Told::Disconnected), "a new session was tried before");
}

#[test]
fn an_error_ends_a_request_or_refuses_a_frame() {
    let mut line = Line::open();
    let id = line.client.ask(Question { window: 4, ..Question::new("x".repeat(500)) }, line.now).expect("there is room");
    line.run(50);
    line.runtime.send(id, &error(ErrorCode::IdInUse, false));
    line.run(20);
    assert!(line.told.contains(&Told::Error(id, ErrorCode::IdInUse, false)));
    assert_eq!(line.client.open_requests(), 1);
    line.runtime.send(id, &error(ErrorCode::Internal, true));
    line.run(20);
    assert!(line.told.contains(&Told::Error(id, ErrorCode::Internal, true)));
    assert_eq!(line.client.open_requests(), 0);
}

#[test]
fn what_does_not_fit_is_refused_before_it_is_sent() {
    let mut line = Line::open();
    let now = line.now;
    let mut refused = |question: Question<String>| line.client.ask(question, now);
    let plain = || Question::new("hi".to_owned());
    assert_eq!(refused(Question { fallback: Some("x".repeat(65)), ..plain() }), Err(AskError::Fallback));
    let stops = ["x".repeat(33)].into_iter().collect();
    assert_eq!(refused(Question { stops, ..plain() }), Err(AskError::Stop));
    assert_eq!(refused(Question::new("x".repeat((1 << 20) + 1))), Err(AskError::TooLong));
    for _ in 0..4 {
        assert!(refused(plain()).is_ok());
    }
    assert_eq!(refused(plain()), Err(AskError::Full));
    for fallback in [String::new(), "x".repeat(MAX_COMMAND + 1)] {
        let sentence = Sentence { fallback: Some(fallback), ..Sentence::new(7, "go".to_owned()) };
        assert_eq!(line.client.command(sentence, now), Err(AskError::Command));
    }
    let mut bytes = Client::<&[u8], 1>::new(&settings());
    assert_eq!(bytes.command(Sentence::new(7, &[0xc3, 0x28]), 0), Err(AskError::Utf8));
    assert_eq!(bytes.ask(Question::new(&[0xc3, 0x28]), 0), Err(AskError::Utf8));

    let mut line = Line::open();
    let stops = std::iter::repeat_n("x".repeat(32), MAX_STOPS).collect();
    let id = line.client.ask(Question { stops, fallback: Some("y".repeat(64)), ..plain() }, line.now).expect("there is room");
    line.until(|told| *told == Told::Error(id, ErrorCode::TooLong, true));
}

#[test]
fn text_leaves_a_slow_line_free_for_what_is_urgent() {
    let mut client = Client::<String, 1>::new(&Settings { baud: 9600, ..settings() });
    let mut out = [0; SMALL_OUT];
    let hello = client.transmit(0, &mut out).expect("a Hello");
    let mut nonce = 0;
    Decoder::<SMALL_FRAME>::new().push_all(&out[..hello], |frame| match ToRuntime::parse(&frame.expect("whole")) {
        Ok(ToRuntime::Hello(hello)) => nonce = hello.nonce,
        other => panic!("{other:?}"),
    });
    let tell = |client: &mut Client<String, 1>, id, message: &FromRuntime<'_>, now| {
        for byte in encode_small(message, id, 0).expect("it fits") {
            client.receive(byte, now);
        }
    };
    tell(&mut client, 0, &Identify { client_nonce: nonce, ..crate::runtime::identify() }.into(), 100);
    let id = client.ask(Question::new("x".repeat(5000)), 100).expect("there is room");
    assert!(client.transmit(100, &mut out).is_some(), "the Generate");
    tell(&mut client, id, &Accepted { received: 100, window: 4000 }.into(), 500);
    let first = client.transmit(500, &mut out).expect("a Text");
    assert_eq!(client.transmit(500, &mut out), None, "the line is busy");
    client.ping(5);
    assert!(client.transmit(500, &mut out).is_some_and(|len| len < 30), "a Ping does not wait");
    let free = 500 + (first as u64 * 10_000) / 9600;
    assert!((free - 20..free + 30).contains(&client.next_wake()), "{} {free}", client.next_wake());
}

#[test]
fn uploads_are_sent_listed_and_deleted() {
    let mut line = Line::open();
    line.harm = lose(UploadData::KIND, 2);
    let data = "pixels ".repeat(700);
    let upload = NewUpload { what: UploadKind::Image, sha256: [9; 32], keep_s: 60, name: "front".to_owned(), data: data.clone() };
    let id = line.client.upload(upload, line.now).expect("there is room");
    line.until(|told| matches!(told, Told::Upload(of, UploadState::Stored, _) if *of == id));
    assert_eq!(line.runtime.uploads[&id].1, data.as_bytes());
    let list = line.client.list_uploads(0, line.now).expect("there is room");
    line.until(|told| *told == Told::Item(list, 0, "front".to_owned()));
    line.harm = lose(UploadDelete::KIND, 0);
    let delete = line.client.delete_upload([9; 32], line.now).expect("there is room");
    line.until(|told| *told == Told::Upload(delete, UploadState::Deleted, 0));
    assert_eq!(line.client.open_requests(), 0);
}

/// The runtime repeats only so often: where the line was dead in one direction for long, heartbeats go on and nothing else does.
#[test]
fn an_accepted_request_that_nothing_is_heard_of_is_asked_again() {
    let mut line = Line::open();
    let id = line.client.ask(Question::new("Are you there?".to_owned()), line.now).expect("there is room");
    line.runtime.stalled = true;
    line.run(9900);
    assert_eq!(line.told, [Told::Accepted(id)]);
    assert_eq!(line.runtime.seen.iter().filter(|kind| **kind == Generate::KIND).count(), 1);
    line.run(500);
    assert_eq!(line.answer(id), "Are you there?");
    assert_eq!(line.runtime.keys.len(), 1, "it is the same request");
    assert!(line.client.is_connected() && !line.told.contains(&Told::Disconnected));
}

#[test]
fn what_is_to_be_cancelled_is_not_begun_by_a_runtime_that_does_not_know_it() {
    let mut line = Line::open();
    let id = line.client.ask(Question { window: 16, ..Question::new("x".repeat(5000)) }, line.now).expect("there is room");
    line.run(50);
    line.client.cancel(id, line.now).expect("it runs");
    line.runtime = Runtime::new(2);
    line.cut();
    line.until(|told| *told == Told::Error(id, ErrorCode::UnknownId, true));
    line.run(20_000);
    assert_eq!(line.runtime.keys, [0; 0], "nothing was asked of it");
}

#[test]
fn an_error_refuses_a_request_that_was_not_taken_and_one_frame_of_another() {
    let mut line = Line::open();
    line.runtime.refuses = Some(ErrorCode::IdInUse);
    let refused = line.client.ask(Question::new("no".to_owned()), line.now).expect("there is room");
    line.run(60_000);
    assert_eq!(line.told, [Told::Error(refused, ErrorCode::IdInUse, true)], "once, and it is not asked again");
    assert!(!line.runtime.seen.contains(&Ack::KIND), "the id is another request's");

    line.told.clear();
    line.runtime.refuses = None;
    let taken = line.client.ask(Question::new("yes".to_owned()), line.now).expect("there is room");
    line.runtime.stalled = true;
    line.until(|told| *told == Told::Accepted(taken));
    line.runtime.send(taken, &error(ErrorCode::Unsupported, false));
    line.until(|told| *told == Told::Error(taken, ErrorCode::Unsupported, false));
    line.runtime.stalled = false;
    line.until(|told| matches!(told, Told::Done(of, _) if *of == taken));
}
