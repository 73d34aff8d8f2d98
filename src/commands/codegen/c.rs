//! A header for C99 and C++.

use super::super::{CommandSet, CommandSpec, Kind, Param};
use super::Scaling;
use super::names::{Names, comment, upper};

const HELPERS: &str = include_str!("templates/helpers.h");

/// Words that cannot be a member of a union. Every other name of a command has a prefix.
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
        text += &format!("    {} = {index}{} /* {} */\n", command.constant, comma(index, commands.len()), comment(&command.spec.doc));
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
    text += &functions(prefix, &capitals, &commands);
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
    let [mut types, mut constants, mut members] = [OWN_TYPES, OWN_CONSTANTS, ""].map(|taken| Names::with(taken, "_"));
    let commands = set.commands().iter().enumerate().map(|(index, spec)| {
        let constant = constants.claim(&upper(&spec.name), index);
        let struct_type = format!("{prefix}_{}_t", types.claim(&spec.name, index));
        let mut flags = Names::with("", "_");
        spec.params.iter().for_each(|param| drop(flags.claim(&param.name, 0)));
        let fields = spec.params.iter().enumerate().map(|(number, param)| {
            let has = flags.claim(&format!("has_{}", param.name), number);
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
            Field { param, has, ty, constants }
        });
        let fields = fields.collect();
        let mark = if KEYWORDS.split_whitespace().any(|word| word == spec.name) { "_" } else { "" };
        let member = members.claim(&format!("{}{mark}", spec.name), index);
        Named { spec, constant: format!("{capitals}_{constant}"), struct_type, member, fields }
    });
    commands.collect()
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
        text += &format!("/* {} */\ntypedef struct {{\n", comment(&self.spec.doc));
        for field in &self.fields {
            if field.param.optional {
                text += &format!("    bool {};\n", field.has);
            }
            let room = if let Kind::Text { max_len } = field.param.kind { format!("[{}]", 4 * max_len + 1) } else { String::new() };
            text += &format!("    {} {}{room}; /* {} */\n", field.ty, field.param.name, field.param.remark());
        }
        text + &format!("}} {};\n\n", self.struct_type)
    }

    fn each_field(&self, write: impl Fn(&Field<'_>) -> String) -> String {
        let fields = self.fields.iter().map(|field| {
            let statement = write(field);
            if field.param.optional {
                format!("        if (c->{}) {{ {statement} }}\n", field.has)
            } else {
                format!("        {statement}\n")
            }
        });
        fields.collect()
    }

    fn optional(&self) -> impl Iterator<Item = (usize, &Field<'_>)> {
        self.fields.iter().filter(|field| field.param.optional).enumerate()
    }

    /// The bytes of the bitmap, and what it must be below.
    fn bitmap(&self) -> (usize, u32) {
        (self.spec.bitmap_len(), 1 << self.optional().count())
    }
}

impl Field<'_> {
    fn decode(&self, prefix: &str) -> String {
        let name = format!("c->{}", self.param.name);
        let width = self.param.kind.width().bytes();
        match &self.param.kind {
            Kind::Int { min, max, step, .. } => format!("{name} = {prefix}_signed_(&in, {width}, {}, {}, {step});", int(*min), int(*max)),
            Kind::Float { min, max, step, .. } => {
                let Scaling { factor, scale, .. } = Scaling::new(*min, *max, *step);
                let (ty, suffix) = (&self.ty, if self.ty == "float" { "f" } else { "" });
                let steps = format!("({ty}){prefix}_signed_(&in, {width}, {}, {}, 1)", int(*min), int(*max));
                format!("{name} = {steps} * {factor}.0{suffix} / {scale}.0{suffix};")
            }
            Kind::Enum(values) => format!("{name} = ({}){prefix}_unsigned_(&in, {width}, {});", self.ty, values.len()),
            Kind::Bool => format!("{name} = {prefix}_unsigned_(&in, {width}, 2) != 0;"),
            Kind::Text { max_len } => format!("{prefix}_text_(&in, {width}, {max_len}, {name});"),
        }
    }

    fn encode(&self, prefix: &str) -> String {
        let name = format!("c->{}", self.param.name);
        let width = self.param.kind.width().bytes();
        match &self.param.kind {
            Kind::Int { min, max, step, .. } => {
                format!("{prefix}_put_signed_(&out, {width}, {name}, {}, {}, {step});", int(*min), int(*max))
            }
            Kind::Float { min, max, step, .. } => {
                let Scaling { factor, scale, .. } = Scaling::new(*min, *max, *step);
                let steps = format!("(double){name} * {scale}.0 / {factor}.0");
                format!("{prefix}_put_steps_(&out, {width}, {steps}, {}, {});", int(*min), int(*max))
            }
            Kind::Enum(values) => format!("{prefix}_put_unsigned_(&out, {width}, (uint32_t){name}, {});", values.len()),
            Kind::Bool => format!("{prefix}_put_(&out, {width}, {name} ? 1u : 0u);"),
            Kind::Text { max_len } => format!("{prefix}_put_text_(&out, {width}, {name}, {max_len});"),
        }
    }
}

