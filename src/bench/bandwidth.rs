use std::hint::black_box;
use std::time::Instant;

/// A plain read of memory by several threads: the bound on decoding, which reads every weight once per token.
#[derive(Debug)]
pub struct ReadProbe {
    /// One buffer per thread, each written once so that its pages are real.
    buffers: Vec<Vec<u64>>,
}

/// Bytes read in all, far above any cache of a board or a small server.
const TOTAL_BYTES: usize = 256 << 20;
/// Passes over the buffers in one measurement.
const PASSES: usize = 3;

impl ReadProbe {
    /// Buffers for `threads` threads.
    pub fn new(threads: usize) -> ReadProbe {
        let words = TOTAL_BYTES / 8 / threads.max(1);
        ReadProbe { buffers: (0..threads.max(1)).map(|i| vec![i as u64 + 1; words]).collect() }
    }

    /// Gigabytes (1e9) per second of all threads together, in the best of a few passes.
    pub fn gb_per_second(&mut self) -> f64 {
        (0..PASSES).map(|_| self.pass()).fold(0.0, f64::max)
    }

    fn pass(&self) -> f64 {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for buffer in &self.buffers {
                scope.spawn(move || black_box(sum(buffer)));
            }
        });
        let bytes: usize = self.buffers.iter().map(|b| b.len() * 8).sum();
        bytes as f64 / 1e9 / start.elapsed().as_secs_f64()
    }
}

/// A sum with enough independent parts that additions never bound it.
fn sum(words: &[u64]) -> u64 {
    let mut sums = [0u64; 16];
    for chunk in words.chunks_exact(16) {
        for (sum, word) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*word);
        }
    }
    sums.into_iter().fold(0, u64::wrapping_add)
}
