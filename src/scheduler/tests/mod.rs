mod orders;
mod world;

use std::time::Duration;

use qwark_wire::Priority;

use super::*;

const LIMITS: Limits = Limits { parallel: 2, sequences: 2, context: 12, queue: 3, batch: 4 };

fn key(client: u64, id: u32) -> RequestKey {
    RequestKey { client: ClientId(client), id }
}

/// Normal priority, no deadline.
fn terms(received: Instant) -> Terms {
    Terms { received, priority: Priority::Normal, deadline: None }
}

fn scheduler() -> (Scheduler<()>, Instant) {
    scheduler_of(LIMITS)
}

fn scheduler_of(limits: Limits) -> (Scheduler<()>, Instant) {
    (Scheduler::new(limits), Instant::now())
}

/// What a row feeds: token, position, and whether logits are wanted.
fn fed(rows: &[Row]) -> Vec<(u32, usize, bool)> {
    rows.iter().map(|r| (r.token, r.at.pos, r.logits)).collect()
}

/// One step in which every output row samples `token`.
fn step(s: &mut Scheduler<()>, token: u32, now: Instant) -> (Vec<Row>, Vec<Finished<()>>) {
    let mut rows = Vec::new();
    s.plan(&mut rows, usize::MAX, now, |_| true);
    let outputs: Vec<usize> = rows.iter().filter(|r| r.logits).map(|r| r.at.seq).collect();
    let finished = outputs.into_iter().filter_map(|seq| s.sampled(seq, token, now)).collect();
    (rows, finished)
}

#[test]
fn a_prompt_is_fed_in_batches_and_only_its_last_row_wants_logits() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![10, 11, 12, 13, 14, 15], vec![], (), terms(now)).expect("room");
    let (rows, _) = step(&mut s, 99, now);
    assert_eq!(fed(&rows), [(10, 0, false), (11, 1, false), (12, 2, false), (13, 3, false)]);
    let (rows, _) = step(&mut s, 99, now);
    assert_eq!(fed(&rows), [(14, 4, false), (15, 5, true)]);
    let (rows, _) = step(&mut s, 99, now);
    assert_eq!(fed(&rows), [(99, 6, true)]);
}

#[test]
fn decoding_goes_before_a_new_prompt_in_the_same_step() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![1], vec![], (), terms(now)).expect("room");
    step(&mut s, 50, now);
    s.submit(key(2, 1), vec![7, 8, 9, 10, 11], vec![], (), terms(now)).expect("room");
    let (rows, _) = step(&mut s, 51, now);
    assert_eq!(rows.iter().map(|r| r.token).collect::<Vec<_>>(), [50, 7, 8, 9]);
}

#[test]
fn a_full_context_ends_the_answer_with_that_reason() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), (0..11).collect(), vec![], (), terms(now)).expect("11 + 1 tokens fit");
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
    assert_eq!(s.submit(key(1, 1), vec![], vec![], (), terms(now)), Err(Refusal::EmptyPrompt));
    assert_eq!(s.submit(key(1, 1), vec![0; 12], vec![], (), terms(now)), Err(Refusal::PromptTooLong { tokens: 12, context: 12 }));
    for id in 0..5 {
        s.submit(key(1, id), vec![1], vec![], (), terms(now)).expect("2 will run, 3 wait");
    }
    assert_eq!(s.submit(key(1, 4), vec![1], vec![], (), terms(now)), Err(Refusal::DuplicateId(4)));
    assert_eq!(s.submit(key(1, 9), vec![1], vec![], (), terms(now)), Err(Refusal::Busy(5)));
    let urgent = Terms { priority: Priority::Urgent, ..terms(now) };
    assert_eq!(s.submit(key(1, 9), vec![1], vec![], (), urgent), Ok(()), "lower classes are in nobody's way");
}

