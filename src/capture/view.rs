use std::fmt;

use qwark_wire::{FROM_RUNTIME, Frame, FromRuntime, Kind, ParseError, TO_RUNTIME, ToRuntime};
use serde_json::{Map, json};

use super::frame::{Bare, FrameError};
use super::payload::{self, ShownHex, Value, hex};

/// A frame that people can read: one line by `Display`, or JSON.
///
/// ```
/// use qwark::capture::View;
///
/// let ping = [1, 2, 4, 0, 1, 0, 0, 0, 0, 0, 4, 3, 2, 1, 0x75, 0x7b, 0x7b, 0x09];
/// assert_eq!(View::new(&ping).to_string(), "→ 1 Ping nonce=16909060");
/// ```
#[derive(Clone, Debug)]
pub struct View<'a>(Content<'a>);

#[derive(Clone, Debug)]
enum Content<'a> {
    /// Bytes that are not a frame.
    NoFrame(&'a [u8], FrameError),
    /// A frame, and either what it says or why it says nothing.
    Frame(Bare<'a>, Result<Said<'a>, ParseError>),
}

#[derive(Clone, Debug)]
struct Said<'a> {
    kind: &'static Kind,
    fields: Value<'a>,
    /// Bytes after the last field that is known here.
    rest: &'a [u8],
}

impl<'a> View<'a> {
    /// Looks at a frame before stuffing, header and checksum included.
    pub fn new(bytes: &'a [u8]) -> Self {
        match Bare::parse(bytes) {
            Ok(bare) => View::of(bare),
            Err(error) => View(Content::NoFrame(bytes, error)),
        }
    }

    /// Looks at a frame whose checksum holds.
    pub fn of(frame: impl Into<Bare<'a>>) -> Self {
        let bare = frame.into();
        View(Content::Frame(bare, said(&bare.frame)))
    }

    /// Whether its kind is one that the runtime sends. `None` where it is not a frame.
    pub fn is_from_runtime(&self) -> Option<bool> {
        match &self.0 {
            Content::NoFrame(..) => None,
            // The tables have it so: every kind of one direction has the same highest bit.
            Content::Frame(bare, _) => Some(FROM_RUNTIME.first().is_some_and(|first| (first.number ^ bare.frame.kind) & 0x80 == 0)),
        }
    }

    /// The frame's fields as JSON: `seq`, `id`, `kind`, `fields`, and `sealed` where it is; `error` and `bytes` where it is bad.
    pub fn to_json(&self) -> Map<String, serde_json::Value> {
        let mut object = Map::new();
        let mut put = |name: &str, value: serde_json::Value| object.insert(name.to_owned(), value);
        match &self.0 {
            Content::NoFrame(bytes, error) => {
                put("error", error.to_string().into());
                put("bytes", hex(bytes).into());
            }
            Content::Frame(Bare { frame, sealed }, said) => {
                put("seq", frame.seq.into());
                put("id", frame.id.into());
                if let Some(counter) = sealed {
                    put("sealed", json!(counter));
                }
                match said {
                    Ok(said) => {
                        put("kind", said.kind.name.into());
                        put("fields", said.fields.to_json());
                        if !said.rest.is_empty() {
                            put("more", hex(said.rest).into());
                        }
                    }
                    Err(error) => {
                        put("error", error.to_string().into());
                        put("kind", frame.kind.into());
                        put("bytes", hex(frame.payload).into());
                    }
                }
            }
        }
        object
    }
}

/// Reads a frame by its own direction's messages.
fn said<'a>(frame: &Frame<'a>) -> Result<Said<'a>, ParseError> {
    let to_runtime = ToRuntime::parse(frame).map(drop);
    let (checked, table) = match to_runtime {
        Err(ParseError::Direction(_)) => (FromRuntime::parse(frame).map(drop), FROM_RUNTIME),
        checked => (checked, TO_RUNTIME),
    };
    checked?;
    let unknown = ParseError::Kind(frame.kind);
    let kind = table.iter().find(|kind| kind.number == frame.kind).ok_or(unknown)?;
    let (fields, rest) = payload::read(kind.ty.rows, frame.payload).ok_or(unknown)?;
    Ok(Said { kind, fields, rest })
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Bare { frame, sealed }, said) = match &self.0 {
            Content::NoFrame(bytes, error) => return write!(f, "? bad: {error}: {}", ShownHex(bytes)),
            Content::Frame(bare, said) => (bare, said),
        };
        let arrow = if self.is_from_runtime() == Some(true) { '←' } else { '→' };
        write!(f, "{arrow} {} ", frame.seq)?;
        match said {
            Ok(said) => f.write_str(said.kind.name)?,
            Err(_) => write!(f, "kind {:#04x}", frame.kind)?,
        }
        if frame.id != 0 {
            write!(f, " id={}", frame.id)?;
        }
        match said {
            Ok(Said { fields, rest, .. }) => {
                if *fields != Value::Record(Vec::new()) {
                    write!(f, " {fields}")?;
                }
                if !rest.is_empty() {
                    write!(f, " and {} bytes that are not known here: {}", rest.len(), ShownHex(rest))?;
                }
            }
            Err(error) => write!(f, " bad: {error}: {} bytes {}", frame.payload.len(), ShownHex(frame.payload))?,
        }
        match sealed {
            Some(counter) => write!(f, " seal={counter}"),
            None => Ok(()),
        }
    }
}
