//! Times every kernel on one thread: `cargo run --release -p qwark-kernels --example time_kernels [-- FILTER]`.
//!
//! The rows are those of the table, the inputs those of the checks. FILTER keeps the rows whose operation, type or instruction set
//! contain it. Each figure is of the fastest of several runs, since other programs can only slow one down.

#[path = "../tests/harness/mod.rs"]
mod harness;

use harness::{Case, Sizes, cases};
use qwark_kernels::{Entry, Kernels};
use std::time::{Duration, Instant};

/// How long each kernel is run.
const BUDGET: Duration = Duration::from_millis(300);
/// Runs at least this often.
const LEAST_RUNS: usize = 3;

/// Time of the fastest run.
fn time(case: &mut Case, kernels: Kernels) -> f64 {
    let mut out = vec![0.0; case.expected.len()];
    (case.run)(kernels, &mut out);
    let (start, mut runs, mut fastest) = (Instant::now(), 0, f64::INFINITY);
    while start.elapsed() < BUDGET || runs < LEAST_RUNS {
        let run = Instant::now();
        (case.run)(kernels, &mut out);
        fastest = fastest.min(run.elapsed().as_secs_f64());
        runs += 1;
    }
    fastest
}

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    println!("{:<46} {:<8} {:>12} {:>9} {:>9}", "kernel", "isa", "us", "GB/s", "Gmac/s");
    for kernels in Kernels::available() {
        // A row that this instruction set has no code for was timed with the set that has.
        for entry in kernels.entries().filter(|e| e.isa == kernels.isa()) {
            let Entry { op, dtype, isa } = entry;
            if !format!("{op} {dtype} {isa}").contains(&filter) {
                continue;
            }
            for mut case in cases(&entry, Sizes::Time) {
                let seconds = time(&mut case, kernels);
                let rate = |amount: usize| amount as f64 / seconds / 1e9;
                println!("{:<46} {:<8} {:>12.1} {:>9.2} {:>9.2}", case.name, isa, seconds * 1e6, rate(case.bytes), rate(case.macs));
            }
        }
    }
}
