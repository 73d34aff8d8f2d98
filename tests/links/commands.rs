//! Sentences and commands over real links, without a model.

use std::time::Duration;

use qwark::commands::Command;
use qwark::links::{Client, ClientError, ClientEvent, LinkAddr, Sentence};
use qwark_wire::client::AskError;
use qwark_wire::host;
use qwark_wire::{Ack, Command as Asked, Encoded, ErrorCode, FromRuntime, MAX_COMMAND, Priority, Reason, Resend};

use crate::frames::command;
use crate::harness::{HOLD, Raw, Runtime, Seen, frame, next, rover, say, serving};

fn pty() -> Runtime {
    Runtime::set_up(&[LinkAddr::Pty.into()], serving())
}

fn sentence(text: &str) -> Sentence {
    Sentence::new(rover().id(), text)
}

/// The commands of the answer to request `id`, each from one event, and why it ended.
fn commands(client: &mut Client, id: u32) -> (Vec<Command>, Reason) {
    let (mut commands, mut len) = (Vec::new(), 0);
    loop {
        match next(client) {
            ClientEvent::Command { id: of, offset, bytes } => {
                assert_eq!((of, offset), (id, len));
                len += bytes.len() as u32;
                commands.push(rover().decode(&bytes).expect("one whole command"));
            }
            ClientEvent::Done { id: of, done } => {
                assert_eq!((of, done.text_len), (id, len));
                return (commands, done.reason);
            }
            other => panic!("{other:?} in the middle of an answer"),
        }
    }
}

/// How a request is refused.
fn refusal(client: &mut Client, id: u32) -> (ErrorCode, String) {
    match next(client) {
        ClientEvent::Error { id: of, code, ends: true, message } if of == id => (code, message),
        other => panic!("{other:?} is no refusal"),
    }
}

fn words(text: &str) -> Vec<Command> {
    text.split_whitespace().map(|word| say(&rover(), word)).collect()
}

#[test]
fn a_sentence_crosses_a_line_and_typed_commands_come_back() {
    let runtime = pty();
    let mut client = runtime.connect();
    let info = client.runtime();
    assert_eq!((info.commands.as_str(), info.set, info.features & 8), ("rover", rover().id(), 8));
    let asked = Sentence {
        priority: Priority::High,
        deadline: Some(Duration::from_millis(90_000)),
        fallback: Some(vec![0x0a]),
        ..sentence("vor, dann → 🤖")
    };
    let id = client.command(&asked).expect("sent");
    assert_eq!(commands(&mut client, id), (words(&asked.text), Reason::Stop));
    assert_eq!(runtime.until(|seen| matches!(seen, Seen::Command(..))), Seen::Command(qwark::links::ClientId(1), 1, asked));
}

#[test]
fn a_sentence_that_is_longer_than_a_frame_arrives_whole() {
    let runtime = pty();
    let mut client = runtime.connect();
    let text = "über ".repeat(3000);
    let id = client.command(&sentence(&text)).expect("sent");
    assert_eq!(commands(&mut client, id), (words(&text), Reason::Stop));
    assert_eq!(client.losses().repeated, 0, "nothing was sent twice");
}

#[test]
fn another_set_is_refused_and_so_is_any_where_none_is_served() {
    let runtime = pty();
    let mut client = runtime.connect();
    let id = client.command(&Sentence::new(rover().id() ^ 1, "go")).expect("sent");
    let (code, message) = refusal(&mut client, id);
    assert_eq!(code, ErrorCode::Parameter);
    assert!(message.contains("rover") && message.contains(&format!("{:#010x}", rover().id() ^ 1)), "{message}");
    let id = client.command(&sentence("go")).expect("sent");
    assert_eq!(commands(&mut client, id).0, words("go"), "the next one is answered");

    let without = Runtime::pty();
    let mut client = without.connect();
    assert_eq!((client.runtime().set, client.runtime().features & 8), (0, 0));
    let id = client.command(&sentence("go")).expect("sent");
    assert_eq!(refusal(&mut client, id), (ErrorCode::Unsupported, "this runtime serves no command set".to_owned()));
}

