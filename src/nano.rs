//! qwark-nano, the small model that comes with the program: `models/nano` says what it can do, and how it was made.

use crate::gguf::Mapping;

/// What begins at a page, as a mapped file does.
#[repr(C, align(4096))]
struct Page<B: ?Sized>(B);

static FILE: &Page<[u8]> = &Page(*include_bytes!("../models/nano/qwark-nano.gguf"));

/// The model, where the program's file is mapped: nothing is read or copied.
pub fn mapping() -> Mapping {
    Mapping::of_program("qwark-nano", &FILE.0)
}
