//! Tables of messages: each is written down once, and parsing, emitting, the schema's fingerprint and the specification's
//! tables all come from there.

use thiserror::Error;

use crate::Fault;
use crate::field::FieldFault;
use crate::frame::FrameWriter;

/// A field type, as the specification describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// Its name there.
    pub name: &'static str,
    /// Most bytes or items that it holds; 0 where the type itself says it.
    pub limit: usize,
    /// Most bytes that it takes on the line.
    pub max_len: usize,
    /// Its own fields, for a record; the item, for a list.
    pub rows: &'static [Row],
    /// What each number stands for, for an enum.
    pub values: &'static [Value],
}

/// One named field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Its type.
    pub ty: Type,
}

/// One named number of an enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// The byte on the line.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// Whether a message belongs to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// It concerns the connection: the header's request id is 0.
    Session,
    /// It concerns one request: the header's request id is not 0.
    Request,
    /// Either.
    Any,
}

/// One kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its number in the header.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// Whether it belongs to a request.
    pub scope: Scope,
    /// What it is for.
    pub doc: &'static str,
    /// Its payload.
    pub ty: Type,
}

/// A message that can be written into a frame.
pub trait Message {
    /// Its number in the header.
    fn kind(&self) -> u8;

    /// Writes its fields.
    fn emit(&self, out: &mut FrameWriter<'_>);
}

/// A fault and the field that it is in.
#[derive(Clone, Copy, Debug)]
pub struct FieldError {
    field: &'static str,
    fault: FieldFault,
}

impl From<FieldFault> for FieldError {
    fn from(fault: FieldFault) -> Self {
        FieldError { field: "", fault }
    }
}

impl FieldError {
    /// Names the field, unless a field within it was named already.
    pub(crate) fn named(self, field: &'static str) -> Self {
        if self.field.is_empty() { FieldError { field, ..self } } else { self }
    }

