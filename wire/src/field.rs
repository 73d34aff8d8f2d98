//! Field types: how each is parsed and emitted, side by side, and how the specification names it.
//!
//! Numbers are little-endian. Text and bytes are led by their length. Every type has a longest form, so the size of
//! every message is known at compile time.

use core::ops::Deref;

use heapless::Vec;
use thiserror::Error;

use crate::frame::FrameWriter;
use crate::schema::{FieldError, Row, Type};

/// What is wrong with one field of a payload: never the line's fault, because the checksum held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FieldFault {
    /// The payload ends before the field does.
    #[error("the payload ends before it")]
    Truncated,
    /// Longer than the field's limit.
    #[error("longer than {0} bytes")]
    TooLong(u16),
    /// More items than the list's limit.
    #[error("more than {0} items")]
    TooMany(u8),
    /// Text that is not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// A number that stands for nothing.
    #[error("{0} stands for nothing")]
    Value(u8),
    /// A float that is infinite or no number.
    #[error("not a finite number")]
    NotFinite,
}

/// The part of a payload that is still to be parsed.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Self {
        Reader { rest: payload }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], FieldError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(FieldFault::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FieldError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(FieldFault::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }
}

/// One type of field.
pub trait Field<'a>: Sized {
    /// How the specification describes the type.
    const TYPE: Type;

    /// Takes the field from the front of `input`.
    fn parse(input: &mut Reader<'a>) -> Result<Self, FieldError>;

    /// Writes the field: the reverse of [`Field::parse`].
    fn emit(&self, out: &mut FrameWriter<'_>);
}

macro_rules! integers {
    ($($integer:ident)+) => {$(
        impl<'a> Field<'a> for $integer {
            const TYPE: Type = Type::plain(stringify!($integer), size_of::<$integer>());

            fn parse(input: &mut Reader<'a>) -> Result<Self, FieldError> {
                Ok($integer::from_le_bytes(input.array()?))
            }

            fn emit(&self, out: &mut FrameWriter<'_>) {
                out.put(&self.to_le_bytes());
            }
        }
    )+};
}

integers!(u8 u16 u32 u64);

impl<'a> Field<'a> for f32 {
    const TYPE: Type = Type::plain("f32", size_of::<f32>());

    fn parse(input: &mut Reader<'a>) -> Result<Self, FieldError> {
        let value = f32::from_le_bytes(input.array()?);
        if value.is_finite() { Ok(value) } else { Err(FieldFault::NotFinite.into()) }
    }

    fn emit(&self, out: &mut FrameWriter<'_>) {
        out.put(&self.to_le_bytes());
    }
}

impl<'a> Field<'a> for bool {
    const TYPE: Type = Type::plain("bool", 1);

    fn parse(input: &mut Reader<'a>) -> Result<Self, FieldError> {
        match u8::parse(input)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(FieldFault::Value(other).into()),
        }
    }

    fn emit(&self, out: &mut FrameWriter<'_>) {
        u8::from(*self).emit(out);
    }
}

/// A SHA-256.
pub type Hash = [u8; 32];

impl<'a> Field<'a> for Hash {
    const TYPE: Type = Type::plain("hash", size_of::<Hash>());

    fn parse(input: &mut Reader<'a>) -> Result<Self, FieldError> {
        input.array()
    }

    fn emit(&self, out: &mut FrameWriter<'_>) {
        out.put(self);
    }
}

/// Bytes of a length prefix.
const PREFIX: usize = size_of::<u16>();

/// Up to `N` bytes, led by their count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bytes<'a, const N: usize>(&'a [u8]);

impl<'a, const N: usize> Bytes<'a, N> {
    /// `None` if there are more than `N` bytes.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        (bytes.len() <= N).then_some(Bytes(bytes))
    }

    /// The bytes, for as long as the buffer lives that they were parsed from.
    pub fn get(self) -> &'a [u8] {
        self.0
    }
}

impl<const N: usize> Deref for Bytes<'_, N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl<'a, const N: usize> Field<'a> for Bytes<'a, N> {
    const TYPE: Type = {
        assert!(N <= u16::MAX as usize, "the length must fit its prefix");
        Type::bounded("bytes", N, PREFIX + N)
    };

    fn parse(input: &mut Reader<'a>) -> Result<Self, FieldError> {
        let len = usize::from(u16::parse(input)?);
        if len > N {
            return Err(FieldFault::TooLong(N as u16).into());
        }
        Ok(Bytes(input.take(len)?))
    }

    fn emit(&self, out: &mut FrameWriter<'_>) {
        (self.0.len() as u16).emit(out);
        out.put(self.0);
    }
}

/// Up to `N` bytes of UTF-8 text, led by their count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Str<'a, const N: usize>(&'a str);

/// A piece of a longer text: as many bytes as fit into one frame, cut anywhere.
pub type Piece<'a> = Bytes<'a, { crate::MAX_PIECE }>;

/// One encoded command.
pub type Encoded<'a> = Bytes<'a, { crate::MAX_COMMAND }>;

impl<'a, const N: usize> Str<'a, N> {
    /// `None` if `text` has more than `N` bytes.
    pub fn new(text: &'a str) -> Option<Self> {
        (text.len() <= N).then_some(Str(text))
    }

