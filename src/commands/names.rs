//! What sets, commands and parameters may be called.

/// Most bytes of a name.
pub const MAX_NAME: usize = 32;

/// Reserved words of C, C++, Python and Rust that could be names, and usual macros and types of their libraries.
const RESERVED: &str = "
    abstract alignas alignof and and_eq as asm assert async atomic_cancel atomic_commit atomic_noexcept auto await become bitand bitor
    bool box break case catch char char16_t char32_t char8_t class co_await co_return co_yield compl complex concept const const_cast
    consteval constexpr constinit continue contract_assert crate decltype def default del delete do double dyn dynamic_cast elif else
    enum errno except explicit export extern false final finally float fn for friend from gen global goto if imaginary impl import in
    inline int is lambda let linux long loop macro match mod module move mut mutable namespace new noexcept nonlocal not not_eq nullptr
    offsetof operator or or_eq override pass priv private protected pub public raise ref reflexpr register reinterpret_cast requires
    restrict return self short signed sizeof static static_assert static_cast str struct super switch synchronized template this
    thread_local throw trait true try type typedef typeid typename typeof typeof_unqual union unix unsafe unsigned unsized use using
    virtual void volatile wchar_t where while with xor xor_eq yield";

/// Whether `name` is a small letter followed by small letters, digits and underscores, of at most [`MAX_NAME`] bytes.
pub(super) fn is_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.len() <= MAX_NAME && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(inner)
}

/// Whether `name` cannot be a field in every language that code is generated for.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.split_whitespace().any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_every_language() {
        for name in ["x", "drive", "a_1", "x2__", "a2345678901234567890123456789012"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "_x", "2nd", "Drive", "a-b", "ü", "a b", "a23456789012345678901234567890123"] {
            assert!(!is_name(name), "{name}");
        }
        assert!(["goto", "lambda", "fn", "yield"].iter().all(|word| is_reserved(word)));
        assert!(!is_reserved("got"));
    }
}
