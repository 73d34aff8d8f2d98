mod commands;

use proptest::prelude::*;
use qwark_wire::{Bytes, Command, Generate, Message};

use super::*;

#[path = "../../../tests/common/frames.rs"]
mod frames;

const WAIT: Duration = Duration::from_millis(300);
const PROMPT: &str = "go forward";

/// A session, its client's line and the time.
struct Line {
    session: Session,
    now: Instant,
}

fn line() -> Line {
    let mut session = Session::new(WAIT);
    assert!(session.begin(WAIT));
    Line { session, now: Instant::now() }
}

/// A request for `prompt` under `key`, which brings its first bytes, as many as `text` has.
fn generate<'a>(key: u64, window: u32, prompt: &'a str, text: &str) -> Generate<'a> {
    Generate { key, window, ..frames::generate(prompt, text.len()) }
}

/// A message's payload, as a frame would bring it.
fn payload(message: &impl Message) -> Vec<u8> {
    let mut buffer = [0; qwark_wire::max_encoded(qwark_wire::MAX_FRAME)];
    let encoded = qwark_wire::encode(message, 1, 0, &mut buffer).expect("fits");
    let mut decoder = qwark_wire::Decoder::<{ qwark_wire::MAX_FRAME }>::new();
    let mut payload = Vec::new();
    decoder.push_all(encoded, |frame| payload = frame.expect("a good frame").payload.to_vec());
    payload
}

fn done_for(reason: Reason) -> End {
    let (queue_us, prefill_us, first_token_us, total_us) = (1, 2, 3, 4);
    End::Done(Done {
        reason,
        prompt_tokens: 5,
        output_tokens: 6,
        text_len: 0,
        answer_at: 0,
        queue_us,
        prefill_us,
        first_token_us,
        total_us,
    })
}

fn done() -> End {
    done_for(Reason::Stop)
}

