use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::payload::{from_hex, hex};

/// The version of the format.
pub const VERSION: u32 = 1;

/// The first line: what the frames were said to and by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format's version, [`VERSION`].
    pub qwark_capture: u32,
    /// The runtime's boot id, as Identify says it.
    pub boot_id: u64,
    /// The model's name.
    pub model: String,
    /// SHA-256 of the model file, in hexadecimal: see [`model_sha256`](super::model_sha256).
    pub model_sha256: String,
    /// What else the answers depend on.
    pub settings: Settings,
}

/// How the runtime was set up, as far as answers depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Storage of keys and values, as `--kv` names it.
    pub kv: String,
    /// Tokens of context of one request.
    pub context: usize,
    /// Requests that ran at once.
    pub parallel: usize,
    /// The instruction set of the kernels, as `--isa` names it.
    pub isa: String,
    /// The version of the program.
    pub version: String,
    /// The text of the command set, if one was served: its prompt follows from all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<String>,
}

/// One frame and its circumstances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Microseconds since the runtime started.
    pub t_us: u64,
    /// The connection, counted from 1 since the runtime started.
    pub connection: u32,
    /// The session's number within the runtime, which stays when a client comes back over another connection; 0 where it is not
    /// known.
    pub client: u64,
    /// It was sent to the client, not received from it.
    pub sent: bool,
    /// The frame before stuffing, header and checksum included.
    #[serde(serialize_with = "to_hex", deserialize_with = "of_hex")]
    pub frame: Vec<u8>,
}

fn to_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex(bytes))
}

fn of_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    from_hex(&text).ok_or_else(|| serde::de::Error::custom("`frame` is not bytes in hexadecimal"))
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A capture may come from anywhere: what it says does not get to write to a terminal as it likes.
        let Settings { kv, context, parallel, isa, version, commands } = &self.settings;
        let [kv, isa, version, model] = [kv, isa, version, &self.model].map(|text| text.escape_debug());
        write!(f, "qwark {version}, boot {:#x}, model {model}, kv {kv}, context {context}, {parallel} at once, {isa}", self.boot_id)?;
        if commands.is_some() { f.write_str(", with a command set") } else { Ok(()) }
    }
}
