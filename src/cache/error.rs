use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::LIMIT_VARIABLE;
use crate::gguf::{GgufError, OpenError};
use crate::pack::PackError;
use crate::part_file::SaveError;

/// Why there is no packed form of a model in the cache, or why the cache could not be changed.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum CacheError {
    #[error("neither XDG_CACHE_HOME nor HOME names a folder for the cache")]
    NoHome,
    #[error("\"{0}\" is not a size, such as 500M or 4G")]
    Size(String),
    #[error("{LIMIT_VARIABLE}: {0}")]
    Variable(String),
    #[error("{}: cannot be written: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: cannot be removed: {source}", path.display())]
    Remove { path: PathBuf, source: io::Error },
    #[error("it takes {bytes} bytes, and the cache may have {limit}, of which {in_use} are in use")]
    Limit { bytes: u64, limit: u64, in_use: u64 },
    #[error("{}: too little space: {bytes} bytes and {spare} to spare are needed, {free} are free", path.display())]
    Space { path: PathBuf, bytes: u64, spare: u64, free: u64 },
    #[error("{path}: it changed while it was packed")]
    Changed { path: String },
    #[error("{}: it was removed or changed as soon as it was written", path.display())]
    Lost { path: PathBuf },
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error(transparent)]
    Gguf(#[from] GgufError),
    #[error(transparent)]
    Open(#[from] OpenError),
}
