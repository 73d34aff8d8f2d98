//! GGUF, the file format of the models: reading (v2 and v3, little-endian), mapping and writing.
//!
//! Reading is apart from opening: [`Gguf::parse`] takes byte slices, checks everything that later code relies on, and
//! hands out values that borrow from them; [`Mapping`] brings a file's bytes into memory. A file is an allegation until
//! it is parsed: afterwards every string is UTF-8, every tensor is a whole number of blocks that lies inside the file
//! and shares no byte with another.
//!
//! The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
//!
//! ```
//! use qwark::gguf::{Gguf, Header, Value};
//! use qwark_kernels::DType;
//!
//! let mut header = Header::new();
//! header.put("general.architecture", Value::Str("qwen2"));
//! header.tensor("output_norm.weight", &[2], DType::F32)?;
//! let mut data = header.begin(Vec::new())?;
//! data.write(&[0; 8])?;
//! let file = data.finish()?;
//!
//! let gguf = Gguf::parse(&[&file])?;
//! assert_eq!(gguf.str("general.architecture")?, "qwen2");
//! assert_eq!(gguf.tensor("output_norm.weight").map(|tensor| tensor.cols()), Some(2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::num::NonZeroU32;

mod cursor;
mod error;
mod lookup;
mod map;
mod packed;
mod tensor;
mod value;
mod writer;

pub(crate) use error::shown;
pub use error::{Fault, Found, GgufError, Place};
pub(crate) use map::MappedFile;
pub use map::{Mapping, OpenError};
pub use packed::{PACKED_ARCH, PACKED_ARCH_KEY, PACKED_KEY, PACKED_VERSION, looks_packed, packed_form};
pub use tensor::Tensor;
pub use value::{Array, Strs, Value, ValueType};
pub use writer::{DataWriter, Header, WriteError};

use cursor::Cursor;
use error::Refusal;
use lookup::{find, index_by};
use tensor::{Info, MIN_INFO_BYTES};

/// The first four bytes of a file.
const MAGIC: [u8; 4] = *b"GGUF";
/// The versions that are read.
const VERSIONS: [u32; 2] = [2, 3];
/// The key of the data's alignment, which is [`DEFAULT_ALIGNMENT`] where it is absent.
const ALIGNMENT_KEY: &str = "general.alignment";
const DEFAULT_ALIGNMENT: NonZeroU32 = NonZeroU32::new(32).unwrap();
/// Least alignment that the format allows.
const MIN_ALIGNMENT: u32 = 8;
/// Largest alignment that is believed: the largest memory page in use.
const MAX_ALIGNMENT: u32 = 1 << 16;
/// Most dimensions of a tensor.
pub const MAX_DIMS: usize = 4;
/// Most metadata entries of a file; real ones have a few dozen.
const MAX_ENTRIES: u64 = 1 << 16;
/// Most tensors of a file; real ones have a few hundred.
const MAX_TENSORS: u64 = 1 << 16;
/// Most bytes of a key, by the format.
const MAX_KEY_BYTES: u64 = (1 << 16) - 1;
/// Fewest bytes of a metadata entry: key length, one byte of key, type, one byte of value.
const MIN_ENTRY_BYTES: u64 = 8 + 1 + 4 + 1;

/// A parsed model file, or all parts of one.
#[derive(Debug, Clone)]
pub struct Gguf<'a> {
    version: u32,
    alignment: u32,
    metadata: Vec<(&'a str, Value<'a>)>,
    /// Indices into `metadata`, by key.
    by_key: Vec<u32>,
    tensors: Vec<Tensor<'a>>,
    /// Indices into `tensors`, by name.
    by_name: Vec<u32>,
}

