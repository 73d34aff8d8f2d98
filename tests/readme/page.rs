//! The README as blocks of code.

/// The page.
pub const README: &str = include_str!("../../README.md");

/// What stands between two fences.
pub struct Block {
    /// `sh`, `c`, `python`, or nothing for what a program prints.
    pub lang: &'static str,
    pub text: String,
    /// Where it begins, from 1.
    pub line: usize,
}

/// The page's blocks in order.
pub fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = README.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(lang) = line.strip_prefix("```") else { continue };
        let text = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        blocks.push(Block { lang, text, line: at + 1 });
    }
    blocks
}
