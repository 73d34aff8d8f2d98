//! A module for `no_std`.

use super::super::{CommandSet, CommandSpec, Kind, Param};
use super::Scaling;
use super::names::{Names, camel, comment};

const HELPERS: &str = include_str!("templates/helpers.rs");

/// Names that a type of the module cannot have.
const TAKEN: &str = "Self Command DecodeError EncodeError In Out Option Some None Ok Err Result String";

/// A command with its names.
struct Named<'s> {
    spec: &'s CommandSpec,
    name: String,
    /// The type of each parameter, without `Option`.
    types: Vec<String>,
}

impl Named<'_> {
    /// `<'a>` where a command of this kind borrows a text.
    fn lifetime(&self) -> &'static str {
        let borrows = self.spec.params.iter().any(|param| matches!(param.kind, Kind::Text { .. }));
        if borrows { "<'a>" } else { "" }
    }

    fn optional(&self) -> impl Iterator<Item = (usize, &Param)> {
        self.spec.params.iter().filter(|param| param.optional).enumerate()
    }
}

pub(super) fn generate(set: &CommandSet) -> String {
    let mut names = Names::with(TAKEN, "");
    let mut text = format!("// {}\n\n", set.notice("rust"));
    text += &format!(
        "/// Is the same where the commands mean the same.\npub const SET_ID: u32 = {:#010x};\n\
         /// The version that the set's author gave it.\npub const SET_VERSION: u32 = {};\n\
         /// Most bytes of a command.\npub const MAX_ENCODED: usize = {};\n\n",
        set.id(),
        set.version(),
        set.max_encoded_len()
    );
    let mut commands = Vec::new();
    for (index, spec) in set.commands().iter().enumerate() {
        let name = names.claim(&camel(&spec.name), index);
        let types = spec.params.iter().enumerate().map(|(number, param)| match &param.kind {
            Kind::Int { .. } => "i32".to_owned(),
            Kind::Float { min, max, step, .. } => if Scaling::new(*min, *max, *step).single { "f32" } else { "f64" }.to_owned(),
            Kind::Bool => "bool".to_owned(),
            Kind::Text { .. } => "&'a str".to_owned(),
            Kind::Enum(values) => {
                let enum_name = names.claim(&(name.clone() + &camel(&param.name)), number);
                text += &enum_type(&enum_name, values);
                enum_name
            }
        });
        let command = Named { types: types.collect(), spec, name };
        text += &struct_type(&command);
        commands.push(command);
    }
    let lifetime = if commands.iter().any(|command| !command.lifetime().is_empty()) { "<'a>" } else { "" };
    text += &format!("/// Any command of the set.\n#[derive(Debug, Clone, Copy, PartialEq)]\npub enum Command{lifetime} {{\n");
    for command in &commands {
        let content = if command.spec.params.is_empty() { String::new() } else { format!("({}{})", command.name, command.lifetime()) };
        text += &format!("    /// {}\n    {}{content},\n", command.spec.remark(), command.name);
    }
    text += "}\n\n";
    text + HELPERS + "\n" + &functions(&commands, if lifetime.is_empty() { "" } else { "<'_>" })
}

fn enum_type(name: &str, values: &[String]) -> String {
    let mut taken = Names::with("Self", "");
    let variants: Vec<String> = values.iter().enumerate().map(|(index, value)| taken.claim(&camel(value), index)).collect();
    let mut text = format!("/// One of {} values.\n#[derive(Debug, Clone, Copy, PartialEq, Eq)]\npub enum {name} {{\n", values.len());
    for (variant, value) in variants.iter().zip(values) {
        text += &format!("    /// {}\n    {variant},\n", comment(value));
    }
    let all: String = variants.iter().map(|variant| format!("        {name}::{variant},\n")).collect();
    text + &format!(
        "}}\n\nimpl {name} {{\n    /// All values, in the set's order.\n    pub const ALL: [{name}; {}] = [\n{all}    ];\n}}\n\n",
        values.len()
    )
}

fn struct_type(command: &Named<'_>) -> String {
    if command.spec.params.is_empty() {
        return String::new();
    }
    let head = format!("/// {}\n#[derive(Debug, Clone, Copy, PartialEq)]\n", command.spec.remark());
    let fields = command.spec.params.iter().zip(&command.types).map(|(param, ty)| {
        let ty = if param.optional { format!("Option<{ty}>") } else { ty.clone() };
        format!("    /// {}\n    pub {}: {ty},\n", param.remark(), param.name)
    });
    format!("{head}pub struct {}{} {{\n{}}}\n\n", command.name, command.lifetime(), fields.collect::<String>())
}

