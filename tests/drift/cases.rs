//! What the tests of drift read: cases from files, and the shape of a table.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;
use xtask::place;

/// The cases of a file of tests/drift.
pub fn data<T: for<'de> Deserialize<'de>>(file: &str) -> T {
    let path = place::repository().join("tests/drift").join(file);
    let text = fs::read_to_string(&path).expect("test data");
    serde_json::from_str(&text).expect("test data as JSON")
}

/// A case of tests/drift/alter_table.json.
#[derive(Deserialize)]
pub struct AlterTable {
    pub form: String,
    pub about: String,
    pub setup: String,
    pub ddl: String,
    pub changes: BTreeSet<(String, Option<String>, String)>,
    /// Whether ALTER TABLE can give the old shape back.
    pub undoable: bool,
    /// The last major of PostgreSQL on which it can do so on the table itself: later
    /// ones want it done on the parent.
    pub undoable_until: Option<u32>,
    /// The first major of PostgreSQL that has the statement.
    pub since: Option<u32>,
    #[serde(default = "first_table")]
    pub target: String,
}

impl AlterTable {
    /// Whether this major of PostgreSQL has the statement.
    pub fn is_for(&self, major: u32) -> bool {
        self.since.is_none_or(|since| since <= major)
    }

    /// Whether ALTER TABLE of the table itself can give the old shape back.
    pub fn is_undoable_on(&self, major: u32) -> bool {
        self.undoable && self.undoable_until.is_none_or(|last| major <= last)
    }
}

/// The name of the table in most cases.
fn first_table() -> String {
    "t".into()
}

/// The shape of a table by names, which a remedy promises to give back.
pub const SHAPE: &str = "SELECT jsonb_build_object(
    'columns', (SELECT jsonb_object_agg(c ->> 'name', c - 'attnum' - 'marks') FROM jsonb_array_elements(s -> 'columns') c),
    'constraints', (SELECT jsonb_agg(k - 'refers' - 'mark' ORDER BY k ->> 'definition') FROM jsonb_array_elements(s -> 'constraints') k))
    FROM spyne.schema_snapshot($1::text::regclass::oid) s";
