use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { sequences: 2, context: 12, queue: 3, batch: 4 };

fn key(client: u64, id: u32) -> RequestKey {
    RequestKey { client: ClientId(client), id }
}

fn scheduler() -> (Scheduler<()>, Instant) {
    (Scheduler::new(LIMITS), Instant::now())
}

/// One step in which every output row samples `token`.
fn step(s: &mut Scheduler<()>, token: u32, now: Instant) -> (Vec<Row>, Vec<Finished<()>>) {
    let mut rows = Vec::new();
    s.plan(&mut rows, now, |_| true);
    let outputs: Vec<usize> = rows.iter().filter(|r| r.logits).map(|r| r.at.seq).collect();
    let finished = outputs.into_iter().filter_map(|seq| s.sampled(seq, token, now)).collect();
    (rows, finished)
}

#[test]
fn a_prompt_is_fed_in_batches_and_only_its_last_row_wants_logits() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![10, 11, 12, 13, 14, 15], (), now).expect("room");
    let (rows, _) = step(&mut s, 99, now);
    assert_eq!(
        rows.iter().map(|r| (r.token, r.at.pos, r.logits)).collect::<Vec<_>>(),
        [(10, 0, false), (11, 1, false), (12, 2, false), (13, 3, false)]
    );
    let (rows, _) = step(&mut s, 99, now);
    assert_eq!(rows.iter().map(|r| (r.token, r.at.pos, r.logits)).collect::<Vec<_>>(), [(14, 4, false), (15, 5, true)]);
    let (rows, _) = step(&mut s, 99, now);
    assert_eq!(rows.iter().map(|r| (r.token, r.at.pos, r.logits)).collect::<Vec<_>>(), [(99, 6, true)]);
}

#[test]
fn decoding_goes_before_a_new_prompt_in_the_same_step() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![1], (), now).expect("room");
    step(&mut s, 50, now);
    s.submit(key(2, 1), vec![7, 8, 9, 10, 11], (), now).expect("room");
    let (rows, _) = step(&mut s, 51, now);
    assert_eq!(rows.iter().map(|r| r.token).collect::<Vec<_>>(), [50, 7, 8, 9]);
}

#[test]
fn a_full_context_ends_the_answer_with_that_reason() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), (0..11).collect(), (), now).expect("11 + 1 tokens fit");
    let mut ended = Vec::new();
    for _ in 0..6 {
        let (rows, finished) = step(&mut s, 99, now);
        assert!(rows.iter().all(|r| r.at.pos < LIMITS.context));
        ended.extend(finished);
    }
    assert_eq!(ended.len(), 1);
    assert_eq!((ended[0].reason, ended[0].prompt_tokens, ended[0].output_tokens), (Reason::Context, 11, 2));
    assert!(s.is_idle());
}

#[test]
fn refusals_name_their_reason() {
    let (mut s, now) = scheduler();
    assert_eq!(s.submit(key(1, 1), vec![], (), now), Err(Refusal::EmptyPrompt));
    assert_eq!(s.submit(key(1, 1), vec![0; 12], (), now), Err(Refusal::PromptTooLong { tokens: 12, context: 12 }));
    for id in 0..5 {
        s.submit(key(1, id), vec![1], (), now).expect("2 will run, 3 wait");
    }
    assert_eq!(s.submit(key(1, 4), vec![1], (), now), Err(Refusal::DuplicateId(4)));
    assert_eq!(s.submit(key(1, 9), vec![1], (), now), Err(Refusal::Busy(5)));
}

#[test]
fn a_client_that_cannot_take_more_is_left_out_and_nobody_else() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![1], (), now).expect("room");
    s.submit(key(2, 1), vec![2], (), now).expect("room");
    let mut rows = Vec::new();
    s.plan(&mut rows, now, |client| client != ClientId(1));
    assert_eq!(rows.iter().map(|r| r.token).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_client_that_cannot_take_more_gives_its_sequences_to_those_that_wait_and_goes_on_later() {
    let (mut s, now) = scheduler();
    let stalled = |client| client != ClientId(1);
    s.submit(key(1, 1), vec![1, 2], (), now).expect("room");
    s.submit(key(1, 2), vec![3, 4], (), now).expect("room");
    step(&mut s, 50, now);
    s.submit(key(2, 1), vec![7], (), now).expect("it waits");
    let mut rows = Vec::new();
    s.plan(&mut rows, now, stalled);
    assert_eq!(rows.iter().map(|r| (r.token, r.at.pos, r.logits)).collect::<Vec<_>>(), [(7, 0, true)]);
    assert_eq!(s.keys().count(), 3, "nobody is forgotten");
    s.last(rows[0].at.seq, 9, true, Reason::Stop, now).expect("it ends");

    // Both of the first client's go on where they were, one of them by way of its first tokens.
    let (rows, _) = step(&mut s, 51, now);
    let mut fed: Vec<_> = rows.iter().map(|r| (r.token, r.logits)).collect();
    fed.sort_unstable();
    assert!(fed == [(1, false), (2, false), (50, true), (50, true)] || fed == [(3, false), (4, false), (50, true), (50, true)], "{fed:?}");
    let done = s.cancel(key(1, 1), now).expect("running");
    assert_eq!(done.output_tokens, 2);
}

#[test]
fn a_shared_beginning_is_not_computed_again() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![1, 2, 3], (), now).expect("room");
    step(&mut s, 4, now);
    step(&mut s, 5, now);
    s.cancel(key(1, 1), now).expect("running");
    // 1 2 3 4 are cached; the new prompt goes on from there.
    s.submit(key(1, 2), vec![1, 2, 3, 4, 6], (), now).expect("room");
    let (rows, _) = step(&mut s, 7, now);
    assert_eq!(rows.iter().map(|r| (r.token, r.at.pos)).collect::<Vec<_>>(), [(6, 4)]);
    // The very same prompt still computes its last token.
    s.cancel(key(1, 2), now).expect("running");
    s.submit(key(1, 3), vec![1, 2, 3], (), now).expect("room");
    let (rows, _) = step(&mut s, 7, now);
    assert_eq!(rows.iter().map(|r| (r.token, r.at.pos, r.logits)).collect::<Vec<_>>(), [(3, 2, true)]);
}

