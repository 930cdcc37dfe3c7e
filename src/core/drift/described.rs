//! A feed's schema as it is described in JSON:
//! `{"columns": [{"name", "data_type", "nullable", "default_value"}]}`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::names::MAX_NAME_BYTES;

/// A described column.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedColumn {
    pub name: String,
    /// The type as it was written. Postgres knows what it is.
    pub data_type: String,
    /// None where the description does not say it.
    pub nullable: Option<bool>,
    /// None where the description does not say it; Some(None) for no default.
    pub default: Option<Option<String>>,
}

const HINT: &str =
    r#"For example: '{"columns": [{"name": "id", "data_type": "bigint", "nullable": false}]}'"#;

/// Reads a description. An error names all its faults at once, each with its path.
///
/// # Errors
/// 22023.
pub fn parse(schema: &Value) -> Result<Vec<DescribedColumn>> {
    let mut faults: Vec<String> = Vec::new();
    let Some(object) = schema.as_object() else {
        return Err(wrong(vec![format!("$: {}, where an object is needed", kind(schema))]));
    };
    let columns = match object.get("columns") {
        Some(Value::Array(columns)) if !columns.is_empty() => columns.as_slice(),
        Some(Value::Array(_)) => return Err(wrong(vec!["$.columns: it is empty".into()])),
        Some(other) => {
            let fault = format!("$.columns: {}, where an array is needed", kind(other));
            return Err(wrong(vec![fault]));
        }
        None => return Err(wrong(vec!["$.columns: it is missing".into()])),
    };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let path = format!("$.columns[{at}]");
        match one(&path, column) {
            Ok(column) => {
                if !seen.insert(column.name.clone()) {
                    faults.push(format!("{path}.name: column \"{}\" is there twice", column.name));
                }
                found.push(column);
            }
            Err(mut more) => faults.append(&mut more),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(wrong(faults)) }
}

fn one(path: &str, column: &Value) -> std::result::Result<DescribedColumn, Vec<String>> {
    let Some(object) = column.as_object() else {
        return Err(vec![format!("{path}: {}, where an object is needed", kind(column))]);
    };
    let mut faults = Vec::new();
    let mut text = |key: &str| match object.get(key) {
        Some(Value::String(text)) if !text.trim().is_empty() => text.clone(),
        Some(Value::String(_)) => {
            faults.push(format!("{path}.{key}: it is empty"));
            String::new()
        }
        Some(other) => {
            faults.push(format!("{path}.{key}: {}, where a text is needed", kind(other)));
            String::new()
        }
        None => {
            faults.push(format!("{path}.{key}: it is missing"));
            String::new()
        }
    };
    let (name, data_type) = (text("name"), text("data_type"));
    if name.len() > MAX_NAME_BYTES {
        faults.push(format!("{path}.name: a column name has at most {MAX_NAME_BYTES} bytes"));
    }
    let nullable = match object.get("nullable") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(nullable)) => Some(*nullable),
        Some(other) => {
            faults.push(format!("{path}.nullable: {}, where true or false is needed", kind(other)));
            None
        }
    };
    let default = match object.get("default_value") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(Some(value.to_string())),
        Some(other) => {
            faults.push(format!("{path}.default_value: {}, where a text is needed", kind(other)));
            None
        }
    };
    match faults.is_empty() {
        true => Ok(DescribedColumn { name, data_type, nullable, default }),
        false => Err(faults),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn wrong(faults: Vec<String>) -> SpyneError {
    SpyneError::new(
        Code::InvalidParameter,
        "new_schema does not describe a table",
        faults.join("; "),
        HINT,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_description_is_read() {
        let found = parse(&json!({"columns": [
            {"name": "id", "data_type": "bigint", "nullable": false},
            {"name": "n", "data_type": "int", "default_value": 0}]}))
        .unwrap();
        assert_eq!(found[0].nullable, Some(false));
        assert_eq!(found[0].default, None);
        assert_eq!(found[1].default, Some(Some("0".into())));
    }

    #[test]
    fn every_fault_is_told_with_its_path() {
        for (given, expected) in [
            (json!(null), "$: null, where an object is needed"),
            (json!([]), "$: an array, where an object is needed"),
            (json!({}), "$.columns: it is missing"),
            (json!({"columns": {}}), "$.columns: an object, where an array is needed"),
            (json!({"columns": []}), "$.columns: it is empty"),
            (
                json!({"columns": [1, {"name": "", "data_type": 5}]}),
                "$.columns[0]: a number, where an object is needed; $.columns[1].name: it is empty; $.columns[1].data_type: a number, where a text is needed",
            ),
            (
                json!({"columns": [{"name": "a", "data_type": "int"}, {"name": "a", "data_type": "int"}]}),
                "$.columns[1].name: column \"a\" is there twice",
            ),
            (
                json!({"columns": [{"name": "a", "data_type": "int", "nullable": "no"}]}),
                "$.columns[0].nullable: a text, where true or false is needed",
            ),
        ] {
            assert_eq!(parse(&given).unwrap_err().detail, expected);
        }
    }
}
