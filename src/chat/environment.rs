//! Jinja as the templates of models expect it: with the functions and filters that transformers gives them.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value, escape_formatter};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde_json::Map;

use super::error::Raised;
use super::limited::{self, Limited};
use super::{json, strftime};

/// Work that a template may do for one prompt: about an instruction or 64 bytes of text each. It is thousands of times
/// what a long conversation needs, and less than a second.
const FUEL: u64 = 2_000_000;

/// Bytes of text that one unit of fuel makes.
const BYTES_PER_FUEL: usize = 64;

/// Name under which the template is known.
const NAME: &str = "chat";

/// An environment with the one template `source`.
pub(super) fn with_template(source: &str) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.set_fuel(Some(FUEL));
    environment.set_unknown_method_callback(method);
    environment.set_formatter(|out, state, value| escape_formatter(out, state, &python_text(value).unwrap_or_else(|| value.clone())));
    environment.add_filter("tojson", json::tojson);
    environment.add_filter("string", |value: &Value| python_text(value).map_or_else(|| limited::display(value).map(Value::from), Ok));
    // In Python a text or a dictionary is a sequence too.
    environment.add_test("sequence", |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::String));
    environment.add_test("iterable", |value: &Value| !value.is_none() && value.try_iter().is_ok());
    environment.add_function("raise_exception", |message: String| {
        let error = Error::new(ErrorKind::InvalidOperation, "raise_exception");
        Err::<Value, _>(error.with_source(Raised(message)))
    });
    environment.add_function("strftime_now", |format: &str| strftime::strftime_now(format));
    environment.add_template_owned(NAME, source.to_owned())?;
    Ok(environment)
}

/// Renders the template of an environment made by [`with_template`] with these variables.
pub(super) fn render(environment: &Environment<'_>, variables: Map<String, serde_json::Value>) -> Result<String, Error> {
    let mut out = Limited::default();
    environment.get_template(NAME)?.render_captured_to(Serde(variables), &mut out)?;
    Ok(out.into_text())
}

/// Python's methods. Those whose result can be far longer than what they are given pay for it beforehand: a hostile template
/// must run out of fuel, not of memory.
fn method(state: &mut State<'_, '_>, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    match (name, value.as_str(), args) {
        ("replace", Some(text), [old, new, ..]) => {
            let (old, new) = (old.as_str().unwrap_or_default(), new.as_str().unwrap_or_default());
            let bytes = text.matches(old).count().saturating_mul(new.len());
            state.consume_fuel((bytes / BYTES_PER_FUEL) as u64)?;
        }
        ("join", Some(_), [items]) => return state.apply_filter("join", &[items.clone(), value.clone()]),
        // No template of a Qwen model needs it, and what a format string makes is hard to foresee.
        ("format", Some(_), _) => return Err(ErrorKind::UnknownMethod.into()),
        _ => {}
    }
    unknown_method_callback(state, value, name, args)
}

/// The text of values that Python writes differently: numbers with very large or small exponents.
fn python_text(value: &Value) -> Option<Value> {
    if !value.is_number() || value.is_integer() {
        return None;
    }
    let number = f64::try_from(value.clone()).ok()?;
    Some(json::float(number).into())
}
