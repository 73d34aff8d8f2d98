//! What else follows from a set: prompt, schema, id, and the program's commands.

use std::process::{Command as Process, Output};

use proptest::prelude::*;
use qwark::commands::{CommandSet, CommandSpec, Kind};
use serde_json::{Value, json};

use crate::sets::{hostile, number_sets, rover, set};

const ROVER: &str = "commands/rover.toml";

#[test]
fn the_prompt_is_short_and_says_everything() {
    let prompt = rover().prompt();
    let line = "drive {distance: -10.0..10.0 m, step 0.01; speed?: 0.05..1.0 m/s, step 0.05} Drive straight. Negative is backwards.";
    assert!(prompt.lines().any(|found| found == line), "{prompt}");
    assert!(prompt.lines().any(|found| found == "stop {} Stop all motion now."), "{prompt}");
    let example = "\nSentence: back up 30 cm slowly\n{\"drive\":{\"distance\":-0.3,\"speed\":0.1}}\n";
    assert!(prompt.contains(example), "{prompt}");
    assert!(prompt.len() < 2800, "{} bytes", prompt.len());
    assert_eq!(prompt, rover().prompt());

    let prompt = hostile().prompt();
    assert!(prompt.contains("A */ \\ \" and a\nnew line"), "the guidance is there as it stands");
    assert!(prompt.contains("|... (10000 in all)") && prompt.len() < 6000, "{} bytes", prompt.len());
}

#[test]
fn the_schema_has_ranges_and_descriptions() {
    let schema = rover().json_schema();
    assert_eq!((&schema["type"], &schema["minItems"], &schema["maxItems"]), (&json!("array"), &json!(1), &json!(4)));
    let commands = schema["items"]["oneOf"].as_array().expect("commands");
    assert_eq!(commands.len(), 12);
    let drive = &commands[0]["properties"]["drive"];
    assert_eq!(drive["required"], json!(["distance"]));
    assert_eq!(drive["additionalProperties"], json!(false));
    let distance = json!({ "type": "number", "minimum": -10.0, "maximum": 10.0, "description": "in m in steps of 0.01" });
    assert_eq!(drive["properties"]["distance"], distance);
    let turn = json!({ "type": "integer", "minimum": -360, "maximum": 360, "multipleOf": 1, "description": "in deg" });
    assert_eq!(commands[1]["properties"]["turn"]["properties"]["angle"], turn);
    // What stands alone has a list of its own.
    let lists = hostile().json_schema();
    assert_eq!((&lists["oneOf"][0]["maxItems"], &lists["oneOf"][1]["maxItems"]), (&json!(4), &json!(1)));
    let extremes = &lists["oneOf"][0]["items"]["oneOf"][1]["properties"]["extremes"]["properties"];
    let steps = ["b", "c", "d", "f", "g"].map(|name| &extremes[name]["multipleOf"]);
    assert_eq!(steps, [&Value::Null, &json!(10.0), &json!(0.001953125), &json!(0.25), &Value::Null]);
}

/// Fails where a validator, which divides by `multipleOf` in floats, refuses a number that is legal, or where nothing says the step.
fn check_numbers(spec: &CommandSpec, schema: &Value) -> Result<(), TestCaseError> {
    for param in &spec.params {
        let Kind::Float { min, max, step, .. } = &param.kind else { continue };
        let said = &schema["properties"][&spec.name]["properties"][&param.name];
        let Some(multiple) = said["multipleOf"].as_f64() else {
            let description = said["description"].as_str().unwrap_or_default();
            prop_assert!(description.ends_with(&format!("in steps of {step}")), "{}", said);
            continue;
        };
        prop_assert_eq!(multiple.to_string(), step.to_f64().to_string());
        for steps in *min..=*max {
            let value = step.times(steps).to_f64();
            prop_assert!((value / multiple).fract() == 0.0, "{} / {}", value, multiple);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_schema_refuses_no_legal_number(random in number_sets()) {
        for set in [rover(), random] {
            let schema = set.json_schema();
            for (index, spec) in set.commands().iter().enumerate() {
                check_numbers(spec, &schema["items"]["oneOf"][index])?;
            }
        }
    }
}

/// Two sets have the same id where their commands mean the same.
#[test]
fn the_id_changes_with_the_meaning_only() {
    let text = include_str!("../../commands/rover.toml");
    assert_eq!(rover().id(), 0xb769_38ae);
    for (from, to, same) in [
        ("Drive straight.", "Go ahead.", true),
        ("version = 1", "version = 2", true),
        ("back up 30 cm slowly", "go back 30 cm slowly", true),
        ("unit = \"m\"", "unit = \"cm\"", false),
        ("max = 10.0", "max = 11.0", false),
        ("step = 0.01", "step = 0.1", false),
        ("\"dock\", \"kitchen\"", "\"kitchen\", \"dock\"", false),
        ("max_len = 60", "max_len = 61", false),
        ("max = 90, optional = true", "max = 90", false),
        ("name = \"light\"", "name = \"lamp\"", false),
        ("params.pose", "params.place", false),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(set(&text.replacen(from, to, 1)).id() == rover().id(), same, "{from}");
    }
}

fn qwark(arguments: &[&str]) -> Output {
    let mut process = Process::new(env!("CARGO_BIN_EXE_qwark"));
    process.current_dir(env!("CARGO_MANIFEST_DIR")).arg("commands").args(arguments).output().expect("it starts")
}

fn stdout(arguments: &[&str]) -> String {
    let output = qwark(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_program_prints_what_the_library_makes() {
    let set = rover();
    assert_eq!(stdout(&["check", ROVER]), format!("rover, version 1: 12 commands, 4 examples, id {:#010x}\n", set.id()));
    let report: Value = serde_json::from_str(&stdout(&["check", ROVER, "--json"])).expect("JSON");
    assert_eq!((&report["name"], &report["version"], &report["commands"]), (&json!("rover"), &json!(1), &json!(12)));
    assert_eq!(stdout(&["prompt", ROVER]), set.prompt());
    assert_eq!(stdout(&["grammar", ROVER]), set.lark());
    assert_eq!(serde_json::from_str::<Value>(&stdout(&["schema", ROVER])).expect("JSON"), set.json_schema());
    for (name, lang) in [("c", qwark::commands::Lang::C), ("python", qwark::commands::Lang::Python), ("rust", qwark::commands::Lang::Rust)]
    {
        assert_eq!(stdout(&["codegen", ROVER, "--lang", name]), set.codegen(lang));
    }
    assert!(stdout(&["codegen", "--help"]).contains("Example: qwark commands codegen"));
}

#[test]
fn the_program_names_file_and_line() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("UTF-8");
    std::fs::write(path, include_str!("../../commands/rover.toml").replacen("max = 10.0", "max = -11.0", 1)).expect("written");
    let line =
        1 + include_str!("../../commands/rover.toml").lines().position(|line| line.starts_with("params.distance")).expect("it is there");
    let output = qwark(&["check", path]);
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!((output.status.code(), message), (Some(1), format!("qwark: {path}:{line}: parameter drive.distance: min is above max\n")));
    let output = qwark(&["check", "no/such/file.toml"]);
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.code() == Some(1) && message.lines().count() == 1 && message.contains("no/such/file.toml"), "{message}");
}

/// A large set is read, and its grammar is made, fast: this is done whenever a runtime starts.
#[test]
fn ten_thousand_words_are_no_burden() {
    let started = std::time::Instant::now();
    let set: CommandSet = hostile();
    let bytes = set.lark().len();
    assert!(bytes < 400_000, "{bytes} bytes of grammar");
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
