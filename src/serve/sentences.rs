//! Sentences on their way to commands: the model's lines become bytes, one command at a time.

use std::time::Instant;

use hashbrown::HashMap;
use qwark_wire::{Done, ErrorCode, Reason};

use crate::commands::{AnswerReader, NotACommand, Violation};
use crate::links::{self, SessionHandle};
use crate::runtime::{Commander, Request, RequestError, Runtime};
use crate::scheduler::{ClientId, RequestKey};
use crate::session::End;

/// The sentences that are being answered.
#[derive(Default)]
pub(super) struct Sentences<'s> {
    running: HashMap<RequestKey, Running<'s>>,
    /// Those that the runtime still computes, though they have ended.
    broken: Vec<RequestKey>,
}

struct Running<'s> {
    reader: AnswerReader<'s>,
    fallback: Option<Vec<u8>>,
    /// Bytes of its commands so far.
    sent: usize,
}

/// Why an answer cannot be handed on.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    NotACommand(#[from] NotACommand),
    #[error(transparent)]
    Violation(#[from] Violation),
}

impl<'s> Sentences<'s> {
    /// Begins one. Its fallback was checked when it came.
    pub fn begin(
        &mut self,
        runtime: &mut Runtime<'_>,
        commander: &'s Commander,
        key: RequestKey,
        sentence: links::Sentence,
        received: Instant,
    ) -> Result<(), RequestError> {
        let deadline = sentence.deadline.map(|limit| received + limit);
        let request = Request { priority: sentence.priority, deadline, ..commander.request(&sentence.text) };
        runtime.submit(key, &request, received)?;
        let reader = AnswerReader::new(commander.set());
        self.running.insert(key, Running { reader, fallback: sentence.fallback, sent: 0 });
        Ok(())
    }

    /// Takes more of the model's text for the sentence `key`, if that is one.
    pub fn say(&mut self, key: RequestKey, text: &str, handle: &SessionHandle) -> bool {
        let Some(running) = self.running.get_mut(&key) else { return false };
        if let Err(wrong) = running.push(text, |command| handle.command(key.id, command)) {
            log::error!("the answer to request {} breaks its grammar: {wrong}", key.id);
            handle.end(key.id, End::Error(ErrorCode::Internal, format!("the answer is not commands: {wrong}")));
            self.running.remove(&key);
            self.broken.push(key);
        }
        true
    }

    /// The end of request `key`, as its client is told it: a sentence that met its deadline ends with its fallback.
    pub fn end(&mut self, key: RequestKey, done: Done, handle: &SessionHandle) -> End {
        let Some(Running { reader, fallback, sent }) = self.running.remove(&key) else { return End::Done(done) };
        match (done.reason, fallback, reader.finish()) {
            (Reason::Stop, _, Err(wrong)) => End::Error(ErrorCode::Internal, format!("the answer is not commands: {wrong}")),
            (Reason::Deadline, Some(fallback), _) => {
                handle.command(key.id, &fallback);
                End::Done(Done { reason: Reason::Fallback, answer_at: sent as u32, ..done })
            }
            _ => End::Done(done),
        }
    }

    /// A client is gone.
    pub fn forget(&mut self, client: ClientId) {
        self.running.retain(|key, _| key.client != client);
    }

    /// Ends the work on answers that cannot be handed on.
    pub fn drop_broken(&mut self, runtime: &mut Runtime<'_>) {
        for key in self.broken.drain(..) {
            // Its end was told.
            runtime.cancel(key, Instant::now(), &mut |_| ());
        }
    }
}

impl Running<'_> {
    /// Takes more text, and hands on each command that is whole now.
    fn push(&mut self, text: &str, mut hand_on: impl FnMut(&[u8])) -> Result<(), Wrong> {
        let (set, sent) = (self.reader.set(), &mut self.sent);
        self.reader.push(text, |_, command| {
            let mut bytes = Vec::new();
            set.encode(&command, &mut bytes)?;
            *sent += bytes.len();
            hand_on(&bytes);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::CommandSet;

    #[test]
    fn what_breaks_the_grammar_is_not_handed_on() {
        let set = CommandSet::parse(include_str!("../../commands/rover.toml")).unwrap();
        let mut running = Running { reader: AnswerReader::new(&set), fallback: None, sent: 0 };
        let mut sent = Vec::new();
        running.push("{\"stop\":{}}\n{\"turn\":{\"angle\":3", |command| sent.push(command.to_vec())).unwrap();
        let wrong = running.push("61}}\n", |command| sent.push(command.to_vec())).unwrap_err();
        assert!(wrong.to_string().ends_with("turn.angle: 361 is not from -360 to 360"), "{wrong}");
        assert_eq!((sent, running.sent), (vec![vec![0x0a]], 1));
    }
}
