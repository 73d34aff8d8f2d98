//! What can be wrong with a GGUF file, and how it is said.

use std::fmt;

use qwark_kernels::{DType, MatrixError};
use thiserror::Error;

use super::value::ValueType;

/// Most characters of a name from a file that a message repeats.
const SHOWN_CHARS: usize = 96;

/// A refusal: where in which part of the file the fault lies, and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{place}: {fault}{}", PartPrefix(*part), OffsetSuffix(*offset))]
pub struct GgufError {
    /// Number of the part (from 1) when the file is split into several.
    pub part: Option<usize>,
    /// The thing that is at fault.
    pub place: Place,
    /// Byte of the part at which the faulty item begins, where one can be named.
    pub offset: Option<usize>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// The thing in a file that a [`GgufError`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The fixed header.
    Header,
    /// A metadata entry (from 0) whose key could not be read.
    Entry(u64),
    /// A metadata entry, by key.
    Key(String),
    /// A tensor description (from 0) whose name could not be read.
    Info(u64),
    /// A tensor, by name.
    Tensor(String),
}

impl Place {
    pub(super) fn key(key: &str) -> Self {
        Self::Key(shown(key))
    }

    pub(super) fn tensor(name: &str) -> Self {
        Self::Tensor(shown(name))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("header"),
            Self::Entry(index) => write!(f, "metadata entry {index}"),
            Self::Key(key) => write!(f, "key \"{key}\""),
            Self::Info(index) => write!(f, "tensor {index}"),
            Self::Tensor(name) => write!(f, "tensor \"{name}\""),
        }
    }
}

/// What is wrong; see the message of each for its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum Fault {
    #[error("this is not a GGUF file: it begins with \"{}\", not \"GGUF\"", .0.escape_ascii())]
    Magic([u8; 4]),
    #[error("this is a big-endian GGUF file; only little-endian files are read")]
    BigEndian,
    #[error("GGUF version {0} is not known; known versions: 2, 3")]
    Version(u32),
    #[error("the file ends too early: {needed} bytes are needed here, {left} are left")]
    Truncated { needed: u64, left: u64 },
    #[error("{what} claimed: {count}; there is room for at most {most}")]
    Count { what: &'static str, count: u64, most: u64 },
    #[error("the name is empty")]
    EmptyName,
    #[error("the name is {len} bytes long; at most {most} are allowed")]
    LongName { len: u64, most: u64 },
    #[error("the text is not valid UTF-8")]
    Utf8,
    #[error("value type {0} is not known")]
    ValueType(u32),
    #[error("arrays of arrays are not supported")]
    NestedArray,
    #[error("a bool is neither 0 nor 1 but {0}")]
    Bool(u8),
    #[error("it appears more than once")]
    Duplicate,
    #[error("alignment {0} is not a power of two from {min} to {max}", min = super::MIN_ALIGNMENT, max = super::MAX_ALIGNMENT)]
    Alignment(u32),
    #[error("packed layout {0} is not known; known: {known}. Pack the plain file with this version", known = super::PACKED_VERSION)]
    PackedVersion(u32),
    #[error("it has {0} dimensions; 1 to {max} are allowed", max = super::MAX_DIMS)]
    DimCount(u32),
    #[error("dimension {0} is zero")]
    ZeroDim(usize),
    #[error("its size overflows")]
    TooLarge,
    #[error("type {} is not supported; known types: {}", ggml_name(*.0), Known)]
    DType(u32),
    #[error("{cols} columns are not a whole number of {dtype} blocks of {}", .dtype.block_len())]
    Columns { cols: usize, dtype: DType },
    #[error("its data offset {offset} is not a multiple of the alignment {alignment}")]
    Misaligned { offset: u64, alignment: u32 },
    #[error("its data (offset {offset}, {size} bytes) ends outside the file's {section} bytes of data")]
    OutsideFile { offset: u64, size: usize, section: usize },
    #[error("its data overlaps that of tensor \"{with}\"")]
    Overlap { with: String },
    #[error("it is not a matrix: {0}")]
    Matrix(MatrixError),
    #[error("it is missing")]
    Missing,
    #[error("it is {found}; {expected} is expected")]
    WrongType { found: Found, expected: &'static str },
    #[error("parts of the model: {found} claimed, {given} given")]
    PartCount { found: u32, given: usize },
    #[error("this is part {found} (from 0); part {expected} is expected here")]
    PartNumber { found: u32, expected: usize },
    #[error("tensors of all parts: {found} claimed, {present} there")]
    TensorCount { found: u32, present: usize },
}

/// A metadata value's type, and whether its value was what did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// One value of this type.
    Value(ValueType),
    /// An array of this type.
    Array(ValueType),
    /// An integer outside the expected range.
    OutOfRange(ValueType),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(kind) => write!(f, "of type {kind}"),
            Self::Array(kind) => write!(f, "an array of {kind}"),
            Self::OutOfRange(kind) => write!(f, "of type {kind} and out of range"),
        }
    }
}

/// A fault and the byte at which the faulty item begins.
#[derive(Debug)]
pub(super) struct Refusal {
    pub at: usize,
    pub fault: Fault,
}

impl Refusal {
    /// Names what was being read.
    pub fn of(self, place: Place) -> GgufError {
        GgufError { part: None, place, offset: Some(self.at), fault: self.fault }
    }
}

impl Fault {
    /// An error about `place` as a whole, of no particular byte.
    pub(super) fn of(self, place: Place) -> GgufError {
        GgufError { part: None, place, offset: None, fault: self }
    }
}

/// `name` fit for a message: on one line, without control characters, and short whatever the file holds.
pub(crate) fn shown(name: &str) -> String {
    let mut text: String = name.chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect();
    if name.chars().nth(SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text
}

struct PartPrefix(Option<usize>);

impl fmt::Display for PartPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |part| write!(f, "part {part}: "))
    }
}

struct OffsetSuffix(Option<usize>);

impl fmt::Display for OffsetSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |at| write!(f, " (byte {at})"))
    }
}

/// Lists the supported tensor types.
struct Known;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, dtype) in DType::ALL.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{dtype}")?;
        }
        Ok(())
    }
}

/// ggml's types that are not supported, by number, so that a refusal can name them.
const UNSUPPORTED: [(u32, &str); 29] = [
    (9, "Q8_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (31, "Q4_0_4_4"),
    (32, "Q4_0_4_8"),
    (33, "Q4_0_8_8"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (36, "IQ4_NL_4_4"),
    (37, "IQ4_NL_4_8"),
    (38, "IQ4_NL_8_8"),
    (39, "MXFP4"),
    (40, "NVFP4"),
    (41, "Q1_0"),
    (42, "Q2_0"),
];

fn ggml_name(id: u32) -> String {
    match UNSUPPORTED.iter().find(|(known, _)| *known == id) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("number {id}"),
    }
}