impl Line {
    fn ask<'a>(&mut self, id: u32, message: &(impl Message + Clone + Into<ToRuntime<'a>>)) -> Option<u32> {
        match self.session.take(id, &message.clone().into(), &payload(message), None, self.now) {
            Some(Action::Submit { serial, .. }) => Some(serial),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// Asks for the usual, which the engine then has.
    fn running(&mut self, id: u32, key: u64, window: u32) -> u32 {
        self.ask(id, &generate(key, window, PROMPT, PROMPT)).expect("complete")
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    /// Everything that is sent now, in short.
    fn sent(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let mut said = None;
            self.session.transmit(self.now, &mut |id, message| {
                said = Some(match message {
                    FromRuntime::Token(token) => format!("{id} {}+{:?}", token.offset, token.text.get()),
                    FromRuntime::CommandReply(reply) => format!("{id} {}+{:?}", reply.offset, reply.data.get()),
                    FromRuntime::Done(done) => format!("{id} {:?} {}", done.reason, done.text_len),
                    FromRuntime::Error(error) => format!("{id} {:?} {}", error.code, error.ends),
                    FromRuntime::Accepted(accepted) => format!("{id} accepted {} {}", accepted.received, accepted.window),
                    other => format!("{id} {other:?}"),
                });
            });
            match said {
                Some(said) => all.push(said),
                None => return all,
            }
        }
    }

    fn ack(&mut self, id: u32, received: u32, window: u32, ended: bool) {
        self.session.ack(id, &Ack { received, window, ended }, self.now);
    }
}

#[test]
fn an_answer_is_sent_once_and_forgotten_when_it_is_acknowledged() {
    let mut line = line();
    let serial = line.running(7, 0, 100);
    assert_eq!(line.sent(), ["7 accepted 10 0"]);
    line.session.say(serial, "one ");
    line.session.say(serial, "two");
    assert_eq!(line.sent(), ["7 0+\"one two\""], "what waits goes together");
    line.session.end(serial, done(), line.now);
    assert_eq!(line.sent(), ["7 Stop 7"]);
    line.ack(7, 7, 100, true);
    assert_eq!((line.sent(), line.session.kept()), (vec![], 0));
    line.session.cancel(7, line.now);
    assert_eq!(line.sent(), ["7 UnknownId true"]);
}

#[test]
fn a_window_holds_text_back_until_it_moves() {
    let mut line = line();
    let serial = line.running(1, 0, 4);
    line.sent();
    line.session.say(serial, "ab€def");
    assert_eq!(line.sent(), ["1 0+\"ab\""], "no half characters");
    line.ack(1, 2, 4, false);
    assert_eq!(line.sent(), ["1 2+\"€d\""]);
    line.ack(1, 2, 0, false);
    assert_eq!(line.sent(), Vec::<String>::new());
    line.ack(1, 6, 100, false);
    assert_eq!(line.sent(), ["1 6+\"ef\""]);
}

#[test]
fn what_is_not_acknowledged_is_sent_again_until_it_gives_up() {
    let mut line = line();
    let serial = line.running(1, 0, 100);
    line.sent();
    line.session.say(serial, "lost");
    line.session.end(serial, done(), line.now);
    assert_eq!(line.sent(), ["1 0+\"lost\"", "1 Stop 4"]);
    let mut times = Vec::new();
    while let Some(wake) = line.session.wake(line.now) {
        times.push((wake - line.now).as_millis());
        line.now = wake;
        assert_eq!(line.sent(), ["1 Stop 4"], "what is missing before it, the client asks for");
    }
    assert_eq!(times, [300, 600, 1200, 2400, 4000, 4000, 4000, 4000, 4000, 4000]);
    // A word of the client brings it back.
    line.ack(1, 4, 100, false);
    line.wait(WAIT);
    assert_eq!(line.sent(), ["1 Stop 4"]);
}

#[test]
fn a_gap_is_filled_from_any_place() {
    let mut line = line();
    let serial = line.running(1, 0, 1000);
    line.sent();
    let text = "é".repeat(300);
    line.session.say(serial, &text);
    assert_eq!(line.sent().len(), 3);
    // In the middle of a character: the whole one comes.
    line.session.resend(1, &Resend { offset: 217, len: 2 }, line.now);
    assert_eq!(line.sent(), ["1 216+\"éé\""]);
    line.session.resend(1, &Resend { offset: 9999, len: 5 }, line.now);
    line.session.resend(1, &Resend { offset: 5, len: 0 }, line.now);
    assert_eq!(line.sent(), Vec::<String>::new());
    line.session.resend(3, &Resend { offset: 0, len: 5 }, line.now);
    assert_eq!(line.sent(), ["3 UnknownId true"]);
}

#[test]
fn a_repeated_request_is_not_done_twice() {
    let mut line = line();
    let asked = generate(9, 100, PROMPT, PROMPT);
    let serial = line.ask(1, &asked).expect("complete");
    line.sent();
    assert_eq!(line.ask(1, &asked), None, "while it runs");
    assert_eq!(line.sent(), ["1 accepted 10 0"]);
    // Cut into other pieces, it is still the same.
    assert_eq!(line.ask(1, &generate(9, 100, PROMPT, "go")), None);
    line.session.say(serial, "answer");
    line.session.end(serial, done(), line.now);
    line.sent();
    line.ack(1, 6, 100, true);
    assert_eq!(line.ask(1, &asked), None, "when it has ended");
    line.sent();
    // The client has forgotten the id, and the answer with it.
    assert_eq!(line.ask(2, &asked), None);
    assert_eq!(line.sent(), ["2 0+\"answer\"", "2 Stop 6"]);

    let other = Generate { deadline_ms: 5, ..asked.clone() };
    assert_eq!(line.ask(3, &other), None);
    assert_eq!(line.sent(), ["3 KeyReused true"]);
    line.wait(KEEP);
    line.session.expire(line.now);
    assert!(line.ask(4, &asked).is_some(), "after its time the key is free");
}

#[test]
fn an_id_in_use_is_refused_and_one_that_was_used_is_free() {
    let mut line = line();
    let serial = line.running(1, 0, 100);
    line.sent();
    assert_eq!(line.ask(1, &generate(0, 100, PROMPT, PROMPT)), None, "a repetition");
    assert_eq!(line.sent(), ["1 accepted 10 0"]);
    assert_eq!(line.ask(1, &generate(0, 100, "other", "other")), None);
    assert_eq!(line.ask(1, &generate(5, 100, "other", "other")), None);
    assert_eq!(line.sent(), ["1 IdInUse false", "1 IdInUse false"]);
    line.session.end(serial, done(), line.now);
    assert!(line.ask(1, &generate(0, 100, "other", "other")).is_some(), "who asks anew has the end");
    assert_eq!(line.sent(), ["1 accepted 5 0"]);
}

#[test]
fn text_is_put_together_and_checked() {
    let mut line = line();
    let piece = |offset, text: &'static str| Text { offset, text: Bytes::new(text.as_bytes()).expect("short") };
    assert_eq!(line.ask(1, &generate(0, 100, PROMPT, "go ")), None);
    assert_eq!(line.sent(), ["1 accepted 3 7"]);
    line.session.text(1, &piece(5, "ward"), line.now);
    assert_eq!(line.sent(), ["1 accepted 3 7"], "a gap: where it goes on");
    line.session.text(1, &piece(3, "for"), line.now);
    line.session.text(1, &piece(3, "for"), line.now);
    let action = line.session.text(1, &piece(6, "ward"), line.now);
    let Some(Action::Submit { asked, .. }) = action else { panic!("{action:?}") };
    let Asked::Text(request) = *asked else { panic!("{asked:?}") };
    assert_eq!(request.prompt, PROMPT);
    assert_eq!(line.sent(), ["1 accepted 10 0"]);

    line.ask(2, &generate(0, 100, PROMPT, "go "));
    line.session.text(2, &piece(3, "forwarf"), line.now);
    line.ask(3, &generate(0, 100, PROMPT, "go "));
    line.session.text(3, &piece(3, "forward and on"), line.now);
    line.ask(4, &generate(0, 100, PROMPT, "go "));
    let mut ends = line.sent();
    line.wait(PIECE_TIMEOUT + WAIT);
    line.session.expire(line.now);
    ends.extend(line.sent());
    ends.retain(|said| !said.contains("accepted"));
    ends.sort();
    assert_eq!(ends, ["2 Integrity true", "3 Malformed true", "4 Incomplete true"]);
    line.session.text(5, &piece(0, "x"), line.now);
    assert_eq!(line.sent(), ["5 UnknownId true"]);
}

#[test]
fn a_deadline_counts_from_the_first_frame_also_while_text_is_missing() {
    let mut line = line();
    let limited = |key| Generate { deadline_ms: 250, ..generate(key, 100, PROMPT, "go ") };
    line.ask(1, &limited(0));
    line.ask(2, &Generate { has_fallback: true, fallback: Str::cut("halt"), ..limited(0) });
    line.sent();
    assert_eq!(line.session.wake(line.now), Some(line.now + Duration::from_millis(250)));
    line.wait(Duration::from_millis(249));
    assert_eq!(line.sent(), Vec::<String>::new());
    line.wait(Duration::from_millis(1));
    let mut sent = line.sent();
    sent.sort();
    assert_eq!(sent, ["1 Deadline 0", "2 0+\"halt\"", "2 Fallback 4"]);
}

#[test]
fn a_stop_ends_what_the_engine_does_not_know() {
    let mut line = line();
    let running = line.running(1, 0, 100);
    line.ask(2, &generate(0, 100, PROMPT, "go "));
    line.sent();
    line.session.stop(line.now);
    assert_eq!(line.sent(), ["2 Stopped 0"]);
    line.session.end(running, done_for(Reason::Stopped), line.now);
    assert_eq!(line.sent(), ["1 Stopped 0"]);
}

/// The client's last Ack said both, that it has everything and that it has the end; since then it has forgotten the request.
#[test]
fn a_lost_last_acknowledgement_is_asked_for_by_the_end() {
    let mut line = line();
    let serial = line.running(1, 0, 100);
    line.session.say(serial, "all");
    line.session.end(serial, done(), line.now);
    assert_eq!(line.sent()[1..], ["1 0+\"all\"", "1 Stop 3"]);
    line.wait(WAIT);
    assert_eq!(line.sent(), ["1 Stop 3"]);
}

#[test]
fn a_refused_request_that_the_line_repeats_is_refused_again() {
    let mut line = line();
    let asked = generate(7, 100, PROMPT, PROMPT);
    let refusal = Some((ErrorCode::Stopped, "stopped"));
    assert_eq!(line.session.take(1, &asked.clone().into(), &payload(&asked), refusal, line.now), None);
    assert_eq!(line.sent(), ["1 Stopped true"]);
    assert_eq!(line.ask(1, &asked), None, "also when it would not be refused any more");
    assert_eq!(line.sent(), ["1 Stopped true"]);
    line.ack(1, 0, 0, true);
    assert!(line.ask(1, &asked).is_some(), "when the client knows, it asks anew");
}

#[test]
fn a_client_that_reads_slowly_is_waited_for() {
    let mut line = line();
    let serial = line.running(1, 0, 10);
    line.sent();
    line.session.say(serial, &"0123456789".repeat(10));
    line.session.end(serial, done(), line.now);
    for received in (0..100).step_by(10) {
        assert!(line.sent().contains(&format!("1 {received}+\"0123456789\"")), "{received}");
        line.wait(KEEP - WAIT);
        line.session.expire(line.now);
        line.ack(1, received + 10, 10, false);
    }
    assert_eq!(line.session.kept(), 1, "the end is not acknowledged");
    line.wait(KEEP);
    line.session.expire(line.now);
    assert_eq!(line.session.kept(), 0, "who says nothing for so long is gone");
}

#[test]
fn limits_are_told_and_refusals_repeated_like_any_end() {
    let mut line = line();
    for id in 1..=MAX_REQUESTS as u32 {
        line.running(id, 0, 100);
    }
    assert_eq!(line.ask(99, &generate(7, 100, PROMPT, PROMPT)), None);
    assert!(line.sent().contains(&"99 Busy true".to_owned()));
    line.wait(WAIT);
    assert_eq!(line.sent(), ["99 Busy true"], "not acknowledged");
    line.ack(99, 0, 0, true);
    line.wait(KEEP);
    assert_eq!(line.sent(), Vec::<String>::new());
    let long = Generate { prompt_len: MAX_TEXT as u32 + 1, ..generate(0, 100, PROMPT, PROMPT) };
    line.session.cancel(1, line.now);
    line.session.end(1, done(), line.now);
    assert_eq!(line.ask(98, &long), None);
    assert!(line.sent().contains(&"98 TooLong true".to_owned()));
}

/// The client whose request the engine refused may ask it again, under another id or with another deadline.
#[test]
fn the_key_of_a_request_that_failed_is_free() {
    let mut line = line();
    let serial = line.running(1, 9, 100);
    line.session.end(serial, End::Error(ErrorCode::Busy, "busy".to_owned()), line.now);
    assert_eq!(line.sent()[1..], ["1 Busy true"]);
    let later = Generate { deadline_ms: 100, ..generate(9, 100, PROMPT, PROMPT) };
    assert!(line.ask(2, &later).is_some());
}

#[test]
fn an_acknowledgement_that_nobody_asked_for_changes_nothing() {
    let mut line = line();
    let serial = line.running(1, 0, 0);
    line.ack(1, 0, 1, true);
    line.session.say(serial, "all of it");
    line.session.end(serial, done(), line.now);
    assert_eq!(line.sent()[1..], ["1 0+\"all of it\"", "1 Stop 9"]);
}

#[test]
fn a_runtime_that_goes_down_ends_every_request_wherever_it_is() {
    let mut line = line();
    line.running(1, 0, 100);
    assert_eq!(line.ask(2, &generate(0, 100, PROMPT, "go")), None, "its text is on its way");
    line.sent();
    line.session.end_all(ErrorCode::Stopping, "the runtime stops", line.now);
    let mut sent = line.sent();
    sent.sort();
    assert_eq!(sent, ["1 Stopping true", "2 Stopping true"]);
}

#[test]
fn a_cancel_reaches_the_engine_and_only_its_own_request() {
    let mut line = line();
    let one = line.running(1, 0, 100);
    let two = line.running(2, 0, 100);
    assert_eq!(line.session.cancel(1, line.now), Some(Action::Cancel { serial: one }));
    assert_eq!(line.session.cancel(1, line.now), Some(Action::Cancel { serial: one }), "it may have missed the first");
    line.session.say(two, "two");
    line.session.end(one, done_for(Reason::Cancelled), line.now);
    assert_eq!(line.session.cancel(1, line.now), None, "it has ended");
    line.session.end(one, done(), line.now);
    let sent = line.sent();
    assert_eq!(sent[2..], ["1 Cancelled 0", "2 0+\"two\""], "{sent:?}");
}

#[test]
fn an_urgent_end_does_not_wait_for_a_slow_line() {
    let mut line = line();
    let (cancelled, late, whole) = (line.running(1, 0, 4), line.running(2, 0, 100), line.running(3, 0, 4));
    for serial in [cancelled, whole] {
        line.session.say(serial, "0123456789");
    }
    line.session.say(late, "0123");
    line.sent();
    line.session.end(cancelled, done_for(Reason::Cancelled), line.now);
    line.session.say(late, "not sent");
    line.session.say(late, "halt");
    let End::Done(fallback) = done_for(Reason::Fallback) else { unreachable!() };
    line.session.end(late, End::Done(Done { answer_at: 12, ..fallback }), line.now);
    line.session.end(whole, done(), line.now);
    let mut sent = line.sent();
    sent.sort();
    assert_eq!(sent, ["1 Cancelled 4", "2 4+\"halt\"", "2 Fallback 8"], "the third waits for its window");
}

/// The client has what was sent before its link failed, acknowledged or not: a fallback in its place would be taken for a repetition.
#[test]
fn what_was_sent_once_is_not_taken_back() {
    let mut line = line();
    let serial = line.running(1, 5, 100);
    line.session.say(serial, "was sent");
    line.sent();
    line.session.begin(WAIT);
    line.session.say(serial, ", was not");
    line.session.say(serial, "halt");
    let End::Done(fallback) = done_for(Reason::Fallback) else { unreachable!() };
    line.session.end(serial, End::Done(Done { answer_at: 17, ..fallback }), line.now);
    assert_eq!(line.sent(), ["1 0+\"was senthalt\"", "1 Fallback 12"]);
}

#[test]
fn a_client_that_comes_back_gets_the_rest() {
    let mut line = line();
    let serial = line.running(1, 5, 100);
    line.session.say(serial, "first ");
    line.sent();
    line.ack(1, 6, 100, false);
    line.session.say(serial, "second ");
    line.sent();
    assert!(!line.session.begin(WAIT));
    assert_eq!(line.session.kept(), 1);
    line.session.say(serial, "third");
    line.session.end(serial, done(), line.now);
    assert_eq!(line.sent(), ["1 6+\"second third\"", "1 Stop 18"]);
}

#[test]
fn a_higher_class_is_sent_first_and_equals_take_turns() {
    let mut line = line();
    let serials = [1, 2].map(|id| line.running(id, 0, 100_000));
    let urgent = Generate { priority: Priority::Urgent, ..generate(0, 100_000, PROMPT, PROMPT) };
    let urgent = line.ask(3, &urgent).expect("complete");
    line.sent();
    let long = "x".repeat(2 * qwark_wire::MAX_TOKEN_TEXT);
    for serial in [serials[0], serials[1], urgent] {
        line.session.say(serial, &long);
    }
    let order: Vec<String> = line.sent().iter().map(|said| said.split('+').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(order[..2], ["3 0", "3 216"]);
    let mut rest = order[2..].to_vec();
    assert!(rest[0].starts_with('1') != rest[1].starts_with('1'), "{rest:?}");
    rest.sort();
    assert_eq!(rest, ["1 0", "1 216", "2 0", "2 216"]);
}

#[test]
fn too_much_waiting_text_pauses_the_requests() {
    let mut line = line();
    let serial = line.running(1, 0, 100);
    line.session.say(serial, &"x".repeat(MAX_WAITING));
    assert!(!line.session.has_room());
    line.sent();
    line.ack(1, 100, 100, false);
    assert!(line.session.has_room());
}

/// What may happen to a session.
#[derive(Clone, Debug)]
enum Step {
    Ask { id: u32, key: u64, whole: bool, commands: bool },
    Text { id: u32, offset: u32 },
    Cancel(u32),
    Ack { id: u32, received: u32, window: u32, ended: bool },
    Resend { id: u32, offset: u32, len: u32 },
    Say { serial: u32, len: usize },
    End { serial: u32, error: bool },
    Begin,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 1..5_u32;
    prop_oneof![
        3 => (id.clone(), 0..4_u64, any::<bool>(), any::<bool>())
            .prop_map(|(id, key, whole, commands)| Step::Ask { id, key, whole, commands }),
        1 => (id.clone(), 0..12_u32).prop_map(|(id, offset)| Step::Text { id, offset }),
        1 => id.clone().prop_map(Step::Cancel),
        3 => (id.clone(), 0..300_u32, 0..300_u32, any::<bool>())
            .prop_map(|(id, received, window, ended)| Step::Ack { id, received, window, ended }),
        1 => (id, 0..300_u32, any::<u32>()).prop_map(|(id, offset, len)| Step::Resend { id, offset, len }),
        4 => (1..8_u32, 0..300_usize).prop_map(|(serial, len)| Step::Say { serial, len }),
        2 => (1..8_u32, any::<bool>()).prop_map(|(serial, error)| Step::End { serial, error }),
        1 => Just(Step::Begin),
        3 => (0..5000_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever comes, in whatever order: a key is given to the engine once while it is known, every piece that is sent is a
    /// piece of that request's text or one of its commands, and nothing is sent without end.
    #[test]
    fn no_order_of_events_breaks_a_session(steps in proptest::collection::vec(step(), 1..150)) {
        let mut line = line();
        let mut texts = hashbrown::HashMap::<u32, String>::new();
        let mut submitted = Vec::new();
        for step in steps {
            let now = line.now;
            let action = match step {
                Step::Ask { id, key, whole, commands } => {
                    let text = if whole { PROMPT } else { "go " };
                    let asked: ToRuntime<'_> = match commands {
                        false => generate(key, 100, PROMPT, text).into(),
                        true => commands::command(key, 100, PROMPT, text).into(),
                    };
                    line.session.take(id, &asked, &payload(&asked), None, now)
                }
                Step::Text { id, offset } => {
                    let text = PROMPT.as_bytes().get(offset as usize..).unwrap_or_default();
                    line.session.text(id, &Text { offset, text: Bytes::new(text).expect("short") }, now)
                }
                Step::Cancel(id) => line.session.cancel(id, now),
                Step::Ack { id, received, window, ended } => {
                    line.session.ack(id, &Ack { received, window, ended }, now);
                    None
                }
                Step::Resend { id, offset, len } => {
                    line.session.resend(id, &Resend { offset, len }, now);
                    None
                }
                Step::Say { serial, len } => {
                    let text: String = "aé€𝄞".chars().cycle().skip(texts.get(&serial).map_or(0, |text| text.chars().count())).take(len).collect();
                    match line.session.running(serial).map(|entry| matches!(entry.reply.body(), Body::Text(_))) {
                        Some(true) => {
                            line.session.say(serial, &text);
                            *texts.entry(serial).or_default() += &text;
                        }
                        Some(false) => line.session.command(serial, &commands::counted(len)),
                        None => {}
                    }
                    None
                }
                Step::End { serial, error } => {
                    line.session.end(serial, if error { End::Error(ErrorCode::Internal, String::new()) } else { done() }, now);
                    None
                }
                Step::Begin => {
                    line.session.begin(WAIT);
                    None
                }
                Step::Wait(ms) => {
                    line.wait(Duration::from_millis(ms));
                    line.session.expire(line.now);
                    None
                }
            };
            if let Some(Action::Submit { serial, .. }) = action {
                prop_assert!(!submitted.contains(&serial));
                submitted.push(serial);
            }
            let keys: Vec<u64> = line.session.entries.iter().map(|entry| entry.key).filter(|key| *key != 0).collect();
            prop_assert!(keys.iter().enumerate().all(|(n, key)| !keys[..n].contains(key)), "one entry for each key");
            let cycle: String = "aé€𝄞".repeat(400);
            let mut frames = 0;
            loop {
                let mut good = true;
                let sent = line.session.transmit(line.now, &mut |_, message| {
                    good = match message {
                        FromRuntime::Token(token) => {
                            cycle[token.offset as usize..].starts_with(token.text.get()) && !token.text.is_empty()
                        }
                        FromRuntime::CommandReply(reply) => *reply.data == *commands::counted(reply.data.len()),
                        _ => true,
                    };
                });
                prop_assert!(good, "a piece of another text, or half a command");
                frames += 1;
                prop_assert!(frames < 1000, "sent without end");
                if !sent { break }
            }
        }
    }
}
