//! The built-in model on sentences that were written by hand, none of which it was trained with.
#![cfg(feature = "nano")]

use std::time::Instant;

use qwark::commands::CommandSet;
use qwark::nano;
use qwark::runtime::{Commander, OpenOptions, Opened, Reply, Runtime};
use qwark::scheduler::{ClientId, RequestKey};
use serde_json::Value;

/// Sentences that were written without knowledge of those that training makes; models/nano/README.md says how the files differ.
macro_rules! sentences {
    ($name:literal) => {
        include_str!(concat!("data/rover-", $name, ".jsonl"))
    };
}

/// The commands that the model makes of a sentence.
fn commands(runtime: &mut Runtime<'_>, commander: &Commander, sentence: &str) -> Vec<Value> {
    let key = RequestKey { client: ClientId(1), id: 1 };
    runtime.submit(key, &commander.request(sentence), Instant::now()).expect("a request");
    let mut answer = String::new();
    while !runtime.is_idle() {
        let mut take = |reply| {
            if let Reply::Text { text, .. } = reply {
                answer += &text;
            }
        };
        runtime.step(|_| true, &mut take).expect("a step");
    }
    answer.lines().map(|line| serde_json::from_str(line).expect("a command")).collect()
}

/// Of every hundred sentences, so many are to become exactly the right commands.
fn judge(lines: &str, percent: usize) {
    let set = CommandSet::parse(include_str!("../commands/rover.toml")).expect("a command set");
    let mapping = nano::mapping();
    let opened = Opened::new(&mapping).expect("a model");
    let mut runtime = opened.runtime(&OpenOptions::default()).expect("a runtime");
    let commander = Commander::new(&runtime, set).expect("a commander");
    let (mut sentences, mut wrong) = (0, Vec::new());
    for line in lines.lines() {
        let expected: Value = serde_json::from_str(line).expect("a sentence with its commands");
        let sentence = expected["text"].as_str().expect("text");
        let given = commands(&mut runtime, &commander, sentence);
        sentences += 1;
        if Some(&given) != expected["commands"].as_array() {
            wrong.push(format!("{sentence:?}: {}", serde_json::to_string(&given).expect("JSON")));
        }
    }
    let right = sentences - wrong.len();
    assert!(right * 100 >= percent * sentences, "{right} of {sentences} are right; wrong:\n{}", wrong.join("\n"));
}

#[test]
fn sentences_that_showed_what_training_lacked_become_the_right_commands() {
    judge(sentences!("handwritten"), 99);
    judge(sentences!("unseen"), 99);
    judge(sentences!("natural"), 98);
}

#[test]
fn sentences_that_hunt_for_mistakes_become_the_right_commands() {
    judge(sentences!("voices"), 98);
    judge(sentences!("tester"), 98);
}

#[test]
fn sentences_that_nobody_looked_at_before_become_the_right_commands() {
    judge(sentences!("blind"), 98);
}
