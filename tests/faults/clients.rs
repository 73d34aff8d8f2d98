//! Several clients at once on one runtime: what one of them does changes nothing for the others.

use std::thread;
use std::time::Duration;

use qwark::links::{Client, ClientEvent, LinkAddr, Request};
use qwark_wire::{Reason, Sampling};

use crate::asker::{Asker, PATIENCE};
use crate::common::Server;
use crate::questions::set_file;
use crate::random::Random;

/// Clients that are answered; one more is cancelled.
const OTHERS: usize = 7;

const ROUNDS: u64 = 4;

#[test]
fn cancelling_one_of_eight_at_any_moment_changes_no_byte_of_the_others() {
    let dir = tempfile::tempdir().expect("a folder");
    let socket = format!("unix:{}", dir.path().join("qwark.sock").display());
    let server = Server::start(&[&socket], &["--parallel", "8", "-c", "32768", "--commands", set_file()]);
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let moment = Duration::from_millis(random.within(0..800));
        println!("round {seed}: one is cancelled after {moment:?}");
        thread::scope(|scope| {
            for n in 0..OTHERS {
                let socket = &socket;
                scope.spawn(move || {
                    let mut asker = Asker::new(socket, n);
                    asker.answers(2);
                    asker.finish();
                });
            }
            let cancelled = scope.spawn(|| cancelled(&server.links[0], moment));
            assert_eq!(cancelled.join().expect("no panic"), Reason::Cancelled);
        });
    }
}

/// Asks for a long answer and cancels it after `moment`. Gives the reason of its end, after which nothing comes.
fn cancelled(address: &str, moment: Duration) -> Reason {
    let address: LinkAddr = address.parse().expect("an address");
    let mut client = Client::connect(&address, "cancelled", PATIENCE).expect("it serves");
    let sampling = Sampling { max_tokens: 30_000, ..Sampling::default() };
    let id = client.generate(&Request { sampling, prompt: "Tell me a long story.".to_owned(), ..Request::default() }).expect("it fits");
    let mut reason = None;
    let mut text = String::new();
    let start = std::time::Instant::now();
    let mut sent = false;
    while start.elapsed() < PATIENCE {
        if !sent && start.elapsed() >= moment {
            client.cancel(id).expect("it has not ended");
            sent = true;
        }
        match client.next_event(Duration::from_millis(20)).expect("it serves") {
            Some(ClientEvent::Token { offset, text: piece, .. }) => {
                assert!(reason.is_none(), "{piece:?} comes after the end");
                assert_eq!(offset as usize, text.len());
                text += &piece;
            }
            Some(ClientEvent::Done { done, .. }) => {
                assert_eq!(done.text_len as usize, text.len());
                assert!(reason.replace(done.reason).is_none(), "it ends twice");
            }
            // Nothing more comes once it has ended.
            None if reason.is_some() => break,
            None => {}
            Some(event) => panic!("{event:?}"),
        }
    }
    reason.expect("it ends")
}
