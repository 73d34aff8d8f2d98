//! A header for C99 and C++: its types. What reads and writes them is in `functions.rs`.

mod functions;

use super::super::{CommandSet, CommandSpec, Kind, Param};
use super::Scaling;
use super::names::{Names, comment, upper};

const HELPERS: &str = include_str!("../templates/helpers.h");

/// Words that cannot be a member. Every other name of a command has a prefix.
const KEYWORDS: &str = "
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class co_await co_return co_yield
    compl concept const const_cast consteval constexpr constinit continue decltype default delete do double dynamic_cast else enum errno
    explicit export extern false float for friend goto if inline int linux long mutable namespace new noexcept not not_eq nullptr
    operator or or_eq private protected public register reinterpret_cast requires restrict return short signed sizeof static
    static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename typeof typeof_unqual union
    unix unsigned using virtual void volatile wchar_t while xor xor_eq";

/// Names of the header's own types and constants, without the prefix.
const OWN_TYPES: &str = "command kind";
const OWN_CONSTANTS: &str = "COMMANDS_H SET_ID SET_VERSION MAX_ENCODED OK UNKNOWN TRUNCATED TRAILING RANGE BAD_TEXT NO_ROOM";

/// Types of the headers that this one includes, without `_t`.
const STANDARD_TYPES: &str = "
    errno int16 int32 int64 int8 int_fast16 int_fast32 int_fast64 int_fast8 int_least16 int_least32 int_least64 int_least8 intmax intptr
    locale max_align nullptr ptrdiff rsize sig_atomic size ssize uint16 uint32 uint64 uint8 uint_fast16 uint_fast32 uint_fast64 uint_fast8
    uint_least16 uint_least32 uint_least64 uint_least8 uintmax uintptr wchar wint";
/// More types that macros say the limits of: those of <limits.h>, which a controller may include before.
const LIMITED_TYPES: &str = "bool char int llong long schar shrt uchar uint ullong ulong ushrt";
/// What stands behind a type in the names of its macros: `SIZE_MAX`, `INT8_C`.
const LIMITS: [&str; 5] = ["MIN", "MAX", "WIDTH", "BIT", "C"];

/// A command with its names.
struct Named<'s> {
    spec: &'s CommandSpec,
    constant: String,
    struct_type: String,
    member: String,
    fields: Vec<Field<'s>>,
}

/// A parameter with its names.
struct Field<'s> {
    param: &'s Param,
    member: String,
    /// The member that says whether an optional one is there.
    has: String,
    /// The type, and the constants of an enum.
    ty: String,
    constants: Vec<String>,
}

pub(super) fn generate(set: &CommandSet) -> String {
    let prefix = set.name();
    let capitals = prefix.to_ascii_uppercase();
    let commands = named(set);
    let mut text = format!("/* {} */\n#ifndef {capitals}_COMMANDS_H\n#define {capitals}_COMMANDS_H\n\n", set.notice("c"));
    text += "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n\n";
    text += &format!("#define {capitals}_SET_ID 0x{:08x}u /* is the same where the commands mean the same */\n", set.id());
    text += &format!("#define {capitals}_SET_VERSION {}u\n", set.version());
    text += &format!("#define {capitals}_MAX_ENCODED {}u /* most bytes of a command */\n\n", set.max_encoded_len());
    text += "/* What the functions return. */\n";
    text += &HEADER_CODES.replace("PREFIX", &capitals);
    for command in &commands {
        text += &command.types();
    }
    text += "typedef enum {\n";
    for (index, command) in commands.iter().enumerate() {
        text += &format!("    {} = {index}{} /* {} */\n", command.constant, comma(index, commands.len()), command.spec.remark());
    }
    text += &format!("}} {prefix}_kind_t;\n\ntypedef struct {{\n    {prefix}_kind_t kind; /* says which member of `as` there is */\n");
    let members: String = commands
        .iter()
        .filter(|command| !command.fields.is_empty())
        .map(|command| format!("        {} {};\n", command.struct_type, command.member))
        .collect();
    if !members.is_empty() {
        text += &format!("    union {{\n{members}    }} as;\n");
    }
    text += &format!("}} {prefix}_command_t;\n\n");
    if commands.iter().flat_map(|command| &command.fields).any(|field| field.ty == "double") {
        text += &format!(
            "/* Some ranges take more than single precision: this header needs a compiler whose double has 8 bytes. */\n\
             typedef char {prefix}_double_has_8_bytes[sizeof(double) >= 8 ? 1 : -1];\n\n"
        );
    }
    text += &HELPERS.replace("prefix_", &format!("{prefix}_")).replace("PREFIX_", &format!("{capitals}_"));
    text += &functions::write(prefix, &capitals, &commands);
    text += "#endif\n";
    text
}

