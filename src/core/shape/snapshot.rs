//! The shape of a table: what `spyne.schema_snapshot` returns.

use serde::{Deserialize, Serialize};

use super::types::TypeFacts;

/// The columns and constraints of a table, as they were or are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Snapshot {
    pub columns: Vec<Column>,
    #[serde(default)]
    pub constraints: Vec<Constraint>,
    pub partition_key: Option<String>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Column {
    /// pg_attribute.attnum; None for a column that was only described.
    #[serde(default)]
    pub attnum: Option<i32>,
    pub name: String,
    /// As `format_type` writes it.
    #[serde(rename = "type")]
    pub data_type: String,
    /// The definition of the type, where it is none of Postgres's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<TypeFacts>,
    /// Whether every row has a value, those included that were there before.
    pub not_null: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_null_constraint: Option<NotNull>,
    pub default: Option<String>,
    pub generated: Option<String>,
    /// What is generated is computed when it is read, and not stored.
    #[serde(rename = "virtual", default, skip_serializing_if = "is_false")]
    pub is_virtual: bool,
    /// pg_attribute.attidentity.
    pub identity: Option<String>,
    /// The collation where it is not the type's own: with its schema, quoted.
    #[serde(default)]
    pub collation: Option<String>,
    /// Marks that identify the column, however it is called.
    #[serde(default)]
    pub marks: Marks,
    /// The properties that a description leaves open.
    #[serde(skip)]
    pub unsaid: Unsaid,
}

/// OIDs and digests that do not change where a type, function or sequence only gets
/// another name. They are valid within one database only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Marks {
    /// The type and its modifier.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub of_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<u32>,
    /// A digest of the default, or of the generated expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// The constraint behind a column's NOT NULL, where NOT NULL is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct NotNull {
    pub name: String,
    /// The rows that were there before were not looked at.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_valid: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_inherit: bool,
    /// It is a parent's too, so it can be neither renamed nor dropped here.
    #[serde(default, skip_serializing_if = "is_false")]
    pub inherited: bool,
}

/// For serde: a flag that is not set is not written.
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What a description leaves open, so that it is not compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsaid {
    pub nullable: bool,
    pub default: bool,
}

impl Column {
    /// Whether a row that does not name the column gets a value all the same.
    pub fn is_supplied(&self) -> bool {
        self.default.is_some() || self.generated.is_some() || self.identity.is_some()
    }
}

/// The kinds of constraint, as pg_constraint.contype has them, and a unique index that
/// is no constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum ConstraintKind {
    #[serde(rename = "p")]
    PrimaryKey,
    #[serde(rename = "u")]
    Unique,
    #[serde(rename = "i")]
    UniqueIndex,
    #[serde(rename = "f")]
    ForeignKey,
    #[serde(rename = "c")]
    Check,
    #[serde(rename = "x")]
    Exclusion,
}

impl ConstraintKind {
    /// Whether rows can be told apart by the constraint's columns.
    pub fn is_key(self) -> bool {
        matches!(
            self,
            ConstraintKind::PrimaryKey | ConstraintKind::Unique | ConstraintKind::UniqueIndex
        )
    }

    pub fn as_str(self) -> &'static str {
        match self {
            ConstraintKind::PrimaryKey => "primary key",
            ConstraintKind::Unique => "unique key",
            ConstraintKind::UniqueIndex => "unique index",
            ConstraintKind::ForeignKey => "foreign key",
            ConstraintKind::Check => "check",
            ConstraintKind::Exclusion => "exclusion constraint",
        }
    }
}

/// A constraint.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Constraint {
    pub name: String,
    pub kind: ConstraintKind,
    /// The definition as `pg_get_constraintdef` writes it; for an index, what follows
    /// its name.
    pub definition: String,
    /// The names of the constraint's columns.
    #[serde(default)]
    pub columns: Vec<String>,
    /// A digest of a check's expression; as [`Marks`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// What a foreign key refers to: the table, and its columns, by numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers: Option<String>,
}

/// A column of a table, and the name that its view gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownColumn {
    pub column: String,
    pub shown_as: String,
}
