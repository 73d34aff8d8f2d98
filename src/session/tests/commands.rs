//! Replies that consist of commands.

use qwark_wire::{Encoded, MAX_COMMAND};

use super::*;

/// A request for the commands that `sentence` means, which brings its first bytes, as many as `text` has.
pub(super) fn command<'a>(key: u64, window: u32, sentence: &'a str, text: &str) -> Command<'a> {
    Command { key, window, ..frames::command(7, sentence, text.len()) }
}

/// A command of about `len` bytes that shows where it begins and ends: no two of different lengths are alike.
pub(super) fn counted(len: usize) -> Vec<u8> {
    let len = len.clamp(1, MAX_COMMAND);
    (0..len).map(|at| (at ^ len) as u8).collect()
}

/// A sentence that the engine has.
fn running(line: &mut Line, id: u32, window: u32) -> u32 {
    line.ask(id, &command(0, window, PROMPT, PROMPT)).expect("complete")
}

#[test]
fn each_command_goes_out_by_itself_as_soon_as_it_is_there() {
    let mut line = line();
    let serial = running(&mut line, 7, 1000);
    assert_eq!(line.sent(), ["7 accepted 10 0"]);
    line.session.command(serial, &[0, 1, 2]);
    assert_eq!(line.sent(), ["7 0+[0, 1, 2]"]);
    line.session.command(serial, &[3]);
    line.session.command(serial, &[4, 5]);
    assert_eq!(line.sent(), ["7 3+[3]", "7 4+[4, 5]"]);
    line.session.end(serial, done(), line.now);
    assert_eq!(line.sent(), ["7 Stop 6"]);
    line.ack(7, 6, 1000, true);
    assert_eq!((line.sent(), line.session.kept()), (vec![], 0));
}

#[test]
fn the_text_of_a_sentence_is_put_together_and_handed_on_with_its_terms() {
    let mut line = line();
    let first = Command {
        priority: Priority::Urgent,
        deadline_ms: 250,
        has_fallback: true,
        fallback: Encoded::new(&[10]).expect("short"),
        ..command(0, 1000, PROMPT, "go ")
    };
    assert_eq!(line.ask(7, &first), None);
    assert_eq!(line.sent(), ["7 accepted 3 7"]);
    let rest = Text { offset: 3, text: Bytes::new(b"forward").expect("short") };
    let Some(Action::Submit { asked, .. }) = line.session.text(7, &rest, line.now) else { panic!("not whole") };
    let sentence = Sentence {
        priority: Priority::Urgent,
        deadline: Some(Duration::from_millis(250)),
        fallback: Some(vec![10]),
        ..Sentence::new(7, PROMPT)
    };
    assert_eq!(*asked, Asked::Commands(sentence));
}

/// A window that cannot hold the longest command would let nothing through.
#[test]
fn a_window_counts_bytes_of_whole_commands() {
    let mut line = line();
    let serial = running(&mut line, 7, 1);
    line.sent();
    let (long, half) = (counted(MAX_COMMAND), counted(MAX_COMMAND / 2));
    [&long, &half, &half, &half].into_iter().for_each(|command| line.session.command(serial, command));
    let offsets = |sent: Vec<String>| sent.iter().map(|said| said.split('+').next().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    assert_eq!(offsets(line.sent()), ["7 0"]);
    line.ack(7, 255, 0, false);
    assert_eq!(line.sent(), [""; 0], "no more is asked for");
    line.ack(7, 256, 1, false);
    assert_eq!(offsets(line.sent()), ["7 256", "7 384"]);
    line.ack(7, 384, 200, false);
    assert_eq!(offsets(line.sent()), ["7 512"]);
}

#[test]
fn what_is_missing_or_not_acknowledged_is_sent_again_in_whole_commands() {
    let mut line = line();
    let serial = running(&mut line, 7, 1000);
    line.sent();
    [&[0, 1, 2][..], &[3], &[4, 5]].into_iter().for_each(|command| line.session.command(serial, command));
    line.sent();
    line.session.resend(7, &Resend { offset: 3, len: 2 }, line.now);
    assert_eq!(line.sent(), ["7 3+[3]", "7 4+[4, 5]"]);
    line.ack(7, 3, 1000, false);
    line.wait(WAIT);
    assert_eq!(line.sent(), ["7 3+[3]"]);
    assert!(!line.session.begin(WAIT));
    assert_eq!(line.sent(), ["7 3+[3]", "7 4+[4, 5]"]);
}

#[test]
fn a_repeated_sentence_is_not_done_twice_and_no_question_has_its_key() {
    let mut line = line();
    let serial = line.ask(7, &command(5, 1000, PROMPT, PROMPT)).expect("complete");
    line.session.command(serial, &[1]);
    line.sent();
    assert_eq!(line.ask(7, &command(5, 1000, PROMPT, "go ")), None, "its text is cut elsewhere");
    assert_eq!(line.sent(), ["7 accepted 10 0", "7 0+[1]"]);
    assert_eq!(line.ask(8, &Command { set: 8, ..command(5, 1000, PROMPT, PROMPT) }), None);
    assert_eq!(line.ask(9, &generate(5, 1000, PROMPT, PROMPT)), None);
    assert_eq!(line.sent(), ["8 KeyReused true", "9 KeyReused true"]);
}

#[test]
fn the_fallback_comes_behind_what_was_sent_and_in_place_of_the_rest() {
    let mut line = line();
    let serial = running(&mut line, 7, 1);
    line.session.command(serial, &counted(200));
    line.session.command(serial, &[1; 100]);
    line.sent();
    line.session.command(serial, &[9]);
    let End::Done(done) = done_for(Reason::Fallback) else { panic!("no end") };
    line.session.end(serial, End::Done(Done { answer_at: 300, ..done }), line.now);
    line.ack(7, 200, 1, false);
    assert_eq!(line.sent(), ["7 200+[9]", "7 Fallback 201"]);
}

#[test]
fn a_deadline_that_comes_before_the_text_ends_with_the_fallback_alone() {
    let mut line = line();
    let fallback = Encoded::new(&[10]).expect("short");
    line.ask(1, &Command { deadline_ms: 250, ..command(0, 1000, PROMPT, "go ") });
    line.ask(2, &Command { deadline_ms: 250, has_fallback: true, fallback, ..command(0, 1000, PROMPT, "go ") });
    line.sent();
    line.wait(Duration::from_millis(250));
    assert_eq!(line.sent(), ["1 Deadline 0", "2 0+[10]", "2 Fallback 1"]);
}

#[test]
fn what_was_not_sent_of_a_cancelled_sentence_is_not_sent_any_more() {
    let mut line = line();
    let serial = running(&mut line, 7, 1);
    [&counted(200), &counted(100)].into_iter().for_each(|command| line.session.command(serial, command));
    line.sent();
    assert_eq!(line.session.cancel(7, line.now), Some(Action::Cancel { serial }));
    line.session.end(serial, done_for(Reason::Cancelled), line.now);
    assert_eq!(line.sent(), ["7 Cancelled 200"]);
}
