//! SQL that gives the old shape back.

use super::SchemaChange;
use super::guide::{self, Rename};
use super::not_null;
use super::rules::ChangeType;
use super::snapshot::{Column, Snapshot};
use crate::kernel::names::{Address, quote};

/// Gives each change its remedy. A compatible change needs none, and has one all the
/// same, since somebody may want to undo it.
pub fn fill(changes: &mut [SchemaChange], old: &Snapshot, new: &Snapshot, address: &Address) {
    let remedies = all(changes, old, new, address);
    for (change, remedy) in changes.iter_mut().zip(remedies) {
        change.remedy = remedy;
    }
}

/// The remedy of each change.
fn all(changes: &[SchemaChange], old: &Snapshot, new: &Snapshot, address: &Address) -> Vec<String> {
    let renames: Vec<Rename> = changes.iter().filter_map(undone).collect();
    let taken: Vec<&str> =
        old.columns.iter().chain(&new.columns).map(|c| c.name.as_str()).collect();
    let entangled = guide::are_entangled(&renames);
    let mut undo_renames = Some(guide::renames(address, &renames, &taken).join(" "));
    changes
        .iter()
        .map(|change| match undone(change) {
            // Renames of columns that have changed places are undone together.
            Some(_) if entangled => {
                undo_renames.take().unwrap_or_else(|| "-- as for the first rename".into())
            }
            Some(rename) => guide::renames(address, &[rename], &taken).join(" "),
            None => remedy(change, old, new, address),
        })
        .collect()
}

/// The rename that undoes a rename; None for other changes.
fn undone(change: &SchemaChange) -> Option<Rename<'_>> {
    match (change.change_type, &change.new_name, &change.old_name) {
        (ChangeType::Rename, Some(from), Some(to)) => Some(Rename { from, to }),
        _ => None,
    }
}

fn remedy(change: &SchemaChange, old: &Snapshot, new: &Snapshot, address: &Address) -> String {
    let table = format!("ALTER TABLE {}", address.quoted());
    let was = change.column.as_ref().and_then(|n| old.columns.iter().find(|c| c.name == *n));
    // The name of the column now, because remedies may run one by one.
    let here = change.new_name.as_deref().or(change.column.as_deref()).unwrap_or_default();
    match change.change_type {
        ChangeType::Add => match change.new_name.as_deref() {
            Some(name) => format!("{table} DROP COLUMN {};", quote(name)),
            None => String::new(),
        },
        ChangeType::Remove => match was {
            // The column has no values, so it cannot be NOT NULL.
            Some(was) if was.not_null && !was.is_supplied() => {
                let nullable = Column { not_null: false, not_null_constraint: None, ..was.clone() };
                format!(
                    "{} -- fill it, and then: {}",
                    guide::add_column(address, &nullable),
                    not_null::alter(address, &was.name, &nullable, was)
                )
            }
            Some(was) => guide::add_column(address, was),
            None => String::new(),
        },
        // The type itself has changed, not only the column's type.
        ChangeType::TypeChange
            if was.is_some_and(|was| {
                new.columns.iter().any(|now| {
                    Some(&now.name) == change.new_name.as_ref()
                        && now.data_type == was.data_type
                        && now.facts != was.facts
                        && now.collation == was.collation
                })
            }) =>
        {
            format!("-- undo it where type {} is defined", was.map_or("", |was| &was.data_type))
        }
        ChangeType::TypeChange => match was {
            Some(was) => guide::type_change(address, here, was, change.new_type.as_deref()),
            None => String::new(),
        },
        ChangeType::Nullability => {
            let now = new.columns.iter().find(|c| c.name == here);
            was.zip(now)
                .map_or(String::new(), |(was, now)| not_null::alter(address, here, now, was))
        }
        // It is undone after the column has its name back.
        ChangeType::Constraint if was.is_some_and(|was| is_not_null(was, change)) => {
            let called = |c: &&Column| {
                c.not_null_constraint.as_ref().map(|c| &c.name) == change.new_name.as_ref()
            };
            let now = new.columns.iter().find(called);
            was.zip(now)
                .map_or(String::new(), |(was, now)| not_null::alter(address, &was.name, now, was))
        }
        ChangeType::Default => match was {
            Some(was) => {
                let now = new.columns.iter().find(|c| Some(&c.name) == change.new_name.as_ref());
                guide::values(address, here, now, was)
            }
            None => String::new(),
        },
        ChangeType::Key | ChangeType::Constraint => {
            let then = old.constraints.iter().find(|c| Some(&c.name) == change.old_name.as_ref());
            let now = new.constraints.iter().find(|c| Some(&c.name) == change.new_name.as_ref());
            guide::constraint(address, now, then)
        }
        ChangeType::Order | ChangeType::Rename => String::new(),
    }
}

/// Whether a change of a constraint is one of the column's NOT NULL.
fn is_not_null(was: &Column, change: &SchemaChange) -> bool {
    let name = was.not_null_constraint.as_ref().map(|c| &c.name);
    name.is_some() && name == change.old_name.as_ref()
}