#[test]
fn a_client_that_cannot_take_more_is_left_out_and_nobody_else() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![1], vec![], (), terms(now)).expect("room");
    s.submit(key(2, 1), vec![2], vec![], (), terms(now)).expect("room");
    let mut rows = Vec::new();
    s.plan(&mut rows, usize::MAX, now, |client| client != ClientId(1));
    assert_eq!(rows.iter().map(|r| r.token).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_client_that_cannot_take_more_gives_its_sequences_to_those_that_wait_and_goes_on_later() {
    let (mut s, now) = scheduler();
    let stalled = |client| client != ClientId(1);
    s.submit(key(1, 1), vec![1, 2], vec![], (), terms(now)).expect("room");
    s.submit(key(1, 2), vec![3, 4], vec![], (), terms(now)).expect("room");
    step(&mut s, 50, now);
    s.submit(key(2, 1), vec![7], vec![], (), terms(now)).expect("it waits");
    let mut rows = Vec::new();
    s.plan(&mut rows, usize::MAX, now, stalled);
    assert_eq!(fed(&rows), [(7, 0, true)]);
    assert_eq!(s.counts(), Counts { running: 1, queued: 0, parked: 2 }, "nobody is forgotten");
    s.last(rows[0].at.seq, 9, true, Reason::Stop, now).expect("it ends");

    // Both of the first client's go on where they were, the younger by way of its first tokens.
    let (rows, _) = step(&mut s, 51, now);
    assert_eq!(fed(&rows), [(50, 2, true), (3, 0, false), (4, 1, false), (50, 2, true)]);
    let done = s.cancel(key(1, 1), now).expect("running");
    assert_eq!(done.output_tokens, 2);
}

#[test]
fn a_higher_class_parks_lower_ones_and_they_go_on_from_their_cache() {
    let (mut s, now) = scheduler_of(Limits { sequences: 3, ..LIMITS });
    let of = |priority| Terms { priority, ..terms(now) };
    s.submit(key(1, 1), vec![1, 2], vec![], (), of(Priority::Low)).expect("room");
    s.submit(key(1, 2), vec![3, 4], vec![], (), of(Priority::Low)).expect("room");
    step(&mut s, 50, now);
    s.submit(key(1, 3), vec![7], vec![], (), of(Priority::High)).expect("room");
    s.submit(key(1, 4), vec![8], vec![], (), of(Priority::Normal)).expect("room");
    let (rows, _) = step(&mut s, 51, now);
    assert_eq!(fed(&rows), [(7, 0, true)], "alone, though two could run");
    assert_eq!(s.counts(), Counts { running: 1, queued: 1, parked: 2 });
    s.cancel(key(1, 3), now).expect("running");
    let (rows, _) = step(&mut s, 52, now);
    assert_eq!(fed(&rows), [(8, 0, true)]);
    s.cancel(key(1, 4), now).expect("running");
    let (rows, _) = step(&mut s, 53, now);
    assert_eq!(fed(&rows), [(50, 2, true), (50, 2, true)], "both go on from their cache");
}

#[test]
fn the_youngest_of_the_lowest_class_loses_its_cache_first() {
    let (mut s, now) = scheduler_of(Limits { parallel: 1, sequences: 3, ..LIMITS });
    let of = |priority| Terms { priority, ..terms(now) };
    for (id, priority) in [(1, Priority::Low), (2, Priority::Normal), (3, Priority::High), (4, Priority::Urgent)] {
        s.submit(key(1, id), vec![id, id + 1], vec![], (), of(priority)).expect("room");
        let (rows, _) = step(&mut s, 50, now);
        assert_eq!(rows[0].token, id, "the newest is of the highest class");
    }
    for (id, again) in [(4, false), (3, false), (2, false), (1, true)] {
        let (rows, _) = step(&mut s, 60, now);
        assert_eq!(rows[0].at.pos == 0, again, "request {id}");
        s.cancel(key(1, id), now).expect("it runs");
    }
    assert!(s.is_idle());
}

#[test]
fn an_undone_step_is_planned_again_as_it_was_and_is_not_to_be_interrupted() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![1], vec![], (), terms(now)).expect("room");
    step(&mut s, 50, now);
    s.submit(key(2, 1), vec![7, 8, 9, 10, 11], vec![], (), terms(now)).expect("room");
    let (mut undone, mut rows) = (Vec::new(), Vec::new());
    assert!(!s.plan(&mut undone, usize::MAX, now, |_| true));
    s.undo(&undone);
    assert!(s.plan(&mut rows, usize::MAX, now, |_| true));
    assert_eq!(rows, undone);
    s.undo(&rows);
    // Only what was lost counts: a new request alone has lost nothing.
    s.cancel(key(1, 1), now).expect("running");
    s.cancel(key(2, 1), now).expect("running");
    s.submit(key(3, 1), vec![5], vec![], (), terms(now)).expect("room");
    assert!(!s.plan(&mut rows, usize::MAX, now, |_| true));
}

#[test]
fn prompt_rows_are_limited_and_answers_under_way_are_not() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![1], vec![], (), terms(now)).expect("room");
    step(&mut s, 50, now);
    s.submit(key(2, 1), vec![7, 8, 9, 10, 11], vec![], (), terms(now)).expect("room");
    let mut rows = Vec::new();
    s.plan(&mut rows, 2, now, |_| true);
    assert_eq!(fed(&rows), [(50, 1, true), (7, 0, false), (8, 1, false)]);
}

#[test]
fn a_small_rest_of_a_prompt_comes_along() {
    for (prompt, first) in [(2, 2), (3, 3), (4, 4), (5, 3)] {
        let (mut s, now) = scheduler();
        s.submit(key(1, 1), vec![7; prompt], vec![], (), terms(now)).expect("room");
        let mut rows = Vec::new();
        s.plan(&mut rows, 3, now, |_| true);
        assert_eq!(rows.len(), first, "of {prompt}");
    }
}

