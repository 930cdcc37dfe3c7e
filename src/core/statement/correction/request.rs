//! Reads corrections from jsonb.

use serde_json::{Map, Value};

use crate::kernel::error::{Code, Result, SpyneError};

/// The most corrections in one call. Each walks the whole statement, and no interrupt
/// is checked for meanwhile.
const MOST: usize = 100;

const TYPES: &str = "JOIN_TYPE, FILTER, METRIC, COLUMN, GROUP_BY, ORDER_BY, LIMIT, TABLE_VERSION";

/// One change to a statement, and why it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    pub kind: CorrectionKind,
    /// The reason, which is recorded and never empty.
    pub reason: String,
}

/// The change that a correction makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrectionKind {
    /// The join of the table with this name or alias.
    JoinType { table: String, to: SqlJoin },
    /// A condition in WHERE, HAVING or ON.
    Filter(Filter),
    /// An aggregate expression in the SELECT list, HAVING and ORDER BY.
    Metric { from: String, to: String },
    /// A column or expression of the outermost query, or an item of its SELECT list.
    Column(ColumnChange),
    /// The GROUP BY list; `Replace` replaces all of it.
    GroupBy(Change),
    /// The ORDER BY list; `Replace` replaces all of it.
    OrderBy(Change),
    /// LIMIT, or none.
    Limit { to: Option<u64> },
    /// The table with this name or alias, in another version.
    TableVersion { table: String, to: String },
}

impl CorrectionKind {
    /// The type as it is written in jsonb.
    pub fn name(&self) -> &'static str {
        match self {
            CorrectionKind::JoinType { .. } => "JOIN_TYPE",
            CorrectionKind::Filter(_) => "FILTER",
            CorrectionKind::Metric { .. } => "METRIC",
            CorrectionKind::Column(_) => "COLUMN",
            CorrectionKind::GroupBy(_) => "GROUP_BY",
            CorrectionKind::OrderBy(_) => "ORDER_BY",
            CorrectionKind::Limit { .. } => "LIMIT",
            CorrectionKind::TableVersion { .. } => "TABLE_VERSION",
        }
    }
}

/// The joins that Postgres has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlJoin {
    Inner,
    Left,
    Right,
    Full,
    Cross,
}

impl SqlJoin {
    const ALL: [SqlJoin; 5] =
        [SqlJoin::Inner, SqlJoin::Left, SqlJoin::Right, SqlJoin::Full, SqlJoin::Cross];

    /// The keyword before JOIN.
    pub fn name(self) -> &'static str {
        match self {
            SqlJoin::Inner => "INNER",
            SqlJoin::Left => "LEFT",
            SqlJoin::Right => "RIGHT",
            SqlJoin::Full => "FULL",
            SqlJoin::Cross => "CROSS",
        }
    }
}

/// A change to the conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    Add(String),
    Remove(String),
    Replace { filter: String, with: String },
}

/// A change to the columns of the outermost query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnChange {
    /// Replaces an expression wherever the outermost query has it.
    Replace { from: String, to: String },
    /// Adds an item at the end of the SELECT list.
    Add(String),
    /// Removes an item of the SELECT list, by expression or alias.
    Remove(String),
}

/// A change to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Add(Vec<String>),
    Remove(Vec<String>),
    Replace(Vec<String>),
}

/// Reads corrections: an array of objects, or one object.
///
/// # Errors
/// 22023 for a wrong correction, with its number and the fields that its type has.
pub fn read(value: &Value) -> Result<Vec<Correction>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    if items.is_empty() {
        return Err(nothing_asked());
    }
    if items.len() > MOST {
        return Err(SpyneError::new(
            Code::InvalidParameter,
            format!("{} corrections are too many", items.len()),
            format!("One call takes at most {MOST} corrections."),
            "Write the statement as it should be, and preview that.",
        ));
    }
    items.iter().enumerate().map(|(index, item)| correction(index + 1, item)).collect()
}

pub(super) fn nothing_asked() -> SpyneError {
    SpyneError::new(
        Code::InvalidParameter,
        "there is no correction",
        "corrections is empty.",
        r#"Name at least one, such as '{"type": "LIMIT", "to": 100, "reason": "a sample will do"}'."#,
    )
}

