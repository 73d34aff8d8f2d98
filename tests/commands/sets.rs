//! The sets that are tested: the reference one, one that is as awkward as may be, and random ones.

use proptest::prelude::*;
use qwark::commands::{Command, CommandSet, Kind, MAX_COMMANDS, Param, Value};

pub fn rover() -> CommandSet {
    set(include_str!("../../commands/rover.toml"))
}

pub fn set(text: &str) -> CommandSet {
    CommandSet::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Everything that a file may say and that is hard on a grammar or a language.
pub fn hostile() -> CommandSet {
    let words: Vec<String> = (0..10_000u32).map(|n| format!("\"word {}\"", n * n)).collect();
    set(&format!(
        r##"
name = "hostile"
version = 4294967
guidance = "A */ \\ \" and a\nnew line \"\"\" ''' é"

[[command]]
name = "goto"
doc = "*/ ends a comment /* \\ \" ''' \"\"\"\nand so does\r\n# a line ??/\n\\"
params.word = {{ type = "enum", values = [{}] }}
params.odd = {{ type = "enum", optional = true, values = ["very slow", "very_slow", "VERY SLOW", "2nd", "über", "\"", "\\", "\\\"", "*/", "self", "Self", "none", "/", "[a-z]*", "日本", "🤖", " ", "{{}}", "\u0085", "a\u0301"] }}

[[command]]
name = "extremes"
doc = ""
params.a = {{ type = "int", min = -2147483648, max = 2147483647, optional = true }}
params.b = {{ type = "float", unit = "µm", min = -2.147483648, max = 2.147483647, step = 1e-9, optional = true }}
params.c = {{ type = "float", min = -21474836480.0, max = 21474836470, step = 10.0, optional = true }}
params.d = {{ type = "float", min = -1.0, max = 1.0, step = 0.001953125, optional = true, doc = "trailing backslash \\" }}
params.e = {{ type = "int", min = -2147483645, max = 2147483645, step = 5, optional = true }}
params.f = {{ type = "float", min = 0.25, max = 123456.75, step = 0.25, optional = true }}
params.g = {{ type = "float", min = -301.0, max = -0.7, step = 0.7, optional = true, "doc" = "*/" }}
params.h = {{ type = "int", min = 7, max = 7, optional = true }}
params.i = {{ type = "float", min = 0.0, max = 0.0, step = 0.5, optional = true }}
params.j = {{ type = "int", min = -128, max = 127 }}
params.k = {{ type = "bool", optional = true }}
params.l = {{ type = "bool" }}
params.m = {{ type = "float", min = -99999.0, max = 99999.0, step = 0.003, optional = true }}

[[command]]
name = "text"
params.has_x = {{ type = "string", max_len = 1000 }}
params.x = {{ type = "string", max_len = 1, optional = true }}

[[command]]
name = "self"
alone = true

[[command]]
name = "option"
params.x = {{ type = "bool", optional = true }}
alone = true
"##,
        words.join(", ")
    ))
}

/// Sets whose names are those of C's own types and macros, or become them with what the header adds.
pub fn c_words() -> Vec<CommandSet> {
    let number = "{ type = \"int\", min = 0, max = 9 }";
    let mode = "{ type = \"enum\", values = [\"max\", \"c\"], optional = true }";
    let all = format!(
        "params.int32_t = {number}\nparams.int32_t_ = {number}\nparams.size_t = {number}\nparams.uint8_t = {{ type = \"bool\" }}\n\
         params.mode = {mode}\nparams.SET_COMMAND_mode_t = {number}"
    );
    let sets = [
        ("int", "fast8 least8 int_fast8_t max min int32_t size_t"),
        ("uint", "fast8 width"),
        ("int8", "min c"),
        ("size", "max bound"),
        ("max", "align"),
        ("has", "go"),
    ];
    let command = |set: &str, name: &str| format!("[[command]]\nname = \"{name}\"\n{}\n", all.replace("SET", set).replace("COMMAND", name));
    let file = |(name, commands): (&str, &str)| {
        format!("name = \"{name}\"\nversion = 1\n{}", commands.split(' ').map(|other| command(name, other)).collect::<String>())
    };
    sets.map(|names| set(&file(names))).into()
}

/// Sets of one command with two numbers of any range and step; the first one may be left out.
pub fn number_sets() -> impl Strategy<Value = CommandSet> {
    let number = (1..2000u32, 0..=6usize, -4000..4000i32, 0..5000i32, any::<bool>()).prop_map(|(step, decimals, min, steps, whole)| {
        let spell = |n: i64| {
            let sign = if n < 0 { "-" } else { "" };
            let digits = format!("{:0width$}", n.abs(), width = decimals + 1);
            let (a, b) = digits.split_at(digits.len() - decimals);
            if whole { n.to_string() } else { format!("{sign}{a}.{b}0") }
        };
        let [min, max] = [min, min + steps].map(|n| spell(i64::from(n) * i64::from(step)));
        let kind = if whole { "int" } else { "float" };
        format!("{{ type = \"{kind}\", min = {min}, max = {max}, step = {} }}", spell(step.into()))
    });
    (number.clone(), number).prop_map(|(a, b)| {
        let a = a.replace(" }", ", optional = true }");
        set(&format!("name = \"n\"\nversion = 1\n[[command]]\nname = \"go\"\nparams.a = {a}\nparams.b = {b}\n"))
    })
}

/// Choices, from which [`answer`] makes one of any set's answers.
pub fn choices() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(prop_oneof![any::<u32>(), 0..4u32], 90)
}

