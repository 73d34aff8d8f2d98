//! What is wrong with a file is named, with its line; and what is right is read as it stands.

use proptest::prelude::*;
use qwark::commands::{CommandSet, Fault, Kind};

use crate::sets::{rover, set};

const HEAD: &str = "name = \"r\"\nversion = 1\n";

/// What `file` is refused with.
fn refusal(file: &str) -> String {
    match CommandSet::parse(file) {
        Ok(_) => panic!("accepted: {file}"),
        Err(error) => error.to_string(),
    }
}

/// What a file is refused with whose fifth line is `param`, the only parameter of `go`.
fn param_refusal(param: &str) -> String {
    refusal(&format!("{HEAD}[[command]]\nname = \"go\"\n{param}\n"))
}

#[test]
fn the_rover_is_read_as_it_stands() {
    let set = rover();
    assert_eq!((set.name(), set.version(), set.commands().len(), set.examples().len()), ("rover", 1, 12, 4));
    let drive = &set.commands()[0];
    let names: Vec<_> = drive.params.iter().map(|param| (param.name.as_str(), param.optional)).collect();
    assert_eq!(names, [("distance", false), ("speed", true)]);
    let Kind::Float { unit, min, max, step } = &drive.params[0].kind else { panic!("{:?}", drive.params[0]) };
    assert_eq!((unit.as_str(), *min, *max, step.to_string().as_str()), ("m", -1000, 1000, "0.01"));
    let answer = set.answer(&set.examples()[1].commands);
    assert_eq!(answer.as_deref(), Ok("{\"drive\":{\"distance\":-0.3,\"speed\":0.1}}"));
}

#[test]
fn parameters_keep_the_order_of_the_file() {
    let file = format!("{HEAD}[[command]]\nname = \"go\"\nparams.z = {{ type = \"bool\" }}\nparams.a = {{ type = \"bool\" }}\n");
    let set = set(&file);
    let names: Vec<_> = set.commands()[0].params.iter().map(|param| param.name.as_str()).collect();
    assert_eq!(names, ["z", "a"]);
}

#[test]
fn faults_of_a_file_are_named() {
    let command = "[[command]]\nname = \"go\"\n";
    for (file, message) in [
        (String::new(), "line 1: name is missing"),
        (HEAD.to_owned(), "line 1: there is no command"),
        (format!("{HEAD}command = []"), "line 3: there is no command"),
        ("name = \"Rover\"\nversion = 1".to_owned(), "line 1: \"Rover\" is not a name"),
        ("name = \"r\"\nversion = 1.5".to_owned(), "line 2: version is not a whole number"),
        ("name = \"r\"\nversion = -1".to_owned(), "line 2: the version is a number from 0 to 2147483647"),
        (format!("{HEAD}x = 1\n{command}"), "line 3: unknown key \"x\""),
        (format!("{HEAD}[[comand]]\nname = \"go\"\n"), "line 3: unknown key \"comand\""),
        (
            format!("{HEAD}[[comand]]\nname = \"up\"\n{command}[[example]]\ntext = \"up\"\ncommands = [{{ up = {{}} }}]\n"),
            "line 3: unknown key \"comand\"",
        ),
        (format!("{HEAD}{command}y = 1"), "line 5: command go: unknown key \"y\""),
        (format!("{HEAD}{command}{command}"), "line 5: command go: a second command has this name"),
        (format!("{HEAD}[[command]]\ndoc = \"\""), "line 3: command 1: name is missing"),
        (format!("{HEAD}{command}alone = 1"), "line 5: command go: alone is not true or false"),
        (format!("{HEAD}{command}[[example]]\ntext = \"\"\ncommands = []"), "line 7: example 1: an answer has 1 to 4 commands, not 0"),
        (
            format!("{HEAD}{command}[[example]]\ntext = \"\"\ncommands = [\n{{ go = {{}} }},\n{{ run = {{}} }} ]"),
            "line 9: example 1: there is no command \"run\"",
        ),
        (
            format!("{HEAD}{command}[[example]]\ntext = \"\"\ncommands = [ {{ go = {{ x = 1 }} }} ]"),
            "line 7: example 1: go: there is no parameter \"x\"",
        ),
        (format!("{HEAD}{command}[[example]]\ntext = \"\"\ncommands = [ {{ }} ]"), "line 7: example 1: it is not one command"),
    ] {
        let found = refusal(&file);
        assert!(found.starts_with(message), "{found}, not {message}, in\n{file}");
    }
    let found = refusal(&format!("{HEAD}{}", command.repeat(256)));
    assert_eq!(found, "line 5: command go: a second command has this name");
    let commands: String = (0..256).map(|n| format!("[[command]]\nname = \"c{n}\"\n")).collect();
    assert_eq!(refusal(&format!("{HEAD}{commands}")), "line 513: more than 255 commands");
}