/// An object that is being read, with what errors about it say.
struct Fields<'a> {
    number: usize,
    kind: String,
    object: &'a Map<String, Value>,
    example: &'static str,
}

fn correction(number: usize, item: &Value) -> Result<Correction> {
    let Value::Object(object) = item else {
        return Err(SpyneError::new(
            Code::InvalidParameter,
            format!("correction {number} is not an object"),
            format!("It is {item}."),
            format!("Types are {TYPES}. An example: {LIMIT}"),
        ));
    };
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default().trim().to_uppercase();
    let mut fields = Fields { number, kind: kind.clone(), object, example: "" };
    let (example, read): (_, fn(&Fields) -> Result<CorrectionKind>) = match kind.as_str() {
        "JOIN_TYPE" => (JOIN_TYPE, join_type),
        "FILTER" => (FILTER, filter),
        "METRIC" => (METRIC, metric),
        "COLUMN" => (COLUMN, column),
        "GROUP_BY" => (GROUP_BY, |f| f.change().map(CorrectionKind::GroupBy)),
        "ORDER_BY" => (ORDER_BY, |f| f.change().map(CorrectionKind::OrderBy)),
        "LIMIT" => (LIMIT, limit),
        "TABLE_VERSION" => (TABLE_VERSION, table_version),
        _ => {
            return Err(SpyneError::new(
                Code::InvalidParameter,
                format!("correction {number} has no known type"),
                match object.get("type") {
                    Some(given) => format!("There is no type {given}."),
                    None => "The field type is missing.".to_string(),
                },
                format!("Types are {TYPES}."),
            ));
        }
    };
    fields.example = example;
    let kind = read(&fields)?;
    let reason = fields.text("reason")?;
    Ok(Correction { kind, reason })
}

const JOIN_TYPE: &str =
    r#"{"type": "JOIN_TYPE", "table": "orders", "to": "LEFT", "reason": "keep all customers"}"#;
const FILTER: &str = r#"{"type": "FILTER", "action": "replace", "filter": "year = 1994", "with": "year = 1995", "reason": "last year"}; actions are add, remove and replace"#;
const METRIC: &str =
    r#"{"type": "METRIC", "from": "sum(price)", "to": "avg(price)", "reason": "per order"}"#;
const COLUMN: &str = r#"{"type": "COLUMN", "from": "name", "to": "id", "reason": "names repeat"}, or with "action": "add" or "remove" and "column""#;
const GROUP_BY: &str = r#"{"type": "GROUP_BY", "action": "add", "columns": ["region"], "reason": "by region"}; actions are add, remove and replace"#;
const ORDER_BY: &str = r#"{"type": "ORDER_BY", "action": "replace", "columns": ["price DESC"], "reason": "dearest first"}; actions are add, remove and replace"#;
const LIMIT: &str = r#"{"type": "LIMIT", "to": 100, "reason": "a sample will do"}; null for none"#;
const TABLE_VERSION: &str =
    r#"{"type": "TABLE_VERSION", "table": "customer", "to": "v2", "reason": "as it was"}"#;

fn join_type(fields: &Fields) -> Result<CorrectionKind> {
    fields.only(&["table", "to"])?;
    let table = fields.text("table")?;
    let wanted = fields.text("to")?.to_uppercase();
    let wanted = wanted.trim_end_matches(" JOIN").trim_end_matches(" OUTER");
    match SqlJoin::ALL.into_iter().find(|known| known.name() == wanted) {
        Some(to) => Ok(CorrectionKind::JoinType { table, to }),
        None => Err(fields.wrong(format!(
            "There is no join {wanted}: to is one of INNER, LEFT, RIGHT, FULL and CROSS."
        ))),
    }
}

fn filter(fields: &Fields) -> Result<CorrectionKind> {
    let action = fields.action()?;
    fields.only(match action.as_str() {
        "replace" => &["action", "filter", "with"],
        _ => &["action", "filter"],
    })?;
    let filter = fields.text("filter")?;
    Ok(CorrectionKind::Filter(match action.as_str() {
        "add" => Filter::Add(filter),
        "remove" => Filter::Remove(filter),
        _ => Filter::Replace { filter, with: fields.text("with")? },
    }))
}

