//! Dequantisation against vectors that the Python package `gguf` computed: see make_dequant_vectors.py.

use qwark_kernels::{DType, Kernels, Matrix};

/// Cuts a little-endian u32 off the front.
fn u32_of(bytes: &mut &[u8]) -> usize {
    let (head, rest) = bytes.split_first_chunk::<4>().expect("a whole number");
    *bytes = rest;
    u32::from_le_bytes(*head) as usize
}

#[test]
fn every_type_means_what_gguf_says() {
    let mut data: &[u8] = include_bytes!("data/dequant.bin");
    let mut seen = Vec::new();
    while !data.is_empty() {
        let dtype = DType::from_ggml_id(u32_of(&mut data) as u32).expect("a known type");
        let (bytes, weights) = (u32_of(&mut data), u32_of(&mut data));
        let (row, rest) = data.split_at(bytes);
        let (expected, rest) = rest.split_at(4 * weights);
        data = rest;
        let expected: Vec<f32> = expected.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        for kernels in Kernels::available() {
            let mut out = vec![f32::NAN; weights];
            kernels.dequantize_row(Matrix::new(dtype, 1, weights, row).unwrap(), 0, &mut out);
            for (i, (got, expected)) in out.iter().zip(&expected).enumerate() {
                assert!(got == expected, "{dtype} on {}: weight {i} is {got}, not {expected}", kernels.isa());
            }
        }
        seen.push(dtype);
    }
    assert_eq!(seen, DType::ALL);
}
