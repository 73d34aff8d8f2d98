//! The store of uploads, as all connections share it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use qwark_wire::{GrammarForm, Hash, ToRuntime, UploadKind};
use thiserror::Error;

use super::handle::SessionCell;
use super::request;
use crate::grammar::Grammar;
use crate::session::{Control, Item};
use crate::uploads::{Limits, Owner, UploadError, Uploads};

/// Most bytes of a grammar that a request may name: the others wait while it is made ready.
const MAX_GRAMMAR: usize = 64 * 1024;

/// Why a request cannot have the grammar that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum NoGrammar {
    #[error("this client has uploaded no grammar with that hash, or it is gone")]
    Missing,
    #[error("the grammar has {0} bytes, at most {MAX_GRAMMAR} are taken")]
    TooLong(usize),
    #[error("the grammar is not UTF-8")]
    Utf8,
}

/// Uploads of all clients.
pub(super) struct Store(Mutex<Uploads>);

impl Store {
    pub fn new(limits: Limits) -> Store {
        Store(Mutex::new(Uploads::new(limits)))
    }

    /// Does what a message about uploads asks, and gives the answer.
    pub fn answer(&self, session: &SessionCell, id: u32, message: &ToRuntime<'_>, now: Instant) -> Control {
        let owner = owner(session);
        let mut uploads = self.lock();
        let result = match message {
            ToRuntime::UploadBegin(begin) => uploads.begin(owner, id, begin, now),
            ToRuntime::UploadData(data) => uploads.data(owner, id, data, now),
            ToRuntime::UploadDelete(delete) => Ok(uploads.delete(owner, &delete.sha256)),
            ToRuntime::UploadList(list) => {
                let item = uploads.list(owner, list, now);
                let name = item.name.get().to_owned();
                return Control::Item(Box::new(Item { fixed: qwark_wire::UploadItem { name: Default::default(), ..item }, name }));
            }
            _ => Err(UploadError::NotBegun(id)),
        };
        match result {
            Ok(upload) => Control::Upload(upload),
            Err(error) => Control::Error { code: error.code(), ends: error.ends(), message: error.to_string() },
        }
    }

    /// The grammar that a request names, which it uses now.
    pub fn grammar(&self, session: &SessionCell, form: GrammarForm, sha256: &Hash, now: Instant) -> Result<Grammar, NoGrammar> {
        let mut uploads = self.lock();
        let upload = uploads.get(owner(session), UploadKind::Grammar, sha256, now).ok_or(NoGrammar::Missing)?;
        if upload.len() > MAX_GRAMMAR {
            return Err(NoGrammar::TooLong(upload.len()));
        }
        request::grammar(form, upload).ok_or(NoGrammar::Utf8)
    }

    /// The session is over: a client without a number cannot ask for its uploads any more.
    pub fn forget(&self, session: &SessionCell) {
        if session.number == 0 {
            self.lock().forget(owner(session));
        }
    }

    /// Forgets what was not used for long enough.
    pub fn expire(&self, now: Instant) {
        self.lock().expire(now);
    }

    fn lock(&self) -> MutexGuard<'_, Uploads> {
        // The store checks what it has before it uses it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn owner(session: &SessionCell) -> Owner {
    match (session.number, session.key) {
        (0, _) => Owner::Session(session.client.0),
        (number, None) => Owner::Client(number),
        (number, Some(key)) => Owner::Keyed(number, key),
    }
}
