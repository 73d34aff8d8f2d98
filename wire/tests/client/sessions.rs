//! Hello and Identify, lost links, restarts, safety, seals.

use qwark_wire::client::{AskError, Client, Question, SMALL_OUT, Settings};
use qwark_wire::*;

use crate::line::{Line, Told, settings};
use crate::runtime::{Runtime, error, identify};

#[test]
fn hello_is_repeated_with_a_fresh_nonce_until_it_is_answered() {
    let mut line = Line::new(&settings());
    line.runtime.deaf = true;
    line.run(2000);
    line.runtime.deaf = false;
    line.run(100);
    assert_eq!(line.told, [Told::Connected { restarted: false }]);
    assert_eq!(line.runtime.hellos.len(), 1);
    assert_eq!(line.client.losses().sessions, 1);
    line.cut();
    line.client.connect(line.now);
    line.run(100);
    let [(client, nonce), (again, fresh)] = line.runtime.hellos[..] else { panic!("{:?}", line.runtime.hellos) };
    assert_eq!((client, again), (77, 77), "it stays the same client");
    assert_ne!(nonce, fresh);
}

#[test]
fn an_identify_that_answers_another_hello_begins_no_session() {
    let mut client = Client::<&str, 1>::new(&settings());
    let mut out = [0; SMALL_OUT];
    assert!(client.transmit(0, &mut out).is_some());
    let stranger = encode_small(&Identify { client_nonce: 1, ..identify() }, 0, 0).expect("it fits");
    for &byte in &stranger {
        assert_eq!(client.receive(byte, 1), None);
    }
    assert!(!client.is_connected());
    assert_eq!(client.next_wake(), 500);
}

#[test]
fn nothing_but_hello_ping_and_estop_is_sent_without_a_session() {
    let mut line = Line::new(&settings());
    line.harm = Box::new(|frame| frame);
    line.runtime.deaf = true;
    line.client.ask(Question::new("Hello".to_owned()), 0).expect("there is room");
    line.client.ping(5);
    line.client.emergency_stop(0);
    assert_eq!(line.client.reset(0), Err(AskError::NoSession));
    assert_eq!(line.client.arm(0), Err(AskError::NoSession));
    line.run(600);
    line.runtime.deaf = false;
    line.run(20);
    let free = [Hello::KIND, Ping::KIND, EStop::KIND];
    assert!(line.runtime.seen.iter().all(|kind| free.contains(kind)), "{:?}", line.runtime.seen);
}

#[test]
fn a_restarted_runtime_is_noticed_by_its_first_answer_and_asked_again() {
    let mut line = Line::open();
    let prompt = "What was begun is begun again, and what has arrived counts. ".repeat(20);
    let id = line.client.ask(Question { window: 64, ..Question::new(prompt.clone()) }, line.now).expect("there is room");
    line.run(100);
    let before = line.answer(id).len();
    assert!(0 < before && before < prompt.len());
    line.runtime = Runtime::new(2);
    line.until(|told| matches!(told, Told::Done(..)));
    assert!(line.told.contains(&Told::Connected { restarted: true }));
    assert_eq!(line.answer(id), prompt);
    assert_eq!(line.runtime.keys.len(), 1);
}

#[test]
fn an_unasked_identify_of_another_boot_is_answered_by_hello() {
    let mut line = Line::open();
    line.run(1000);
    line.runtime = Runtime::new(2);
    line.runtime.send(0, &Identify { boot_id: 2, ..identify() });
    line.run(100);
    assert_eq!(line.told[line.told.len() - 2..], [Told::Disconnected, Told::Connected { restarted: true }]);
}

#[test]
fn three_missing_heartbeats_are_a_lost_link() {
    let mut line = Line::open();
    line.run(5000);
    assert!(!line.told.contains(&Told::Disconnected));
    line.runtime.deaf = true;
    line.run(2900);
    assert!(line.client.is_connected());
    line.run(200);
    assert!(line.told.contains(&Told::Disconnected) && !line.client.is_connected());
    line.runtime.deaf = false;
    line.run(600);
    assert!(line.client.is_connected());
}

