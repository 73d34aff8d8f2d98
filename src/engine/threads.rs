use std::time::{Duration, Instant};

use qwark_kernels::{Job, Kernels, Pool};
use serde::Serialize;

use super::Buffers;
use crate::model::Model;

/// Up to this many rows, a batch is bound by reading the weights, more of them by multiplying.
const FEW_ROWS: usize = 4;

/// Weights that a pass of the probe reads with one row: more than the caches of most CPUs hold.
const DECODE_BYTES: usize = 48 << 20;
/// Weights that it multiplies with several rows.
const PREFILL_BYTES: usize = 4 << 20;
/// These rows.
const PREFILL_ROWS: usize = 16;

/// Most rounds over all numbers of threads, of which the best time counts, as others may use the cores for a moment.
const ROUNDS: usize = 2;
/// Time after which no other round begins.
const LIMIT: Duration = Duration::from_millis(5);

/// Times are about the same that differ by no more than one part in this many.
const ABOUT: u32 = 20;

/// Threads that compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Threads {
    /// For a token, or a few at once.
    pub decode: usize,
    /// For more of them.
    pub prefill: usize,
}

impl Threads {
    /// The number for a batch of `rows`.
    pub(super) fn of(self, rows: usize) -> usize {
        if rows <= FEW_ROWS { self.decode } else { self.prefill }
    }

    /// What is about as fast as any number up to all of the pool's, by the products of the model's first layers: the smallest for
    /// decoding, since where memory is the bound the rest only takes cores from others; the largest for prompts, since multiplying goes
    /// on scaling when a core that was busy just now is free again. `None` where an interrupt cut it short.
    pub(super) fn probe(kernels: Kernels, pool: &Pool, model: &Model<'_>, b: &mut Buffers) -> Option<Threads> {
        let mut about_best = |rows: usize, bytes: usize| {
            // Once without looking at the time: pages are mapped, and read from a disk.
            pass(kernels, pool, model, b, rows, bytes);
            let mut best = vec![Duration::MAX; pool.threads()];
            let start = Instant::now();
            for _ in 0..ROUNDS {
                for (i, best) in best.iter_mut().enumerate() {
                    pool.use_threads(i + 1);
                    let start = Instant::now();
                    pass(kernels, pool, model, b, rows, bytes);
                    *best = start.elapsed().min(*best);
                }
                if start.elapsed() > LIMIT {
                    break;
                }
            }
            about_best_of(&best)
        };
        let (decode, prefill) = (about_best(1, DECODE_BYTES), about_best(PREFILL_ROWS, PREFILL_BYTES));
        (!pool.interrupt().is_raised()).then(|| Threads { decode: decode[0], prefill: prefill[prefill.len() - 1] })
    }
}

/// The feed-forward products of the first layers that have `bytes` of weights together, or all.
fn pass(kernels: Kernels, pool: &Pool, model: &Model<'_>, b: &mut Buffers, rows: usize, bytes: usize) {
    let (hidden, ffn) = (model.config.hidden, model.config.ffn);
    let (gate, up, y) = (&mut b.gate[..rows * ffn], &mut b.up[..rows * ffn], &mut b.y[..rows * hidden]);
    let mut read = 0;
    for layer in &model.layers {
        if read >= bytes {
            break;
        }
        read += [layer.gate, layer.up, layer.down].iter().map(|w| w.bytes().len()).sum::<usize>();
        let x = b.acts.load(kernels, pool, y, hidden);
        kernels.matmul(pool, x, &mut [Job { w: layer.gate, out: gate }, Job { w: layer.up, out: up }]);
        let x = b.acts.load(kernels, pool, gate, ffn);
        kernels.matmul(pool, x, &mut [Job { w: layer.down, out: y }]);
    }
}

/// The numbers of threads, ascending, whose time, `times[threads - 1]`, is about the best.
fn about_best_of(times: &[Duration]) -> Vec<usize> {
    let best = times.iter().min().copied().unwrap_or_default();
    (1..).zip(times).filter(|&(_, &time)| time <= best + best / ABOUT).map(|(threads, _)| threads).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_hardly_differ_are_about_the_best() {
        let of = |times: &[u64]| about_best_of(&times.iter().map(|&time| Duration::from_micros(time)).collect::<Vec<_>>());
        assert_eq!(of(&[1000]), [1]);
        assert_eq!(of(&[1000, 980]), [1, 2]);
        assert_eq!(of(&[1000, 700, 690, 800]), [2, 3]);
        assert_eq!(of(&[1000, 500, 333, 250]), [4]);
        assert_eq!(of(&[0, 0]), [1, 2]);
    }
}
