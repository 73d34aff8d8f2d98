//! Finding things by name, and typed access to metadata.

use super::Gguf;
use super::error::{Fault, GgufError, Place};
use super::value::{Array, Strs, Value};

/// Indices of `items` in the order of their names, among which none may be twice.
pub(super) fn index_by<'a, T>(items: &[T], name: impl Fn(&T) -> &'a str, place: impl Fn(&str) -> Place) -> Result<Vec<u32>, GgufError> {
    let name_at = |index: u32| name(&items[index as usize]);
    // The limits on entries, tensors and parts keep the number of items far below `u32::MAX`.
    let mut order: Vec<u32> = (0..items.len() as u32).collect();
    order.sort_unstable_by_key(|index| name_at(*index));
    let twice = order.windows(2).find(|pair| name_at(pair[0]) == name_at(pair[1]));
    match twice {
        Some(pair) => Err(Fault::Duplicate.of(place(name_at(pair[0])))),
        None => Ok(order),
    }
}

/// The item called `wanted`, by the order that [`index_by`] made.
pub(super) fn find<'s, T>(items: &'s [T], order: &[u32], wanted: &str, name: impl Fn(&'s T) -> &'s str) -> Option<&'s T> {
    let found = order.binary_search_by(|index| name(&items[*index as usize]).cmp(wanted)).ok()?;
    items.get(order[found] as usize)
}

/// Typed access. A value of another type is refused by key; without `opt_`, so is a missing one.
///
/// Integers are taken from any width that holds a fitting value, and f32 from f64, as writers disagree about them.
#[allow(missing_docs, reason = "each name says the type")]
impl<'a> Gguf<'a> {
    pub fn u32(&self, key: &str) -> Result<u32, GgufError> {
        required(key, self.opt_u32(key))
    }

    pub fn opt_u32(&self, key: &str) -> Result<Option<u32>, GgufError> {
        self.optional(key, Value::as_u32)
    }

    pub fn f32(&self, key: &str) -> Result<f32, GgufError> {
        required(key, self.opt_f32(key))
    }

    pub fn opt_f32(&self, key: &str) -> Result<Option<f32>, GgufError> {
        self.optional(key, Value::as_f32)
    }

    pub fn bool(&self, key: &str) -> Result<bool, GgufError> {
        required(key, self.opt_bool(key))
    }

    pub fn opt_bool(&self, key: &str) -> Result<Option<bool>, GgufError> {
        self.optional(key, Value::as_bool)
    }

    pub fn str(&self, key: &str) -> Result<&'a str, GgufError> {
        required(key, self.opt_str(key))
    }

    pub fn opt_str(&self, key: &str) -> Result<Option<&'a str>, GgufError> {
        self.optional(key, Value::as_str)
    }

    pub fn array(&self, key: &str) -> Result<Array<'a>, GgufError> {
        required(key, self.opt_array(key))
    }

    pub fn opt_array(&self, key: &str) -> Result<Option<Array<'a>>, GgufError> {
        self.optional(key, Value::as_array)
    }

    pub fn strs(&self, key: &str) -> Result<Strs<'a>, GgufError> {
        required(key, self.opt_strs(key))
    }

    pub fn opt_strs(&self, key: &str) -> Result<Option<Strs<'a>>, GgufError> {
        self.optional(key, |value| value.as_array()?.strs())
    }

    pub fn i32s(&self, key: &str) -> Result<impl ExactSizeIterator<Item = i32> + Clone + use<'a>, GgufError> {
        let found = self.optional(key, |value| value.as_array()?.i32s());
        required(key, found)
    }

    fn optional<T>(&self, key: &str, convert: impl Fn(&Value<'a>) -> Result<T, Fault>) -> Result<Option<T>, GgufError> {
        self.get(key).map(convert).transpose().map_err(|fault| fault.of(Place::key(key)))
    }
}

fn required<T>(key: &str, found: Result<Option<T>, GgufError>) -> Result<T, GgufError> {
    found?.ok_or_else(|| Fault::Missing.of(Place::key(key)))
}
