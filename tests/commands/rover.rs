// What a controller's author writes: fields in their units, and refusals.
#[path = "generated.rs"]
#[allow(dead_code)]
mod generated;

use generated::{Command, Drive, EncodeError, encode};

fn drive(distance: f32) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = [0; generated::MAX_ENCODED];
    let len = encode(&Command::Drive(Drive { distance, speed: None }), &mut bytes)?;
    Ok(bytes[..len].to_vec())
}

fn main() {
    assert_eq!(drive(10.01), Err(EncodeError::Range));
    assert_eq!(drive(1.004), Ok(vec![0, 0, 100, 0]));
    // Halves go away from zero: 12.5 steps are 13.
    assert_eq!(drive(0.125), Ok(vec![0, 0, 13, 0]));
    assert_eq!(drive(-0.125), Ok(vec![0, 0, 0xf3, 0xff]));
}
