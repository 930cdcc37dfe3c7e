//! The rows of a table: how they are kept, where they come from, and that they were
//! given other values.

use super::SchemaChange;
use super::rules::What;
use super::snapshot::{Snapshot, Source, Storage};
use crate::kernel::names::plain;

/// DDL has given the rows of a table other values; `written_to` where its state
/// lets people write to it.
pub fn rewritten(written_to: bool) -> SchemaChange {
    let what = match written_to {
        true => What::RowsRewritten,
        false => What::PromisedRowsRewritten,
    };
    SchemaChange::new(what, None, "its rows were written anew")
}

/// Which tables two shapes are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// One table, at two times.
    SameTable,
    /// One table, restored from a dump.
    Restored,
    /// Two tables.
    OtherTable,
}

/// The changes of how rows are kept, and of where they come from: of what is known of
/// both shapes. A foreign table may be a part of the table.
pub fn changes(old: &Snapshot, new: &Snapshot, of: Of) -> Vec<SchemaChange> {
    let mut found = Vec::new();
    let mut add = |what: What, detail: String, was: &str, now: &str| {
        found.push(SchemaChange::new(what, None, detail).types(Some(was), Some(now)));
    };
    if let (Some(was), Some(now)) = (&old.storage, &new.storage) {
        let in_words = |s: &Storage| if s.persistence == "u" { "UNLOGGED" } else { "LOGGED" };
        if was.persistence != now.persistence {
            let (was, now) = (in_words(was), in_words(now));
            add(What::PersistenceChanged, format!("it was {was} and is {now}"), was, now);
        }
        // As ALTER TABLE ... SET has it.
        let places = |s: &Storage| {
            let named = |name: &Option<String>, or: &str| plain(name.as_deref().unwrap_or(or));
            [
                format!("ACCESS METHOD {}", named(&s.access_method, "heap")),
                format!("TABLESPACE {}", named(&s.tablespace, "pg_default")),
            ]
        };
        for (was, now) in places(was).iter().zip(&places(now)) {
            if was != now && of == Of::SameTable {
                add(What::StorageChanged, format!("it had {was} and has {now}"), was, now);
            }
        }
    }
    let here = |source: &&Source, other: &Source| match of {
        Of::SameTable => source.oid == other.oid,
        Of::Restored => source.table == other.table,
        Of::OtherTable => false,
    };
    for was in old.sources.iter().flatten() {
        let Some(now) = new.sources.iter().flatten().find(|now| here(now, was)) else {
            continue;
        };
        if was.definition != now.definition {
            let detail = format!("the rows of {} come from elsewhere", now.table);
            add(What::SourceChanged, detail, &was.definition, &now.definition);
        }
        for user in was.mappings.iter().filter(|(u, d)| now.mappings.get(*u) != Some(*d)) {
            let (user, table) = (user.0, &now.table);
            let detail = format!("the user mapping of {user} for {table} is another one");
            add(What::MappingChanged, detail, user, user);
        }
    }
    found
}
