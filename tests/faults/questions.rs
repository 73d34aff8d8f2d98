//! Questions to the real program, with the answers that `qwark run` gives, and sentences, with the commands that `qwark command` gives:
//! every way over a line must give the same.

use std::path::Path;
use std::sync::LazyLock;

use qwark::commands::CommandSet;
use qwark::links::{Request, Sentence};
use qwark_wire::Sampling;

use crate::common::{WALKER, run, stdout};

/// Tokens of each answer.
pub const TOKENS: u32 = 40;

/// Prompts; each is asked under several seeds. The last does not fit into one small frame.
const PROMPTS: [&str; 4] = [
    "The rover drives forward and turns left at the door.",
    "Stop.",
    "zwölf Boxkämpfer → 🤖",
    "Go to the kitchen, past the table with the four chairs; if there is a cup on it, bring the cup, and if there is none, say so and come \
     back the way that you went, but not through the door that was closed this morning, because somebody sleeps there. Then turn round \
     once, drive half a metre back, and wait until you are told where the next cup is. If nobody says anything for ten minutes, go home.",
];

/// How many there are.
pub const COUNT: usize = 8;

/// A question and its answer.
pub struct Question {
    pub prompt: &'static str,
    pub seed: u64,
    pub answer: String,
}

impl Question {
    /// As a client asks it.
    pub fn request(&self) -> Request {
        let sampling = Sampling { max_tokens: TOKENS, temperature: 1.0, seed: self.seed, ..Sampling::default() };
        Request { sampling, prompt: self.prompt.to_owned(), ..Request::default() }
    }

    /// As the command line has it.
    pub fn args(&self) -> Vec<String> {
        let (tokens, seed) = (TOKENS.to_string(), self.seed.to_string());
        let words = [self.prompt, "-n", &tokens, "--seed", &seed, "--temp", "1", "--top-k", "0", "--top-p", "1"];
        words.map(str::to_owned).to_vec()
    }
}

/// Number `n`, counted on from the beginning again where there are no more.
pub fn question(n: usize) -> &'static Question {
    static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
        let ask = |n: usize| {
            let mut question = Question { prompt: PROMPTS[n % PROMPTS.len()], seed: n as u64, answer: String::new() };
            let args = question.args();
            let args: Vec<&str> = ["run"].into_iter().chain(args.iter().map(String::as_str)).collect();
            let printed = stdout(run(&args));
            question.answer = printed.strip_suffix('\n').expect("a line").to_owned();
            question
        };
        (0..COUNT).map(ask).collect()
    });
    &QUESTIONS[n % COUNT]
}

/// What the robot is told.
const SENTENCES: [&str; 4] = ["turn left", "open the gripper and say hello", "geh zurück, über den Flur → Küche", "look up then wait"];

/// The command set of the sentences, as a file.
pub fn set_file() -> &'static str {
    static FILE: LazyLock<String> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.toml");
        std::fs::write(&path, WALKER).expect("a folder for tests");
        path.display().to_string()
    });
    &FILE
}

/// The same, read.
pub fn set() -> &'static CommandSet {
    static SET: LazyLock<CommandSet> = LazyLock::new(|| CommandSet::parse(WALKER).expect("a command set"));
    &SET
}

/// Sentence number `n`, counted on from the beginning again where there are no more, and its commands, a line each.
pub fn sentence(n: usize) -> (Sentence, &'static str) {
    static COMMANDS: LazyLock<Vec<String>> =
        LazyLock::new(|| SENTENCES.iter().map(|text| stdout(run(&["command", "--set", set_file(), text]))).collect());
    let n = n % SENTENCES.len();
    (Sentence::new(set().id(), SENTENCES[n]), &COMMANDS[n])
}
