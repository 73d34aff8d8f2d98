//! What several tests need, written from docs/WIRE.md and not with the crate.
#![allow(dead_code, reason = "not every test needs all of it")]

/// The bytes of a hex file; `#` begins a comment.
pub fn bytes_of(hex: &str) -> Vec<u8> {
    hex.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(str::split_whitespace)
        .map(|byte| u8::from_str_radix(byte, 16).expect("two hex digits"))
        .collect()
}

/// A frame without its stuffing: for frames of fewer than 254 bytes.
pub fn unstuffed(mut line: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    while let [code, rest @ ..] = line
        && *code != 0
    {
        let (block, rest) = rest.split_at(usize::from(*code) - 1);
        frame.extend(block);
        frame.push(0);
        line = rest;
    }
    // The last block's zero is imagined.
    frame.pop();
    frame
}

/// `body` with its checksum, as it is on the line: for frames of fewer than 254 bytes.
pub fn stuffed(body: &[u8]) -> Vec<u8> {
    let mut frame = body.to_vec();
    frame.extend(crc32c(body).to_le_bytes());
    let mut line = Vec::new();
    for block in frame.split(|&byte| byte == 0) {
        line.push(block.len() as u8 + 1);
        line.extend(block);
    }
    line.push(0);
    line
}

/// The checksum, a bit at a time.
pub fn crc32c(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0x82f6_3b78 }))
}
