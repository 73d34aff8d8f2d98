//! Payloads as trees of named values, read by the message tables alone: a message that is added to them needs nothing here.

use std::fmt::{self, Write};

use qwark_wire::{Row, Type};

/// Characters of a text that are shown to people.
const SHOWN_TEXT: usize = 60;

/// Bytes of data that are shown to people.
const SHOWN_BYTES: usize = 16;

/// From here on a number was drawn, not counted, and reads better in hexadecimal.
const DRAWN: u64 = 1 << 48;

/// The value of one field, of whatever type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// An unsigned integer.
    Number(u64),
    /// A float.
    Float(f32),
    /// Yes or no.
    Bool(bool),
    /// The name of an enum's value.
    Name(&'static str),
    /// A number of an enum that has no name here.
    Unnamed(u8),
    /// Text.
    Text(&'a str),
    /// Bytes that are not led by their count, such as a hash.
    Hash(&'a [u8]),
    /// Data, which may be a piece of text.
    Bytes(&'a [u8]),
    /// A list.
    List(Vec<Value<'a>>),
    /// Named fields.
    Record(Vec<(&'static str, Value<'a>)>),
}

/// Reads the fields `rows` from the front of `payload`; also gives what follows them. `None` where they do not fit.
pub(super) fn read<'a>(rows: &'static [Row], payload: &'a [u8]) -> Option<(Value<'a>, &'a [u8])> {
    let mut rest = payload;
    let record = record(rows, &mut rest)?;
    Some((record, rest))
}

fn record<'a>(rows: &'static [Row], input: &mut &'a [u8]) -> Option<Value<'a>> {
    let fields = rows.iter().map(|row| Some((row.name, value(&row.ty, input)?)));
    Some(Value::Record(fields.collect::<Option<_>>()?))
}

fn value<'a>(ty: &'static Type, input: &mut &'a [u8]) -> Option<Value<'a>> {
    Some(match ty.name {
        "u8" | "u16" | "u32" | "u64" => Value::Number(number(input, ty.max_len)?),
        "f32" => Value::Float(f32::from_bits(number(input, ty.max_len)? as u32)),
        "bool" => Value::Bool(number(input, ty.max_len)? != 0),
        "str" => Value::Text(std::str::from_utf8(counted(input)?).ok()?),
        "bytes" => Value::Bytes(counted(input)?),
        "list" => {
            let item = &ty.rows.first()?.ty;
            Value::List((0..number(input, 1)?).map(|_| value(item, input)).collect::<Option<_>>()?)
        }
        _ if !ty.values.is_empty() => {
            let byte = number(input, ty.max_len)? as u8;
            let named = ty.values.iter().find(|value| value.number == byte);
            named.map_or(Value::Unnamed(byte), |value| Value::Name(value.name))
        }
        _ if !ty.rows.is_empty() => record(ty.rows, input)?,
        // A type of fixed length with neither fields nor names is plain bytes, as a hash is.
        _ => Value::Hash(input.split_off(..ty.max_len)?),
    })
}

/// An unsigned little-endian integer of `len` bytes.
fn number(input: &mut &[u8], len: usize) -> Option<u64> {
    Some(input.split_off(..len)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

/// Bytes that are led by their count.
fn counted<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = number(input, 2)?;
    input.split_off(..len as usize)
}

impl Value<'_> {
    /// As a JSON value, with nothing left out. Data is a string where it is text, else an object whose `hex` has the bytes.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Number(number) => (*number).into(),
            Value::Float(float) => f64::from(*float).into(),
            Value::Bool(bool) => (*bool).into(),
            Value::Name(name) => (*name).into(),
            Value::Unnamed(number) => (*number).into(),
            Value::Text(text) => (*text).into(),
            Value::Hash(bytes) => hex(bytes).into(),
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if is_words(text) => text.into(),
                _ => serde_json::json!({ "hex": hex(bytes) }),
            },
            Value::List(items) => items.iter().map(Value::to_json).collect(),
            Value::Record(fields) => fields.iter().map(|(name, value)| (*name, value.to_json())).collect(),
        }
    }
}

impl fmt::Display for Value<'_> {
    /// For people: long text and data are cut, and nothing in them can control a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) if *number >= DRAWN => write!(f, "{number:#x}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Float(float) => write!(f, "{float}"),
            Value::Bool(true) => f.write_str("yes"),
            Value::Bool(false) => f.write_str("no"),
            Value::Name(name) => f.write_str(name),
            Value::Unnamed(number) => write!(f, "{number}?"),
            Value::Text(text) => write_text(f, text),
            Value::Hash(bytes) => write_hex(f, bytes),
            Value::Bytes(bytes) => match text_piece(bytes) {
                Some(text) => write_text(f, text),
                None => write!(f, "{} bytes ", bytes.len()).and_then(|()| write_hex(f, bytes)),
            },
            Value::List(items) => {
                f.write_char('[')?;
                separated(f, items, |f, item| write!(f, "{item}"))?;
                f.write_char(']')
            }
            Value::Record(fields) => separated(f, fields, |f, (name, value)| match value {
                Value::Record(_) => write!(f, "{name}={{{value}}}"),
                _ => write!(f, "{name}={value}"),
            }),
        }
    }
}

fn separated<T>(f: &mut fmt::Formatter<'_>, items: &[T], mut write: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result) -> fmt::Result {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            f.write_char(' ')?;
        }
        write(f, item)?;
    }
    Ok(())
}

/// `bytes` as text, without the halves of characters that a cut may have left at either end.
fn text_piece(bytes: &[u8]) -> Option<&str> {
    let continues = |byte: &u8| byte & 0xc0 == 0x80;
    let start = bytes.iter().take(3).take_while(|byte| continues(byte)).count();
    let text = match std::str::from_utf8(&bytes[start..]) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[start..][..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    is_words(text).then_some(text)
}

/// Whether `text` is for people, and not numbers that happen to be UTF-8, as the command number 10 that is a line feed.
fn is_words(text: &str) -> bool {
    let readable = |char: char| !char.is_control();
    text.chars().all(|char| readable(char) || char.is_ascii_whitespace()) && (text.is_empty() || text.contains(readable))
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    match text.char_indices().nth(SHOWN_TEXT) {
        Some((end, _)) => write!(f, "{:?}… {} bytes", &text[..end], text.len()),
        None => write!(f, "{text:?}"),
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str(&hex(&bytes[..bytes.len().min(SHOWN_BYTES)]))?;
    if bytes.len() > SHOWN_BYTES { f.write_char('…') } else { Ok(()) }
}

/// Shows bytes in hexadecimal, cut where they are many.
pub(super) struct ShownHex<'a>(pub &'a [u8]);

impl fmt::Display for ShownHex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.0)
    }
}

/// Bytes in hexadecimal, two digits each.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The bytes that [`hex`] shows. `None` if `text` is something else.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |&byte: &u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}