fn metric(fields: &Fields) -> Result<CorrectionKind> {
    fields.only(&["from", "to"])?;
    Ok(CorrectionKind::Metric { from: fields.text("from")?, to: fields.text("to")? })
}

fn column(fields: &Fields) -> Result<CorrectionKind> {
    // Only a replacement has two sides, so it needs no word for the action.
    let action = match fields.object.contains_key("action") {
        true => fields.action()?,
        false => "replace".to_string(),
    };
    if action == "replace" {
        fields.only(&["action", "from", "to"])?;
        let change = ColumnChange::Replace { from: fields.text("from")?, to: fields.text("to")? };
        return Ok(CorrectionKind::Column(change));
    }
    fields.only(&["action", "column"])?;
    let column = fields.text("column")?;
    Ok(CorrectionKind::Column(match action.as_str() {
        "add" => ColumnChange::Add(column),
        _ => ColumnChange::Remove(column),
    }))
}

fn limit(fields: &Fields) -> Result<CorrectionKind> {
    fields.only(&["to"])?;
    match fields.object.get("to") {
        None => Err(fields.wrong("The field to is missing.")),
        Some(Value::Null) => Ok(CorrectionKind::Limit { to: None }),
        Some(value) => match value.as_u64().filter(|rows| i64::try_from(*rows).is_ok()) {
            Some(rows) => Ok(CorrectionKind::Limit { to: Some(rows) }),
            None => Err(fields.wrong(format!("to is {value}, not a whole number from 0 on."))),
        },
    }
}

fn table_version(fields: &Fields) -> Result<CorrectionKind> {
    fields.only(&["table", "to"])?;
    Ok(CorrectionKind::TableVersion { table: fields.text("table")?, to: fields.text("to")? })
}

impl Fields<'_> {
    fn wrong(&self, detail: impl Into<String>) -> SpyneError {
        SpyneError::new(
            Code::InvalidParameter,
            format!("correction {} ({}) is not complete or not valid", self.number, self.kind),
            detail,
            format!("An example: {}", self.example),
        )
    }

    /// Checks that the object has no other fields, so that a misspelt one is an error.
    fn only(&self, allowed: &[&str]) -> Result<()> {
        let known = |key: &str| matches!(key, "type" | "reason") || allowed.contains(&key);
        match self.object.keys().find(|key| !known(key)) {
            Some(key) => Err(self.wrong(format!("There is no field {key} here."))),
            None => Ok(()),
        }
    }

    fn text(&self, key: &str) -> Result<String> {
        match self.object.get(key) {
            None | Some(Value::Null) => Err(self.wrong(format!("The field {key} is missing."))),
            Some(Value::String(text)) if text.trim().is_empty() => {
                Err(self.wrong(format!("The field {key} is empty.")))
            }
            Some(Value::String(text)) => Ok(text.trim().to_string()),
            Some(other) => Err(self.wrong(format!("The field {key} is {other}, not a text."))),
        }
    }

    fn action(&self) -> Result<String> {
        let action = self.text("action")?.to_lowercase();
        match action.as_str() {
            "add" | "remove" | "replace" => Ok(action),
            _ => Err(self.wrong(format!("There is no action {action}."))),
        }
    }

    fn change(&self) -> Result<Change> {
        let action = self.action()?;
        self.only(&["action", "columns"])?;
        let columns = match self.object.get("columns") {
            None | Some(Value::Null) => Err(self.wrong("The field columns is missing.")),
            Some(Value::Array(items)) if !items.is_empty() => items
                .iter()
                .map(|item| match item.as_str().map(str::trim) {
                    Some(text) if !text.is_empty() => Ok(text.to_string()),
                    _ => Err(self.wrong(format!("columns contains {item}, not a text."))),
                })
                .collect(),
            Some(_) => Err(self.wrong("columns is not an array of at least one text.")),
        }?;
        Ok(match action.as_str() {
            "add" => Change::Add(columns),
            "remove" => Change::Remove(columns),
            _ => Change::Replace(columns),
        })
    }
}
