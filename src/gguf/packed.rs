//! How a file says that its matrices are packed: see docs/FORMAT.md.

use qwark_kernels::{DType, PackedDType, TILE_ROWS};

use super::cursor::Cursor;
use super::error::{Fault, GgufError, Place};
use super::value::Value;
use super::{Gguf, MAX_KEY_BYTES, read_header};

/// The key that only a packed file has: the version of the layout.
pub const PACKED_KEY: &str = "qwark.packed.version";
/// The version that is written and read.
pub const PACKED_VERSION: u32 = 1;
/// What a packed file says its architecture is, so that no other program runs it.
pub const PACKED_ARCH: &str = "qwark-packed";
/// The key that says it.
const ARCH_KEY: &str = "general.architecture";
/// The key of the architecture that it really has.
pub const PACKED_ARCH_KEY: &str = "qwark.packed.architecture";

/// How a tensor of this type and these dimensions (columns first) lies in a packed file; `None` for row after row, as elsewhere.
pub fn packed_form(dtype: DType, dims: &[usize]) -> Option<PackedDType> {
    match *dims {
        [_, rows] if rows.is_multiple_of(TILE_ROWS) => PackedDType::of(dtype),
        _ => None,
    }
}

/// Whether the first entry of a file says that it is packed, as it does where [`pack`](crate::pack::pack) wrote it: a glance that
/// reads no vocabulary, and no check.
pub fn looks_packed(file: &[u8]) -> bool {
    let mut cursor = Cursor::new(file);
    read_header(&mut cursor).is_ok()
        && cursor.name(MAX_KEY_BYTES).is_ok_and(|key| key == ARCH_KEY)
        && Value::read(&mut cursor).is_ok_and(|value| value == Value::Str(PACKED_ARCH))
}

impl Gguf<'_> {
    /// Whether the file is a packed one.
    pub fn is_packed(&self) -> bool {
        self.get(PACKED_KEY).is_some()
    }

    /// Whether the file is a packed one.
    ///
    /// # Errors
    /// It is one of another version.
    pub(super) fn read_packed(&self) -> Result<bool, GgufError> {
        match self.opt_u32(PACKED_KEY)? {
            None => Ok(false),
            Some(PACKED_VERSION) => Ok(true),
            Some(version) => Err(Fault::PackedVersion(version).of(Place::key(PACKED_KEY))),
        }
    }
}
