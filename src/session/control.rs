//! Frames that go before every answer.

use std::collections::VecDeque;

use qwark_wire::{Accepted, ErrorCode, FromRuntime, Identify, Models, Pong, Safety, Str, Upload, UploadItem};

/// Control frames that wait for one client at most; one that lets more pile up does not read.
pub const MAX_CONTROL: usize = 64;

/// What the runtime says about itself. The lengths are the wire's.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Everything of a fixed length.
    pub fixed: Identify<'static>,
    /// Names of the models.
    pub models: Vec<String>,
    /// Name of the command set; empty for none.
    pub commands: String,
}

/// One of a client's uploads.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Everything of a fixed length.
    pub fixed: UploadItem<'static>,
    /// Its name.
    pub name: String,
}

/// A control frame that waits.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// Who the runtime is.
    Identify(Box<Identity>),
    /// It lives.
    Pong(Pong),
    /// What it may do.
    Safety(Safety),
    /// A request's text has arrived, up to somewhere.
    Accepted(Accepted),
    /// How an upload stands.
    Upload(Upload),
    /// An entry of the list of uploads.
    Item(Box<Item>),
    /// A frame had no seal that holds. Said without a seal: whoever sent it has no session.
    Unsealed,
    /// Something went wrong.
    Error {
        /// What kind of error it is.
        code: ErrorCode,
        /// The request has ended by it.
        ends: bool,
        /// What happened, for people.
        message: String,
    },
}

impl Control {
    /// The message, as it is sent.
    pub fn message(&self) -> FromRuntime<'_> {
        match self {
            Control::Identify(identity) => {
                let models: Models<'_> = identity.models.iter().map(|name| Str::cut(name)).take(qwark_wire::MAX_MODELS).collect();
                Identify { models, commands: Str::cut(&identity.commands), ..identity.fixed.clone() }.into()
            }
            Control::Pong(pong) => (*pong).into(),
            Control::Safety(safety) => (*safety).into(),
            Control::Accepted(accepted) => (*accepted).into(),
            Control::Upload(upload) => (*upload).into(),
            Control::Item(item) => UploadItem { name: Str::cut(&item.name), ..item.fixed.clone() }.into(),
            Control::Unsealed => {
                qwark_wire::Error { code: ErrorCode::Denied, ends: false, message: Str::cut("the frame has no seal that holds") }.into()
            }
            Control::Error { code, ends, message } => qwark_wire::Error { code: *code, ends: *ends, message: Str::cut(message) }.into(),
        }
    }
}

/// Control frames in the order in which they are sent, each with the id that it is about.
#[derive(Debug, Default)]
pub struct Controls(VecDeque<(u32, Control)>);

impl Controls {
    /// Whether there is room for what a few more frames have to be answered with.
    pub fn has_room(&self) -> bool {
        self.0.len() < MAX_CONTROL / 2
    }

    /// Adds one; the oldest is dropped where there are too many, since whoever waits for an answer asks again.
    pub fn push(&mut self, id: u32, control: Control) {
        // A state that was not sent yet need not be sent when there is a newer one.
        if matches!(control, Control::Accepted(_) | Control::Safety(_)) {
            self.0.retain(|(of, old)| *of != id || std::mem::discriminant(old) != std::mem::discriminant(&control));
        }
        if self.0.len() == MAX_CONTROL {
            self.0.pop_front();
        }
        self.0.push_back((id, control));
    }

    /// The next one.
    pub fn pop(&mut self) -> Option<(u32, Control)> {
        self.0.pop_front()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
