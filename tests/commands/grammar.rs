//! The grammar accepts exactly the answers that the parser reads.

use std::cell::Cell;

use llguidance::api::TopLevelGrammar;
use llguidance::{Matcher, ParserFactory};
use proptest::prelude::*;
use qwark::commands::CommandSet;
use toktrie::ApproximateTokEnv;

use crate::sets::{answer, choices, hostile, number_sets, rover};

/// Characters of numbers, names and JSON, some that are allowed nowhere, and some that are in hostile sets only.
const CHARACTERS: &str = "0123456789.-+eE{}:,\"\\/ \n\r\t\0\u{7f}abdeilnortuvü🤖";

/// A decoder's view of a grammar, one token for each byte.
pub struct Grammar(Matcher);

impl Grammar {
    pub fn of(set: &CommandSet) -> Grammar {
        let factory = ParserFactory::new_simple(&ApproximateTokEnv::single_byte_env()).expect("a factory");
        let mut matcher = Matcher::new(factory.create_parser(TopLevelGrammar::from_lark(set.lark())));
        assert_eq!((matcher.get_error(), matcher.grammar_warnings()), (None, Vec::new()));
        Grammar(matcher)
    }

    pub fn accepts(&self, text: &str) -> bool {
        let mut matcher = self.0.deep_clone();
        let tokens: Vec<u32> = text.bytes().map(u32::from).collect();
        let taken = matcher.try_consume_tokens(&tokens).expect("within the limits");
        taken == tokens.len() && matcher.is_accepting().expect("no error")
    }
}

/// Changes `text` at places and by characters that the numbers in `edits` choose; half of the changes are made at its digits.
fn edited(text: &str, edits: &[(u8, u32, u32)]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for &(kind, at, with) in edits {
        let digits: Vec<usize> = (0..text.len()).filter(|&at| text[at].is_ascii_digit()).collect();
        let digit = digits.get(at as usize % digits.len().max(1)).copied().filter(|_| kind >= 128);
        let characters: Vec<char> = if digit.is_some() { ('0'..='9').collect() } else { CHARACTERS.chars().collect() };
        let at = digit.unwrap_or(at as usize % (text.len() + 1));
        let c = characters[with as usize % characters.len()];
        let end = (at + 1 + with as usize % 20).min(text.len());
        match kind % 6 {
            0 => text.insert(at, c),
            1 if at < text.len() => text[at] = c,
            2 if at < text.len() => drop(text.remove(at)),
            // Two parts in each other's place, and one part twice: parameters out of order, commands without end.
            3 if at < text.len() => text[at..end].rotate_left(1),
            4 => drop(text.splice(at..at, text[at..end].to_vec())),
            // Whole commands, more often than not, where that is a newline.
            _ => text.truncate(text[..at].iter().rposition(|&c| c == '\n').unwrap_or(at)),
        }
    }
    text.into_iter().collect()
}

/// Behind a backslash, some of these mean something else to a regex.
#[test]
fn any_punctuation_can_be_in_a_name() {
    let punctuation: Vec<char> = ('!'..='~').filter(char::is_ascii_punctuation).collect();
    // Alone, before and behind another, and as one of a few.
    let values: Vec<String> = punctuation.iter().flat_map(|c| [format!("{c}5"), format!("a{c}"), format!("b{c}b")]).collect();
    let quoted: Vec<String> = values.iter().map(|value| serde_json::to_string(value).expect("a text")).collect();
    let text = format!(
        "name = \"p\"\nversion = 1\n[[command]]\nname = \"a\"\nparams.x = {{ type = \"enum\", values = [{}] }}\n",
        quoted.join(", ")
    );
    let grammar = Grammar::of(&CommandSet::parse(&text).expect("sound"));
    for value in &quoted {
        assert!(grammar.accepts(&format!("{{\"a\":{{\"x\":{value}}}}}")), "{value}");
    }
    assert!(!grammar.accepts("{\"a\":{\"x\":\"c\"}}"));
}

fn edits() -> impl Strategy<Value = Vec<(u8, u32, u32)>> {
    proptest::collection::vec(any::<(u8, u32, u32)>(), 1..4)
}

/// Every answer is accepted, and what is made of it by `edits` if the parser reads it. Returns whether that is another answer.
fn check(set: &CommandSet, grammar: &Grammar, choices: &[u32], edits: &[(u8, u32, u32)]) -> Result<bool, TestCaseError> {
    let commands = answer(set, choices);
    let text = set.answer(&commands).expect("an answer of the set");
    prop_assert_eq!(set.parse_answer(&text), Ok(commands));
    prop_assert!(grammar.accepts(&text), "{text}");
    let other = edited(&text, edits);
    let read = set.parse_answer(&other);
    prop_assert_eq!(grammar.accepts(&other), read.is_ok(), "{:?} {:?}", other, read);
    Ok(read.is_ok() && other != text)
}

fn check_set(set: &CommandSet, cases: u32) {
    let grammar = Grammar::of(set);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(cases));
    let others = Cell::new(0);
    let run = runner.run(&(choices(), edits()), |(choices, edits)| {
        others.set(others.get() + u32::from(check(set, &grammar, &choices, &edits)?));
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    assert!(others.get() > cases / 50, "damage led to an answer {} times in {cases}", others.get());
}

#[test]
fn of_the_rover_is_its_answers() {
    check_set(&rover(), 4000);
}

#[test]
fn of_a_hostile_set_is_its_answers() {
    check_set(&hostile(), 1000);
}

/// Every number of a short range, and those around it and between its steps.
#[test]
fn of_numbers_is_their_spellings() {
    let config = ProptestConfig::with_cases(60);
    proptest!(config, |(set in number_sets(), choices in proptest::collection::vec((choices(), edits()), 100))| {
        let grammar = Grammar::of(&set);
        for (choices, edits) in choices {
            check(&set, &grammar, &choices, &edits)?;
        }
    });
}

/// The least even numbers that a set may have.
#[test]
fn of_uneven_numbers_is_within_the_limits() {
    let params = "params.a = { type = \"int\", min = 0, max = 79190000, step = 7919 }\nparams.b = { type = \"float\", min = -9999.0, max = 9999.0, step = 0.003333 }\n";
    check_set(&crate::sets::set(&format!("name = \"n\"\nversion = 1\n[[command]]\nname = \"go\"\n{params}")), 200);
}

#[test]
fn has_at_most_four_commands_and_some_stand_alone() {
    let set = hostile();
    let grammar = Grammar::of(&set);
    let two = |a: &str, b: &str| format!("{a}\n{b}");
    let (alone, other) = ("{\"self\":{}}", "{\"text\":{\"has_x\":\"\"}}");
    for (text, right) in [
        (alone.to_owned(), true),
        (two(alone, alone), false),
        (two(other, alone), false),
        (two(alone, other), false),
        ([other; 4].join("\n"), true),
        ([other; 5].join("\n"), false),
        (format!("{other}\n"), false),
        (String::new(), false),
    ] {
        assert_eq!((grammar.accepts(&text), set.parse_answer(&text).is_ok()), (right, right), "{text:?}");
    }
}
