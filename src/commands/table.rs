//! Tables of a TOML file, with the line of everything in them.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{SetError, SetFault};
use super::{Decimal, DecimalFault};
use crate::gguf::shown;

/// Where the lines of a text begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub fn of(text: &str) -> Lines {
        Lines(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The line, from 1, in which the byte `at` stands.
    pub fn line(&self, at: usize) -> usize {
        self.0.partition_point(|&start| start <= at)
    }
}

/// A table whose entries are taken one by one, so that what is left at the end is known to mean nothing.
pub(super) struct Table<'t> {
    /// How a message names the table.
    pub place: String,
    /// Where it begins.
    pub line: usize,
    /// In the file's order.
    entries: Vec<Item<'t>>,
}

/// A value in a table or an array.
#[derive(Clone)]
pub(super) struct Item<'t> {
    lines: &'t Lines,
    /// Its key, or that of the array.
    pub key: &'t str,
    /// The key's line, or in an array the value's.
    pub line: usize,
    value: &'t DeValue<'t>,
}

impl<'t> Table<'t> {
    pub fn new(table: &'t DeTable<'t>, lines: &'t Lines, line: usize, place: &str) -> Table<'t> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let item = |(key, value): (&'t Spanned<_>, &'t Spanned<DeValue<'t>>)| {
            let name: &std::borrow::Cow<'t, str> = key.get_ref();
            Item { lines, key: name, line: lines.line(key.span().start), value: value.get_ref() }
        };
        Table { place: place.to_owned(), line, entries: entries.into_iter().map(item).collect() }
    }

    /// The entry `key`, if there is one.
    pub fn take(&mut self, key: &str) -> Option<Item<'t>> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// The entry `key`, or an error that it is missing.
    pub fn need(&mut self, key: &'static str) -> Result<Item<'t>, SetError> {
        self.take(key).ok_or_else(|| SetFault::Missing(key).at(self.line, &self.place))
    }

    /// All entries that are left.
    pub fn rest(&mut self) -> Vec<Item<'t>> {
        std::mem::take(&mut self.entries)
    }

    /// The text of an entry, or nothing where it is absent.
    pub fn text_or_empty(&mut self, key: &str) -> Result<String, SetError> {
        self.take(key).map_or(Ok(String::new()), |item| item.text(&self.place).map(str::to_owned))
    }

    /// The flag of an entry, or false where it is absent.
    pub fn flag(&mut self, key: &str) -> Result<bool, SetError> {
        let Some(item) = self.take(key) else { return Ok(false) };
        item.value.as_bool().ok_or_else(|| item.wrong("true or false", &self.place))
    }

    /// Refuses what was not taken.
    pub fn finish(self) -> Result<(), SetError> {
        match self.entries.first() {
            None => Ok(()),
            Some(item) => Err(SetFault::UnknownKey(shown(item.key)).at(item.line, &self.place)),
        }
    }
}

impl<'t> Item<'t> {
    fn wrong(&self, expected: &'static str, place: &str) -> SetError {
        SetFault::WrongType { key: shown(self.key), expected }.at(self.line, place)
    }

    pub fn text(&self, place: &str) -> Result<&'t str, SetError> {
        self.value.as_str().ok_or_else(|| self.wrong("a text", place))
    }

    /// What the file says, where it is a text.
    pub fn as_text(&self) -> Option<&'t str> {
        self.value.as_str()
    }

    /// What the file says, where it is true or false.
    pub fn as_bool(&self) -> Option<bool> {
        self.value.as_bool()
    }

    /// The number, where it is one: `2`, `2.0`, `1e3`, `0x10`.
    pub fn as_number(&self) -> Option<Result<Decimal, DecimalFault>> {
        match self.value {
            DeValue::Integer(integer) if integer.radix() == 10 => Some(Decimal::parse(integer.as_str())),
            DeValue::Integer(integer) => {
                let value = i32::from_str_radix(integer.as_str(), integer.radix());
                Some(value.map(Decimal::whole).map_err(|_| DecimalFault::TooLarge))
            }
            DeValue::Float(float) => Some(Decimal::parse(float.as_str())),
            _ => None,
        }
    }

    pub fn number(&self, key: &'static str, place: &str) -> Result<Decimal, SetError> {
        let number = self.as_number().ok_or_else(|| self.wrong("a number", place))?;
        number.map_err(|fault| SetFault::Decimal { key, fault }.at(self.line, place))
    }

    /// A whole number that fits into 32 bits.
    pub fn integer(&self, key: &'static str, place: &str) -> Result<i32, SetError> {
        if !self.value.is_integer() {
            return Err(self.wrong("a whole number", place));
        }
        let value = self.as_number().and_then(Result::ok).and_then(|number| i32::try_from(number.scaled(0)).ok());
        value.ok_or_else(|| SetFault::Integer { key }.at(self.line, place))
    }

    pub fn array(&self, expected: &'static str, place: &str) -> Result<Vec<Item<'t>>, SetError> {
        let array = self.value.as_array().ok_or_else(|| self.wrong(expected, place))?;
        let item = |value: &'t Spanned<DeValue<'t>>| Item { line: self.lines.line(value.span().start), value: value.get_ref(), ..*self };
        Ok(array.iter().map(item).collect())
    }

    pub fn table(&self, expected: &'static str, place: &str) -> Result<Table<'t>, SetError> {
        let table = self.value.as_table().ok_or_else(|| self.wrong(expected, place))?;
        Ok(Table::new(table, self.lines, self.line, place))
    }
}
