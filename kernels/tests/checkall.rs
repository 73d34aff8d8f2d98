//! Every row of the table on every instruction set of this CPU, against the scalar reference and against f64.

mod harness;

use harness::{Case, Guarded, Sizes, cases};
use qwark_kernels::{Isa, Kernels};

const CANARY: f32 = -12345.5;

fn run(case: &mut Case, kernels: Kernels) -> Vec<f32> {
    let mut out = Guarded::new(case.expected.len(), CANARY);
    (case.run)(kernels, out.slice());
    out.check(&case.name);
    out.slice().to_vec()
}

/// Each result is within its bound of the expected one and of the reference's; equal to the reference's where the row is exact.
fn check(case: &mut Case, kernels: Kernels, reference: &[f32]) {
    let got = run(case, kernels);
    let (name, isa) = (&case.name, kernels.isa());
    for (i, (got, reference)) in got.iter().zip(reference).enumerate() {
        let (expected, bound) = (case.expected[i], case.bound[i]);
        if case.exact {
            assert!(got == reference, "{name} on {isa}: [{i}] is {got}, not exactly {reference}");
        }
        if !bound.is_nan() {
            for (other, what) in [(expected, "in f64"), (f64::from(*reference), "on scalar")] {
                let off = (f64::from(*got) - other).abs();
                assert!(off <= bound, "{name} on {isa}: [{i}] is {got}, {other} {what}: off by {off:e}, more than {bound:e}");
            }
        }
    }
}

#[test]
fn every_entry_agrees_with_the_reference_and_with_f64() {
    let scalar = Kernels::for_isa(Isa::Scalar).unwrap();
    for entry in scalar.entries() {
        for mut case in cases(&entry, Sizes::Check) {
            let reference = run(&mut case, scalar);
            for kernels in Kernels::available() {
                check(&mut case, kernels, &reference);
            }
        }
    }
}

#[test]
fn the_listing_names_every_row_and_whose_code_runs_it() {
    let rows = |kernels: Kernels| kernels.entries().map(|e| (e.op, e.dtype)).collect::<Vec<_>>();
    let scalar = Kernels::for_isa(Isa::Scalar).unwrap();
    assert!(scalar.entries().all(|e| e.isa == Isa::Scalar));
    for kernels in Kernels::available() {
        assert_eq!(rows(kernels), rows(scalar));
        assert!(kernels.entries().all(|e| e.isa <= kernels.isa()));
        println!("{}:", kernels.isa());
        for entry in kernels.entries() {
            println!("  {:<12} {:<7} {}", entry.op, entry.dtype, entry.isa);
        }
    }
    for op in ["matmul", "quantize_q8", "softmax"] {
        let best = Kernels::detect();
        let own = |e: &qwark_kernels::Entry| best.isa() == Isa::Scalar || e.isa != Isa::Scalar;
        assert!(best.entries().filter(|e| e.op == op).all(|e| own(&e)), "{op} has no vector code on {}", best.isa());
    }
}
