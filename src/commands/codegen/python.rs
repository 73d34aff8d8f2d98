//! A module for Python 3.9.

use serde_json::Value as Json;

use super::super::{CommandSet, Kind, Param};
use super::Scaling;
use super::names::{Names, camel, upper};

const HELPERS: &str = include_str!("templates/helpers.py");

/// Names that a class of the module cannot have.
const TAKEN: &str =
    "None True False Any ClassVar Command DecodeError Dict Optional Tuple Type Union KeyError TypeError ValueError AttributeError
    OverflowError RecursionError StopIteration";

pub(super) fn generate(set: &CommandSet) -> String {
    let mut classes = Names::with(TAKEN, "");
    let mut text = format!("\"\"\"{}\"\"\"\n\nfrom __future__ import annotations\n\n", set.notice("python"));
    text += "from dataclasses import dataclass\nimport enum\nimport json\nfrom typing import Any, Dict, Optional, Tuple, Type, Union\n\n";
    text += &format!("SET_NAME = \"{}\"\nSET_VERSION = {}\n", set.name(), set.version());
    text += &format!("SET_ID = 0x{:08X}  # is the same where the commands mean the same\n", set.id());

    let mut types = String::new();
    let mut table = "\n\n_COMMANDS: Tuple[Tuple[Any, str, Tuple[Tuple[str, bool, Any], ...]], ...] = (\n".to_owned();
    let mut names = Vec::new();
    for (index, spec) in set.commands().iter().enumerate() {
        let name = classes.claim(&camel(&spec.name), index);
        let mut fields = String::new();
        table += &format!("    ({name}, \"{}\", (\n", spec.name);
        for (number, param) in spec.params.iter().enumerate() {
            let ty = match &param.kind {
                Kind::Enum(values) => {
                    let enum_name = classes.claim(&(name.clone() + &camel(&param.name)), number);
                    types += &enum_class(&enum_name, values);
                    enum_name
                }
                Kind::Int { .. } => "int".to_owned(),
                Kind::Float { .. } => "float".to_owned(),
                Kind::Bool => "bool".to_owned(),
                Kind::Text { .. } => "str".to_owned(),
            };
            // A field with a default value has none without behind it.
            let default = if spec.params[number..].iter().all(|param| param.optional) { " = None" } else { "" };
            let annotation = if param.optional { format!("Optional[{ty}]{default}") } else { ty.clone() };
            fields += &format!("    {}: {annotation}  # {}\n", param.name, param.remark());
            let optional = if param.optional { "True" } else { "False" };
            table += &format!("        (\"{}\", {optional}, {}),\n", param.name, codec(param, &ty));
        }
        table += "    )),\n";
        let fields = if fields.is_empty() { "    pass\n".to_owned() } else { fields };
        types += &format!("\n\n# {}\n@dataclass\nclass {name}:\n{fields}", spec.remark());
        names.push(name);
    }
    text + &types + &format!("\n\nCommand = Union[{}]\n", names.join(", ")) + HELPERS + &table + ")\n"
}

fn enum_class(name: &str, values: &[String]) -> String {
    let mut members = Names::with("", "_");
    let mut text = format!("\n\nclass {name}(enum.Enum):\n");
    for (index, value) in values.iter().enumerate() {
        let member = upper(value);
        let member = if member.starts_with(|c: char| c.is_ascii_digit()) { format!("V_{member}") } else { member };
        text += &format!("    {} = {}\n", members.claim(&member, index), Json::from(value.as_str()));
    }
    text
}

fn codec(param: &Param, ty: &str) -> String {
    let width = param.kind.width().bytes();
    match &param.kind {
        Kind::Int { min, max, step, .. } => format!("_Int({min}, {max}, {step}, {width})"),
        Kind::Float { min, max, step, .. } => {
            format!("_Float({min}, {max}, {}, {}, {width})", Scaling::new(*min, *max, *step).factor, step.decimals())
        }
        Kind::Enum(_) => format!("_Enum({ty}, {width})"),
        Kind::Bool => "_Bool()".to_owned(),
        Kind::Text { max_len } => format!("_Text({max_len}, {width})"),
    }
}