#[test]
fn a_runtime_of_other_versions_is_left_alone_until_it_restarts() {
    let mut line = Line::new(&settings());
    line.runtime.deaf = true;
    let mut client = Client::<&str, 1>::new(&settings());
    let mut out = [0; SMALL_OUT];
    let len = client.transmit(0, &mut out).expect("a Hello");
    let mut nonce = 0;
    Decoder::<SMALL_FRAME>::new().push_all(&out[..len], |frame| {
        if let Ok(ToRuntime::Hello(hello)) = ToRuntime::parse(&frame.expect("whole")) {
            nonce = hello.nonce;
        }
    });
    let tell = |client: &mut Client<&str, 1>, message: &Identify<'_>| -> Vec<Told> {
        let frame = encode_small(message, 0, 0).expect("it fits");
        frame.iter().filter_map(|&byte| client.receive(byte, 1).map(Told::from)).collect()
    };
    let newer = Identify { version_min: 2, version_max: 3, client_nonce: nonce, ..identify() };
    assert_eq!(tell(&mut client, &newer), [Told::Incompatible(2, 3)]);
    assert_eq!((client.transmit(60_000, &mut out), client.next_wake()), (None, u64::MAX));
    assert_eq!(tell(&mut client, &Identify { boot_id: 9, client_nonce: 0, ..newer }), []);
    assert!(client.transmit(60_000, &mut out).is_some(), "a Hello to another one");
}

#[test]
fn an_emergency_stop_goes_through_ends_everything_and_is_undone_step_by_step() {
    let mut line = Line::open();
    let id = line.client.ask(Question { window: 16, ..Question::new("x".repeat(5000)) }, line.now).expect("there is room");
    line.run(50);
    // The first two EStops and the first two answers are lost.
    let mut lost = 0;
    line.harm = Box::new(move |frame| {
        let mut drop = false;
        Decoder::<MAX_FRAME>::new()
            .push_all(&frame, |frame| drop = frame.is_ok_and(|frame| matches!(frame.kind, EStop::KIND | Safety::KIND)));
        lost += u32::from(drop);
        if drop && lost <= 4 { Vec::new() } else { frame }
    });
    line.client.emergency_stop(line.now);
    line.run(1000);
    let stopped = Safety { state: SafetyState::Stopped, stop: 1 };
    assert!(line.told.contains(&Told::Safety(stopped)));
    assert_eq!((line.client.safety(), line.runtime.stop), (Some(stopped), 1));
    assert!(line.told.iter().any(|told| matches!(told, Told::Done(of, done) if *of == id && done.reason == Reason::Stopped)));
    let refused = line.client.ask(Question::new("x".to_owned()), line.now).expect("there is room");
    line.until(|told| *told == Told::Error(refused, ErrorCode::Stopped, true));
    line.client.reset(line.now).expect("the stop is known");
    line.client.arm(line.now).expect("the stop is known");
    line.run(1000);
    assert_eq!(line.client.safety(), Some(Safety { state: SafetyState::Armed, stop: 1 }));
    let again = line.client.ask(Question::new("on".to_owned()), line.now).expect("there is room");
    line.until(|told| matches!(told, Told::Done(of, _) if *of == again));
    let seen = line.runtime.seen.len();
    line.run(3000);
    assert_eq!(line.runtime.seen[seen..], [Ack::KIND], "nothing goes on being repeated");
}