    pub(crate) fn within(self, message: &'static str) -> ParseError {
        ParseError::Field { message, field: self.field, fault: self.fault }
    }
}

/// Why a good frame is not a message that is understood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Written in a version of the protocol that is not spoken here.
    #[error("protocol version {0} is not spoken here")]
    Version(u8),
    /// A kind that this version does not have.
    #[error("kind {0:#04x} is not known")]
    Kind(u8),
    /// A kind that only the receiving side itself sends: an echo, most likely. It is never answered.
    #[error("kind {0:#04x} goes the other way")]
    Direction(u8),
    /// A message about a request, without the request's id.
    #[error("{0} needs a request id other than 0")]
    Id(&'static str),
    /// A field that does not hold what it should.
    #[error("{message}.{field}: {fault}")]
    Field {
        /// The message.
        message: &'static str,
        /// The field in it.
        field: &'static str,
        /// What is wrong with it.
        fault: FieldFault,
    },
}

impl ParseError {
    /// Whose fault it is.
    pub fn fault(self) -> Fault {
        match self {
            ParseError::Version(_) | ParseError::Kind(_) | ParseError::Field { fault: FieldFault::Value(_), .. } => Fault::Versions,
            ParseError::Direction(_) => Fault::Line,
            ParseError::Id(_) | ParseError::Field { .. } => Fault::Peer,
        }
    }
}

/// Defines a struct of fields that follow each other on the line.
macro_rules! record {
    ($(#[doc = $doc:literal])+ $(#[derive($derive:ident)])? $name:ident $(<$lt:lifetime>)? {
        $($(#[doc = $fdoc:literal])+ $field:ident: $ty:ty,)*
    }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, $($derive)?)]
        pub struct $name $(<$lt>)? {
            $($(#[doc = $fdoc])+ pub $field: $ty,)*
        }

        #[allow(unused_variables, reason = "a message may have no fields")]
        impl<'a> $crate::field::Field<'a> for $name $(<$lt>)? {
            const TYPE: $crate::schema::Type = $crate::schema::Type {
                name: stringify!($name),
                limit: 0,
                max_len: 0 $(+ <$ty as $crate::field::Field<'a>>::TYPE.max_len)*,
                rows: &[$($crate::schema::Row {
                    name: stringify!($field),
                    doc: concat!($($fdoc),+),
                    ty: <$ty as $crate::field::Field<'a>>::TYPE,
                },)*],
                values: &[],
            };

            fn parse(
                input: &mut $crate::field::Reader<'a>,
            ) -> Result<Self, $crate::schema::FieldError> {
                Ok($name {
                    $($field: $crate::field::Field::parse(input)
                        .map_err(|fault| fault.named(stringify!($field)))?,)*
                })
            }

            fn emit(&self, out: &mut $crate::frame::FrameWriter<'_>) {
                $(self.$field.emit(out);)*
            }
        }
    };
}

/// Defines the messages of one direction: a struct for each, an enum of them, and their table.
macro_rules! messages {
    ($(#[doc = $set_doc:literal])+ $set:ident, $(#[doc = $table_doc:literal])+ $table:ident {
        $($(#[doc = $doc:literal])+ $(#[derive($derive:ident)])?
        $number:literal $scope:ident $name:ident $(<$lt:lifetime>)? { $($body:tt)* })+
    }) => {
        $(
            $crate::schema::record! {
                $(#[doc = $doc])+ $(#[derive($derive)])? $name $(<$lt>)? { $($body)* }
            }

            impl $(<$lt>)? $name $(<$lt>)? {
                /// Its number in the header.
                pub const KIND: u8 = $number;
            }

            impl<'a> From<$name $(<$lt>)?> for $set<'a> {
                fn from(message: $name $(<$lt>)?) -> Self {
                    $set::$name(message)
                }
            }

            impl $(<$lt>)? $crate::schema::Message for $name $(<$lt>)? {
                fn kind(&self) -> u8 {
                    Self::KIND
                }

                fn emit(&self, out: &mut $crate::frame::FrameWriter<'_>) {
                    $crate::field::Field::emit(self, out);
                }
            }
        )+

        $(#[doc = $set_doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub enum $set<'a> {
            $($(#[doc = $doc])+ $name($name $(<$lt>)?),)+
        }

        $(#[doc = $table_doc])+
        pub const $table: &[$crate::schema::Kind] = &[$($crate::schema::Kind {
            number: $number,
            name: stringify!($name),
            scope: $crate::schema::Scope::$scope,
            doc: concat!($($doc),+),
            ty: <$name as $crate::field::Field<'static>>::TYPE,
        },)+];

        impl<'a> $set<'a> {
            /// Reads the message in `frame`. Bytes after the last field that is known here are ignored.
            ///
            /// # Errors
            /// Says what is not understood, and whose fault it is.
            pub fn parse(frame: &$crate::Frame<'a>) -> Result<Self, $crate::ParseError> {
                $crate::schema::check(frame, $table)?;
                let input = &mut $crate::field::Reader::new(frame.payload);
                match frame.kind {
                    $($number => $crate::field::Field::parse(input)
                        .map($set::$name)
                        .map_err(|fault: $crate::schema::FieldError| fault.within(stringify!($name))),)+
                    other => Err($crate::ParseError::Kind(other)),
                }
            }
        }

        impl $crate::schema::Message for $set<'_> {
            fn kind(&self) -> u8 {
                match self {
                    $($set::$name(_) => $number,)+
                }
            }

            fn emit(&self, out: &mut $crate::frame::FrameWriter<'_>) {
                match self {
                    $($set::$name(message) => $crate::field::Field::emit(message, out),)+
                }
            }
        }
    };
}

pub(crate) use {messages, record};

/// Set in the number of every kind that the runtime sends.
pub(crate) const FROM_RUNTIME_BIT: u8 = 0x80;

/// Checks the parts of a header that `table`, whose kinds all go one way, has a say in.
///
/// The direction comes first: what goes the other way must not be answered, whatever its version.
pub(crate) fn check(frame: &crate::Frame<'_>, table: &'static [Kind]) -> Result<(), ParseError> {
    if table.iter().any(|kind| (kind.number ^ frame.kind) & FROM_RUNTIME_BIT != 0) {
        return Err(ParseError::Direction(frame.kind));
    }
    let spoken = (crate::VERSION_MIN..=crate::VERSION_MAX).contains(&frame.version);
    if !spoken && !crate::ANY_VERSION.contains(&frame.kind) {
        return Err(ParseError::Version(frame.version));
    }
    match table.iter().find(|kind| kind.number == frame.kind) {
        Some(kind) if kind.scope == Scope::Request && frame.id == 0 => Err(ParseError::Id(kind.name)),
        Some(_) => Ok(()),
        None => Err(ParseError::Kind(frame.kind)),
    }
}

/// Fingerprint of `tables` in protocol version `version`: 64-bit FNV-1a over their numbers, names, types and limits, each
/// name ended by a zero byte. Comments do not count.
pub const fn schema_hash(version: u8, tables: &[&[Kind]]) -> u64 {
    let mut hash = fnv1a(FNV_OFFSET, &[version]);
    let mut t = 0;
    while t < tables.len() {
        let mut k = 0;
        while k < tables[t].len() {
            let kind = &tables[t][k];
            hash = fnv1a(hash, &[kind.number, kind.scope as u8]);
            hash = hash_type(hash, &kind.ty);
            k += 1;
        }
        t += 1;
    }
    hash
}

const fn hash_type(hash: u64, ty: &Type) -> u64 {
    let mut hash = hash_name(hash, ty.name);
    hash = fnv1a(hash, &(ty.limit as u32).to_le_bytes());
    let mut r = 0;
    while r < ty.rows.len() {
        hash = hash_type(hash_name(hash, ty.rows[r].name), &ty.rows[r].ty);
        r += 1;
    }
    let mut v = 0;
    while v < ty.values.len() {
        hash = fnv1a(hash_name(hash, ty.values[v].name), &[ty.values[v].number]);
        v += 1;
    }
    hash
}

const fn hash_name(hash: u64, name: &str) -> u64 {
    fnv1a(fnv1a(hash, name.as_bytes()), &[0])
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a of Fowler, Noll and Vo, one byte at a time.
const fn fnv1a(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(FNV_PRIME);
        i += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_test_vectors() {
        assert_eq!(fnv1a(FNV_OFFSET, b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(FNV_OFFSET, b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(FNV_OFFSET, b"foobar"), 0x8594_4171_f739_67e8);
    }

    const TYPE: Type = Type { name: "T", limit: 1, max_len: 1, rows: &[], values: &[] };
    const ROW: Row = Row { name: "r", doc: "", ty: TYPE };
    const VALUE: Value = Value { number: 1, name: "V", doc: "" };
    const KIND: Kind = Kind { number: 1, name: "T", scope: Scope::Any, doc: "", ty: TYPE };

    #[test]
    fn fingerprint_sees_every_part_but_comments() {
        let hash = schema_hash(1, &[&[KIND]]);
        let changed = [
            Kind { number: 2, ..KIND },
            Kind { scope: Scope::Session, ..KIND },
            Kind { ty: Type { name: "U", ..TYPE }, ..KIND },
            Kind { ty: Type { limit: 2, ..TYPE }, ..KIND },
            Kind { ty: Type { rows: &[ROW], ..TYPE }, ..KIND },
            Kind { ty: Type { values: &[VALUE], ..TYPE }, ..KIND },
        ];
        for kind in changed {
            assert_ne!(schema_hash(1, &[&[kind]]), hash, "{kind:?}");
        }
        assert_ne!(schema_hash(2, &[&[KIND]]), hash);
        assert_eq!(schema_hash(1, &[&[Kind { doc: "other words", ..KIND }]]), hash);
    }
}