/// `value` as C writes it: the smallest one has no literal.
fn int(value: i32) -> String {
    if value == i32::MIN { "INT32_MIN".to_owned() } else { value.to_string() }
}

/// `decode` and `encode`.
fn functions(prefix: &str, capitals: &str, commands: &[Named<'_>]) -> String {
    let mut text = format!(
        "/* ---- The functions to call ---- */\n\n\
         /* Reads one command from all of `bytes`, and checks everything. Returns {capitals}_OK or what is wrong; `command` is then zero. */\n\
         static inline int {prefix}_decode(const uint8_t *bytes, size_t len, {prefix}_command_t *command) {{\n    \
         {prefix}_reader_ in;\n    in.at = bytes;\n    in.left = len;\n    in.error = 0;\n    memset(command, 0, sizeof *command);\n    \
         command->kind = ({prefix}_kind_t){prefix}_unsigned_(&in, 1, 256);\n    if (in.error) return in.error;\n    switch (command->kind) {{\n"
    );
    for command in commands {
        text += &format!("    case {}: {{\n", command.constant);
        if !command.fields.is_empty() {
            text += &format!("        {} *c = &command->as.{};\n", command.struct_type, command.member);
        }
        let (bitmap, limit) = command.bitmap();
        if bitmap > 0 {
            text += &format!("        uint32_t there = {prefix}_unsigned_(&in, {bitmap}, {limit});\n");
        }
        for (bit, field) in command.optional() {
            text += &format!("        c->{} = (there >> {bit} & 1u) != 0;\n", field.has);
        }
        text += &command.each_field(|field| field.decode(prefix));
        text += "        break;\n    }\n";
    }
    text += &format!(
        "    default:\n        in.error = {capitals}_UNKNOWN;\n        break;\n    }}\n    \
         if (!in.error && in.left > 0) in.error = {capitals}_TRAILING;\n    \
         if (in.error) memset(command, 0, sizeof *command);\n    return in.error;\n}}\n\n\
         /* Writes `command` into `bytes`, which has room for `size`, and how many there are into `len`. Numbers are rounded to their step.\n   \
         Returns {capitals}_OK or what is wrong; `len` is then 0. */\n\
         static inline int {prefix}_encode(const {prefix}_command_t *command, uint8_t *bytes, size_t size, size_t *len) {{\n    \
         {prefix}_writer_ out;\n    out.at = bytes;\n    out.left = size;\n    out.error = 0;\n    *len = 0;\n    \
         {prefix}_put_unsigned_(&out, 1, (uint32_t)command->kind, {});\n    switch (command->kind) {{\n",
        commands.len()
    );
    for command in commands {
        text += &format!("    case {}: {{\n", command.constant);
        if !command.fields.is_empty() {
            text += &format!("        const {} *c = &command->as.{};\n", command.struct_type, command.member);
        }
        if command.bitmap().0 > 0 {
            let bits = command.optional().map(|(bit, field)| format!("(c->{} ? {}u : 0u)", field.has, 1 << bit));
            let bits = bits.collect::<Vec<_>>().join(" | ");
            text += &format!("        {prefix}_put_(&out, {}, {bits});\n", command.bitmap().0);
        }
        text += &command.each_field(|field| field.encode(prefix));
        text += "        break;\n    }\n";
    }
    text + &format!(
        "    default:\n        return {capitals}_UNKNOWN;\n    }}\n    \
         if (!out.error) *len = size - out.left;\n    return out.error;\n}}\n\n"
    )
}