#[test]
fn deadlines_end_requests_wherever_they_are() {
    let (mut s, start) = scheduler_of(Limits { parallel: 1, ..LIMITS });
    let at = |ms| start + Duration::from_millis(ms);
    let by = |ms| Terms { deadline: Some(at(ms)), ..terms(start) };
    assert_eq!(s.next_deadline(), None);
    s.submit(key(1, 1), vec![1], vec![], (), by(30)).expect("room");
    s.submit(key(1, 2), vec![2], vec![], (), by(20)).expect("it waits");
    s.submit(key(1, 3), vec![2], vec![], (), terms(start)).expect("it waits");
    assert_eq!(s.next_deadline(), Some(at(20)));
    step(&mut s, 50, at(5));
    assert!(s.due(at(19)).is_none());
    let waiting = s.due(at(20)).expect("overdue");
    assert_eq!((waiting.key, waiting.reason, waiting.output_tokens), (key(1, 2), Reason::Deadline, 0));
    assert_eq!(s.next_deadline(), Some(at(30)));
    let running = s.due(at(31)).expect("overdue");
    assert_eq!((running.key, running.reason, running.output_tokens), (key(1, 1), Reason::Deadline, 1));
    assert!(s.due(at(1000)).is_none() && s.next_deadline().is_none() && !s.is_idle());
}

#[test]
fn a_stop_ends_everything_and_nothing_begins_until_it_is_reset_and_armed() {
    let (mut s, start) = scheduler();
    let at = |ms| start + Duration::from_millis(ms);
    for id in 0..4 {
        s.submit(key(1, id), vec![1], vec![], (), terms(start)).expect("room");
    }
    step(&mut s, 50, start);
    let latch = s.latch().clone();
    assert_eq!(latch.stop().stop, 1);
    let (rows, _) = step(&mut s, 51, start);
    assert!(rows.is_empty());
    assert_eq!(s.submit(key(1, 9), vec![1], vec![], (), terms(at(1))), Err(Refusal::Stopped));
    assert_eq!(s.reset(1).state, SafetyState::Stopped, "not before all have been told");
    for _ in 0..4 {
        assert_eq!(s.due(at(10)).expect("one more").reason, Reason::Stopped);
    }
    assert!(s.due(at(10)).is_none() && s.is_idle());
    assert_eq!(s.reset(7).state, SafetyState::Stopped);
    assert_eq!(s.reset(1).state, SafetyState::Disarmed);
    assert_eq!(s.submit(key(1, 9), vec![1], vec![], (), terms(at(11))), Err(Refusal::Disarmed));
    assert_eq!(s.arm(1).state, SafetyState::Armed);
    assert_eq!(s.submit(key(1, 9), vec![1], vec![], (), terms(at(9))), Err(Refusal::Stopped), "received before the stop was over");
    assert_eq!(s.submit(key(1, 9), vec![1], vec![], (), terms(at(11))), Ok(()));
    assert_eq!(step(&mut s, 50, at(12)).0.len(), 1);
}

#[test]
fn a_shared_beginning_is_not_computed_again() {
    let (mut s, now) = scheduler();
    s.submit(key(1, 1), vec![1, 2, 3], vec![], (), terms(now)).expect("room");
    step(&mut s, 4, now);
    step(&mut s, 5, now);
    s.cancel(key(1, 1), now).expect("running");
    // 1 2 3 4 are cached; the new prompt goes on from there.
    s.submit(key(1, 2), vec![1, 2, 3, 4, 6], vec![], (), terms(now)).expect("room");
    let (rows, _) = step(&mut s, 7, now);
    assert_eq!(rows.iter().map(|r| (r.token, r.at.pos)).collect::<Vec<_>>(), [(6, 4)]);
    // The very same prompt still computes its last token.
    s.cancel(key(1, 2), now).expect("running");
    s.submit(key(1, 3), vec![1, 2, 3], vec![], (), terms(now)).expect("room");
    let (rows, _) = step(&mut s, 7, now);
    assert_eq!(fed(&rows), [(3, 2, true)]);
}

#[test]
fn timings_add_up() {
    let (mut s, start) = scheduler();
    let at = |ms| start + Duration::from_millis(ms);
    let ms = Duration::from_millis;
    s.submit(key(1, 1), vec![1], vec![], (), terms(at(0))).expect("room");
    let mut rows = Vec::new();
    s.plan(&mut rows, usize::MAX, at(10), |_| true);
    s.sampled(rows[0].at.seq, 5, at(25));
    let done = s.cancel(key(1, 1), at(40)).expect("running");
    assert_eq!(done.timings, Timings { queue: ms(10), prefill: ms(15), first_token: ms(25), total: ms(40) });

    s.submit(key(1, 2), vec![1], vec![], (), terms(at(40))).expect("room");
    s.plan(&mut rows, usize::MAX, at(45), |_| true);
    let unseen = s.cancel(key(1, 2), at(50)).expect("running");
    assert_eq!(unseen.timings, Timings { queue: ms(5), prefill: ms(5), total: ms(10), ..Timings::default() }, "no token, no time of one");

    s.submit(key(1, 3), vec![1], vec![], (), terms(at(50))).expect("room");
    let waiting = s.cancel(key(1, 3), at(60)).expect("waiting");
    assert_eq!(waiting.timings, Timings { queue: ms(10), total: ms(10), ..Timings::default() });
}