#[test]
fn a_fallback_that_is_no_command_is_refused_when_it_arrives() {
    let runtime = pty();
    let mut client = runtime.connect();
    // No such command; a distance out of its range; a byte too many.
    for (bytes, part) in [(vec![0xff], "255"), (vec![0, 0, 0xff, 0x7f], "drive.distance"), (vec![0x0a, 0], "too many")] {
        let id = client.command(&Sentence { fallback: Some(bytes), ..sentence(HOLD) }).expect("sent");
        let (code, message) = refusal(&mut client, id);
        assert!(code == ErrorCode::Parameter && message.contains("fallback") && message.contains(part), "{message}");
    }
    let fallback = Some(vec![0; MAX_COMMAND + 1]);
    let longest = client.command(&Sentence { fallback, ..sentence(HOLD) });
    assert!(matches!(longest, Err(ClientError::Client(host::ClientError::Ask(AskError::Command)))), "{longest:?}");
    assert!(!runtime.seen.try_iter().any(|seen| matches!(seen, Seen::Command(..))), "the engine is asked for nothing");
}

#[test]
fn a_sentence_is_cancelled_like_any_request() {
    let runtime = pty();
    let mut client = runtime.connect();
    let held = client.command(&sentence(HOLD)).expect("sent");
    let other = client.command(&sentence("go on")).expect("sent");
    assert_eq!(commands(&mut client, other), (words("go on"), Reason::Stop));
    client.cancel(held).expect("sent");
    assert_eq!(commands(&mut client, held), (vec![], Reason::Cancelled));
}

/// A client by hand that takes one command at a time, and says that it has half of one.
#[test]
fn what_is_sent_again_are_whole_commands() {
    let runtime = pty();
    let mut raw = Raw::device(&runtime.device());
    raw.hello(5);
    let text = "one two three";
    let asked = Asked { key: 9, window: 1, ..command(rover().id(), text, text.len()) };
    raw.send(&frame(&asked, 7));
    let reply = |raw: &mut Raw<_>| {
        raw.next(|id, message| match message {
            FromRuntime::CommandReply(reply) => (id, reply.offset, rover().decode(&reply.data).expect("whole")),
            other => panic!("{other:?}"),
        })
    };
    let [one, two, three] = ["one", "two", "three"].map(|word| say(&rover(), word));
    assert_eq!(reply(&mut raw), (7, 0, one.clone()));
    assert_eq!([reply(&mut raw), reply(&mut raw)], [(7, 5, two.clone()), (7, 10, three.clone())]);
    let text_len = 17;
    raw.next(|_, message| assert!(matches!(message, FromRuntime::Done(done) if done.text_len == text_len), "{message:?}"));
    raw.send(&frame(&Resend { offset: 6, len: 1 }, 7));
    assert_eq!(reply(&mut raw), (7, 5, two.clone()));
    raw.send(&frame(&Ack { received: 7, window: 1, ended: false }, 7));
    // The same again: it is not done again, and goes on where the Ack left it.
    raw.send(&frame(&asked, 7));
    assert_eq!([reply(&mut raw), reply(&mut raw)], [(7, 5, two), (7, 10, three)]);
    raw.next(|_, message| assert!(matches!(message, FromRuntime::Done(_)), "{message:?}"));
    raw.send(&frame(&Ack { received: text_len, window: 0, ended: true }, 7));
    raw.send(&frame(&Asked { fallback: Encoded::new(&[1]).expect("short"), has_fallback: false, ..asked }, 8));
    raw.next(|id, message| match message {
        FromRuntime::Error(error) => assert_eq!((id, error.code), (8, ErrorCode::KeyReused)),
        other => panic!("{other:?}"),
    });
    assert_eq!(runtime.seen.try_iter().filter(|seen| matches!(seen, Seen::Command(..))).count(), 1);
}
