//! Writing GGUF files as a stream: the header first, then the data of each tensor in the declared order.

use std::io::{self, Read, Write};
use std::num::NonZeroU32;

use qwark_kernels::DType;
use thiserror::Error;

use super::value::{Value, ValueType};
use super::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC};

/// Why a file could not be written.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum WriteError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("tensor \"{tensor}\": {dims:?} is not a shape of one or more whole {dtype} blocks per row")]
    Shape { tensor: String, dims: Vec<u64>, dtype: DType },
    #[error("tensor \"{tensor}\": {missing} bytes of its data were not given")]
    Unfinished { tensor: String, missing: u64 },
    #[error("{0} bytes more than the declared tensors hold were given")]
    Surplus(u64),
}

/// What stands before the data: metadata and the list of tensors.
///
/// It is written as it is put together; whether it makes a sound file is for [`Gguf::parse`](super::Gguf::parse) to
/// say. Only what the arithmetic of the data's layout needs is checked.
#[derive(Debug, Clone)]
pub struct Header {
    version: u32,
    alignment: NonZeroU32,
    /// Encoded entries.
    metadata: Vec<u8>,
    entries: u64,
    tensors: Vec<Declared>,
}

#[derive(Debug, Clone)]
struct Declared {
    name: String,
    dims: Vec<u64>,
    dtype: DType,
    bytes: u64,
}

impl Default for Header {
    fn default() -> Self {
        Self::new()
    }
}

impl Header {
    /// An empty header of version 3 with the default alignment.
    pub fn new() -> Self {
        Self { version: 3, alignment: DEFAULT_ALIGNMENT, metadata: Vec::new(), entries: 0, tensors: Vec::new() }
    }

    /// Sets the version of the format.
    pub fn version(&mut self, version: u32) {
        self.version = version;
    }

    /// Sets the alignment of the data, in bytes, and puts it among the metadata.
    pub fn alignment(&mut self, alignment: NonZeroU32) {
        self.alignment = alignment;
        self.put(ALIGNMENT_KEY, Value::U32(alignment.get()));
    }

    /// Adds a metadata entry.
    pub fn put(&mut self, key: &str, value: Value<'_>) {
        self.begin_entry(key, value.value_type());
        let out = &mut self.metadata;
        match value {
            Value::U8(value) => out.push(value),
            Value::I8(value) => out.extend(value.to_le_bytes()),
            Value::U16(value) => out.extend(value.to_le_bytes()),
            Value::I16(value) => out.extend(value.to_le_bytes()),
            Value::U32(value) => out.extend(value.to_le_bytes()),
            Value::I32(value) => out.extend(value.to_le_bytes()),
            Value::F32(value) => out.extend(value.to_le_bytes()),
            Value::Bool(value) => out.push(value.into()),
            Value::Str(value) => put_str(out, value),
            Value::Array(value) => {
                out.extend(value.elem().id().to_le_bytes());
                out.extend((value.len() as u64).to_le_bytes());
                out.extend(value.bytes());
            }
            Value::U64(value) => out.extend(value.to_le_bytes()),
            Value::I64(value) => out.extend(value.to_le_bytes()),
            Value::F64(value) => out.extend(value.to_le_bytes()),
        }
    }

    /// Adds an array of strings.
    pub fn put_strs<S: AsRef<str>>(&mut self, key: &str, strs: &[S]) {
        self.begin_array(key, ValueType::Str, strs.len());
        for text in strs {
            put_str(&mut self.metadata, text.as_ref());
        }
    }