impl<'a> Gguf<'a> {
    /// Parses a file, given whole as its one part, or all parts of a split one, in order.
    ///
    /// Metadata is taken from the first part, tensors from all. What is allocated is in proportion to what the parts
    /// really contain, whatever their headers claim.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the file, in the order in which it is met.
    pub fn parse(parts: &[&'a [u8]]) -> Result<Self, GgufError> {
        let (first, others) = match parts {
            [] => (&[][..], parts),
            [first, others @ ..] => (*first, others),
        };
        let count = parts.len();
        let in_part = |number: usize| move |error: GgufError| GgufError { part: (count > 1).then_some(number + 1), ..error };
        let read_part = |number: usize, bytes| {
            Self::parse_part(bytes).and_then(|part| part.check_split(number, count).map(|()| part)).map_err(in_part(number))
        };
        let mut whole = read_part(0, first)?;
        for (index, bytes) in others.iter().enumerate() {
            whole.tensors.extend(read_part(index + 1, bytes)?.tensors);
        }
        whole.check_tensor_count().map_err(in_part(0))?;
        whole.by_name = index_by(&whole.tensors, |tensor| tensor.name(), Place::tensor)?;
        Ok(whole)
    }

    /// Parses one part by itself; its tensors are not indexed yet.
    fn parse_part(bytes: &'a [u8]) -> Result<Self, GgufError> {
        let mut cursor = Cursor::new(bytes);
        let (version, n_tensors, n_entries) = read_header(&mut cursor).map_err(|refusal| refusal.of(Place::Header))?;

        // The vectors grow with what is read, not with what the header claims.
        let mut metadata = Vec::new();
        for index in 0..n_entries {
            let key = cursor.name(MAX_KEY_BYTES).map_err(|refusal| refusal.of(Place::Entry(index)))?;
            let value = Value::read(&mut cursor).map_err(|refusal| refusal.of(Place::key(key)))?;
            metadata.push((key, value));
        }
        let mut infos = Vec::new();
        for index in 0..n_tensors {
            infos.push(Info::read(&mut cursor, index)?);
        }

        let mut part = Self {
            version,
            alignment: DEFAULT_ALIGNMENT.get(),
            by_key: index_by(&metadata, |(key, _)| key, Place::key)?,
            metadata,
            tensors: Vec::with_capacity(infos.len()),
            by_name: Vec::new(),
        };
        if let Some(alignment) = part.opt_u32(ALIGNMENT_KEY)? {
            if !alignment.is_power_of_two() || !(MIN_ALIGNMENT..=MAX_ALIGNMENT).contains(&alignment) {
                return Err(Fault::Alignment(alignment).of(Place::key(ALIGNMENT_KEY)));
            }
            part.alignment = alignment;
        }
        // `MAX_ALIGNMENT` is far below what would make this overflow.
        let start = cursor.at().next_multiple_of(part.alignment as usize);
        let section = bytes.get(start..).unwrap_or_default();
        let packed = part.read_packed()?;
        for info in &infos {
            part.tensors.push(info.place(section, part.alignment, packed)?);
        }
        tensor::check_overlaps(&infos)?;
        Ok(part)
    }

    /// Checks that this is part `number` (from 0) of `count`.
    fn check_split(&self, number: usize, count: usize) -> Result<(), GgufError> {
        const NUMBER: &str = "split.no";
        const COUNT: &str = "split.count";
        // Writers say 0 or 1, or nothing at all, where there is only one part.
        let found = self.opt_u32(COUNT)?.unwrap_or(1);
        if found.max(1) as usize != count {
            let fault = Fault::PartCount { found, given: count };
            return Err(fault.of(Place::key(COUNT)));
        }
        if count > 1 {
            let found = self.u32(NUMBER)?;
            if found as usize != number {
                let fault = Fault::PartNumber { found, expected: number };
                return Err(fault.of(Place::key(NUMBER)));
            }
        }
        Ok(())
    }

    /// Checks that the parts have as many tensors as the first one claims for all.
    fn check_tensor_count(&self) -> Result<(), GgufError> {
        const TENSORS: &str = "split.tensors.count";
        let present = self.tensors.len();
        match self.opt_u32(TENSORS)? {
            Some(found) if found as usize != present => Err(Fault::TensorCount { found, present }.of(Place::key(TENSORS))),
            _ => Ok(()),
        }
    }

    /// Version of the format, 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What every tensor's place in the (first) file is a multiple of, in bytes.
    pub fn alignment(&self) -> u32 {
        self.alignment
    }

    /// All metadata, in the file's order.
    pub fn metadata(&self) -> &[(&'a str, Value<'a>)] {
        &self.metadata
    }

    /// All tensors, in the order of the parts and within each in the file's.
    pub fn tensors(&self) -> &[Tensor<'a>] {
        &self.tensors
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor<'a>> {
        find(&self.tensors, &self.by_name, name, |tensor| tensor.name())
    }

    /// The value of this key.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        find(&self.metadata, &self.by_key, key, |(key, _)| key).map(|(_, value)| value)
    }
}

/// Reads the header: version, number of tensors, number of metadata entries.
fn read_header(cursor: &mut Cursor<'_>) -> Result<(u32, u64, u64), Refusal> {
    let magic_at = cursor.at();
    let magic = cursor.u32()?.to_le_bytes();
    if magic != MAGIC {
        let fault = Fault::Magic(magic);
        return Err(Refusal { at: magic_at, fault });
    }
    let version_at = cursor.at();
    let version = cursor.u32()?;
    if !VERSIONS.contains(&version) {
        let fault = if VERSIONS.contains(&version.swap_bytes()) { Fault::BigEndian } else { Fault::Version(version) };
        return Err(Refusal { at: version_at, fault });
    }
    let n_tensors = cursor.count("tensors", MIN_INFO_BYTES, MAX_TENSORS)?;
    let n_entries = cursor.count("metadata entries", MIN_ENTRY_BYTES, MAX_ENTRIES)?;
    Ok((version, n_tensors, n_entries))
}
