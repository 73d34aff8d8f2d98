//! Answers as a JSON Schema, for tools that know nothing else.

use serde_json::{Map, Value as Json, json};

use super::{CommandSet, CommandSpec, Decimal, Kind, MAX_COMMANDS, Param};

impl CommandSet {
    /// A JSON Schema (draft 2020-12) of an answer as an array of its commands. It does not say in which order parameters stand.
    pub fn json_schema(&self) -> Json {
        let choice =
            |alone: bool| -> Vec<Json> { self.commands.iter().filter(|spec| spec.alone == alone).map(CommandSpec::json_schema).collect() };
        let list = |commands: Vec<Json>, most: usize| {
            let list = json!({ "type": "array", "minItems": 1, "maxItems": most, "items": { "oneOf": commands } });
            if let Json::Object(list) = list { list } else { Map::new() }
        };
        let lists: Vec<Map<String, Json>> = [(choice(false), MAX_COMMANDS), (choice(true), 1)]
            .into_iter()
            .filter(|(commands, _)| !commands.is_empty())
            .map(|(commands, most)| list(commands, most))
            .collect();
        let mut schema = Map::new();
        schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        schema.insert("title".to_owned(), json!(format!("{}, version {}", self.name, self.version)));
        match <[Map<String, Json>; 1]>::try_from(lists) {
            Ok([list]) => schema.extend(list),
            Err(lists) => drop(schema.insert("oneOf".to_owned(), json!(lists))),
        }
        Json::Object(schema)
    }
}

impl CommandSpec {
    fn json_schema(&self) -> Json {
        let required: Vec<&str> = self.params.iter().filter(|param| !param.optional).map(|param| param.name.as_str()).collect();
        let properties: Map<String, Json> = self.params.iter().map(|param| (param.name.clone(), param.json_schema())).collect();
        let params = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
        described(
            &self.doc,
            json!({ "type": "object", "properties": { (&self.name): params }, "required": [self.name], "additionalProperties": false }),
        )
    }
}

impl Param {
    fn json_schema(&self) -> Json {
        let unit = self.kind.unit();
        let unit = if unit.is_empty() { String::new() } else { format!("in {unit}") };
        let step = self.kind.unchecked_step().map_or(String::new(), |step| format!("in steps of {step}"));
        let doc = [self.doc.as_str(), &unit, &step].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        described(&doc, self.kind.json_schema())
    }
}

impl Kind {
    fn json_schema(&self) -> Json {
        match self {
            Kind::Int { min, max, step, .. } => json!({ "type": "integer", "minimum": min, "maximum": max, "multipleOf": step }),
            Kind::Float { min, max, step, .. } => {
                let mut schema = json!({ "type": "number", "minimum": step.times(*min).to_f64(), "maximum": step.times(*max).to_f64() });
                if self.unchecked_step().is_none() {
                    schema["multipleOf"] = json!(step.to_f64());
                }
                schema
            }
            Kind::Enum(values) => json!({ "enum": values }),
            Kind::Bool => json!({ "type": "boolean" }),
            // Where `$` also stands before a last newline, as in Python, a text with one passes. What would refuse it there, a lookahead or
            // `not`, grammars that are made from a schema do not know.
            Kind::Text { max_len } => json!({ "type": "string", "maxLength": max_len, "pattern": "^[^\\u0000-\\u001f\\u007f]*$" }),
        }
    }

    /// The step, where `multipleOf` does not say it. Validators divide in floats, where 0.07 is not a multiple of 0.01: what is legal
    /// would be refused unless the step is exact in binary.
    fn unchecked_step(&self) -> Option<Decimal> {
        let Kind::Float { step, .. } = self else { return None };
        (!step.is_binary()).then_some(*step)
    }
}

/// `schema` with a description, if there is one.
fn described(doc: &str, mut schema: Json) -> Json {
    if !doc.is_empty() {
        schema["description"] = json!(doc);
    }
    schema
}
