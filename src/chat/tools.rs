//! Functions that a model may call, as their file or request describes them, checked.

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::ToolChoice;

/// Most tools of a conversation.
pub const MAX_TOOLS: usize = 1024;

/// Longest name of a tool, in bytes.
pub const MAX_TOOL_NAME: usize = 128;

/// The functions that a model may call in one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Tools(Vec<Tool>);

/// One function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tool {
    pub name: String,
    /// JSON schema of its arguments, an object.
    pub parameters: Map<String, Value>,
}

/// Why a conversation cannot have its tools, or answers cannot be held to them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ToolError {
    /// A tool is at fault.
    #[error("{place}: {fault}")]
    Tool {
        /// Which: its number, from 1, and its name, where it has one.
        place: String,
        /// What is wrong with it.
        fault: ToolFault,
    },
    /// There are too many.
    #[error("{0} tools are more than {MAX_TOOLS}")]
    Many(usize),
    /// A call is asked for, and nothing can be called.
    #[error("a call is required, but there are no tools")]
    None,
    /// The tool that is to be called is none of those that there are.
    #[error("there is no tool {0:?}")]
    Unknown(String),
    /// The model does not write calls as Hermes does.
    #[error("the model's chat template writes no calls in the form of Hermes, so that there can be no other choice than \"auto\"")]
    Form,
}

/// What is wrong with a tool.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ToolFault {
    /// It is no object as OpenAI's interface has them.
    #[error("not {{\"type\": \"function\", \"function\": {{\"name\": ...}}}}")]
    NotFunction,
    /// Its name is not one that all templates write as it is.
    #[error("a name has 1 to {MAX_TOOL_NAME} characters: ASCII letters, digits, and any of \"_-./\"")]
    Name,
    /// An earlier one has the same name.
    #[error("another tool has that name")]
    Repeated,
    /// `parameters` is no schema of an object.
    #[error("\"parameters\" is not the JSON schema of an object")]
    NotObject,
    /// Arguments cannot be held to `parameters`.
    #[error("\"parameters\": {0}")]
    Schema(String),
}

impl Tools {
    /// Checks tools in OpenAI's form: `{"type": "function", "function": {"name", "description", "parameters"}}`. What else they say is
    /// for the model to read.
    ///
    /// # Errors
    /// The first tool that is not sound, and what is wrong with it.
    pub fn new(tools: &[Value]) -> Result<Tools, ToolError> {
        if tools.len() > MAX_TOOLS {
            return Err(ToolError::Many(tools.len()));
        }
        let mut names = hashbrown::HashSet::new();
        let mut checked = Vec::with_capacity(tools.len());
        for (i, tool) in tools.iter().enumerate() {
            let name = tool["function"]["name"].as_str();
            let tool = Tool::new(tool)
                .and_then(|tool| if names.insert(tool.name.clone()) { Ok(tool) } else { Err(ToolFault::Repeated) })
                .map_err(|fault| ToolError::Tool { place: place(i, name.unwrap_or_default()), fault })?;
            checked.push(tool);
        }
        Ok(Tools(checked))
    }

    /// Those that may be called.
    ///
    /// # Errors
    /// One is to be called that is not there.
    pub(super) fn callable(&self, choice: &ToolChoice) -> Result<&[Tool], ToolError> {
        match choice {
            ToolChoice::None => Ok(&[]),
            ToolChoice::Auto => Ok(&self.0),
            ToolChoice::Required if self.0.is_empty() => Err(ToolError::None),
            ToolChoice::Required => Ok(&self.0),
            ToolChoice::Named(name) => {
                let at = self.0.iter().position(|tool| tool.name == *name).ok_or_else(|| ToolError::Unknown(name.clone()))?;
                Ok(&self.0[at..=at])
            }
        }
    }

    /// Whether there is a tool of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|tool| tool.name == name)
    }

    /// The first tool whose arguments `check` finds fault with, which is given their JSON schema.
    pub(crate) fn find_fault(&self, check: impl Fn(String) -> Result<(), String>) -> Option<ToolError> {
        self.0.iter().enumerate().find_map(|(i, tool)| {
            let message = check(tool.schema()).err()?;
            Some(ToolError::Tool { place: place(i, &tool.name), fault: ToolFault::Schema(message) })
        })
    }
}