/// The answer of `set` that the `choices` lead to.
pub fn answer(set: &CommandSet, choices: &[u32]) -> Vec<Command> {
    let mut choices = Choices(choices.iter().cycle());
    let count = 1 + choices.below(MAX_COMMANDS);
    let mut commands: Vec<Command> = (0..count).map(|_| command(set, &mut choices)).collect();
    if let Some(at) = commands.iter().position(|command| set.commands()[usize::from(command.index)].alone) {
        commands = vec![commands.swap_remove(at)];
    }
    commands
}

struct Choices<'c>(std::iter::Cycle<std::slice::Iter<'c, u32>>);

impl Choices<'_> {
    fn next(&mut self) -> u32 {
        *self.0.next().expect("a cycle")
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }

    /// Any number of a range; often the first, the last or one near zero.
    fn within(&mut self, min: i32, max: i32) -> i32 {
        let any = i64::from(min) + i64::from(self.next()) % (i64::from(max) - i64::from(min) + 1);
        match self.below(8) {
            0 => min,
            1 => max,
            2 => 0.clamp(min, max),
            3 => (any % 100).clamp(min.into(), max.into()) as i32,
            _ => any as i32,
        }
    }
}

fn command(set: &CommandSet, choices: &mut Choices<'_>) -> Command {
    let index = choices.below(set.commands().len());
    let params = &set.commands()[index].params;
    let values = params.iter().map(|param| (!param.optional || choices.below(2) == 0).then(|| value(param, choices))).collect();
    Command { index: index as u8, values }
}

fn value(param: &Param, choices: &mut Choices<'_>) -> Value {
    match &param.kind {
        Kind::Int { min, max, step, .. } => Value::Int(choices.within(min / step, max / step) * step),
        Kind::Float { min, max, .. } => Value::Steps(choices.within(*min, *max)),
        Kind::Enum(values) => Value::Enum(choices.below(values.len()) as u16),
        Kind::Bool => Value::Bool(choices.below(2) == 0),
        Kind::Text { max_len } => {
            let len = [0, 1, *max_len, choices.below(max_len + 1)][choices.below(4)];
            let characters =
                ['a', 'Z', ' ', '"', '\\', '/', 'ü', '日', '🤖', '\u{80}', '\u{10ffff}', '\u{7ff}', '\u{800}', '\u{ffff}', '{'];
            let one = choices.below(2) * choices.below(characters.len());
            Value::Text((0..len).map(|_| if one > 0 { characters[one] } else { characters[choices.below(characters.len())] }).collect())
        }
    }
}
