use sha2::{Digest, Sha256};

use super::payload::hex;

/// Bytes hashed between two reports: a few milliseconds' work.
const REPORT: usize = 4 << 20;

/// The SHA-256 of a model file's bytes in hexadecimal, that of all parts one after the other for a split one. `progress` is told,
/// again and again, how many bytes are done.
pub fn model_sha256(parts: &[&[u8]], mut progress: impl FnMut(u64)) -> String {
    let (mut hash, mut done) = (Sha256::new(), 0);
    for chunk in parts.iter().flat_map(|part| part.chunks(REPORT)) {
        hash.update(chunk);
        done += chunk.len() as u64;
        progress(done);
    }
    hex(&hash.finalize())
}
