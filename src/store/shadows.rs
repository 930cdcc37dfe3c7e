//! Makes the table of a shadow.

use serde::Deserialize;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::{Address, quote};

use super::query::{self, Query, Statement};
use crate::pg::catalogs;
use crate::pg::elevate::Elevated;
use crate::pg::reading::AsCaller;

/// What CREATE TABLE ... LIKE leaves out.
#[derive(Default)]
pub struct LeftOut {
    /// The partition key, for a partitioned table.
    partitioning: Option<String>,
    foreign_keys: Vec<ForeignKey>,
}

#[derive(Deserialize)]
struct ForeignKey {
    name: String,
    definition: String,
    /// Whether it is one of the table to itself.
    own: bool,
}

static PARTITIONING: Query<(RelId,), Option<String>> =
    Query::read("SELECT pg_get_partkeydef($1) AS definition");

static FOREIGN_KEYS: Query<(RelId,), ForeignKey> = Query::read(
    "SELECT k.conname::text AS name, pg_get_constraintdef(k.oid) AS definition, k.confrelid = k.conrelid AS own
     FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = $1 ORDER BY k.conname",
);

/// Reads what LIKE would leave out of a copy of `model`.
pub fn left_out(elevated: &Elevated, model: RelId) -> Result<LeftOut> {
    let partitioning = match catalogs::kind_of(model) {
        Some(b'p') => PARTITIONING.one(elevated, (model,))?,
        _ => None,
    };
    Ok(LeftOut { partitioning, foreign_keys: FOREIGN_KEYS.all(elevated, (model,))? })
}

/// Creates the table at `address` with columns, defaults, constraints and
/// indexes of `model`, as the caller: its defaults and expressions are theirs to
/// evaluate, not a superuser's. Nothing of spyne's rules is lifted, since LIKE
/// reads no rows.
pub fn create(
    caller: &AsCaller,
    address: &Address,
    model: RelId,
    left_out: &LeftOut,
) -> Result<()> {
    let (table, source) = (address.quoted(), catalogs::as_written(model).unwrap_or_default());
    let partitioning = left_out.partitioning.as_ref();
    let suffix = partitioning.map(|key| format!(" PARTITION BY {key}")).unwrap_or_default();
    let create = format!("CREATE TABLE {table} (LIKE {source} INCLUDING ALL){suffix}");
    query::run_as_caller(caller, &create)?;
    for key in &left_out.foreign_keys {
        // One of the model to itself becomes one of the shadow to itself.
        let (from, to) = (format!("REFERENCES {source}"), format!("REFERENCES {table}"));
        let definition = match key.own {
            true => key.definition.replacen(&from, &to, 1),
            false => key.definition.clone(),
        };
        let add = format!("ALTER TABLE {table} ADD CONSTRAINT {} {definition}", quote(&key.name));
        query::run_as_caller(caller, &add)?;
    }
    Ok(())
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&PARTITIONING, &FOREIGN_KEYS];
