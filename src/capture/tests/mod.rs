//! Captures in memory. The whole program is tested on files in `tests/capture.rs`.

mod file;
mod golden;
mod requests;

use qwark_wire::{Decoder, MAX_FRAME, Message, encode, max_encoded};

use super::{Header, Record, Settings, VERSION};

fn header() -> Header {
    Header {
        qwark_capture: VERSION,
        boot_id: u64::MAX,
        model: "test".to_owned(),
        model_sha256: "00".repeat(32),
        settings: Settings {
            kv: "f16".to_owned(),
            context: 4096,
            parallel: 4,
            isa: "avx2".to_owned(),
            version: "0.1.0".to_owned(),
            commands: None,
        },
    }
}

/// A message as a capture has it.
pub(crate) fn record(connection: u32, client: u64, sent: bool, id: u32, message: &impl Message) -> Record {
    let mut buffer = [0; max_encoded(MAX_FRAME)];
    let mut decoder = Decoder::<MAX_FRAME>::new();
    decoder.push_all(encode(message, id, 0, &mut buffer).expect("it fits"), |frame| {
        frame.expect("a frame");
    });
    Record { t_us: 1, connection, client, sent, frame: decoder.last_frame().to_vec() }
}
