//! Random blocks of every weight type, with a mean of zero and a given standard deviation.

use half::{bf16, f16};
use qwark_kernels::{DType, IQ4_NL_LEVELS};

/// Values from which normally distributed weights are drawn.
const NORMALS: usize = 1 << 12;
/// Block scales from which one is drawn for each block.
const SCALES: usize = 1 << 6;
/// Block scales spread this far to both sides of their mean.
const SPREAD: f32 = 0.2;
/// Largest magnitude of a Q8_0 weight, and what its standard deviation is made: a third of it.
const Q8_MAX: f32 = 127.0;
const Q8_STD: f32 = 42.0;
/// The 6-bit scales and minimums of the K types are drawn from this value on, ...
const SUBSCALE_MIN: u8 = 40;
/// ... and there are this many of them.
const SUBSCALES: u8 = 16;

/// SplitMix64 (Steele, Lea, Flood 2014): fast, and any seed will do.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    #[inline]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }

    /// Nearly normal, with mean 0 and variance 1: the sum of twelve uniform values (Irwin-Hall).
    fn normal(&mut self) -> f32 {
        let uniform: u64 = (0..12).map(|_| self.next() >> 40).sum();
        uniform as f32 / (1 << 24) as f32 - 6.0
    }

    /// `N` random indices below [`NORMALS`].
    #[inline]
    fn indices<const N: usize>(&mut self) -> [usize; N] {
        const { assert!(N * NORMALS.ilog2() as usize <= 64) };
        let mut random = self.next();
        std::array::from_fn(|_| {
            let index = random as usize % NORMALS;
            random >>= NORMALS.ilog2();
            index
        })
    }
}

/// Makes random data of one type.
pub(super) struct Filler {
    rng: Rng,
    kind: Kind,
    scales: Scales,
    block: usize,
}

/// What the values are drawn from.
enum Kind {
    /// Single values.
    F32(Vec<[u8; 4]>),
    /// Single values of 16 bits.
    Half(Vec<[u8; 2]>),
    /// Blocks.
    Blocks(Layout),
}

/// How a block is laid out.
enum Layout {
    /// A scale, then normally distributed quants: Q8_0.
    Q8(Vec<[u8; 1]>),
    /// A scale of random sign, which cancels the mean of the quants after it: Q4_0, Q5_0, IQ4_NL.
    Signed,
    /// A scale and a minimum, then quants from zero up: Q4_1, Q5_1.
    Min,
    /// A scale and a minimum for eight blocks with a 6-bit scale and minimum each, then their quants: Q4_K, Q5_K.
    SuperMin,
    /// The quants of sixteen blocks, a scale of random sign for each, and one for all: Q6_K.
    Q6,
}

impl Filler {
    /// Data of `dtype` with this standard deviation, and this mean, which only F32 can have.
    pub fn new(dtype: DType, std: f32, mean: f32, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let rng = &mut rng;
        let kind = match dtype {
            DType::F32 => Kind::F32(normals(rng, |x| (mean + x * std).to_le_bytes())),
            DType::F16 => Kind::Half(normals(rng, |x| f16::from_f32(x * std).to_le_bytes())),
            DType::BF16 => Kind::Half(normals(rng, |x| bf16::from_f32(x * std).to_le_bytes())),
            DType::Q8_0 => Kind::Blocks(Layout::Q8(normals(rng, |x| {
                let quant = (x * Q8_STD).round().clamp(-Q8_MAX, Q8_MAX) as i8;
                quant.to_le_bytes()
            }))),
            DType::Q4_0 | DType::Q5_0 | DType::IQ4NL => Kind::Blocks(Layout::Signed),
            DType::Q4_1 | DType::Q5_1 => Kind::Blocks(Layout::Min),
            DType::Q4K | DType::Q5K => Kind::Blocks(Layout::SuperMin),
            DType::Q6K => Kind::Blocks(Layout::Q6),
        };
        // The deviation of the values where the block's scale is 1, and its minimum as a multiple of the scale.
        let (unit, min) = match dtype {
            DType::F32 | DType::F16 | DType::BF16 => (1.0, 0.0),
            DType::Q8_0 => (Q8_STD, 0.0),
            DType::Q4_0 => (rms(levels(4, 8.0)), 0.0),
            DType::Q5_0 => (rms(levels(5, 16.0)), 0.0),
            DType::IQ4NL => (rms(IQ4_NL_LEVELS.map(f32::from).into_iter()), 0.0),
            DType::Q4_1 => (rms(levels(4, 7.5)), -7.5),
            DType::Q5_1 => (rms(levels(5, 15.5)), -15.5),
            DType::Q4K => (super_min_std(4, 7.5), 7.5),
            DType::Q5K => (super_min_std(5, 15.5), 15.5),
            DType::Q6K => (rms(levels(6, 32.0)) * rms(subscales()), 0.0),
        };
        Self { scales: Scales::new(rng, std / unit, min), rng: rng.clone(), kind, block: dtype.block_bytes() }
    }

