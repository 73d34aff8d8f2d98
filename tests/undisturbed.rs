//! Requests that are interrupted, parked, preempted or computed again say what they would have said alone, to the bit.

mod common;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use qwark::engine::{BatchError, Engine, EngineOptions, Row};
use qwark::generation::GenerationParams;
use qwark::gguf::Mapping;
use qwark::runtime::{Control, OpenOptions, Opened, Prompt, Reply, Request, Runtime};
use qwark::sampler::SamplingParams;
use qwark::scheduler::{ClientId, RequestKey};
use qwark_kernels::{Kernels, KvDType, Position};
use qwark_wire::{Priority, Reason, SafetyState};

const PRIORITIES: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

fn key(id: usize) -> RequestKey {
    // Two requests to a client.
    RequestKey { client: ClientId(id as u64 / 2), id: id as u32 }
}

/// Prompts of all lengths, some with a common beginning, sampled in different ways.
fn requests(vocab: usize, count: usize, rng: &mut Rng) -> Vec<Request> {
    let common: Vec<u32> = (0..40).map(|_| rng.below(vocab) as u32).collect();
    let request = |i: usize| {
        let own = (0..1 + rng.below(150)).map(|_| rng.below(vocab) as u32);
        let prompt = common.iter().copied().take(if i.is_multiple_of(3) { 0 } else { 40 }).chain(own).collect();
        let sampling = SamplingParams { temperature: 0.9, seed: i as u64, ..SamplingParams::greedy() };
        let params = GenerationParams { sampling, max_tokens: 4 + rng.below(20), ignore_eos: true, ..GenerationParams::default() };
        Request { priority: PRIORITIES[rng.below(4)], ..Request::new(Prompt::Tokens(prompt), params) }
    };
    (0..count).map(request).collect()
}

/// What the clients of a runtime have heard.
#[derive(Default)]
struct Heard {
    texts: HashMap<RequestKey, String>,
    ends: HashMap<RequestKey, (Reason, usize)>,
}

impl Heard {
    fn hear(&mut self, reply: Reply) {
        assert!(!self.ends.contains_key(&reply.key()), "nothing is said after the end");
        match reply {
            Reply::Text { key, offset, text } => {
                let all = self.texts.entry(key).or_default();
                assert_eq!(offset, all.len());
                all.push_str(&text);
            }
            Reply::Done { finished, text_bytes, answer_at, .. } => {
                assert_eq!(text_bytes, self.texts.entry(finished.key).or_default().len());
                self.ends.insert(finished.key, (finished.reason, answer_at));
            }
        }
    }
}

fn with_opened(f: impl FnOnce(&Opened<'_>)) {
    let mapping = Mapping::open(common::model()).expect("it can be mapped");
    f(&Opened::new(&mapping).expect("it is sound"));
}

fn runtime<'m>(opened: &'m Opened<'m>, parallel: usize, spare: usize) -> Runtime<'m> {
    let options = OpenOptions { threads: Some(2), context: Some(256), parallel, spare, ..OpenOptions::default() };
    opened.runtime(&options).expect("it can be laid out")
}

/// Each request's text on a runtime of its own.
fn alone(opened: &Opened<'_>, requests: &[Request]) -> Vec<String> {
    let answer = |request: &Request| {
        let (mut runtime, mut heard) = (runtime(opened, 1, 0), Heard::default());
        runtime.submit(key(0), request, Instant::now()).expect("room");
        while runtime.step(|_| true, &mut |reply| heard.hear(reply)).expect("sound") {}
        heard.texts.remove(&key(0)).expect("it was answered")
    };
    requests.iter().map(answer).collect()
}

/// All requests on one runtime, taken in at random between steps, while clients become busy at random. Also says how many steps were
/// interrupted.
fn together(runtime: &mut Runtime<'_>, requests: &[Request], rng: &mut Rng) -> (Heard, usize) {
    let (mut heard, mut submitted, mut interrupted) = (Heard::default(), 0, 0);
    let mut busy: HashSet<ClientId> = HashSet::new();
    while submitted < requests.len() || heard.ends.len() < requests.len() {
        if submitted < requests.len() && rng.below(4) == 0 {
            runtime.submit(key(submitted), &requests[submitted], Instant::now()).expect("room");
            submitted += 1;
        }
        let client = key(rng.below(requests.len())).client;
        if rng.below(3) == 0 {
            busy.insert(client)
        } else {
            busy.remove(&client)
        };
        runtime.clear_interrupt();
        let steps = runtime.health().steps;
        let computed = runtime.step(|client| !busy.contains(&client), &mut |reply| heard.hear(reply)).expect("sound");
        // Only those that come to their end are counted.
        interrupted += usize::from(computed && runtime.health().steps == steps);
    }
    (heard, interrupted)
}

/// Runs `work` while another thread does `disturb` at random moments.
fn disturbed<R>(mut disturb: impl FnMut(&mut Rng) + Send, work: impl FnOnce() -> R) -> R {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut rng = Rng(7);
            while !over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(rng.next() % 4000));
                disturb(&mut rng);
            }
        });
        let result = work();
        over.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn answers_are_the_same_however_requests_are_parked_and_interrupted() {
    with_opened(|opened| {
        let mut rng = Rng(1);
        let requests = requests(opened.model.config.vocab, 12, &mut rng);
        let alone = alone(opened, &requests);
        let check = |heard: &Heard| {
            for (i, text) in alone.iter().enumerate() {
                assert_eq!(&heard.texts[&key(i)], text, "request {i}");
                assert_eq!(heard.ends[&key(i)], (Reason::Length, 0));
            }
        };
        let mut interrupted = 0;
        // With a spare sequence for the parked, and without any.
        for (parallel, spare) in [(2, 1), (1, 0), (3, 4)] {
            check(&together(&mut runtime(opened, parallel, spare), &requests, &mut rng).0);
            let mut runtime = runtime(opened, parallel, spare);
            let control = runtime.control().clone();
            let (heard, hits) = disturbed(|_| control.interrupt(), || together(&mut runtime, &requests, &mut rng));
            check(&heard);
            interrupted += hits;
        }
        assert!(interrupted > 0, "no interrupt came while a step was computed");
    });
}