fn functions(commands: &[Named<'_>], lifetime: &str) -> String {
    let mut decode = String::new();
    let mut encode = String::new();
    for (index, command) in commands.iter().enumerate() {
        let name = &command.name;
        if command.spec.params.is_empty() {
            decode += &format!("        {index} => Command::{name},\n");
            encode += &format!("        Command::{name} => out.unsigned(1, {index})?,\n");
            continue;
        }
        let bits = command.optional().count();
        decode += &format!("        {index} => {{\n");
        if bits > 0 {
            let bitmap = command.spec.bitmap_len();
            decode += &format!("            let there = input.unsigned({bitmap}, {})?;\n", 1u32 << bits);
            let there = command.optional().map(|(bit, param)| format!("u32::from(c.{}.is_some()) << {bit}", param.name));
            let there = there.collect::<Vec<_>>().join(" | ");
            encode += &format!(
                "        Command::{name}(c) => {{\n            out.unsigned(1, {index})?;\n            out.unsigned({bitmap}, {there})?;\n"
            );
        } else {
            encode += &format!("        Command::{name}(c) => {{\n            out.unsigned(1, {index})?;\n");
        }
        decode += &format!("            Command::{name}({name} {{\n");
        let mut bit = 0;
        for (param, ty) in command.spec.params.iter().zip(&command.types) {
            let field = &param.name;
            let (read, write) = (read(param, ty), write(param));
            if param.optional {
                decode += &format!("                {field}: if there >> {bit} & 1 == 1 {{ Some({read}) }} else {{ None }},\n");
                encode += &format!("            if let Some(value) = c.{field} {{\n                {write}\n            }}\n");
                bit += 1;
            } else {
                decode += &format!("                {field}: {read},\n");
                encode += &format!("            let value = c.{field};\n            {write}\n");
            }
        }
        decode += "            })\n        }\n";
        encode += "        }\n";
    }
    format!(
        "/// Reads one command from all of `bytes`, and checks everything.\n\
         pub fn decode(bytes: &[u8]) -> Result<Command{lifetime}, DecodeError> {{\n    let mut input = In(bytes);\n    \
         let command = match input.unsigned(1, 256)? {{\n{decode}        _ => return Err(DecodeError::Unknown),\n    }};\n    \
         if input.0.is_empty() {{ Ok(command) }} else {{ Err(DecodeError::Trailing) }}\n}}\n\n\
         /// Writes `command` to the beginning of `bytes`, numbers rounded to their step, and returns how many bytes it has.\n\
         pub fn encode(command: &Command{lifetime}, bytes: &mut [u8]) -> Result<usize, EncodeError> {{\n    \
         let mut out = Out {{ bytes, len: 0 }};\n    match *command {{\n{encode}    }}\n    Ok(out.len)\n}}\n"
    )
}

/// The expression that reads the value of `param`.
fn read(param: &Param, ty: &str) -> String {
    let width = param.kind.width().bytes();
    match &param.kind {
        Kind::Int { min, max, step, .. } => format!("input.signed({width}, {min}, {max}, {step})?"),
        Kind::Float { min, max, step, .. } => {
            let Scaling { factor, scale, .. } = Scaling::new(*min, *max, *step);
            format!("input.signed({width}, {min}, {max}, 1)? as {ty} * {factor}.0 / {scale}.0")
        }
        Kind::Enum(values) => format!("{ty}::ALL[input.unsigned({width}, {})? as usize]", values.len()),
        Kind::Bool => format!("input.unsigned({width}, 2)? == 1"),
        Kind::Text { max_len } => format!("input.text({width}, {max_len})?"),
    }
}

/// The statement that writes `value`, which is that of `param`.
fn write(param: &Param) -> String {
    let width = param.kind.width().bytes();
    match &param.kind {
        Kind::Int { min, max, step, .. } => format!("out.signed({width}, value, {min}, {max}, {step})?;"),
        Kind::Float { min, max, step, .. } => {
            let Scaling { factor, scale, .. } = Scaling::new(*min, *max, *step);
            format!("out.steps({width}, f64::from(value) * {scale}.0 / {factor}.0, {min}, {max})?;")
        }
        Kind::Enum(_) => format!("out.unsigned({width}, value as u32)?;"),
        Kind::Bool => format!("out.unsigned({width}, u32::from(value))?;"),
        Kind::Text { max_len } => format!("out.text({width}, value, {max_len})?;"),
    }
}
