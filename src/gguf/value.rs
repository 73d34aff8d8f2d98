//! Metadata values, borrowed from the file.

use std::fmt;

use byteorder::{ByteOrder, LittleEndian};

use super::cursor::Cursor;
use super::error::{Fault, Found, Refusal};

/// Bytes before each string: its length as u64.
const STR_PREFIX: usize = 8;

/// Type of a metadata value, with its number in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[allow(missing_docs, reason = "the names are those of the Rust types")]
pub enum ValueType {
    U8 = 0,
    I8 = 1,
    U16 = 2,
    I16 = 3,
    U32 = 4,
    I32 = 5,
    F32 = 6,
    Bool = 7,
    Str = 8,
    Array = 9,
    U64 = 10,
    I64 = 11,
    F64 = 12,
}

impl ValueType {
    /// Every type, at the index of its number.
    const ALL: [Self; 13] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::F32,
        Self::Bool,
        Self::Str,
        Self::Array,
        Self::U64,
        Self::I64,
        Self::F64,
    ];

    /// The type that a file calls `id`.
    pub fn from_id(id: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(id).ok()?).copied()
    }

    /// The number of this type in a file.
    pub fn id(self) -> u32 {
        self as u32
    }

    /// Fewest bytes that one value takes: all of them but for strings and arrays, which begin with a length.
    fn min_width(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
            Self::Str => STR_PREFIX,
            Self::Array => 12,
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Refusal> {
        let at = cursor.at();
        let id = cursor.u32()?;
        Self::from_id(id).ok_or(Refusal { at, fault: Fault::ValueType(id) })
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::Bool => "bool",
            Self::Str => "string",
            Self::Array => "array",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F64 => "f64",
        })
    }
}

/// One metadata value.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the names are those of the types")]
pub enum Value<'a> {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
    Str(&'a str),
    Array(Array<'a>),
    U64(u64),
    I64(i64),
    F64(f64),
}

impl<'a> Value<'a> {
    /// Reads a type and a value of that type.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Refusal> {
        Ok(match ValueType::read(cursor)? {
            ValueType::U8 => Self::U8(cursor.take(1)?[0]),
            ValueType::I8 => Self::I8(cursor.take(1)?[0] as i8),
            ValueType::U16 => Self::U16(cursor.take(2).map(LittleEndian::read_u16)?),
            ValueType::I16 => Self::I16(cursor.take(2).map(LittleEndian::read_i16)?),
            ValueType::U32 => Self::U32(cursor.take(4).map(LittleEndian::read_u32)?),
            ValueType::I32 => Self::I32(cursor.take(4).map(LittleEndian::read_i32)?),
            ValueType::F32 => Self::F32(cursor.take(4).map(LittleEndian::read_f32)?),
            ValueType::Bool => Self::Bool(read_bool(cursor)?),
            ValueType::Str => Self::Str(cursor.str()?),
            ValueType::Array => Self::Array(Array::read(cursor)?),
            ValueType::U64 => Self::U64(cursor.take(8).map(LittleEndian::read_u64)?),
            ValueType::I64 => Self::I64(cursor.take(8).map(LittleEndian::read_i64)?),
            ValueType::F64 => Self::F64(cursor.take(8).map(LittleEndian::read_f64)?),
        })
    }

    /// The type of this value.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::U8(_) => ValueType::U8,
            Self::I8(_) => ValueType::I8,
            Self::U16(_) => ValueType::U16,
            Self::I16(_) => ValueType::I16,
            Self::U32(_) => ValueType::U32,
            Self::I32(_) => ValueType::I32,
            Self::F32(_) => ValueType::F32,
            Self::Bool(_) => ValueType::Bool,
            Self::Str(_) => ValueType::Str,
            Self::Array(_) => ValueType::Array,
            Self::U64(_) => ValueType::U64,
            Self::I64(_) => ValueType::I64,
            Self::F64(_) => ValueType::F64,
        }
    }

    /// An integer of any width and sign that fits u32: writers disagree about the width.
    pub fn as_u32(&self) -> Result<u32, Fault> {
        let fitting = match *self {
            Self::U8(value) => Some(value.into()),
            Self::U16(value) => Some(value.into()),
            Self::U32(value) => Some(value),
            Self::U64(value) => value.try_into().ok(),
            Self::I8(value) => value.try_into().ok(),
            Self::I16(value) => value.try_into().ok(),
            Self::I32(value) => value.try_into().ok(),
            Self::I64(value) => value.try_into().ok(),
            _ => return Err(self.is_not("an unsigned integer")),
        };
        fitting.ok_or(Fault::WrongType { found: Found::OutOfRange(self.value_type()), expected: "an unsigned 32-bit integer" })
    }

    /// A floating-point number; f64 is rounded.
    pub fn as_f32(&self) -> Result<f32, Fault> {
        match *self {
            Self::F32(value) => Ok(value),
            Self::F64(value) => Ok(value as f32),
            _ => Err(self.is_not("a floating-point number")),
        }
    }

    /// A bool.
    pub fn as_bool(&self) -> Result<bool, Fault> {
        match *self {
            Self::Bool(value) => Ok(value),
            _ => Err(self.is_not("a bool")),
        }
    }

    /// A string.
    pub fn as_str(&self) -> Result<&'a str, Fault> {
        match *self {
            Self::Str(value) => Ok(value),
            _ => Err(self.is_not("a string")),
        }
    }

    /// An array.
    pub fn as_array(&self) -> Result<Array<'a>, Fault> {
        match *self {
            Self::Array(value) => Ok(value),
            _ => Err(self.is_not("an array")),
        }
    }

    fn is_not(&self, expected: &'static str) -> Fault {
        let found = match self {
            Self::Array(array) => Found::Array(array.elem),
            _ => Found::Value(self.value_type()),
        };
        Fault::WrongType { found, expected }
    }
}

