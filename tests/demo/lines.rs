//! The session without a terminal.

use std::process::{Output, Stdio};

use qwark::commands::CommandSet;
use serde_json::Value;

use crate::common::{qwark, stdout};
use crate::model;

fn demo(args: &[&str]) -> Output {
    qwark().args(args).arg("-m").arg(model()).stdin(Stdio::null()).output().expect("the program starts")
}

/// A session as JSON, without what the clock says.
fn session() -> Vec<Value> {
    let lines = stdout(demo(&["demo", "--json"]));
    let mut lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("one JSON object")).collect();
    lines.iter_mut().filter_map(Value::as_object_mut).for_each(|line| drop(line.remove("ms")));
    lines
}

#[test]
fn without_a_command_and_a_terminal_a_session_is_printed() {
    let output = demo(&[]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = stdout(output);
    let set = CommandSet::parse(include_str!("../../commands/rover.toml")).expect("a command set");
    let commands: Vec<&str> = text.lines().filter_map(|line| line.split_once(" ms  ")).map(|(_, command)| command).collect();
    assert!(!commands.is_empty(), "{text}");
    for command in commands {
        set.parse_command(command).unwrap_or_else(|violation| panic!("{command}: {violation}"));
    }
    let begins = |mark: &str| text.lines().filter(|line| line.starts_with(mark)).count();
    assert_eq!((begins("> "), begins("! emergency stop"), begins("! disarmed"), begins("! armed")), (9, 1, 1, 1), "{text}");
    assert!(text.starts_with("Qwark: "), "{text}");
    assert!(text.lines().last().is_some_and(|last| last.contains("tokens/s") && last.contains("MB of memory")), "{text}");
}

#[test]
fn a_stop_holds_until_it_is_reset() {
    let lines = session();
    let at = |wanted: &Value| lines.iter().position(|line| line == wanted).unwrap_or_else(|| panic!("{wanted} is not there"));
    let (stopped, armed) = (at(&serde_json::json!({ "safety": "emergency stop" })), at(&serde_json::json!({ "safety": "armed" })));
    assert!(stopped < armed);
    // A command that was on its way when the button was pressed may still come; the rover does not do it.
    let asked = lines[stopped..].iter().position(|line| line.get("sentence").is_some()).expect("something is asked") + stopped;
    let between = &lines[asked..armed];
    assert!(between.iter().any(|line| line.get("refused").is_some()), "{between:?}");
    assert!(!between.iter().any(|line| line.get("command").is_some()), "{between:?}");
    assert!(lines[armed..].iter().any(|line| line.get("command").is_some()), "{lines:?}");
}

#[test]
fn the_rover_does_the_same_each_time() {
    // What comes over the wire meanwhile comes when it comes.
    let done = || -> Vec<Value> {
        let tells = |line: &Value| ["rover", "reading", "blocked_m"].iter().any(|key| line.get(key).is_some());
        session().into_iter().filter(tells).collect()
    };
    let (first, second) = (done(), done());
    assert_eq!(first, second);
    let is_away = |line: &Value| line.get("rover").is_some_and(|rover| (rover["x"] != 8.2 || rover["y"] != 0.6) && rover["time"] != 0.0);
    assert!(first.iter().any(is_away), "it never leaves the dock: {first:?}");
}

#[test]
fn a_link_needs_a_terminal_and_a_set_the_rovers_commands() {
    let dir = tempfile::tempdir().expect("a folder");
    let other = dir.path().join("lamp.toml");
    std::fs::write(&other, "name = \"lamp\"\nversion = 1\n[[command]]\nname = \"on\"\ndoc = \"Shine.\"\n").expect("it can be written");
    let other = other.to_str().expect("UTF-8");
    for (args, wanted) in [
        (["demo", "--link", "pty"], "needs a terminal"),
        (["demo", "--link", "stdio"], "needs the terminal itself"),
        (["demo", "--set", other], "the simulated rover knows the commands of"),
        (["demo", "--set", "none.toml"], "none.toml"),
    ] {
        let refused = demo(&args);
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(1) && error.contains(wanted) && error.lines().count() == 1, "{error}");
    }
}