    /// Adds an array of i32.
    pub fn put_i32s(&mut self, key: &str, values: &[i32]) {
        self.begin_array(key, ValueType::I32, values.len());
        self.metadata.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    /// Declares the next tensor; `dims[0]` is its number of columns.
    ///
    /// # Errors
    ///
    /// [`WriteError::Shape`] where rows are not whole blocks, or the size overflows.
    pub fn tensor(&mut self, name: &str, dims: &[u64], dtype: DType) -> Result<(), WriteError> {
        let block = dtype.block_len() as u64;
        let bytes = dims
            .first()
            .filter(|cols| cols.is_multiple_of(block))
            .and_then(|_| dims.iter().try_fold(1u64, |all, dim| all.checked_mul(*dim)))
            .and_then(|elements| (elements / block).checked_mul(dtype.block_bytes() as u64))
            .filter(|bytes| *bytes > 0);
        let (name, dims) = (name.to_owned(), dims.to_owned());
        let Some(bytes) = bytes else {
            let tensor = name;
            return Err(WriteError::Shape { tensor, dims, dtype });
        };
        self.tensors.push(Declared { name, dims, dtype, bytes });
        Ok(())
    }

    /// Bytes of each declared tensor's data, without padding.
    pub fn tensor_bytes(&self) -> impl ExactSizeIterator<Item = u64> {
        self.tensors.iter().map(|tensor| tensor.bytes)
    }

    /// Bytes of the whole file.
    pub fn file_bytes(&self) -> u64 {
        let data: u64 = self.tensors.iter().map(|tensor| self.padded(tensor.bytes)).sum();
        self.encode().len() as u64 + data
    }

    /// Writes the header to `out`, which is ready for the data then.
    pub fn begin<W: Write>(self, mut out: W) -> Result<DataWriter<W>, WriteError> {
        out.write_all(&self.encode())?;
        let mut writer = DataWriter { out, alignment: self.alignment.get().into(), waiting: self.tensors.into_iter(), current: None };
        writer.advance();
        Ok(writer)
    }

    /// The header's bytes, padded to the start of the data.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.metadata.len() + 64 * (self.tensors.len() + 1));
        out.extend(MAGIC);
        out.extend(self.version.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend(self.entries.to_le_bytes());
        out.extend(&self.metadata);
        let mut offset = 0u64;
        for tensor in &self.tensors {
            put_str(&mut out, &tensor.name);
            out.extend((tensor.dims.len() as u32).to_le_bytes());
            out.extend(tensor.dims.iter().flat_map(|dim| dim.to_le_bytes()));
            out.extend(tensor.dtype.ggml_id().to_le_bytes());
            out.extend(offset.to_le_bytes());
            offset += self.padded(tensor.bytes);
        }
        out.resize(self.padded(out.len() as u64) as usize, 0);
        out
    }

    /// `bytes` with the padding that follows them.
    fn padded(&self, bytes: u64) -> u64 {
        bytes.next_multiple_of(self.alignment.get().into())
    }

    fn begin_entry(&mut self, key: &str, kind: ValueType) {
        self.entries += 1;
        put_str(&mut self.metadata, key);
        self.metadata.extend(kind.id().to_le_bytes());
    }

    fn begin_array(&mut self, key: &str, elem: ValueType, len: usize) {
        self.begin_entry(key, ValueType::Array);
        self.metadata.extend(elem.id().to_le_bytes());
        self.metadata.extend((len as u64).to_le_bytes());
    }
}

fn put_str(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// Takes the data of the declared tensors, in their order.
#[derive(Debug)]
pub struct DataWriter<W> {
    out: W,
    alignment: u64,
    /// Tensors of which nothing was written yet.
    waiting: std::vec::IntoIter<Declared>,
    /// The tensor being written and the bytes of its data that are missing.
    current: Option<(Declared, u64)>,
}

impl<W: Write> DataWriter<W> {
    /// Writes the next bytes of the current tensor's data; at its end the next tensor becomes the current one.
    ///
    /// # Errors
    ///
    /// [`WriteError::Surplus`] where `bytes` goes past the end of the tensor; nothing is written then.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let missing = self.current.as_ref().map_or(0, |(_, missing)| *missing);
        let len = bytes.len() as u64;
        let Some(missing) = missing.checked_sub(len) else {
            return Err(WriteError::Surplus(len - missing));
        };
        self.out.write_all(bytes)?;
        match &mut self.current {
            Some((tensor, _)) if missing == 0 => {
                let padding = tensor.bytes.next_multiple_of(self.alignment) - tensor.bytes;
                io::copy(&mut io::repeat(0).take(padding), &mut self.out)?;
                self.advance();
            }
            Some((_, left)) => *left = missing,
            None => {}
        }
        Ok(())
    }

    /// Hands back the output once all data is written.
    ///
    /// # Errors
    ///
    /// [`WriteError::Unfinished`] where data is missing.
    pub fn finish(self) -> Result<W, WriteError> {
        match self.current {
            None => Ok(self.out),
            Some((tensor, missing)) => Err(WriteError::Unfinished { tensor: tensor.name, missing }),
        }
    }

    fn advance(&mut self) {
        self.current = self.waiting.next().map(|tensor| {
            let bytes = tensor.bytes;
            (tensor, bytes)
        });
    }
}
