//! A weight matrix where it lies, usually inside a mapped file.

use crate::{
    DType,
    packed::{PackedDType, TILE_ROWS},
};
use thiserror::Error;

/// Weights `[rows, cols]` in any [`DType`], row-major as in a GGUF file (`dims[0]` is `cols`) or packed; needs no alignment.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    dtype: DType,
    packed: Option<PackedDType>,
    rows: usize,
    cols: usize,
    row_bytes: usize,
    bytes: &'a [u8],
}

/// Why bytes are not a matrix of the stated shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MatrixError {
    /// A row is not a whole number of blocks.
    #[error("{cols} columns are not a multiple of the {dtype} block of {}", dtype.block_len())]
    Columns {
        /// Type of the weights.
        dtype: DType,
        /// Columns stated.
        cols: usize,
    },
    /// A dimension is zero, or the size does not fit the address space.
    #[error("a {dtype} matrix of {rows} rows and {cols} columns is empty or too large")]
    Shape {
        /// Type of the weights.
        dtype: DType,
        /// Rows stated.
        rows: usize,
        /// Columns stated.
        cols: usize,
    },
    /// There is no packed form of such a matrix.
    #[error(
        "a {dtype} matrix of {rows} rows cannot be packed: the type is not among those that are, or the rows are no multiple of {TILE_ROWS}"
    )]
    Packed {
        /// Type of the weights.
        dtype: DType,
        /// Rows stated.
        rows: usize,
    },
    /// The slice has another length than the shape needs.
    #[error("a {dtype} matrix of {rows} rows and {cols} columns has {need} bytes, not {have}")]
    Bytes {
        /// Type of the weights.
        dtype: DType,
        /// Rows stated.
        rows: usize,
        /// Columns stated.
        cols: usize,
        /// Bytes that the shape needs.
        need: usize,
        /// Bytes given.
        have: usize,
    },
}

impl<'a> Matrix<'a> {
    /// A matrix over `bytes`, which must be exactly `rows` rows of `cols` weights.
    ///
    /// # Errors
    /// [`MatrixError`] where `cols` is no whole number of blocks, a dimension is zero, or the length differs.
    pub fn new(dtype: DType, rows: usize, cols: usize, bytes: &'a [u8]) -> Result<Self, MatrixError> {
        if rows == 0 || cols == 0 {
            return Err(MatrixError::Shape { dtype, rows, cols });
        }
        if !cols.is_multiple_of(dtype.block_len()) {
            return Err(MatrixError::Columns { dtype, cols });
        }
        let shape = MatrixError::Shape { dtype, rows, cols };
        let row_bytes = dtype.row_bytes(cols).ok_or(shape)?;
        let need = row_bytes.checked_mul(rows).ok_or(shape)?;
        if bytes.len() != need {
            return Err(MatrixError::Bytes { dtype, rows, cols, need, have: bytes.len() });
        }
        Ok(Self { dtype, packed: None, rows, cols, row_bytes, bytes })
    }

    /// The same matrix over the bytes that [`PackedDType::pack`] makes of it, eight rows after the other.
    ///
    /// # Errors
    /// As for [`Matrix::new`], and [`MatrixError::Packed`] where the type has no packed form or the rows are not whole tiles.
    pub fn packed(dtype: DType, rows: usize, cols: usize, bytes: &'a [u8]) -> Result<Self, MatrixError> {
        let packed = PackedDType::of(dtype).filter(|_| rows.is_multiple_of(TILE_ROWS)).ok_or(MatrixError::Packed { dtype, rows })?;
        Ok(Self { packed: Some(packed), ..Self::new(dtype, rows, cols, bytes)? })
    }

    /// Whether it is packed, and as what.
    pub fn packed_dtype(&self) -> Option<PackedDType> {
        self.packed
    }

    /// Type of the weights.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Number of rows: the outputs of a product.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: the inputs of a product.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Bytes of one row.
    pub fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// All rows, `rows * row_bytes` bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes of rows `first..first + count`; of a packed matrix, of whole tiles.
    ///
    /// # Panics
    /// If those rows are not all in the matrix.
    pub(crate) fn row_range(&self, first: usize, count: usize) -> &'a [u8] {
        &self.bytes[first * self.row_bytes..(first + count) * self.row_bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_shapes_are_refused() {
        let bytes = [0u8; 36];
        assert!(Matrix::new(DType::Q4_0, 2, 32, &bytes).is_ok());
        assert!(matches!(Matrix::new(DType::Q4_0, 2, 33, &bytes), Err(MatrixError::Columns { .. })));
        assert!(matches!(Matrix::new(DType::Q4_0, 1, 32, &bytes), Err(MatrixError::Bytes { need: 18, have: 36, .. })));
        assert!(matches!(Matrix::new(DType::Q4_0, 0, 32, &[]), Err(MatrixError::Shape { .. })));
        assert!(matches!(Matrix::new(DType::F32, usize::MAX, 2, &bytes), Err(MatrixError::Shape { .. })));
    }
}
