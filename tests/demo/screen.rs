//! The demo in a terminal.

use std::time::Duration;

use qwark::links::{Client, ClientEvent, LinkAddr, Sentence};
use rustix::process::Signal;

use crate::common::qwark;
use crate::model;
use crate::terminal::Terminal;

const CTRL_C: &str = "\u{3}";
const CTRL_E: &str = "\u{5}";
const CTRL_R: &str = "\u{12}";

fn start(args: &[&str]) -> Terminal {
    let mut command = qwark();
    command.args(args).arg("-m").arg(model());
    Terminal::start(command, 80, 24)
}

/// Waits until there is a command below the sentence.
#[track_caller]
fn see_command(terminal: &Terminal, sentence: &str) {
    terminal.wait("a command", |text| text.split_once(&format!("> {sentence}")).is_some_and(|(_, after)| after.contains("{\"")));
}

#[test]
fn sentences_are_typed_and_commands_come() {
    let mut terminal = start(&[]);
    terminal.see(" ARMED");
    let screen = terminal.see("at rest");
    ["kitchen", "dock", "Hello", "Identify"].iter().for_each(|wanted| assert!(screen.contains(wanted), "{screen}"));
    terminal.press("turn left\r");
    see_command(&terminal, "turn left");
    terminal.see("Done");
    terminal.press(CTRL_C);
    assert!(terminal.end().success());
}

#[test]
fn a_stop_by_key_or_by_word_holds_until_it_is_reset() {
    let mut terminal = start(&["demo"]);
    terminal.see(" ARMED");
    for stop in [CTRL_E, "stop\r"] {
        terminal.press(stop);
        terminal.see("EMERGENCY STOP");
        terminal.press("go to the kitchen\r");
        terminal.see("an emergency stop is");
        terminal.press(CTRL_R);
        terminal.see(" ARMED");
    }
    terminal.press("go to the sofa\r");
    see_command(&terminal, "go to the sofa");
    terminal.press(CTRL_C);
    assert!(terminal.end().success());
}

#[test]
fn the_window_may_change_its_size() {
    let mut terminal = start(&["demo"]);
    terminal.see(" ARMED");
    terminal.resize(130, 40);
    terminal.wait("a wide screen", |text| text.lines().next().is_some_and(|line| line.trim_end().len() > 120));
    terminal.resize(40, 8);
    terminal.wait("a narrow screen", |text| text.contains("ARMED") && !text.contains("kitchen"));
    terminal.resize(20, 4);
    terminal.see("too small");
    terminal.resize(80, 24);
    terminal.see("kitchen");
    terminal.press(CTRL_C);
    assert!(terminal.end().success());
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let mut terminal = start(&["demo"]);
    terminal.see(" ARMED");
    terminal.signal(Signal::TERM);
    terminal.end();
}

#[test]
fn it_ends_where_its_window_is_closed() {
    let mut terminal = start(&["demo"]);
    terminal.see(" ARMED");
    assert!(terminal.close().success());
}

#[test]
fn an_error_is_a_line_on_the_usual_screen() {
    let mut terminal = start(&["demo", "--link", "unix:/nowhere/at/all.sock"]);
    assert_eq!(terminal.end().code(), Some(1));
    let screen = terminal.see("/nowhere/at/all.sock");
    assert!(!screen.contains("kitchen"), "{screen}");
}

#[test]
fn a_real_rover_asks_over_a_link_of_its_own_and_is_shown() {
    let dir = tempfile::tempdir().expect("a folder");
    let link = format!("unix:{}", dir.path().join("rover.sock").display());
    let mut terminal = start(&["demo", "--link", &link]);
    terminal.see(" ARMED");
    let addr: LinkAddr = link.parse().expect("a link");
    let patience = Duration::from_secs(30);
    let mut rover = Client::connect(&addr, "a real rover", patience).expect("it is served");
    let set = rover.runtime().set;
    rover.command(&Sentence::new(set, "look around")).expect("it is asked");
    let mut commands = 0;
    loop {
        match rover.next_event(patience).expect("the link holds").expect("the answer comes") {
            ClientEvent::Command { .. } => commands += 1,
            ClientEvent::Done { .. } => break,
            _ => {}
        }
    }
    assert!(commands > 0);
    see_command(&terminal, "look around");
    // A stop at the terminal stops it too.
    terminal.press(CTRL_E);
    loop {
        match rover.next_event(patience).expect("the link holds").expect("it is told") {
            ClientEvent::Safety(safety) => break assert_eq!(safety.state, qwark_wire::SafetyState::Stopped),
            _ => continue,
        }
    }
    terminal.press(CTRL_C);
    assert!(terminal.end().success());
}
