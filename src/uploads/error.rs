use qwark_wire::ErrorCode;
use thiserror::Error;

/// Why an upload, or a part of one, is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UploadError {
    /// The client's own uploads leave no room for it.
    #[error("no room for {size} bytes: {used} of this client's {quota} are in use")]
    ClientQuota {
        /// Bytes of the upload.
        size: u32,
        /// Bytes of the client's uploads, unfinished ones with what they announced.
        used: u32,
        /// Bytes that one client may keep.
        quota: u32,
    },
    /// The uploads of all clients leave no room for it.
    #[error("no room for {size} bytes: {left} are left for all clients")]
    TotalQuota {
        /// Bytes of the upload.
        size: u32,
        /// Bytes that are left.
        left: u32,
    },
    /// There are as many as the store takes.
    #[error("no room for one more upload: there are {0} already")]
    TooMany(u16),
    /// The system has no memory for it.
    #[error("no memory for {0} bytes")]
    Memory(u32),
    /// The same hash was announced with another length: one of them is wrong.
    #[error("the upload with this hash has {known} bytes, not {announced}; delete it to begin anew")]
    Size {
        /// The length now.
        announced: u32,
        /// The length that it was begun with.
        known: u32,
    },
    /// A chunk under an id that began nothing, or whose upload is gone.
    #[error("no upload was begun under id {0}, or it is gone")]
    NotBegun(u32),
    /// A chunk that is longer than what is missing.
    #[error("the chunk ends at byte {end} of an upload of {size}")]
    TooLong {
        /// Where the chunk ends.
        end: u64,
        /// Bytes of the upload.
        size: u32,
    },
    /// All bytes are here and are not those that were announced. They are dropped.
    #[error("the data does not have the SHA-256 that was announced; it is dropped")]
    Integrity,
}

impl UploadError {
    /// As the wire has it.
    pub fn code(self) -> ErrorCode {
        match self {
            UploadError::ClientQuota { .. } | UploadError::TotalQuota { .. } | UploadError::TooMany(_) | UploadError::Memory(_) => {
                ErrorCode::Quota
            }
            UploadError::Size { .. } => ErrorCode::Parameter,
            UploadError::NotBegun(_) => ErrorCode::UnknownId,
            UploadError::TooLong { .. } => ErrorCode::Malformed,
            UploadError::Integrity => ErrorCode::Integrity,
        }
    }

    /// Whether there is nothing more to come under this id. If not, only one frame was refused.
    pub fn ends(self) -> bool {
        !matches!(self, UploadError::TooLong { .. })
    }
}