const HEADER_CODES: &str = "enum {
    PREFIX_OK = 0,
    PREFIX_UNKNOWN = -1,   /* no command of this set */
    PREFIX_TRUNCATED = -2, /* the bytes end too early */
    PREFIX_TRAILING = -3,  /* there are more bytes than the command has */
    PREFIX_RANGE = -4,     /* a value is out of its range */
    PREFIX_BAD_TEXT = -5,  /* a text is too long, not UTF-8, or has a control character */
    PREFIX_NO_ROOM = -6    /* there is no room for the command's bytes */
};

";

fn named(set: &CommandSet) -> Vec<Named<'_>> {
    let prefix = set.name();
    let capitals = prefix.to_ascii_uppercase();
    let taken_types = OWN_TYPES.to_owned() + &behind(prefix, STANDARD_TYPES.split_whitespace());
    let taken_constants = OWN_CONSTANTS.to_owned() + &behind(&capitals, limits().iter().map(String::as_str));
    let [mut types, mut constants, mut members] = [taken_types.as_str(), taken_constants.as_str(), ""].map(|taken| Names::with(taken, "_"));
    let commands = set.commands().iter().enumerate().map(|(index, spec)| {
        let constant = constants.claim(&upper(&spec.name), index);
        let struct_type = format!("{prefix}_{}_t", types.claim(&spec.name, index));
        let mut names = Names::with("", "_");
        let field_members: Vec<String> = spec.params.iter().map(|param| names.claim(&member(prefix, &param.name), 0)).collect();
        let fields = spec.params.iter().zip(field_members).enumerate().map(|(number, (param, field_member))| {
            let has = names.claim(&member(prefix, &format!("has_{}", param.name)), number);
            let (ty, constants) = match &param.kind {
                Kind::Int { .. } => ("int32_t".to_owned(), Vec::new()),
                Kind::Float { min, max, step, .. } => {
                    let single = Scaling::new(*min, *max, *step).single;
                    (if single { "float" } else { "double" }.to_owned(), Vec::new())
                }
                Kind::Bool => ("bool".to_owned(), Vec::new()),
                Kind::Text { .. } => ("char".to_owned(), Vec::new()),
                Kind::Enum(values) => {
                    let name = format!("{}_{}", spec.name, param.name);
                    let constant = |(number, value): (usize, &String)| {
                        let wanted = format!("{}_{}", upper(&name), upper(value));
                        format!("{capitals}_{}", constants.claim(&wanted, number))
                    };
                    (format!("{prefix}_{}_t", types.claim(&name, number)), values.iter().enumerate().map(constant).collect())
                }
            };
            Field { param, member: field_member, has, ty, constants }
        });
        let fields = fields.collect();
        let member = members.claim(&member(prefix, &spec.name), index);
        Named { spec, constant: format!("{capitals}_{constant}"), struct_type, member, fields }
    });
    commands.collect()
}

/// The macros that say the limits of types.
fn limits() -> Vec<String> {
    let types = STANDARD_TYPES.split_whitespace().chain(LIMITED_TYPES.split_whitespace()).map(str::to_ascii_uppercase);
    types.flat_map(|ty| LIMITS.map(|limit| format!("{ty}_{limit}"))).collect()
}

/// What stands behind `prefix` and an underscore in those of `names` that begin with them, with a space before each.
fn behind<'n>(prefix: &str, names: impl Iterator<Item = &'n str>) -> String {
    names.filter_map(|name| Some(format!(" {}", name.strip_prefix(prefix)?.strip_prefix('_')?))).collect()
}

/// `name` as a member of the set `prefix`: with an underscore behind it where it is a word of the language, or may be a type of another
/// member, which C++ would then not find.
fn member(prefix: &str, name: &str) -> String {
    let is = |words: &str, name: &str| words.split_whitespace().any(|word| word == name);
    let own = |ty: &str| ty.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_'));
    let is_type = name.strip_suffix("_t").is_some_and(|ty| is(STANDARD_TYPES, ty) || own(ty));
    let mark = if is_type || is(KEYWORDS, name) { "_" } else { "" };
    format!("{name}{mark}")
}

fn comma(index: usize, len: usize) -> &'static str {
    if index + 1 < len { "," } else { "" }
}

impl Named<'_> {
    /// Its struct, and the enums in it.
    fn types(&self) -> String {
        let mut text = String::new();
        for field in &self.fields {
            let Kind::Enum(values) = &field.param.kind else { continue };
            text += "typedef enum {\n";
            for (index, (constant, value)) in field.constants.iter().zip(values).enumerate() {
                text += &format!("    {constant} = {index}{} /* {} */\n", comma(index, values.len()), comment(value));
            }
            text += &format!("}} {};\n\n", field.ty);
        }
        if self.fields.is_empty() {
            return text;
        }
        text += &format!("/* {} */\ntypedef struct {{\n", self.spec.remark());
        for field in &self.fields {
            if field.param.optional {
                text += &format!("    bool {};\n", field.has);
            }
            let room = if let Kind::Text { max_len } = field.param.kind { format!("[{}]", 4 * max_len + 1) } else { String::new() };
            text += &format!("    {} {}{room}; /* {} */\n", field.ty, field.member, field.param.remark());
        }
        text + &format!("}} {};\n\n", self.struct_type)
    }
}