#[test]
fn timings_add_up() {
    let (mut s, start) = scheduler();
    let at = |ms| start + Duration::from_millis(ms);
    let ms = Duration::from_millis;
    s.submit(key(1, 1), vec![1], (), at(0)).expect("room");
    let mut rows = Vec::new();
    s.plan(&mut rows, at(10), |_| true);
    s.sampled(rows[0].at.seq, 5, at(25));
    let done = s.cancel(key(1, 1), at(40)).expect("running");
    assert_eq!(done.timings, Timings { queue: ms(10), prefill: ms(15), first_token: ms(25), total: ms(40) });

    s.submit(key(1, 2), vec![1], (), at(40)).expect("room");
    s.plan(&mut rows, at(45), |_| true);
    let unseen = s.cancel(key(1, 2), at(50)).expect("running");
    assert_eq!(unseen.timings, Timings { queue: ms(5), prefill: ms(5), total: ms(10), ..Timings::default() }, "no token, no time of one");

    s.submit(key(1, 3), vec![1], (), at(50)).expect("room");
    let waiting = s.cancel(key(1, 3), at(60)).expect("waiting");
    assert_eq!(waiting.timings, Timings { queue: ms(10), total: ms(10), ..Timings::default() });
}

#[derive(Clone, Debug)]
enum Event {
    Submit { client: u64, id: u32, prompt: Vec<u32> },
    Cancel { client: u64, id: u32 },
    Disconnect { client: u64 },
    Step { end: bool, stalled: Option<u64> },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0u64..3, 0u32..4, prop::collection::vec(0u32..3, 0..14)).prop_map(|(client, id, prompt)| Event::Submit { client, id, prompt }),
        (0u64..3, 0u32..4).prop_map(|(client, id)| Event::Cancel { client, id }),
        (0u64..3).prop_map(|client| Event::Disconnect { client }),
        (any::<bool>(), prop::option::of(0u64..3)).prop_map(|(end, stalled)| Event::Step { end, stalled }),
    ]
}

proptest! {
    /// Whatever the order of events: every accepted request ends exactly once, its tokens are fed in order without a gap, and the queue drains.
    #[test]
    fn no_request_is_lost_or_answered_twice(events in prop::collection::vec(event(), 0..80)) {
        let (mut s, now) = scheduler();
        let mut open: HashMap<RequestKey, ()> = HashMap::new();
        let mut fed: Vec<Vec<u32>> = vec![Vec::new(); LIMITS.sequences];
        let drain = std::iter::repeat_n(Event::Step { end: true, stalled: None }, 80);
        for event in events.into_iter().chain(drain) {
            match event {
                Event::Submit { client, id, prompt } => {
                    if s.submit(key(client, id), prompt, (), now).is_ok() {
                        prop_assert!(open.insert(key(client, id), ()).is_none());
                    }
                }
                Event::Cancel { client, id } => {
                    let known = open.remove(&key(client, id)).is_some();
                    prop_assert_eq!(s.cancel(key(client, id), now).is_some(), known);
                }
                Event::Disconnect { client } => {
                    s.disconnect(ClientId(client), now);
                    open.retain(|k, ()| k.client != ClientId(client));
                }
                Event::Step { end, stalled } => {
                    let mut rows = Vec::new();
                    s.plan(&mut rows, now, |client| Some(client.0) != stalled);
                    prop_assert!(rows.len() <= LIMITS.batch);
                    for row in &rows {
                        let cache = &mut fed[row.at.seq];
                        // A step may go back to an earlier position (a new request on this sequence), never skip one.
                        prop_assert!(row.at.pos <= cache.len() && row.at.pos < LIMITS.context);
                        cache.truncate(row.at.pos);
                        cache.push(row.token);
                    }
                    for row in rows.iter().filter(|r| r.logits) {
                        let seq = row.at.seq;
                        let finished = if end { s.last(seq, 9, true, Reason::Stop, now) } else { s.sampled(seq, 9, now) };
                        if let Some(done) = finished {
                            prop_assert!(open.remove(&done.key).is_some());
                        }
                    }
                }
            }
            let mut known: Vec<_> = s.keys().collect();
            known.sort_by_key(|k| (k.client, k.id));
            known.dedup();
            prop_assert_eq!(known.len(), open.len());
        }
        prop_assert!(s.is_idle() && open.is_empty());
    }
}
