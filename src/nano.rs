//! qwark-nano, the small model that comes with the program: `models/nano` says what it can do, and how it was made.

use crate::gguf::Mapping;

/// What begins at a page, as a mapped file does.
#[repr(C, align(4096))]
struct Page<B: ?Sized>(B);

static FILE: &Page<[u8]> = &Page(*include_bytes!("../models/nano/qwark-nano.gguf"));

/// The id of the command set that it was trained for, commands/rover.toml. It reads no other: sets are not in its prompt, but in its weights.
pub const SET_ID: u32 = 0xb769_38ae;

/// The model, where the program's file is mapped: nothing is read or copied.
pub fn mapping() -> Mapping {
    Mapping::of_program("qwark-nano", &FILE.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::CommandSet;

    #[test]
    fn its_set_is_the_reference_set() {
        let set = CommandSet::parse(include_str!("../commands/rover.toml")).expect("a command set");
        assert_eq!(set.id(), SET_ID, "the model has to be trained anew: see models/nano/README.md");
    }
}
