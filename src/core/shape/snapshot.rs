//! The shape of a table: what `spyne.schema_snapshot` returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::types::Facts;

/// The columns and constraints of a table, as they were or are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Snapshot {
    pub columns: Vec<Column>,
    #[serde(default)]
    pub constraints: Vec<Constraint>,
    pub partition_key: Option<String>,
    /// How its rows are kept; None in a shape that was taken before this was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Where rows come from that are not kept here: of the table itself, or of what
    /// belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Source>>,
}

/// How the rows of a table are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Storage {
    /// pg_class.relpersistence.
    pub persistence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_method: Option<String>,
    /// None for that of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tablespace: Option<String>,
}

/// A foreign table, and where its rows come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Source {
    /// Its OID: means something within one database alone.
    pub oid: u32,
    /// Its name, quoted.
    pub table: String,
    /// The server, and all options, in words.
    pub definition: String,
    /// For whom there are user mappings, with a digest of each without its secrets.
    #[serde(default)]
    pub mappings: BTreeMap<String, String>,
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
    /// What Postgres knows of a type that is none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    pub not_null: bool,
    pub default: Option<String>,
    pub generated: Option<String>,
    /// pg_attribute.attidentity.
    pub identity: Option<String>,
    /// Where it is not the type's own: with its schema, quoted.
    #[serde(default)]
    pub collation: Option<String>,
    /// What tells it from another, whatever things are called.
    #[serde(default)]
    pub marks: Marks,
    /// What a description does not say.
    #[serde(skip)]
    pub unsaid: Unsaid,
}

/// OIDs and digests that stay as they are where a type, function or sequence only
/// gets another name. They mean something within one database alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Marks {
    /// The type and its modifier.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub of_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<u32>,
    /// Of the default, or the generated expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// What a description leaves open, so that it is not compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsaid {
    pub nullable: bool,
    pub default: bool,
}

impl Column {
    /// Whether a row that does not name it gets a value all the same.
    pub fn is_supplied(&self) -> bool {
        self.default.is_some() || self.generated.is_some() || self.identity.is_some()
    }
}

/// What pg_constraint.contype says, and a unique index that is no constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Kind {
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

impl Kind {
    /// Whether rows are told apart by it.
    pub fn is_key(self) -> bool {
        matches!(self, Kind::PrimaryKey | Kind::Unique | Kind::UniqueIndex)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::PrimaryKey => "primary key",
            Kind::Unique => "unique key",
            Kind::UniqueIndex => "unique index",
            Kind::ForeignKey => "foreign key",
            Kind::Check => "check",
            Kind::Exclusion => "exclusion constraint",
        }
    }
}

/// A constraint.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Constraint {
    pub name: String,
    pub kind: Kind,
    /// As `pg_get_constraintdef` writes it; of an index, what follows its name.
    pub definition: String,
    /// The names of its columns.
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