    /// Fills `out`, which is a whole number of blocks long.
    pub fn fill(&mut self, out: &mut [u8]) {
        let Self { rng, kind, scales, block } = self;
        match kind {
            Kind::F32(values) => draw(rng, values, out),
            Kind::Half(values) => draw(rng, values, out),
            Kind::Blocks(layout) => out.chunks_exact_mut(*block).for_each(|block| layout.fill(block, rng, scales)),
        }
    }
}

impl Layout {
    fn fill(&self, block: &mut [u8], rng: &mut Rng, scales: &Scales) {
        match self {
            Self::Q8(quants) => {
                let (scale, rest) = block.split_at_mut(2);
                scale.copy_from_slice(&scales.draw(rng).scale);
                draw(rng, quants, rest);
            }
            Self::Signed => {
                let (scale, rest) = block.split_at_mut(2);
                scale.copy_from_slice(&scales.draw_signed(rng));
                rng.fill(rest);
            }
            Self::Min => {
                let (pair, rest) = block.split_at_mut(4);
                scales.draw(rng).write_pair(pair);
                rng.fill(rest);
            }
            Self::SuperMin => {
                let (pair, rest) = block.split_at_mut(4);
                scales.draw(rng).write_pair(pair);
                let (sub, rest) = rest.split_at_mut(12);
                sub.copy_from_slice(&packed_subscales(rng));
                rng.fill(rest);
            }
            Self::Q6 => {
                let (quants, rest) = block.split_at_mut(192);
                rng.fill(quants);
                let (sub, scale) = rest.split_at_mut(16);
                let mut signs = rng.next();
                for (sub, magnitude) in sub.iter_mut().zip(draw_subscales(rng)) {
                    *sub = if signs & 1 == 0 { magnitude } else { magnitude.wrapping_neg() };
                    signs >>= 1;
                }
                scale.copy_from_slice(&scales.draw(rng).scale);
            }
        }
    }
}

/// The scales that blocks draw from.
struct Scales([Scale; SCALES]);

/// A block's scale and minimum as f16 bytes.
#[derive(Clone, Copy)]
struct Scale {
    scale: [u8; 2],
    min: [u8; 2],
}

impl Scale {
    fn write_pair(self, out: &mut [u8]) {
        out[..2].copy_from_slice(&self.scale);
        out[2..].copy_from_slice(&self.min);
    }
}

impl Scales {
    /// Scales whose root mean square is `mean`, with minimums of `min` times the scale.
    fn new(rng: &mut Rng, mean: f32, min: f32) -> Self {
        // The variance of a value that is uniform from 1 - SPREAD to 1 + SPREAD is SPREAD squared over 3.
        let unit = mean / (1.0 + SPREAD * SPREAD / 3.0).sqrt();
        Self(std::array::from_fn(|_| {
            let uniform = (rng.next() >> 40) as f32 / (1 << 24) as f32;
            let scale = f16::from_f32(unit * (1.0 - SPREAD + 2.0 * SPREAD * uniform));
            Scale { scale: scale.to_le_bytes(), min: f16::from_f32(scale.to_f32() * min).to_le_bytes() }
        }))
    }

    fn draw(&self, rng: &mut Rng) -> Scale {
        self.0[rng.next() as usize % SCALES]
    }

    fn draw_signed(&self, rng: &mut Rng) -> [u8; 2] {
        let random = rng.next();
        let [low, high] = self.0[random as usize % SCALES].scale;
        [low, high ^ (random >> 56) as u8 & 0x80]
    }
}

/// Sixteen random 6-bit scales or minimums.
fn draw_subscales(rng: &mut Rng) -> [u8; 16] {
    let random = rng.next();
    std::array::from_fn(|index| SUBSCALE_MIN + (random >> (4 * index)) as u8 % SUBSCALES)
}

/// Eight 6-bit scales and eight minimums, packed as in Q4_K and Q5_K: the low four of each whole, with the two high
/// bits of the others above them, then the low nibbles of the others.
fn packed_subscales(rng: &mut Rng) -> [u8; 12] {
    let random = draw_subscales(rng);
    let (scales, mins) = random.split_at(8);
    let mut packed = [0; 12];
    for j in 0..4 {
        packed[j] = scales[j] | (scales[j + 4] >> 4) << 6;
        packed[j + 4] = mins[j] | (mins[j + 4] >> 4) << 6;
        packed[j + 8] = scales[j + 4] & 0xf | (mins[j + 4] & 0xf) << 4;
    }
    packed
}

