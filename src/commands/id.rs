//! A number for what a set's bytes mean, so that both ends of a line know that they mean the same.

use std::fmt;

use sha2::{Digest, Sha256};

use super::json::quote;
use super::{CommandSet, Kind, Param};

impl CommandSet {
    /// The first four bytes of the SHA-256 of the [description](CommandSet::description), as a big-endian number.
    pub fn id(&self) -> u32 {
        let hash = Sha256::digest(self.description());
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
    }

    /// All that decides what a command's bytes mean, one line for each command and parameter: names, types, units, ranges, values.
    pub fn description(&self) -> String {
        let mut text = format!("commands 1 {}\n", self.name);
        for spec in &self.commands {
            text += &format!("{}\n", spec.name);
            for param in &spec.params {
                text += &format!(" {}\n", Description(param));
            }
        }
        text
    }
}

struct Description<'p>(&'p Param);

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Param { name, optional, kind, .. } = self.0;
        write!(f, "{name}{} ", if *optional { "?" } else { "" })?;
        match kind {
            Kind::Int { unit, min, max, step } => write!(f, "int {min} {max} {step} {}", quote(unit)),
            Kind::Float { unit, min, max, step } => write!(f, "float {min} {max} {step} {}", quote(unit)),
            Kind::Enum(values) => {
                f.write_str("enum")?;
                values.iter().try_for_each(|value| write!(f, " {}", quote(value)))
            }
            Kind::Bool => f.write_str("bool"),
            Kind::Text { max_len } => write!(f, "string {max_len}"),
        }
    }
}