    /// The longest beginning of `text` that fits and ends between two characters.
    pub fn cut(text: &'a str) -> Self {
        Str(&text[..text.floor_char_boundary(N)])
    }

    /// The text, for as long as the buffer lives that it was parsed from.
    pub fn get(self) -> &'a str {
        self.0
    }
}

impl<const N: usize> Deref for Str<'_, N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl<'a, const N: usize> Field<'a> for Str<'a, N> {
    const TYPE: Type = Type { name: "str", ..Bytes::<N>::TYPE };

    fn parse(input: &mut Reader<'a>) -> Result<Self, FieldError> {
        let bytes = Bytes::<'a, N>::parse(input)?;
        Ok(Str(core::str::from_utf8(bytes.get()).map_err(|_| FieldFault::Utf8)?))
    }

    fn emit(&self, out: &mut FrameWriter<'_>) {
        Bytes::<'_, N>(self.0.as_bytes()).emit(out);
    }
}

/// A list of up to `N` items, led by their count in one byte.
impl<'a, T: Field<'a>, const N: usize> Field<'a> for Vec<T, N> {
    const TYPE: Type = {
        assert!(N <= u8::MAX as usize, "the count must fit its byte");
        Type { name: "list", limit: N, max_len: 1 + N * T::TYPE.max_len, rows: &[Row { name: "item", doc: "", ty: T::TYPE }], values: &[] }
    };

    fn parse(input: &mut Reader<'a>) -> Result<Self, FieldError> {
        let count = u8::parse(input)?;
        let mut list = Vec::new();
        for _ in 0..count {
            if list.is_full() {
                return Err(FieldFault::TooMany(N as u8).into());
            }
            // Cannot fail: there is room.
            let _ = list.push(T::parse(input)?);
        }
        Ok(list)
    }

    fn emit(&self, out: &mut FrameWriter<'_>) {
        (self.len() as u8).emit(out);
        self.iter().for_each(|item| item.emit(out));
    }
}

/// Defines an enum that is one byte on the line.
///
/// A `closed` one refuses a number that it does not know: what a client asks for must be understood. An `open` one keeps
/// it: a report with an unknown reason is still a report.
macro_rules! code {
    ($(#[doc = $doc:literal])+ closed $name:ident { $($(#[doc = $vdoc:literal])+ $number:literal $variant:ident,)+ }) => {
        $crate::field::code! {
            @define [$($doc)+] $name { $([$($vdoc)+] $number $variant,)+ } {} {}
            |number| $name::from_number(number).ok_or_else(|| $crate::FieldFault::Value(number).into())
        }

        impl $name {
            /// What the byte `number` on the line stands for, if anything.
            pub fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some($name::$variant),)+
                    _ => None,
                }
            }
        }
    };
    ($(#[doc = $doc:literal])+ open $name:ident { $($(#[doc = $vdoc:literal])+ $number:literal $variant:ident,)+ }) => {
        $crate::field::code! {
            @define [$($doc)+] $name { $([$($vdoc)+] $number $variant,)+ } {
                /// A number that a newer version of the protocol gave a meaning.
                Unknown(u8),
            } { $name::Unknown(number) => number, }
            |number| Ok($name::from_number(number))
        }

        impl $name {
            /// What the byte `number` on the line stands for.
            pub fn from_number(number: u8) -> Self {
                match number {
                    $($number => $name::$variant,)+
                    other => $name::Unknown(other),
                }
            }
        }
    };
    (@define [$($doc:literal)+] $name:ident { $([$($vdoc:literal)+] $number:literal $variant:ident,)+ }
        { $($unknown:tt)* } { $($back:tt)* } |$from:ident| $parsed:expr
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $vdoc])+ $variant,)+
            $($unknown)*
        }

        impl $name {
            /// The byte that stands for it on the line.
            pub fn number(self) -> u8 {
                match self {
                    $($name::$variant => $number,)+
                    $($back)*
                }
            }
        }

        impl<'a> $crate::field::Field<'a> for $name {
            const TYPE: $crate::schema::Type = $crate::schema::Type {
                name: stringify!($name),
                limit: 0,
                max_len: 1,
                rows: &[],
                values: &[$($crate::schema::Value {
                    number: $number,
                    name: stringify!($variant),
                    doc: concat!($($vdoc),+),
                },)+],
            };

            fn parse(input: &mut $crate::field::Reader<'a>) -> Result<Self, $crate::schema::FieldError> {
                let $from = u8::parse(input)?;
                $parsed
            }

            fn emit(&self, out: &mut $crate::frame::FrameWriter<'_>) {
                self.number().emit(out);
            }
        }
    };
}

pub(crate) use code;

impl Type {
    /// A type of `len` bytes, no more and no less.
    const fn plain(name: &'static str, len: usize) -> Type {
        Type { name, limit: 0, max_len: len, rows: &[], values: &[] }
    }

    /// A type of up to `limit` bytes of content and at most `max_len` on the line.
    const fn bounded(name: &'static str, limit: usize, max_len: usize) -> Type {
        Type { name, limit, max_len, rows: &[], values: &[] }
    }
}