/// Standard deviation of Q4_K or Q5_K weights whose block scale is 1 and minimum scale `zero`, the mean of the quants:
/// that of the quants times the scales, and that of the difference between a block's scale and minimum times `zero`.
fn super_min_std(bits: u32, zero: f32) -> f32 {
    let mean = subscales().sum::<f32>() / f32::from(SUBSCALES);
    let spread = rms(subscales().map(|scale| scale - mean));
    (rms(levels(bits, zero)) * rms(subscales())).hypot(2f32.sqrt() * spread * zero)
}

fn subscales() -> impl Iterator<Item = f32> + Clone {
    (SUBSCALE_MIN..SUBSCALE_MIN + SUBSCALES).map(f32::from)
}

/// The values that quants of so many bits stand for.
fn levels(bits: u32, zero: f32) -> impl Iterator<Item = f32> + Clone {
    (0..1u16 << bits).map(move |quant| f32::from(quant) - zero)
}

/// Root mean square.
fn rms(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let count = values.clone().count() as f32;
    (values.map(|value| value * value).sum::<f32>() / count).sqrt()
}

/// A table of [`NORMALS`] values with a mean of exactly 0 and a variance of 1, as bytes.
fn normals<T>(rng: &mut Rng, encode: impl Fn(f32) -> T) -> Vec<T> {
    let values: Vec<f32> = (0..NORMALS).map(|_| rng.normal()).collect();
    let mean = values.iter().sum::<f32>() / NORMALS as f32;
    let std = rms(values.iter().map(|value| value - mean));
    values.iter().map(|value| encode((value - mean) / std)).collect()
}

/// Fills `out` with values drawn from the table.
fn draw<const N: usize>(rng: &mut Rng, values: &[[u8; N]], out: &mut [u8]) {
    /// Indices that one random number gives.
    const BATCH: usize = 5;
    for batch in out.chunks_mut(N * BATCH) {
        for (out, index) in batch.chunks_exact_mut(N).zip(rng.indices::<BATCH>()) {
            out.copy_from_slice(&values[index]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qwark_kernels::{Kernels, Matrix};

    /// Mean and standard deviation of what is made.
    fn moments(dtype: DType, std: f32, mean: f32) -> (f64, f64) {
        const ROWS: usize = 256;
        const COLS: usize = 1024;
        let mut bytes = vec![0; ROWS * COLS / dtype.block_len() * dtype.block_bytes()];
        Filler::new(dtype, std, mean, 7).fill(&mut bytes);
        let matrix = Matrix::new(dtype, ROWS, COLS, &bytes).unwrap();
        let (mut sum, mut squares) = (0.0, 0.0);
        let mut row = [0.0; COLS];
        for index in 0..ROWS {
            Kernels::detect().dequantize_row(matrix, index, &mut row);
            sum += row.iter().copied().map(f64::from).sum::<f64>();
            squares += row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        }
        let count = (ROWS * COLS) as f64;
        (sum / count, (squares / count - (sum / count).powi(2)).sqrt())
    }

    #[test]
    fn every_type_has_the_moments_asked_for() {
        for dtype in DType::ALL {
            for std in [1.0, 0.01] {
                let (mean, found) = moments(dtype, std, 0.0);
                let std = f64::from(std);
                assert!(mean.abs() < 0.02 * std, "{dtype}: mean {mean} where the deviation is {std}");
                assert!((found / std - 1.0).abs() < 0.02, "{dtype}: deviation {found}, not {std}");
            }
        }
        let (mean, std) = moments(DType::F32, 0.1, 1.0);
        assert!((mean - 1.0).abs() < 1e-3 && (std - 0.1).abs() < 1e-3, "{mean} {std}");
    }

    #[test]
    fn sub_blocks_differ_in_scale_and_minimum() {
        let mut bytes = vec![0; DType::Q4K.block_bytes()];
        Filler::new(DType::Q4K, 1.0, 0.0, 7).fill(&mut bytes);
        let packed = &bytes[4..16];
        // As ggml unpacks them.
        let scales: Vec<u8> = (0..8).map(|j| if j < 4 { packed[j] & 63 } else { packed[j + 4] & 15 | (packed[j - 4] >> 6) << 4 }).collect();
        let mins: Vec<u8> = (0..8).map(|j| if j < 4 { packed[j + 4] & 63 } else { packed[j + 4] >> 4 | (packed[j] >> 6) << 4 }).collect();
        for value in scales.iter().chain(&mins) {
            assert!((SUBSCALE_MIN..SUBSCALE_MIN + SUBSCALES).contains(value), "{scales:?} {mins:?}");
        }
        assert_ne!(scales, mins);
    }
}