#[test]
fn an_emergency_stop_needs_no_session() {
    let mut line = Line::new(&settings());
    line.harm = Box::new(|frame| {
        let mut hello = false;
        Decoder::<SMALL_FRAME>::new().push_all(&frame, |frame| hello = frame.is_ok_and(|frame| frame.kind == Hello::KIND));
        if hello { Vec::new() } else { frame }
    });
    line.client.emergency_stop(0);
    line.run(1000);
    assert_eq!(line.told, [Told::Safety(Safety { state: SafetyState::Stopped, stop: 1 })]);
    assert_eq!(line.runtime.seen, [EStop::KIND], "once was enough");
}

#[test]
fn an_arm_that_is_not_confirmed_is_given_up_and_reported() {
    let mut line = Line::open();
    line.client.arm(line.now).expect("the stop is known");
    line.runtime.deaf = true;
    line.until(|told| *told == Told::Unconfirmed(SafetyState::Armed));
    line.runtime.deaf = false;
    line.runtime.seen.clear();
    line.run(5000);
    assert!(!line.runtime.seen.contains(&Arm::KIND));
}

/// The line may repeat what the runtime said long ago: it confirms no stop that never arrived, and takes nothing back.
#[test]
fn a_late_word_about_an_earlier_stop_confirms_nothing() {
    let mut line = Line::open();
    let safety = |state, stop| Safety { state, stop };
    for state in [SafetyState::Stopped, SafetyState::Disarmed, SafetyState::Armed] {
        line.runtime.stop = 1;
        line.runtime.send(0, &safety(state, 1));
    }
    line.run(50);
    line.told.clear();
    line.runtime.send(0, &safety(SafetyState::Armed, 0));
    line.runtime.send(0, &safety(SafetyState::Stopped, 1));
    line.run(50);
    assert_eq!((line.told.as_slice(), line.client.safety()), (&[][..], Some(safety(SafetyState::Armed, 1))));

    // The first EStop is lost, and such a word comes in place of its answer.
    let mut lost = false;
    line.harm = Box::new(move |frame| {
        let mut estop = false;
        Decoder::<MAX_FRAME>::new().push_all(&frame, |frame| estop = frame.is_ok_and(|frame| frame.kind == EStop::KIND));
        let drop = estop && !std::mem::replace(&mut lost, estop);
        if drop { Vec::new() } else { frame }
    });
    line.client.emergency_stop(line.now);
    line.run(20);
    line.runtime.send(0, &safety(SafetyState::Stopped, 1));
    line.run(2000);
    assert_eq!((line.client.safety(), line.runtime.stop), (Some(safety(SafetyState::Stopped, 2)), 2));
}

#[test]
fn without_heartbeats_silence_is_a_lost_link_only_while_something_is_waited_for() {
    let mut line = Line::new(&Settings { heartbeat_ms: 0, ..settings() });
    line.run(60_000);
    assert_eq!(line.told, [Told::Connected { restarted: false }]);
    line.client.ask(Question { window: 0, ..Question::new("Hello".to_owned()) }, line.now).expect("there is room");
    line.runtime.stalled = true;
    line.until(|told| matches!(told, Told::Accepted(_)));
    line.runtime.deaf = true;
    line.run(4900);
    assert!(line.client.is_connected());
    line.run(200);
    assert!(line.told.contains(&Told::Disconnected));
    line.runtime.deaf = false;
    line.until(|told| matches!(told, Told::Done(..)));
}

#[test]
fn a_ping_is_answered_without_a_session_too() {
    let mut line = Line::open();
    line.client.ping(42);
    line.run(50);
    assert_eq!(line.told, [Told::Pong(42)]);
}

#[test]
fn what_is_not_for_this_client_changes_nothing() {
    let mut line = Line::open();
    line.runtime.send(9, &Token { offset: 0, text: Str::cut("for the client before") });
    line.runtime.send(9, &Accepted { received: 1, window: 1 });
    line.runtime.send(9, &error(ErrorCode::UnknownId, true));
    line.runtime.send(0, &Ping { nonce: 1 });
    line.run(100);
    assert_eq!(line.told, []);
    assert_eq!(line.client.losses().refused, 1, "an echo of its own frames");
    let seen = line.runtime.seen.len();
    line.run(1000);
    assert_eq!(line.runtime.seen.len(), seen, "none of them is answered");
}

