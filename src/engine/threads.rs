use std::time::{Duration, Instant};

use qwark_kernels::{Job, Kernels, Pool};
use serde::Serialize;

use super::Buffers;
use crate::model::{Layer, Model};

/// Up to this many rows, a batch is bound by reading the weights, more of them by multiplying.
const FEW_ROWS: usize = 2;

/// Weights that the probe reads with one row, in turns: more than the caches of most CPUs hold.
const DECODE_BYTES: usize = 48 << 20;
/// Weights that it multiplies with several rows.
const PREFILL_BYTES: usize = 4 << 20;
/// These rows.
const PREFILL_ROWS: usize = 16;

/// Most rounds over all numbers of threads, of which the best time counts. A round is one layer's products: others may use the cores
/// for a moment, and many short looks between their moments say more than a few long ones over them.
const ROUNDS: usize = 12;
/// Time after which no other round begins.
const LIMIT: Duration = Duration::from_millis(6);
/// Both for a long look with one row.
const LONG_ROUNDS: usize = 200;
const LONG_LIMIT: Duration = Duration::from_millis(60);

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

/// How long a probe looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// At start, some 15 ms. A core that others use, or that the system gives late, is not seen to be useful in that time: the most
    /// threads are taken that are about as fast as any number.
    Short,
    /// When there is nothing else to do, some 100 ms: the fewest threads are taken for a token, since where memory is the bound the
    /// rest only takes cores from others.
    Long,
}

impl Threads {
    /// The number for a batch of `rows`.
    pub(super) fn of(self, rows: usize) -> usize {
        if rows <= FEW_ROWS { self.decode } else { self.prefill }
    }

    /// What is about as fast as any number up to all of the pool's, by the products of the model's first layers; for prompts the
    /// most, since multiplying goes on scaling when a core that was busy just now is free again. `None` where an interrupt cut it short.
    pub(super) fn probe(look: Look, kernels: Kernels, pool: &Pool, model: &Model<'_>, b: &mut Buffers) -> Option<Threads> {
        let mut about_best = |rows: usize, bytes: usize, rounds: usize, limit: Duration| {
            let cases: Vec<(usize, usize)> = (1..=pool.threads()).map(|threads| (threads, rows)).collect();
            about_best_of(&best_times(&cases, (kernels, pool, model), b, bytes, rounds, limit))
        };
        let decode = match look {
            Look::Short => most(&about_best(1, DECODE_BYTES, ROUNDS, LIMIT)),
            Look::Long => about_best(1, DECODE_BYTES, LONG_ROUNDS, LONG_LIMIT)[0],
        };
        let prefill = most(&about_best(PREFILL_ROWS, PREFILL_BYTES, ROUNDS, LIMIT));
        (!pool.interrupt().is_raised()).then_some(Threads { decode, prefill })
    }
}

/// The best times of a layer's products with each of `rows`, by turns, in some milliseconds.
pub(super) fn times_of(
    rows: [usize; 2],
    threads: Threads,
    kernels: Kernels,
    pool: &Pool,
    model: &Model<'_>,
    b: &mut Buffers,
) -> [Duration; 2] {
    let cases = rows.map(|rows| (threads.of(rows), rows));
    let best = best_times(&cases, (kernels, pool, model), b, DECODE_BYTES, ROUNDS, LIMIT);
    [best[0], best[1]]
}

/// The best times of a layer's products in each of these cases, threads and rows, over `rounds` by turns.
fn best_times(
    cases: &[(usize, usize)],
    (kernels, pool, model): (Kernels, &Pool, &Model<'_>),
    b: &mut Buffers,
    bytes: usize,
    rounds: usize,
    limit: Duration,
) -> Vec<Duration> {
    let layers = first_layers(model, bytes);
    // Once without looking at the time: pages are mapped, and read from a disk.
    layers.iter().for_each(|layer| pass(kernels, pool, layer, b, cases[0].1));
    let mut best = vec![Duration::MAX; cases.len()];
    let mut turns = layers.iter().cycle();
    let start = Instant::now();
    for _ in 0..rounds {
        for ((&(threads, rows), best), layer) in cases.iter().zip(&mut best).zip(&mut turns) {
            pool.use_threads(threads);
            let start = Instant::now();
            pass(kernels, pool, layer, b, rows);
            *best = start.elapsed().min(*best);
        }
        if start.elapsed() > limit {
            break;
        }
    }
    log::debug!("best times of threads and rows {cases:?}: {best:?}");
    best
}

/// The first layers whose feed-forward products have `bytes` of weights together, or all; one at least.
fn first_layers<'m, 'a>(model: &'m Model<'a>, bytes: usize) -> &'m [Layer<'a>] {
    let of_one = model.layers.first().map_or(1, |layer| [layer.gate, layer.up, layer.down].iter().map(|w| w.bytes().len()).sum());
    &model.layers[..bytes.div_ceil(of_one).min(model.layers.len())]
}

/// The feed-forward products of a layer.
fn pass(kernels: Kernels, pool: &Pool, layer: &Layer<'_>, b: &mut Buffers, rows: usize) {
    let (hidden, ffn) = (layer.gate.cols(), layer.gate.rows());
    let (gate, up, y) = (&mut b.gate[..rows * ffn], &mut b.up[..rows * ffn], &mut b.y[..rows * hidden]);
    let x = b.acts.load(kernels, pool, y, hidden);
    kernels.matmul(pool, x, &mut [Job { w: layer.gate, out: gate }, Job { w: layer.up, out: up }]);
    let x = b.acts.load(kernels, pool, gate, ffn);
    kernels.matmul(pool, x, &mut [Job { w: layer.down, out: y }]);
}

/// The last of these, which are ascending and at least one.
fn most(threads: &[usize]) -> usize {
    threads[threads.len() - 1]
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
