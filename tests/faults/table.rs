//! Every kind of fault, at every rate, on lines of every speed, as a table that is compared byte for byte. `QWARK_WRITE_TABLE=1` writes it
//! anew: the change of it is then part of the change that caused it.

use std::fmt::Write;
use std::path::Path;

use crate::injector::Kind;
use crate::simulation::{Outcome, Plan, run};

const BAUDS: [u32; 3] = [9600, 115_200, 921_600];
const PERCENTS: [u64; 3] = [1, 3, 10];
const QUESTIONS: u64 = 400;
const STOPS: u64 = 10;

const HEAD: &str = "\
baud    faults       hit %  asked  answered  done twice  ended twice  wrong bytes  lost  sent again  median ms  p99 ms  worst stop ms
";

#[test]
fn every_answer_comes_once_and_whole_over_a_bad_line() {
    let clean = BAUDS.into_iter().map(|baud| (baud, None));
    let bad = BAUDS.into_iter().flat_map(|baud| {
        Kind::ALL.into_iter().flat_map(move |kind| PERCENTS.into_iter().map(move |percent| (baud, Some((kind, percent)))))
    });
    let mut table = HEAD.to_owned();
    for (seed, (baud, faults)) in (1..).zip(clean.chain(bad)) {
        let plan = Plan { baud, faults, questions: QUESTIONS, stops: STOPS, seed };
        let outcome = run(&plan);
        check(&plan, &outcome);
        row(&mut table, &plan, &outcome);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/table.txt");
    if std::env::var_os("QWARK_WRITE_TABLE").is_some() {
        std::fs::write(&path, &table).expect("the table can be written");
    }
    let before = std::fs::read_to_string(&path).expect("the table is there");
    for (now, before) in table.lines().zip(before.lines()) {
        assert_eq!(now, before, "the line behaves differently: if that is meant, QWARK_WRITE_TABLE=1 writes the table anew");
    }
    assert_eq!(table, before);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let plan = Plan { baud: 115_200, faults: Some((Kind::Mixed, 10)), questions: 20, stops: 2, seed: 7 };
    let (a, b) = (run(&plan), run(&plan));
    assert_eq!((a.record, a.repeated, a.time), (b.record, b.repeated, b.time));
}

fn check(plan: &Plan, outcome: &Outcome) {
    let record = &outcome.record;
    assert_eq!((record.wrong, record.lost, record.ended_twice, outcome.done_twice), (0, 0, 0, 0), "{plan:?}: {record:?}");
    // Those that an emergency stop came too late for are answered, too.
    assert!(record.answered >= QUESTIONS, "{plan:?}");
    assert_eq!(record.answered + record.stopped, record.asked, "{plan:?}");
    assert_eq!(record.stops.len() as u64, STOPS, "{plan:?}");
}

fn row(table: &mut String, plan: &Plan, outcome: &Outcome) {
    let record = &outcome.record;
    let (faults, percent) = plan.faults.map_or(("none".to_owned(), 0), |(kind, percent)| (kind.to_string(), percent));
    let answered = record.answered + record.stopped;
    let (median, p99) = (quantile(&record.latencies, 50), quantile(&record.latencies, 99));
    writeln!(
        table,
        "{:<6}  {faults:<12} {percent:>5}  {:>5}  {answered:>8}  {:>10}  {:>11}  {:>11}  {:>4}  {:>10}  {:>9}  {:>6}  {:>13}",
        plan.baud,
        record.asked,
        outcome.done_twice,
        record.ended_twice,
        record.wrong,
        record.lost,
        outcome.repeated,
        median / 1000,
        p99 / 1000,
        quantile(&record.stops, 100) / 1000,
    )
    .expect("a string takes everything");
}

/// The smallest of `values` that `percent` of 100 do not exceed.
fn quantile(values: &[u64], percent: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}