#[test]
fn faults_of_toml_are_named_on_one_line() {
    for (file, line) in [("name = ", 1), ("name = \"r\"\n\n= 2", 3), ("name = \"r\"\nname = \"s\"", 2), ("\u{0}", 1), ("[[[[", 1)] {
        let error = CommandSet::parse(file).expect_err(file);
        let message = error.to_string();
        assert_eq!((error.line, message.lines().count()), (line, 1), "{message}");
    }
}

#[test]
fn faults_of_a_parameter_are_named() {
    let number = |rest: &str| format!("params.x = {{ type = {rest} }}");
    let int = |rest: &str| number(&format!("\"int\", {rest}"));
    let float = |rest: &str| number(&format!("\"float\", {rest}"));
    let values = |rest: &str| number(&format!("\"enum\", values = {rest}"));
    let many: Vec<String> = (0..=65_535).map(|n| format!("\"{n}\"")).collect();
    for (param, message) in [
        ("params.X = {}".to_owned(), "command go: \"X\" is not a name"),
        ("params.while = {}".to_owned(), "parameter go.while: \"while\" is a reserved word"),
        ("params.x = 1".to_owned(), "parameter go.x: x is not a table"),
        ("params.x = { }".to_owned(), "parameter go.x: type is missing"),
        (number("\"flaot\""), "parameter go.x: unknown type \"flaot\"; known: int, float, enum, bool, string"),
        (number("\"bool\", min = 1"), "parameter go.x: unknown key \"min\""),
        (int("min = 1"), "parameter go.x: max is missing"),
        (int("min = 2, max = 1"), "parameter go.x: min is above max"),
        (int("min = 0.0, max = 1"), "parameter go.x: min is not a whole number"),
        (int("min = 0, max = 2147483648"), "parameter go.x: max does not fit into 32 bits"),
        (int("min = 0, max = 99999999999999999999999999"), "parameter go.x: max does not fit into 32 bits"),
        (int("min = 1, max = 4, step = 2"), "parameter go.x: min is not a whole number of steps"),
        (int("min = 0, max = 4, step = 0"), "parameter go.x: step is not above 0"),
        (float("min = 0, max = 1"), "parameter go.x: step is missing"),
        (float("min = 0, max = 1, step = -0.1"), "parameter go.x: step is not above 0"),
        (float("min = 0, max = 1, step = 1e-10"), "parameter go.x: step is more than 9 digits after the point"),
        (float("min = 0.05, max = 1, step = 0.1"), "parameter go.x: min is not a whole number of steps"),
        (float("min = 0, max = 0.25, step = 0.1"), "parameter go.x: max is not a whole number of steps"),
        (float("min = 0, max = inf, step = 0.1"), "parameter go.x: max is not finite"),
        (float("min = nan, max = 0.0, step = 0.1"), "parameter go.x: min is not finite"),
        (float("min = 1e-300, max = 1e300, step = 1e-300"), "parameter go.x: step is more than 9 digits after the point"),
        (float("min = 0, max = 1e300, step = 1.0"), "parameter go.x: max is more than 15 digits before the point"),
        (float("min = 0, max = 1e14, step = 0.5"), "parameter go.x: max is too many steps"),
        (float("min = 0, max = 99999999999.9999, step = 99999999999.9999"), ""),
        (float("min = 0, max = 999999999999.9999, step = 999999999999.9999"), "parameter go.x: max with all digits of a step has more"),
        (float("min = 0, max = 0, step = 999999999999.9999"), "parameter go.x: step with all digits of a step has more"),
        (int("min = 0, max = 2000214000, step = 12347"), "parameter go.x: the step is too uneven"),
        (values("[]"), "parameter go.x: there is no value"),
        (values("[1]"), "parameter go.x: values is not a text"),
        (values("[\"a\", \"b\",\n\n\"a\"]"), "line 7: parameter go.x: value \"a\" is there twice"),
        (values("[\"\"]"), "parameter go.x: value \"\" does not have 1 to 64 characters"),
        (values(&format!("[\"{}\"]", "ü".repeat(65))), "parameter go.x: value \"ü"),
        (values("[\"a\\tb\"]"), "parameter go.x: value \"a\\tb\" has a control character"),
        (values(&format!("[{}]", many.join(","))), "parameter go.x: more than 65535 values"),
        (number("\"string\""), "parameter go.x: max_len is missing"),
        (number("\"string\", max_len = 0"), "parameter go.x: max_len is not from 1 to 1000"),
        (number("\"string\", max_len = 1001"), "parameter go.x: max_len is not from 1 to 1000"),
        ((0..17).map(|n| format!("params.p{n} = {{type=\"bool\"}}\n")).collect(), "line 21: command go: more than 16 parameters"),
    ] {
        if message.is_empty() {
            set(&format!("{HEAD}[[command]]\nname = \"go\"\n{param}\n"));
            continue;
        }
        let found = param_refusal(&param);
        let message = if message.starts_with("line") { message.to_owned() } else { format!("line 5: {message}") };
        assert!(found.starts_with(&message), "{found:.200}, not {message}");
        assert!(found.chars().count() < 300, "{found}");
    }
}

