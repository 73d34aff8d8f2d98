//! The functions of the header, `decode` and `encode`: a statement for each parameter.

use super::super::super::Kind;
use super::super::Scaling;
use super::{Field, Named};

impl Named<'_> {
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
        let name = format!("c->{}", self.member);
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
        let name = format!("c->{}", self.member);
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
pub(super) fn write(prefix: &str, capitals: &str, commands: &[Named<'_>]) -> String {
    let mut text = format!(
        "/* ---- The functions to call ---- */\n\n\
         /* Reads one command from all of `bytes`, and checks everything. Returns {capitals}_OK or what is wrong; `command` is then zero. */\n\
         static inline int {prefix}_decode(const uint8_t *bytes, size_t len, {prefix}_command_t *command) {{\n    \
         {prefix}_reader_ in;\n    uint32_t kind;\n    in.at = bytes;\n    in.left = len;\n    in.error = 0;\n    memset(command, 0, sizeof *command);\n    \
         kind = {prefix}_unsigned_(&in, 1, 256);\n    if (in.error) return in.error;\n    \
         if (kind >= {}) return {capitals}_UNKNOWN;\n    command->kind = ({prefix}_kind_t)kind;\n    switch (command->kind) {{\n",
        commands.len()
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
        "    }}\n    \
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