impl Tool {
    fn new(tool: &Value) -> Result<Tool, ToolFault> {
        let function = tool.get("function").filter(|_| tool["type"] == "function");
        let name = function.and_then(|function| function["name"].as_str()).ok_or(ToolFault::NotFunction)?;
        // Templates write names between quotation marks as they are.
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
        if !(1..=MAX_TOOL_NAME).contains(&name.len()) || !name.bytes().all(is_of_name) {
            return Err(ToolFault::Name);
        }
        let parameters = match tool["function"].get("parameters") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(parameters)) => parameters.clone(),
            Some(_) => return Err(ToolFault::NotObject),
        };
        if parameters.get("type").is_some_and(|kind| kind != "object") {
            return Err(ToolFault::NotObject);
        }
        Ok(Tool { name: name.to_owned(), parameters })
    }

    /// What arguments are held to: `parameters`, with no others than are listed there, written as Python's `json.dumps` writes them.
    pub fn schema(&self) -> String {
        /// Keys that may list more than `properties` does.
        const LISTING: [&str; 10] = [
            "additionalProperties",
            "unevaluatedProperties",
            "patternProperties",
            "$ref",
            "allOf",
            "anyOf",
            "oneOf",
            "if",
            "const",
            "enum",
        ];
        let mut schema = self.parameters.clone();
        schema.insert("type".into(), "object".into());
        if !LISTING.iter().any(|key| schema.contains_key(*key)) {
            schema.insert("additionalProperties".into(), false.into());
        }
        let spelling = json!({
            "item_separator": ", ", "key_separator": ": ", "whitespace_flexible": false,
            // No \u: each character is written in one way.
            "json_allowed_escapes": "nrbtf\\\"",
        });
        schema.insert("x-guidance".into(), spelling);
        Value::from(schema).to_string()
    }
}

/// The `i`th tool.
fn place(i: usize, name: &str) -> String {
    let number = i + 1;
    if name.is_empty() {
        format!("tool {number}")
    } else {
        format!("tool {number}, {:?}", name.chars().take(MAX_TOOL_NAME).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(function: Value) -> Value {
        json!({"type": "function", "function": function})
    }

    #[test]
    fn tools_that_are_not_sound_are_named() {
        let good = function(json!({"name": "good", "description": "Good.", "parameters": {"type": "object"}, "strict": true}));
        let long = "x".repeat(MAX_TOOL_NAME + 1);
        for (bad, message) in [
            (json!("go"), "tool 2: not {\"type\": \"function\", "),
            (json!({"name": "go", "parameters": {}}), "tool 2: not {\"type\": \"function\", "),
            (json!({"type": "rocket", "function": {"name": "go"}}), "tool 2, \"go\": not {\"type\": \"function\", "),
            (function(json!({"name": 1})), "tool 2: not {\"type\": \"function\", "),
            (function(json!({"name": ""})), "tool 2: a name has 1 to 128 characters: "),
            (function(json!({"name": "a \"b\"\n"})), r#"tool 2, "a \"b\"\n": a name has "#),
            (function(json!({"name": "caf\u{e9}"})), "tool 2, \"caf\u{e9}\": a name has "),
            (function(json!({"name": long})), &format!("tool 2, \"{}\": a name has ", &long[1..])),
            (function(json!({"name": "good"})), "tool 2, \"good\": another tool has that name"),
            (function(json!({"name": "go", "parameters": true})), "tool 2, \"go\": \"parameters\" is not the JSON schema of an object"),
            (function(json!({"name": "go", "parameters": {"type": ["object"]}})), "tool 2, \"go\": \"parameters\" is not the JSON"),
            (function(json!({"name": "go", "parameters": {"type": "string"}})), "tool 2, \"go\": \"parameters\" is not the JSON"),
        ] {
            let error = Tools::new(&[good.clone(), bad]).unwrap_err().to_string();
            assert!(error.starts_with(message) && !error.contains('\n'), "{error}");
        }
        let many: Vec<Value> = (0..=MAX_TOOLS).map(|i| function(json!({"name": i.to_string()}))).collect();
        assert_eq!(Tools::new(&many), Err(ToolError::Many(MAX_TOOLS + 1)));
        assert!(Tools::new(&many[1..]).is_ok());
    }

    #[test]
    fn arguments_are_those_listed_unless_the_schema_lists_them_elsewhere() {
        for (parameters, is_closed) in [
            (json!({}), true),
            (json!({"properties": {"x": {}}}), true),
            (json!({"enum": [{"x": 1}]}), false),
            (json!({"const": {"x": 1}}), false),
            (json!({"additionalProperties": true}), false),
            (json!({"$ref": "#/$defs/a"}), false),
        ] {
            let tool = Tool::new(&function(json!({"name": "go", "parameters": parameters}))).unwrap();
            assert_eq!(tool.schema().contains("\"additionalProperties\":false"), is_closed, "{parameters}");
        }
    }

    #[test]
    fn a_choice_is_of_tools_that_there_are() {
        let tools = Tools::new(&[function(json!({"name": "go"})), function(json!({"name": "stop"}))]).unwrap();
        let names = |choice| tools.callable(&choice).map(|tools| tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>());
        assert_eq!(names(ToolChoice::Auto), Ok(vec!["go", "stop"]));
        assert_eq!(names(ToolChoice::None), Ok(vec![]));
        assert_eq!(names(ToolChoice::Named("stop".into())), Ok(vec!["stop"]));
        assert_eq!(names(ToolChoice::Named("halt".into())), Err(ToolError::Unknown("halt".into())));
        assert_eq!(Tools::new(&[]).unwrap().callable(&ToolChoice::Required), Err(ToolError::None));
    }
}
