//! Conversations as a request over a line brings them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Chat, ChatError, Message, ToolChoice};

/// What [`Chat::from_json`] reads. Whatever else a client may say in such an object would change nothing, and is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    messages: Vec<Message>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(default, skip_serializing_if = "ToolChoice::is_auto")]
    tool_choice: ToolChoice,
}

impl Chat {
    /// Reads a conversation: a JSON object with `messages` and, if there are any, `tools` and `tool_choice`, as OpenAI's interface has
    /// them.
    ///
    /// # Errors
    /// [`ChatError::Conversation`], which says what is not as it should be and where.
    pub fn from_json(text: &str) -> Result<Chat, ChatError> {
        // A list of the fields would do otherwise.
        if !text.trim_start().starts_with('{') {
            return Err(ChatError::Conversation("it is no object".to_owned()));
        }
        let Conversation { messages, tools, tool_choice } =
            serde_json::from_str(text).map_err(|error| ChatError::Conversation(error.to_string()))?;
        if messages.is_empty() {
            return Err(ChatError::Conversation("it has no messages".to_owned()));
        }
        Ok(Chat { tools, tool_choice, ..Chat::new(messages) })
    }

    /// The same conversation as [`Chat::from_json`] reads it. Whether the model is to think is not in it.
    pub fn to_json(&self) -> String {
        let Chat { messages, tools, tool_choice, .. } = self.clone();
        serde_json::to_string(&Conversation { messages, tools, tool_choice }).expect("its keys are texts")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::Role;

    #[test]
    fn conversations_go_there_and_back() {
        let tools = vec![json!({"type": "function", "function": {"name": "go"}})];
        let asked = Chat::new(vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, "Say \"größer\".\n")]);
        let calling = json!({
            "messages": [
                {"role": "user", "content": "Go!"},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "go", "arguments": "{\"by\": 2.0}"}}]},
                {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "gone"}]},
            ],
            "tools": tools,
            "tool_choice": "required",
        });
        let calling = Chat::from_json(&calling.to_string()).expect("sound");
        assert_eq!(calling.messages[1].tool_calls[0].function.arguments, json!({"by": 2.0}));
        assert_eq!((calling.messages[2].content.as_deref(), &calling.tool_choice), (Some("gone"), &ToolChoice::Required));
        for chat in [Chat { tools, tool_choice: ToolChoice::Named("go".into()), ..asked.clone() }, asked, calling] {
            assert_eq!(Chat::from_json(&chat.to_json()), Ok(chat));
        }
    }

    #[test]
    fn what_is_no_conversation_is_refused_in_one_line() {
        for (text, fault) in [
            ("", "it is no object"),
            ("Go!", "it is no object"),
            (r#"[[{"role": "user", "content": "Go!"}], [], "auto"]"#, "it is no object"),
            (r#"{"messages": "#, "EOF while parsing a value at line 1 column 13"),
            ("{}", "missing field `messages`"),
            (r#"{"messages": []}"#, "it has no messages"),
            (r#"{"messages": "Go!"}"#, "expected a sequence"),
            (r#"{"messages": [{"role": "robot", "content": "Go!"}]}"#, "unknown variant `robot`"),
            (r#"{"messages": [{"role": "user", "content": "Go!"}], "temperature": 1}"#, "unknown field `temperature`"),
            (r#"{"messages": [{"role": "user", "content": "Go!"}], "tool_choice": "any"}"#, "a tool choice is"),
            (&format!(r#"{{"messages": [{{"role": "user", "content": {}1{}}}]}}"#, "[".repeat(9999), "]".repeat(9999)), "recursion limit"),
        ] {
            let error = Chat::from_json(text).expect_err(text).to_string();
            assert!(error.starts_with("not a conversation in JSON: ") && error.contains(fault) && !error.contains('\n'), "{text}: {error}");
        }
    }
}
