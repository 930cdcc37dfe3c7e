//! A governed table with its shape in force and its live shape, and the differences.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kernel::ids::RelId;
use crate::kernel::names::Address;
use crate::kernel::state::State;
use crate::kernel::version::Version;
use crate::shape::compare::{self, Relationship};
use crate::shape::rows;
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
    /// Whether DDL has given its rows other values since it became this version: no
    /// change of its shape undoes that.
    pub rewritten: bool,
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

    /// That its rows were given other values.
    fn rows_rewritten(&self) -> Option<SchemaChange> {
        let written_to = self.state.properties().writable;
        (self.rewritten && self.exists()).then(|| rows::rewritten(written_to))
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
        // These changes come last, since the remedies of the others name the table where
        // it is.
        let last = self.rows_rewritten().into_iter().chain(self.moved());
        let last = last.map(|change| FoundChange { change, consumers: Vec::new() });
        let (Some(old), Some(new), true) = (&self.in_force, &self.live, self.differs()) else {
            return last.collect();
        };
        let relationship = self.relationship();
        let shape = if relationship == Relationship::SameTable { old } else { new };
        let used = |name: &str| !consumers_of(consumers, shape, name).is_empty();
        let changes = compare::compare(old, new, relationship, &used, &self.address());
        with_consumers(changes, shape, consumers).into_iter().chain(last).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A table whose shapes differ in how rows are kept and where they come from.
    fn subject(state: &str, in_force: Value, live: Value) -> DriftSubject {
        serde_json::from_value(json!({
            "relation": 1, "name": "t", "version": "v1", "state": state,
            "home_schema": "public", "home_name": "t", "schema": "public", "table_name": "t",
            "in_force": in_force, "live": live, "origin": "a", "live_origin": "a",
            "rewritten": false,
        }))
        .unwrap()
    }

    fn shape(extra: Value) -> Value {
        let mut shape = json!({"columns": [], "constraints": [], "partition_key": null});
        for (key, value) in extra.as_object().unwrap() {
            shape[key] = value.clone();
        }
        shape
    }

    fn found(subject: &DriftSubject) -> Vec<(ChangeType, Severity, String)> {
        let changes = subject.changes(&Consumers::new()).into_iter().map(|f| f.change);
        changes.map(|c| (c.change_type, c.severity, c.remedy)).collect()
    }

    #[test]
    fn rows_that_were_written_anew_are_a_change_that_no_shape_undoes() {
        for (state, severity) in [
            ("ACTIVE", Severity::Compatible),
            ("READ_ONLY", Severity::Warning),
            ("DEPRECATED", Severity::Warning),
        ] {
            let mut subject = subject(state, shape(json!({})), shape(json!({})));
            assert_eq!(found(&subject), []);
            subject.rewritten = true;
            assert_eq!(found(&subject), [(ChangeType::Rewrite, severity, String::new())]);
        }
    }

    #[test]
    fn how_rows_are_kept_is_compared_where_both_shapes_tell_it() {
        let kept = |p: &str, tablespace: Value| json!({"storage": {"persistence": p, "access_method": "heap", "tablespace": tablespace}});
        let then = shape(kept("p", json!(null)));
        for (now, expected) in [
            (kept("u", json!(null)), (Severity::Warning, "SET LOGGED;")),
            (kept("p", json!("fast")), (Severity::Compatible, "SET TABLESPACE pg_default;")),
        ] {
            let subject = subject("ACTIVE", then.clone(), shape(now));
            let (kind, severity, remedy) = found(&subject).remove(0);
            assert_eq!((kind, severity), (ChangeType::Storage, expected.0));
            assert!(remedy.ends_with(expected.1), "{remedy}");
        }
        // A shape from before it was told.
        assert_eq!(found(&subject("ACTIVE", shape(json!({})), then)), []);
    }

    #[test]
    fn other_options_of_a_foreign_table_are_other_rows() {
        let source = |oid: u32, definition: &str, mappings: Value| {
            json!({"sources": [{"oid": oid, "table": "public.p1", "definition": definition,
                                "mappings": mappings}]})
        };
        let then = shape(source(7, "SERVER s TABLE a", json!({"amy": "1"})));
        for (now, expected) in [
            (source(7, "SERVER s TABLE b", json!({"amy": "1"})), Some(Severity::Breaking)),
            (source(7, "SERVER s TABLE a", json!({"amy": "2"})), Some(Severity::Warning)),
            (source(7, "SERVER s TABLE a", json!({})), Some(Severity::Warning)),
            // Somebody new is nobody else's business, nor is a partition that comes.
            (source(7, "SERVER s TABLE a", json!({"amy": "1", "bob": "2"})), None),
            (source(8, "SERVER s TABLE b", json!({})), None),
        ] {
            let subject = subject("READ_ONLY", then.clone(), shape(now));
            let severities: Vec<_> = found(&subject).into_iter().map(|f| (f.0, f.1)).collect();
            let wanted: Vec<_> = expected.map(|s| (ChangeType::Source, s)).into_iter().collect();
            assert_eq!(severities, wanted);
        }
    }
}
