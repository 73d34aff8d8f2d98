//! What of JSON Schema the tests' tools use, checked apart from the grammar that is tested.

use serde_json::Value;

/// Whether `value` meets `schema`, whose references are to places in `root`.
pub fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let keys = schema.as_object().ok_or_else(|| format!("{schema} is no schema"))?;
    for (key, wanted) in keys {
        let holds = match key.as_str() {
            "$defs" | "properties" => true,
            "$ref" => {
                let place = wanted.as_str().and_then(|place| root.pointer(place.strip_prefix('#')?)).expect("a place in the schema");
                check(root, place, value)?;
                true
            }
            "type" => has_type(wanted.as_str().expect("one type"), value),
            "enum" => wanted.as_array().expect("values").contains(value),
            "const" => wanted == value,
            "minimum" => value.as_f64() >= wanted.as_f64(),
            "maximum" => value.as_f64() <= wanted.as_f64(),
            "maxLength" => value.as_str().is_some_and(|text| text.chars().count() as u64 <= wanted.as_u64().expect("a length")),
            "maxItems" => value.as_array().is_some_and(|items| items.len() as u64 <= wanted.as_u64().expect("a count")),
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|item| check(root, wanted, item))?;
                true
            }
            "required" => wanted.as_array().expect("names").iter().all(|name| value.get(name.as_str().expect("a name")).is_some()),
            "additionalProperties" => {
                let listed = |name: &String| schema["properties"].get(name).is_some();
                let mut others = value.as_object().into_iter().flatten().filter(|(name, _)| !listed(name));
                if *wanted == Value::Bool(false) {
                    others.next().is_none()
                } else {
                    others.try_for_each(|(_, value)| check(root, wanted, value))?;
                    true
                }
            }
            _ => return Err(format!("{key} is not known here")),
        };
        if !holds {
            return Err(format!("{value} breaks {key}: {wanted}"));
        }
    }
    let listed = keys.get("properties").and_then(Value::as_object).into_iter().flatten();
    listed.filter_map(|(name, schema)| Some((schema, value.get(name)?))).try_for_each(|(schema, value)| check(root, schema, value))
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => value.is_null(),
    }
}