fn read_bool(cursor: &mut Cursor<'_>) -> Result<bool, Refusal> {
    let at = cursor.at();
    match cursor.take(1)?[0] {
        byte @ (0 | 1) => Ok(byte == 1),
        byte => Err(Refusal { at, fault: Fault::Bool(byte) }),
    }
}

/// A metadata array: checked when the file is read, decoded where it is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Array<'a> {
    elem: ValueType,
    len: usize,
    bytes: &'a [u8],
}

impl<'a> Array<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Refusal> {
        let at = cursor.at();
        let elem = ValueType::read(cursor)?;
        if elem == ValueType::Array {
            let fault = Fault::NestedArray;
            return Err(Refusal { at, fault });
        }
        let width = elem.min_width() as u64;
        let len = cursor.count("array elements", width, u64::MAX)?;
        let start = cursor.at();
        match elem {
            ValueType::Str => (0..len).try_for_each(|_| cursor.str().map(drop))?,
            ValueType::Bool => (0..len).try_for_each(|_| read_bool(cursor).map(drop))?,
            // The product cannot overflow: `count` saw that the elements fit in what is left.
            _ => _ = cursor.take(len * width)?,
        }
        // At most the file's length.
        let len = len as usize;
        Ok(Self { elem, len, bytes: cursor.since(start) })
    }

    /// Type of the elements.
    pub fn elem(&self) -> ValueType {
        self.elem
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements as they are in the file: little-endian values, or strings each after its length as u64.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The elements of an array of strings.
    pub fn strs(&self) -> Result<Strs<'a>, Fault> {
        self.expect(ValueType::Str, "an array of strings")?;
        Ok(Strs { bytes: self.bytes, left: self.len })
    }

    /// The elements of an array of i32.
    pub fn i32s(&self) -> Result<impl ExactSizeIterator<Item = i32> + Clone + use<'a>, Fault> {
        self.expect(ValueType::I32, "an array of i32")?;
        Ok(self.bytes.chunks_exact(4).map(LittleEndian::read_i32))
    }

    /// The elements of an array of u32.
    pub fn u32s(&self) -> Result<impl ExactSizeIterator<Item = u32> + Clone + use<'a>, Fault> {
        self.expect(ValueType::U32, "an array of u32")?;
        Ok(self.bytes.chunks_exact(4).map(LittleEndian::read_u32))
    }

    /// The elements of an array of f32.
    pub fn f32s(&self) -> Result<impl ExactSizeIterator<Item = f32> + Clone + use<'a>, Fault> {
        self.expect(ValueType::F32, "an array of f32")?;
        Ok(self.bytes.chunks_exact(4).map(LittleEndian::read_f32))
    }

    fn expect(&self, elem: ValueType, expected: &'static str) -> Result<(), Fault> {
        if self.elem == elem {
            return Ok(());
        }
        let found = Found::Array(self.elem);
        Err(Fault::WrongType { found, expected })
    }
}

/// Iterator over the strings of an [`Array`], in order.
#[derive(Debug, Clone)]
pub struct Strs<'a> {
    bytes: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Strs<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        let (len, rest) = self.bytes.split_first_chunk::<STR_PREFIX>()?;
        let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
        let (text, rest) = rest.split_at_checked(len)?;
        self.bytes = rest;
        std::str::from_utf8(text).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Strs<'_> {}