#[test]
fn faults_of_a_line_are_named() {
    let set = rover();
    for (line, message) in [
        ("", "{ is expected at byte 0"),
        ("{\"fly\":{}}", "there is no command \"fly\""),
        ("{\"stop\":{}} ", "stop: the end is expected at byte 11"),
        ("{\"stop\": {}}", "stop: :{ is expected at byte 7"),
        ("{\"drive\":{}}", "drive.distance: it is missing"),
        ("{\"drive\":{\"distance\":40.0}}", "drive.distance: 40.0 is not from -10.0 to 10.0"),
        ("{\"drive\":{\"distance\":1.005}}", "drive.distance: 1.005 is not a multiple of 0.01"),
        ("{\"drive\":{\"distance\":1.50}}", "drive.distance: 1.50 is to be written 1.5"),
        ("{\"drive\":{\"distance\":-0.0}}", "drive.distance: -0.0 is to be written 0.0"),
        ("{\"drive\":{\"distance\":1e400}}", "drive.distance: it is more than 15 digits before the point"),
        ("{\"drive\":{\"distance\":\"1\"}}", "drive.distance: a number is expected at byte 21"),
        ("{\"drive\":{\"distance\":1.0,\"distance\":1.0}}", "drive.distance: it is there twice"),
        ("{\"drive\":{\"speed\":0.1,\"distance\":1.0}}", "drive.distance: it is out of order"),
        ("{\"drive\":{\"distance\":1.0,\"colour\":1}}", "drive: there is no parameter \"colour\""),
        ("{\"turn\":{\"angle\":90.0}}", "turn.angle: 90.0 is to be written 90"),
        ("{\"turn\":{\"angle\":0.5}}", "turn.angle: 0.5 is not a multiple of 1"),
        ("{\"turn\":{\"angle\":361}}", "turn.angle: 361 is not from -360 to 360"),
        ("{\"goto\":{\"place\":\"moon\"}}", "goto.place: there is no value \"moon\""),
        ("{\"say\":{\"text\":\"a\\nb\"}}", "say.text: \" or \\ is expected at byte 18"),
        ("{\"say\":{\"text\":\"a\tb\"}}", "say.text: it has a control character"),
    ] {
        let found = set.parse_command(line).map_err(|violation| violation.to_string());
        assert_eq!(found, Err(message.to_owned()), "{line}");
    }
    let long = format!("{{\"say\":{{\"text\":\"{}\"}}}}", "é".repeat(61));
    assert_eq!(set.parse_command(&long).map_err(|violation| violation.fault), Err(Fault::TooLong { max: 60 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The reference file with something changed in it is read or refused, with a line that it has and a message on one line.
    #[test]
    fn a_damaged_file_never_panics(edits in proptest::collection::vec((any::<u16>(), "[\\[\\]{}\"=.,\n a-z0-9-]{0,3}", 0..6usize), 1..4)) {
        let mut text: Vec<char> = include_str!("../../commands/rover.toml").chars().collect();
        for (at, with, len) in edits {
            let at = usize::from(at) % text.len();
            text.splice(at..(at + len).min(text.len()), with.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = CommandSet::parse(&text) {
            let message = error.to_string();
            prop_assert!((1..=text.lines().count() + 1).contains(&error.line), "{}", message);
            prop_assert!(message.chars().count() < 500 && !message.contains(char::is_control), "{}", message);
        }
    }
}
