//! Code for controllers: types for a set's commands, and functions that decode and encode them.
//!
//! Each language has a file of helpers in `templates/` that is the same for every set; the rest is generated.

mod c;
mod names;
mod python;
mod rust;

use std::str::FromStr;

use super::{CommandSet, CommandSpec, Decimal, Kind, Param};
use names::comment;

/// A language that code is generated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// A header for C99 and C++, without allocation.
    C,
    /// A module for Python 3.9, without dependencies.
    Python,
    /// A module for `no_std`, without allocation.
    Rust,
}

impl FromStr for Lang {
    type Err = String;

    fn from_str(name: &str) -> Result<Lang, String> {
        match name {
            "c" => Ok(Lang::C),
            "python" => Ok(Lang::Python),
            "rust" => Ok(Lang::Rust),
            _ => Err("not a language; known: c, python, rust".to_owned()),
        }
    }
}

impl CommandSet {
    /// The text of a source file for `lang`: a type for each command, and functions that decode and encode them.
    pub fn codegen(&self, lang: Lang) -> String {
        match lang {
            Lang::C => c::generate(self),
            Lang::Python => python::generate(self),
            Lang::Rust => rust::generate(self),
        }
    }

    /// The first lines of every file.
    fn notice(&self, lang: &str) -> String {
        let Self { name, version, .. } = self;
        format!("Commands of the set {name}, version {version}. Made by `qwark commands codegen --lang {lang}`: change the set, not this.")
    }
}

/// Steps of this many units in a float's last place are exact in single precision, whatever is added by rounding on the way.
const SINGLE_LIMIT: u128 = 2_000_000;

/// How a decimal number is computed from its steps: `steps * factor / scale`.
struct Scaling {
    factor: i128,
    scale: i128,
    /// Whether single precision tells all values apart.
    single: bool,
}

impl Scaling {
    fn new(min: i32, max: i32, step: Decimal) -> Scaling {
        let decimals = step.decimals();
        let largest = [min, max].map(|limit| step.times(limit).scaled(decimals).unsigned_abs()).into_iter().max().unwrap_or(0);
        Scaling { factor: step.scaled(decimals), scale: 10i128.pow(decimals), single: largest <= SINGLE_LIMIT }
    }
}

impl CommandSpec {
    /// What a comment says about the command.
    fn remark(&self) -> String {
        let doc = comment(&self.doc);
        if doc.is_empty() { self.name.clone() } else { doc }
    }
}

impl Param {
    /// What a comment says about the parameter.
    fn remark(&self) -> String {
        let values = match &self.kind {
            Kind::Enum(values) => format!("one of {} values", values.len()),
            kind => kind.summary(),
        };
        let parts = [values.as_str(), &self.doc].map(comment);
        parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(": ")
    }
}
