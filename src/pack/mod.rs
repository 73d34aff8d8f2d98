//! `qwark pack`: a model file whose matrices lie as the kernels like them best, made once and mapped from then on.
//!
//! The packed file is a GGUF file that other tools can list: its tensors have the names, shapes, types and sizes of the plain one's.
//! Its architecture is [`PACKED_ARCH`], so that nothing takes it for what it is not; docs/FORMAT.md says the rest. Packing is
//! lossless: [`check`] proves it for two files.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::Path;

use qwark_kernels::{PackedDType, TILE_ROWS};
use thiserror::Error;

use crate::gguf::{
    Gguf, Header, Mapping, PACKED_ARCH, PACKED_ARCH_KEY, PACKED_KEY, PACKED_VERSION, Tensor, Value, WriteError, packed_form,
};
use crate::part_file::{PartFile, SaveError};

/// What the data of every tensor is aligned to: a page, or as much as the largest that is common.
const ALIGNMENT: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// Bytes that are packed between two reports of progress, about.
const CHUNK_BYTES: usize = 1 << 20;

/// The keys by which a file says that it is one part of several, which a packed one is not.
const SPLIT_KEYS: [&str; 3] = ["split.no", "split.count", "split.tensors.count"];

/// Keys of the plain file that the packed one says in its own way.
const OWN_KEYS: [&str; 2] = ["general.architecture", "general.alignment"];

/// Why a file could not be packed, or is not what another one is.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum PackError {
    #[error("it is packed already")]
    Packed,
    #[error("it is not packed")]
    Plain,
    #[error(transparent)]
    Gguf(#[from] crate::gguf::GgufError),
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error("it cannot be packed in memory: {0}")]
    Memory(#[from] WriteError),
    #[error("{what} differs from that of the plain file")]
    Differs { what: String },
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Bytes of the file.
    pub bytes: u64,
    /// Tensors in all.
    pub tensors: usize,
    /// Tensors that are packed; the others lie as before.
    pub packed: usize,
    /// Bytes that were there already, left by a process that was killed.
    pub resumed_bytes: u64,
}

/// Packs `plain` into the file `out`, which is there whole or not at all. `progress` is told the bytes done and the bytes in all.
///
/// Where a process was killed over it, this one goes on with what that one left in a file of the name `out` with `.part` at its end
/// ([`part_path`](crate::part_file::part_path)).
///
/// # Errors
/// [`PackError`]; `out` is then as it was.
pub fn pack(plain: &Gguf<'_>, out: &Path, mut progress: impl FnMut(u64, u64)) -> Result<Summary, PackError> {
    let header = header(plain)?;
    let total = header.file_bytes();
    let failed = |error: WriteError| SaveError::new(out, total, error);
    let mut file = PartFile::resume(out, total).map_err(|error| failed(error.into()))?;
    write(plain, header, &mut file, |done| progress(done, total)).map_err(failed)?;
    let resumed_bytes = file.commit().map_err(|error| failed(error.into()))?;
    let packed = plain.tensors().iter().filter(|tensor| form(tensor).is_some()).count();
    Ok(Summary { bytes: total, tensors: plain.tensors().len(), packed, resumed_bytes })
}

/// Packs `plain` into memory, under its name.
///
/// # Errors
/// It is packed already, or there is not so much memory.
pub fn pack_in_memory(plain: &Gguf<'_>, name: &str) -> Result<Mapping, PackError> {
    let header = header(plain)?;
    let bytes = usize::try_from(header.file_bytes()).unwrap_or(usize::MAX);
    Ok(Mapping::in_memory(name, bytes, |out| write(plain, header, out, |_| ()))?)
}

/// Writes the packed form to `out`. `progress` is told the bytes done.
fn write(plain: &Gguf<'_>, header: Header, out: impl Write, mut progress: impl FnMut(u64)) -> Result<(), WriteError> {
    let total = header.file_bytes();
    let mut data = header.begin(out)?;
    let (mut tiles, mut left) = (Vec::new(), plain.tensors().iter().map(|tensor| tensor.data().len() as u64).sum::<u64>());
    for tensor in plain.tensors() {
        for chunk in chunks(tensor) {
            data.write(packed_chunk(tensor, chunk, &mut tiles))?;
            left -= chunk.len() as u64;
            progress(total - left);
        }
    }
    data.finish().map(drop)
}

