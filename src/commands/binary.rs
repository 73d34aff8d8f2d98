//! The bytes of commands, for controllers: a command's index, which optional parameters are there, and the values.

use super::error::{Fault, Violation};
use super::{Command, CommandSet, CommandSpec, Kind, Value};

/// How many bytes a number, an index or a length takes: known from the set, the same for all values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    One,
    Two,
    Four,
}

impl Width {
    pub fn bytes(self) -> usize {
        match self {
            Width::One => 1,
            Width::Two => 2,
            Width::Four => 4,
        }
    }

    /// The least signed number that holds `min` and `max`.
    fn signed(min: i32, max: i32) -> Width {
        let fits = |least: i32, most: i32| least <= min && max <= most;
        if fits(i8::MIN.into(), i8::MAX.into()) {
            Width::One
        } else if fits(i16::MIN.into(), i16::MAX.into()) {
            Width::Two
        } else {
            Width::Four
        }
    }

    /// The least unsigned number that holds `max`.
    fn unsigned(max: usize) -> Width {
        if max <= usize::from(u8::MAX) { Width::One } else { Width::Two }
    }
}

impl Kind {
    /// How many bytes the value takes, or in a text its length.
    pub(super) fn width(&self) -> Width {
        match self {
            Kind::Int { min, max, .. } | Kind::Float { min, max, .. } => Width::signed(*min, *max),
            Kind::Enum(values) => Width::unsigned(values.len() - 1),
            Kind::Bool => Width::One,
            Kind::Text { max_len } => Width::unsigned(max_len * 4),
        }
    }
}

impl CommandSpec {
    /// Bytes of the bitmap of optional parameters; 0 where there is none.
    pub(super) fn bitmap_len(&self) -> usize {
        self.params.iter().filter(|param| param.optional).count().div_ceil(8)
    }

    /// Most bytes of such a command.
    pub(super) fn max_encoded_len(&self) -> usize {
        let value = |kind: &Kind| kind.width().bytes() + if let Kind::Text { max_len } = kind { max_len * 4 } else { 0 };
        1 + self.bitmap_len() + self.params.iter().map(|param| value(&param.kind)).sum::<usize>()
    }
}

impl CommandSet {
    /// Most bytes of an encoded command.
    pub fn max_encoded_len(&self) -> usize {
        self.commands.iter().map(CommandSpec::max_encoded_len).max().unwrap_or(0)
    }

    /// Appends `command` as bytes. Fails, with nothing appended, if it is no command of this set.
    pub fn encode(&self, command: &Command, out: &mut Vec<u8>) -> Result<(), Violation> {
        let spec = self.check(command)?;
        out.push(command.index);
        let bitmap = out.len();
        out.resize(bitmap + spec.bitmap_len(), 0);
        let mut optional = 0;
        for (param, value) in spec.params.iter().zip(&command.values) {
            if param.optional {
                out[bitmap + optional / 8] |= u8::from(value.is_some()) << (optional % 8);
                optional += 1;
            }
            let Some(value) = value else { continue };
            let number = match value {
                Value::Int(number) | Value::Steps(number) => *number,
                Value::Enum(index) => i32::from(*index),
                Value::Bool(flag) => i32::from(*flag),
                // At most 4 * MAX_TEXT.
                Value::Text(text) => text.len() as i32,
            };
            out.extend_from_slice(&number.to_le_bytes()[..param.kind.width().bytes()]);
            if let Value::Text(text) = value {
                out.extend_from_slice(text.as_bytes());
            }
        }
        Ok(())
    }

    /// Reads one command from all of `bytes`, and checks it as [`CommandSet::parse_command`] does.
    pub fn decode(&self, bytes: &[u8]) -> Result<Command, Violation> {
        let mut input = Reader(bytes);
        let [index] = input.array().map_err(|fault| fault.of(""))?;
        let spec = self.commands.get(usize::from(index)).ok_or_else(|| Fault::UnknownIndex(index.into()).of(""))?;
        let here = |fault: Fault| fault.of(&spec.name);
        let bitmap = input.take(spec.bitmap_len()).map_err(here)?;
        let mut bits = (0..bitmap.len() * 8).map(|bit| bitmap[bit / 8] >> (bit % 8) & 1 == 1);
        let mut values = Vec::with_capacity(spec.params.len());
        for param in &spec.params {
            let there = !param.optional || bits.next() == Some(true);
            let value = there.then(|| param.kind.decode(&mut input)).transpose();
            values.push(value.map_err(|fault| fault.of(&spec.place(param)))?);
        }
        if bits.any(|bit| bit) {
            return Err(here(Fault::Presence));
        }
        if !input.0.is_empty() {
            return Err(here(Fault::TrailingBytes(input.0.len())));
        }
        let command = Command { index, values };
        self.check(&command)?;
        Ok(command)
    }
}

impl Kind {
    fn decode(&self, input: &mut Reader<'_>) -> Result<Value, Fault> {
        let signed = matches!(self, Kind::Int { .. } | Kind::Float { .. });
        let number = match (self.width(), signed) {
            (Width::One, true) => i8::from_le_bytes(input.array()?).into(),
            (Width::Two, true) => i16::from_le_bytes(input.array()?).into(),
            (Width::Four, _) => i32::from_le_bytes(input.array()?),
            (Width::One, false) => u8::from_le_bytes(input.array()?).into(),
            (Width::Two, false) => u16::from_le_bytes(input.array()?).into(),
        };
        match self {
            Kind::Int { .. } => Ok(Value::Int(number)),
            Kind::Float { .. } => Ok(Value::Steps(number)),
            // These were read from one or two unsigned bytes.
            Kind::Enum(_) => Ok(Value::Enum(number as u16)),
            Kind::Bool if number > 1 => Err(Fault::Bool(number as u8)),
            Kind::Bool => Ok(Value::Bool(number == 1)),
            Kind::Text { .. } => {
                let text = str::from_utf8(input.take(number as usize)?).map_err(|_| Fault::Utf8)?;
                Ok(Value::Text(text.to_owned()))
            }
        }
    }
}

/// Bytes that are still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Fault::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Fault::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }
}