#[test]
fn a_batch_that_is_computed_again_after_an_interrupt_has_the_same_logits() {
    with_opened(|opened| {
        let mut rng = Rng(2);
        let options = EngineOptions { kernels: Kernels::detect(), threads: 2, kv: KvDType::F16, context: 128, sequences: 1, outputs: 1 };
        let vocab = opened.model.config.vocab;
        let rows: Vec<Row> =
            (0..128).map(|pos| Row { token: rng.below(vocab) as u32, at: Position { seq: 0, pos }, logits: pos == 127 }).collect();
        let bits = |logits: &mut [f32]| logits.iter().map(|l| l.to_bits()).collect::<Vec<u32>>();
        let wanted = bits(Engine::new(&opened.model, options).expect("it fits").forward(&rows).expect("sound"));

        let mut engine = Engine::new(&opened.model, options).expect("it fits");
        let interrupt = engine.interrupt().clone();
        let (mut interrupted, mut ended) = (0, 0);
        disturbed(
            |_| interrupt.cancel(),
            || {
                while interrupted < 20 || ended < 20 {
                    engine.interrupt().hold_off_cancels(ended < interrupted);
                    engine.interrupt().clear_cancel();
                    match engine.forward(&rows).map(bits) {
                        Ok(found) => {
                            assert!(found == wanted);
                            ended += 1;
                        }
                        Err(error) => {
                            assert_eq!(error, BatchError::Interrupted);
                            interrupted += 1;
                        }
                    }
                }
            },
        );
    });
}

#[test]
fn interrupts_without_end_do_not_keep_requests_from_being_answered() {
    with_opened(|opened| {
        let mut rng = Rng(3);
        let requests = requests(opened.model.config.vocab, 3, &mut rng);
        let mut runtime = runtime(opened, 2, 0);
        let control = runtime.control().clone();
        let (over, mut heard) = (AtomicBool::new(false), Heard::default());
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    control.interrupt();
                }
            });
            (0..).zip(&requests).for_each(|(i, request)| runtime.submit(key(i), request, Instant::now()).expect("room"));
            while runtime.step(|_| true, &mut |reply| heard.hear(reply)).expect("sound") {}
            over.store(true, Ordering::Relaxed);
        });
        assert_eq!(heard.ends.len(), requests.len());
        assert!(alone(opened, &requests).iter().enumerate().all(|(i, text)| &heard.texts[&key(i)] == text));
    });
}

/// Submits requests and steps until all have ended: by the stop, with the beginnings of their answers, or before it, with all of them.
fn run_into_stop(runtime: &mut Runtime<'_>, requests: &[Request], alone: &[String], control: &Control) {
    let mut heard = Heard::default();
    for (i, request) in requests.iter().enumerate() {
        // The stop may come before they are all in.
        if runtime.submit(key(i), request, Instant::now()).is_err() {
            heard.ends.insert(key(i), (Reason::Stopped, 0));
        }
    }
    while heard.ends.len() < requests.len() || control.safety().state == SafetyState::Armed {
        runtime.step(|_| true, &mut |reply| heard.hear(reply)).expect("sound");
    }
    for (key, (reason, _)) in heard.ends {
        let (said, whole) = (heard.texts.remove(&key).unwrap_or_default(), &alone[key.id as usize]);
        match reason {
            // Half a character at the end comes out as U+FFFD.
            Reason::Stopped => assert!(whole.starts_with(said.trim_end_matches('\u{fffd}'))),
            _ => assert_eq!((reason, &said), (Reason::Length, whole)),
        }
    }
    assert!(!runtime.step(|_| true, &mut |_| panic!("nobody is left")).expect("sound"));
}

