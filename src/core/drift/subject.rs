//! A governed table with its shape in force and its live shape, and the differences.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kernel::ids::RelId;
use crate::kernel::names::Address;
use crate::kernel::state::State;
use crate::kernel::version::Version;
use crate::shape::compare::{self, Relationship};
use crate::shape::rules::{ChangeType, Severity};
use crate::shape::snapshot::{ShownColumn, Snapshot};
use crate::shape::{SchemaChange, worst};

/// A governed table, with its shape in force and its live shape.
#[derive(Clone, Debug, Deserialize)]
pub struct DriftSubject {
    pub relation: RelId,
    pub name: String,
    pub version: String,
    pub state: State,
    home_schema: String,
    home_name: String,
    /// The schema that the table is in; None where the table was dropped.
    schema: Option<String>,
    table_name: Option<String>,
    in_force: Option<Snapshot>,
    live: Option<Snapshot>,
    origin: Option<String>,
    live_origin: String,
}

/// What uses the columns of a table, by column number; 0 stands for all.
pub type Consumers = BTreeMap<i32, Vec<Value>>;

/// A change, and what uses its column.
#[derive(Clone, Debug, Serialize)]
pub struct FoundChange {
    #[serde(flatten)]
    pub change: SchemaChange,
    pub consumers: Vec<Value>,
}

impl DriftSubject {
    /// The address of the table, or the one that it should have.
    pub fn address(&self) -> Address {
        self.place().unwrap_or_else(|| self.home())
    }

    /// The address that the table should have.
    fn home(&self) -> Address {
        Address::new(&self.home_schema, &self.home_name)
    }

    /// The schema that the table is in; None where the table was dropped.
    pub fn place(&self) -> Option<Address> {
        Some(Address::new(self.schema.as_ref()?, self.table_name.as_ref()?))
    }

    /// The columns that the shape in force has and the table still has: the name
    /// that they have now, and the promised one.
    pub fn promised_columns(&self) -> Vec<ShownColumn> {
        let (Some(promised), Some(live)) = (&self.in_force, &self.live) else {
            return Vec::new();
        };
        compare::kept(promised, live, self.relationship())
            .into_iter()
            .map(|(was, now)| ShownColumn { column: now.name.clone(), shown_as: was.name.clone() })
            .collect()
    }

    fn relationship(&self) -> Relationship {
        match self.origin.as_deref() == Some(&self.live_origin) {
            true => Relationship::SameTable,
            false => Relationship::Restored,
        }
    }

    /// Whether the table exists.
    pub fn exists(&self) -> bool {
        self.live.is_some()
    }

    /// The live shape; one without columns where the table was dropped.
    pub fn live(&self) -> Snapshot {
        self.live.clone().unwrap_or_default()
    }

    /// The change that the table was renamed, moved or dropped. A superseded version
    /// may have another name.
    fn moved(&self) -> Option<SchemaChange> {
        let here = self.place();
        match self.state {
            State::Deprecated if here.is_some() => None,
            _ => compare::table(&self.home(), here.as_ref()),
        }
    }

    /// Whether the shapes differ, so that it matters what uses the columns.
    pub fn differs(&self) -> bool {
        let (Some(old), Some(new)) = (&self.in_force, &self.live) else {
            return false;
        };
        old != new
            && !compare::compare(old, new, self.relationship(), &|_| true, &self.address())
                .is_empty()
    }

    /// The changes since the shape was taken, with what uses the changed columns.
    /// `consumers` is what uses columns, where the shapes differ.
    pub fn changes(&self, consumers: &Consumers) -> Vec<FoundChange> {
        // This change comes last, since the remedies of the others name the table where
        // it is.
        let moved = self.moved().map(|change| FoundChange { change, consumers: Vec::new() });
        let (Some(old), Some(new), true) = (&self.in_force, &self.live, self.differs()) else {
            return moved.into_iter().collect();
        };
        let relationship = self.relationship();
        let shape = if relationship == Relationship::SameTable { old } else { new };
        let used = |name: &str| !consumers_of(consumers, shape, name).is_empty();
        let changes = compare::compare(old, new, relationship, &used, &self.address());
        with_consumers(changes, shape, consumers).into_iter().chain(moved).collect()
    }

    /// The version after changes of this severity. `ever` has all versions that the
    /// name has had.
    pub fn next_version(&self, severity: Severity, ever: &[String]) -> Version {
        let taken: Vec<Version> = ever.iter().filter_map(|v| Version::parse(v)).collect();
        let own = Version::parse(&self.version).unwrap_or(Version::FIRST);
        match severity {
            Severity::Breaking => own.next_major(&taken),
            _ => own.next_minor(&taken),
        }
    }
}

fn consumers_of(consumers: &Consumers, shape: &Snapshot, name: &str) -> Vec<Value> {
    let number = shape.columns.iter().find(|c| c.name == name).and_then(|c| c.attnum);
    let own = number.and_then(|n| consumers.get(&n)).into_iter().flatten();
    own.chain(consumers.get(&0).into_iter().flatten()).cloned().collect()
}

/// Changes with what uses their columns, which are numbered as in `shape`.
pub fn with_consumers(
    changes: Vec<SchemaChange>,
    shape: &Snapshot,
    consumers: &Consumers,
) -> Vec<FoundChange> {
    let found = changes.into_iter().map(|change| {
        let consumers = match (&change.column, change.change_type) {
            // Nothing uses a new column yet.
            (Some(_), ChangeType::Add) | (None, _) => Vec::new(),
            (Some(column), _) => consumers_of(consumers, shape, column),
        };
        FoundChange { change, consumers }
    });
    found.collect()
}

/// The worst severity among changes.
pub fn severity(found: &[FoundChange]) -> Option<Severity> {
    let changes: Vec<SchemaChange> = found.iter().map(|f| f.change.clone()).collect();
    worst(&changes)
}