/// Bytes of the file that [`pack`] would write.
///
/// # Errors
/// It is packed already.
pub fn packed_bytes(plain: &Gguf<'_>) -> Result<u64, PackError> {
    Ok(header(plain)?.file_bytes())
}

/// Whether a file is a plain one with at least one tensor that packing would lay out anew.
pub fn would_change(gguf: &Gguf<'_>) -> bool {
    !gguf.is_packed() && gguf.tensors().iter().any(|tensor| form(tensor).is_some())
}

/// Proves that `packed` holds what `plain` does, bit for bit: each tensor is unpacked and compared, and so is what else is said.
///
/// # Errors
/// [`PackError::Differs`] names the first difference.
pub fn check(plain: &Gguf<'_>, packed: &Gguf<'_>, mut progress: impl FnMut(u64)) -> Result<(), PackError> {
    if plain.is_packed() {
        return Err(PackError::Packed);
    }
    if !packed.is_packed() {
        return Err(PackError::Plain);
    }
    let differs = |what: String| Err(PackError::Differs { what });
    for (key, value) in plain.metadata().iter().filter(|(key, _)| !said_otherwise(key)) {
        if packed.get(key) != Some(value) {
            return differs(format!("metadata key \"{key}\""));
        }
    }
    if packed.str(PACKED_ARCH_KEY)? != plain.str("general.architecture")? {
        return differs("the architecture".to_owned());
    }
    if plain.tensors().len() != packed.tensors().len() {
        return differs("the number of tensors".to_owned());
    }
    let (mut tiles, mut done) = (Vec::new(), 0);
    for (plain, packed) in plain.tensors().iter().zip(packed.tensors()) {
        if (plain.name(), plain.dims(), plain.dtype()) != (packed.name(), packed.dims(), packed.dtype()) {
            return differs(format!("the shape or type of tensor \"{}\"", packed.name()));
        }
        for (chunk, found) in chunks(plain).zip(chunks(packed)) {
            if packed_chunk(plain, chunk, &mut tiles) != found {
                return differs(format!("tensor \"{}\"", plain.name()));
            }
            done += chunk.len() as u64;
            progress(done);
        }
    }
    Ok(())
}

/// What stands before the data of the packed file.
fn header(plain: &Gguf<'_>) -> Result<Header, PackError> {
    if plain.is_packed() {
        return Err(PackError::Packed);
    }
    let mut header = Header::new();
    header.put("general.architecture", Value::Str(PACKED_ARCH));
    header.alignment(ALIGNMENT);
    header.put(PACKED_KEY, Value::U32(PACKED_VERSION));
    header.put(PACKED_ARCH_KEY, Value::Str(plain.str("general.architecture")?));
    for (key, value) in plain.metadata().iter().filter(|(key, _)| !said_otherwise(key)) {
        header.put(key, *value);
    }
    for tensor in plain.tensors() {
        let dims: Vec<u64> = tensor.dims().iter().map(|dim| *dim as u64).collect();
        header.tensor(tensor.name(), &dims, tensor.dtype()).map_err(SaveError::Layout)?;
    }
    Ok(header)
}

fn said_otherwise(key: &str) -> bool {
    OWN_KEYS.contains(&key) || SPLIT_KEYS.contains(&key)
}

/// How a tensor of a plain file is packed, if it is.
fn form(tensor: &Tensor<'_>) -> Option<PackedDType> {
    packed_form(tensor.dtype(), tensor.dims())
}

/// The data of a tensor in pieces of whole groups of eight rows, where it is one that is packed.
fn chunks<'a>(tensor: &Tensor<'a>) -> impl Iterator<Item = &'a [u8]> {
    let group = TILE_ROWS * (tensor.data().len() / tensor.rows());
    let chunk = if form(tensor).is_some() { group * (CHUNK_BYTES / group).max(1) } else { CHUNK_BYTES };
    tensor.data().chunks(chunk)
}

/// A chunk of a plain tensor as the packed file has it.
fn packed_chunk<'c>(tensor: &Tensor<'_>, chunk: &'c [u8], tiles: &'c mut Vec<u8>) -> &'c [u8] {
    let Some(packed) = form(tensor) else { return chunk };
    let group = TILE_ROWS * (tensor.data().len() / tensor.rows());
    tiles.resize(chunk.len(), 0);
    for (rows, tiles) in chunk.chunks_exact(group).zip(tiles.chunks_exact_mut(group)) {
        packed.pack(rows, tiles);
    }
    tiles
}
