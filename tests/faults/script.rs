//! What is asked and answered on a simulated line: any prompt has its own answer, and any sentence its own commands.

use qwark_wire::{Crc32c, MAX_COMMAND};

use crate::random::Random;

/// Parts of an answer, some of them characters of several bytes.
const TOKENS: [&str; 12] = [" the", " rover", " drives", ".", "\n", " für", " 3", "°", " left", " 机器人", " stop", "🛑"];

/// A prompt that no other request has; one in ten is too long for one small frame.
pub fn prompt(number: u64, random: &mut Random) -> String {
    let words = if random.chance(10) { random.within(60..300) } else { random.within(1..12) };
    let words: String = (0..words).map(|_| TOKENS[random.index(TOKENS.len())]).collect();
    format!("{number}:{words}")
}

/// The answer to `prompt`, token by token.
pub fn tokens(prompt: &str) -> Vec<String> {
    let mut random = seeded(prompt);
    (0..random.within(1..60)).map(|_| TOKENS[random.index(TOKENS.len())].to_owned()).collect()
}

/// The answer to `prompt`.
pub fn answer(prompt: &str) -> String {
    tokens(prompt).concat()
}

/// The commands for `sentence`, of all lengths that there can be.
pub fn commands(sentence: &str) -> Vec<Vec<u8>> {
    let mut random = seeded(sentence);
    let longest = if random.chance(20) { MAX_COMMAND as u64 } else { 12 };
    let mut command = || (0..random.within(1..longest + 1)).map(|_| random.draw() as u8).collect();
    (0..=sentence.len() % qwark::commands::MAX_COMMANDS).map(|_| command()).collect()
}

/// The same numbers for the same text.
fn seeded(text: &str) -> Random {
    let mut crc = Crc32c::new();
    crc.update(text.as_bytes());
    Random::new(crc.value().into())
}