#[test]
fn an_emergency_stop_from_another_thread_ends_everything_until_it_is_reset_and_armed() {
    with_opened(|opened| {
        let mut rng = Rng(4);
        let mut requests = requests(opened.model.config.vocab, 4, &mut rng);
        requests.iter_mut().for_each(|request| request.params.max_tokens = 60);
        let alone = alone(opened, &requests);
        let mut runtime = runtime(opened, 2, 1);
        let control = runtime.control().clone();
        for round in 1..=20 {
            let delay = Duration::from_micros(rng.next() % 20_000);
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::sleep(delay);
                    assert_eq!(control.stop().stop, round);
                });
                run_into_stop(&mut runtime, &requests, &alone, &control);
            });
            assert!(runtime.submit(key(9), &requests[0], Instant::now()).is_err());
            assert_eq!(runtime.arm(round).state, SafetyState::Stopped);
            assert_eq!(runtime.reset(round, Instant::now(), &mut |_| ()).state, SafetyState::Disarmed);
            assert!(runtime.submit(key(9), &requests[0], Instant::now()).is_err());
            assert_eq!(runtime.arm(round).state, SafetyState::Armed);
        }
    });
}

#[test]
fn a_deadline_ends_an_answer_with_what_there_is_or_with_its_fallback() {
    with_opened(|opened| {
        let mut rng = Rng(5);
        let requests = requests(opened.model.config.vocab, 2, &mut rng);
        let submit = |runtime: &mut Runtime<'_>, deadline: Option<Instant>| {
            for (i, fallback) in [None, Some("stay where you are".to_owned())].into_iter().enumerate() {
                let mut request = Request { deadline, fallback, ..requests[i].clone() };
                request.params.max_tokens = 10_000;
                runtime.submit(key(i), &request, Instant::now()).expect("room");
            }
        };
        // Long enough for both to say something on this machine, however slow it is.
        let (begin, mut unhurried, mut heard) = (Instant::now(), runtime(opened, 2, 0), Heard::default());
        submit(&mut unhurried, None);
        while heard.texts.len() < 2 {
            assert!(unhurried.step(|_| true, &mut |reply| heard.hear(reply)).expect("sound"), "both say something");
        }
        let limit = Duration::from_millis(300) + 5 * begin.elapsed();

        let (mut runtime, mut heard) = (runtime(opened, 2, 0), Heard::default());
        let deadline = Instant::now() + limit;
        submit(&mut runtime, Some(deadline));
        assert_eq!(runtime.next_deadline(), Some(deadline));
        while runtime.next_deadline().is_some() {
            // As soon as both have said something, nobody reads on, and only the clock does.
            let reading = heard.texts.len() < 2;
            runtime.step(|_| reading, &mut |reply| heard.hear(reply)).expect("sound");
        }
        // Nothing else would end them. Generous: a busy machine may have others to run just then.
        let end = Instant::now();
        assert!(end >= deadline && end < deadline + Duration::from_secs(10), "ended {:?} after {limit:?}", deadline.elapsed());
        assert_eq!(heard.ends[&key(0)], (Reason::Deadline, 0));
        let (reason, answer_at) = heard.ends[&key(1)];
        assert_eq!(reason, Reason::Fallback);
        assert_eq!(&heard.texts[&key(1)][answer_at..], "stay where you are");
        assert!(answer_at > 0 && !heard.texts[&key(0)].is_empty(), "some of the answers was there");
    });
}

#[test]
fn health_tells_what_is_done() {
    with_opened(|opened| {
        let mut rng = Rng(6);
        let mut requests = requests(opened.model.config.vocab, 3, &mut rng);
        let mut runtime = runtime(opened, 1, 1);
        assert_eq!((runtime.health().steps, runtime.health().tokens_per_s), (0, 0.0));
        requests[0].priority = Priority::Low;
        runtime.submit(key(0), &requests[0], Instant::now()).expect("room");
        runtime.step(|_| true, &mut |_| ()).expect("sound");
        requests[1].priority = Priority::High;
        requests[2].priority = Priority::Low;
        (1..3).for_each(|i| runtime.submit(key(i), &requests[i], Instant::now()).expect("room"));
        runtime.step(|_| true, &mut |_| ()).expect("sound");
        let health = runtime.health();
        assert_eq!((health.steps, health.requests.running, health.requests.queued, health.requests.parked), (2, 1, 1, 1));
        while runtime.step(|_| true, &mut |_| ()).expect("sound") {}
        assert!(runtime.health().tokens_per_s > 0.0 && runtime.health().requests == Default::default());
    });
}