#[cfg(feature = "seal")]
mod seals {
    use super::*;

    fn sealed() -> Line<'static> {
        let key = Some(Key([5; KEY]));
        let mut line = Line::new(&Settings { key, ..settings() });
        line.runtime.key = key;
        line
    }

    #[test]
    fn a_session_is_sealed_from_the_identify_on_and_begins_again_after_a_restart() {
        let mut line = sealed();
        let id = line.client.ask(Question::new("sealed".to_owned()), 0).expect("there is room");
        line.until(|told| matches!(told, Told::Done(..)));
        assert_eq!(line.answer(id), "sealed");
        let key = line.runtime.key;
        line.runtime = Runtime::new(2);
        line.runtime.key = key;
        let id = line.client.ask(Question::new("again".to_owned()), line.now).expect("there is room");
        line.until(|told| matches!(told, Told::Done(of, _) if *of == id));
        assert!(line.told.contains(&Told::Connected { restarted: true }));
    }

    /// A session of a link with a key begins with its first sealed frame: without one there would be no heartbeats.
    #[test]
    fn a_client_that_asks_nothing_has_a_session_too() {
        let mut line = sealed();
        line.run(20_000);
        assert_eq!(line.told, [Told::Connected { restarted: false }]);
        assert_eq!(line.runtime.seen, [Hello::KIND, Ping::KIND]);
    }

    #[test]
    fn a_runtime_without_the_key_is_not_believed() {
        let mut line = sealed();
        line.runtime.key = Some(Key([6; KEY]));
        line.run(3000);
        assert_eq!(line.told, []);
        line.runtime.key = None;
        line.run(3000);
        assert_eq!(line.told, []);
        assert!(line.client.losses().refused > 8, "{:?}", line.client.losses());
    }

    /// Whoever can write to the line may stop the robot, but not make its client believe in a stop that was never heard.
    #[test]
    fn a_stop_that_nothing_seals_is_no_news_in_a_session_and_confirms_without_one() {
        let mut line = sealed();
        line.run(100);
        line.told.clear();
        let forged = encode_small(&Safety { state: SafetyState::Stopped, stop: u32::MAX }, 0, 0).expect("it fits");
        let told: Vec<_> = forged.iter().filter_map(|&byte| line.client.receive(byte, line.now).map(Told::from)).collect();
        assert_eq!(told, []);
        let stopped = Safety { state: SafetyState::Stopped, stop: 1 };
        line.client.emergency_stop(line.now);
        line.run(100);
        assert_eq!((line.client.safety(), line.told.as_slice()), (Some(stopped), &[Told::Safety(stopped)][..]));

        // No Hello gets through, and no seal is known that the answer could have.
        let mut line = sealed();
        line.harm = Box::new(|frame| {
            let mut hello = false;
            Decoder::<SMALL_FRAME>::new().push_all(&frame, |frame| hello = frame.is_ok_and(|frame| frame.kind == Hello::KIND));
            if hello { Vec::new() } else { frame }
        });
        line.client.emergency_stop(0);
        line.run(1000);
        assert_eq!((line.client.safety(), line.told.as_slice()), (None, &[Told::Safety(stopped)][..]));
        assert_eq!(line.runtime.seen, [EStop::KIND], "once was enough");
    }

    #[test]
    fn a_frame_that_is_played_again_is_refused() {
        let mut line = sealed();
        line.harm = Box::new(|frame| frame.repeat(2));
        let id = line.client.ask(Question::new("once".to_owned()), 0).expect("there is room");
        line.until(|told| matches!(told, Told::Done(..)));
        assert_eq!(line.answer(id), "once");
        assert!(line.client.losses().refused > 2);
    }
}
