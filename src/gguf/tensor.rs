//! Tensor descriptions, and the bytes that belong to each.

use qwark_kernels::{DType, Matrix, PackedDType};

use super::MAX_DIMS;
use super::cursor::Cursor;
use super::error::{Fault, GgufError, Place, Refusal, shown};
use super::packed::packed_form;

/// Most bytes of a tensor's name, by the format.
pub(super) const MAX_NAME_BYTES: u64 = 64;

/// Fewest bytes of a tensor's description: name length, one byte of name, dimension count, one dimension, type, offset.
pub(super) const MIN_INFO_BYTES: u64 = 8 + 1 + 4 + 8 + 4 + 8;

/// A tensor, with its data borrowed from the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tensor<'a> {
    name: &'a str,
    dims: [usize; MAX_DIMS],
    n_dims: usize,
    dtype: DType,
    /// The file is a packed one: of matrices, eight rows lie side by side.
    packed: bool,
    data: &'a [u8],
}

impl<'a> Tensor<'a> {
    /// The name, as in the file.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// One to four dimensions in the file's order: `dims()[0]` is the number of columns, whose values lie next to each other.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.n_dims]
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.dims[0]
    }

    /// Number of rows: the product of all dimensions but the first.
    pub fn rows(&self) -> usize {
        self.dims[1..].iter().product()
    }

    /// Type of the values.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// How the values are packed, if they are.
    pub fn packed_dtype(&self) -> Option<PackedDType> {
        packed_form(self.dtype, self.dims()).filter(|_| self.packed)
    }

    /// The values: `rows()` rows of whole blocks of `dtype()`, or what [`PackedDType::pack`] makes of them.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The values as the kernels take them.
    ///
    /// # Errors
    ///
    /// None on a tensor from a parsed file, whose shape was checked.
    pub fn matrix(&self) -> Result<Matrix<'a>, GgufError> {
        let new = if self.packed_dtype().is_some() { Matrix::packed } else { Matrix::new };
        new(self.dtype, self.rows(), self.cols(), self.data).map_err(|error| Fault::Matrix(error).of(Place::tensor(self.name)))
    }
}

/// A tensor's description, before its place in the file is known to be sound.
pub(super) struct Info<'a> {
    name: &'a str,
    dims: [usize; MAX_DIMS],
    n_dims: usize,
    dtype: DType,
    /// Bytes of data.
    size: usize,
    /// First byte of the data, from the start of the data section.
    offset: u64,
    /// Where the offset stands in the file, for messages.
    offset_at: usize,
}

impl<'a> Info<'a> {
    /// Reads the description number `index`.
    pub fn read(cursor: &mut Cursor<'a>, index: u64) -> Result<Self, GgufError> {
        let name = cursor.name(MAX_NAME_BYTES).map_err(|refusal| refusal.of(Place::Info(index)))?;
        Self::read_rest(cursor, name).map_err(|refusal| refusal.of(Place::tensor(name)))
    }

    fn read_rest(cursor: &mut Cursor<'a>, name: &'a str) -> Result<Self, Refusal> {
        let shape_at = cursor.at();
        let refuse = |at, fault| Err(Refusal { at, fault });
        let claimed = cursor.u32()?;
        let n_dims = match usize::try_from(claimed) {
            Ok(n_dims @ 1..=MAX_DIMS) => n_dims,
            _ => return refuse(shape_at, Fault::DimCount(claimed)),
        };
        let mut dims = [1; MAX_DIMS];
        for (index, dim) in dims[..n_dims].iter_mut().enumerate() {
            let at = cursor.at();
            *dim = match usize::try_from(cursor.u64()?) {
                Ok(0) => return refuse(at, Fault::ZeroDim(index)),
                Ok(dim) => dim,
                Err(_) => return refuse(at, Fault::TooLarge),
            };
        }
        let dtype_at = cursor.at();
        let id = cursor.u32()?;
        let Some(dtype) = DType::from_ggml_id(id) else {
            return refuse(dtype_at, Fault::DType(id));
        };
        let cols = dims[0];
        if cols % dtype.block_len() != 0 {
            return refuse(shape_at, Fault::Columns { cols, dtype });
        }
        let Some(size) = dims[1..]
            .iter()
            .try_fold(cols, |product, dim| product.checked_mul(*dim))
            .and_then(|elements| (elements / dtype.block_len()).checked_mul(dtype.block_bytes()))
        else {
            return refuse(shape_at, Fault::TooLarge);
        };
        let offset_at = cursor.at();
        let offset = cursor.u64()?;
        Ok(Self { name, dims, n_dims, dtype, size, offset, offset_at })
    }

    /// The tensor, whose data lies in `section`, the file from the start of its data on.
    pub fn place(&self, section: &'a [u8], alignment: u32, packed: bool) -> Result<Tensor<'a>, GgufError> {
        let offset = self.offset;
        if !offset.is_multiple_of(alignment.into()) {
            return Err(self.refuse(Fault::Misaligned { offset, alignment }));
        }
        let data = usize::try_from(offset)
            .ok()
            .and_then(|start| section.get(start..start.checked_add(self.size)?))
            .ok_or_else(|| self.refuse(Fault::OutsideFile { offset, size: self.size, section: section.len() }))?;
        Ok(Tensor { name: self.name, dims: self.dims, n_dims: self.n_dims, dtype: self.dtype, packed, data })
    }

    fn refuse(&self, fault: Fault) -> GgufError {
        Refusal { at: self.offset_at, fault }.of(Place::tensor(self.name))
    }
}

/// Refuses tensors of one file that share bytes; each was placed before, so that no end overflows.
pub(super) fn check_overlaps(infos: &[Info<'_>]) -> Result<(), GgufError> {
    let mut by_offset: Vec<&Info<'_>> = infos.iter().collect();
    by_offset.sort_unstable_by_key(|info| info.offset);
    for pair in by_offset.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        if before.offset + before.size as u64 > after.offset {
            let with = shown(before.name);
            return Err(after.refuse(Fault::Overlap { with }));
        }
    }
    Ok(())
}
