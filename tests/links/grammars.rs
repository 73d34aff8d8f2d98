//! Grammars that a client uploads and then names.

use qwark::grammar::Grammar;
use qwark::links::{Client, ClientEvent, Request};
use qwark_wire::client::NewUpload;
use qwark_wire::{ErrorCode, GrammarForm, Hash, Reason, UploadKind, UploadState};
use sha2::{Digest, Sha256};

use crate::harness::{Runtime, Seen, finish, next, request};

/// Uploads `data` and waits until it is stored.
fn upload(client: &mut Client, what: UploadKind, data: &[u8]) -> Hash {
    let sha256 = Hash::from(Sha256::digest(data));
    let id = client.upload(NewUpload { what, sha256, keep_s: 0, name: Vec::new(), data: data.to_vec() }).expect("sent");
    loop {
        match next(client) {
            ClientEvent::Upload { id: of, upload } if of == id && upload.state == UploadState::Stored => return sha256,
            ClientEvent::Upload { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_answer_follows_the_grammar_that_its_request_names() {
    let runtime = Runtime::pty();
    let mut client = runtime.connect();
    let text = "a grammar of this form: größer".to_owned();
    for (form, grammar) in [
        (GrammarForm::JsonSchema, Grammar::JsonSchema(text.clone())),
        (GrammarForm::Regex, Grammar::Regex(text.clone())),
        (GrammarForm::Lark, Grammar::Lark(text.clone())),
    ] {
        let sha256 = upload(&mut client, UploadKind::Grammar, text.as_bytes());
        let id = client.generate(&Request { grammar: Some((form, sha256)), ..request("hi") }).expect("sent");
        assert_eq!(finish(&mut client, id).1, Reason::Stop);
        let Seen::Generate(.., seen) = runtime.until(|seen| matches!(seen, Seen::Generate(..))) else { unreachable!() };
        assert_eq!(seen, Some(grammar));
    }
}

#[test]
fn a_grammar_that_is_not_there_refuses_its_request_alone() {
    let runtime = Runtime::pty();
    let mut client = runtime.connect();
    let picture = upload(&mut client, UploadKind::Image, b"(yes|no)");
    let latin1 = upload(&mut client, UploadKind::Grammar, b"gr\xfc\xdfe");
    let long = upload(&mut client, UploadKind::Grammar, &[b'a'; 64 * 1024 + 1]);
    for sha256 in [[7; 32], picture, latin1, long] {
        let id = client.generate(&Request { grammar: Some((GrammarForm::Regex, sha256)), ..request("hi") }).expect("sent");
        match next(&mut client) {
            ClientEvent::Error { id: of, code: ErrorCode::Parameter, ends: true, message } if of == id => {
                assert!(message.contains("grammar") && message.len() <= qwark_wire::MAX_ERROR_TEXT, "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    let id = client.generate(&request("hi")).expect("sent");
    assert_eq!(finish(&mut client, id), ("hi".to_owned(), Reason::Stop));
    assert_eq!(runtime.seen.try_iter().filter(|seen| matches!(seen, Seen::Generate(..))).count(), 1);
}
