//! What the catalogs have on the relations and functions that a statement uses.

use std::collections::BTreeMap;

use serde::Deserialize;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::state::State;
use spyne_core::statement::analyzed::Analyzed;
use spyne_core::statement::preview::staleness::{Basis, FunctionBasis, RelationBasis};
use spyne_core::statement::query::relations::{Relation, RelationColumn, Relations};

use super::query::{Oid, Query, Statement};
use crate::pg::elevate::Elevated;

/// One relation; the lists are of its columns.
#[derive(Deserialize)]
struct Row {
    relation: RelId,
    shown: String,
    name: String,
    kind: String,
    state: Option<State>,
    version: Option<String>,
    logical_name: Option<String>,
    estimated_rows: Option<f64>,
    changed_rows: Option<f64>,
    analyzed_pages: Option<f64>,
    pages: Option<f64>,
    numbers: Vec<i32>,
    names: Vec<String>,
    types: Vec<u32>,
    /// Numbers of columns.
    not_null: Vec<i32>,
    with_statistics: Vec<i32>,
    /// One for each column with statistics.
    null_fractions: Vec<f64>,
    columns: Option<String>,
    unique_keys: Vec<Vec<i32>>,
    indexed: Vec<i32>,
    constraints: String,
    rules: Option<String>,
    policies: String,
    triggers: Option<String>,
    cascades: bool,
}

impl Row {
    fn basis(&self, cascades: Vec<RelId>) -> RelationBasis {
        RelationBasis {
            shown: self.shown.clone(),
            state: self.state.map(|s| s.as_str().to_string()),
            version: self.version.clone(),
            columns: self.columns.clone().unwrap_or_default(),
            rules: self.rules.clone().unwrap_or_default(),
            policies: self.policies.clone(),
            triggers: self.triggers.clone().unwrap_or_default(),
            constraints: self.constraints.clone(),
            cascades,
            used: Vec::new(),
        }
    }

    fn facts(self) -> Relation {
        let fractions: BTreeMap<i32, f64> =
            self.with_statistics.into_iter().zip(self.null_fractions).collect();
        let columns = self.numbers.into_iter().zip(self.names).zip(self.types);
        Relation {
            oid: self.relation,
            shown: self.shown,
            name: self.name,
            kind: self.kind,
            state: self.state,
            version: self.version,
            logical_name: self.logical_name,
            estimated_rows: self.estimated_rows,
            changed_rows: self.changed_rows,
            analyzed_pages: self.analyzed_pages,
            pages: self.pages,
            columns: columns
                .map(|((number, name), type_oid)| RelationColumn {
                    number,
                    name,
                    type_oid,
                    not_null: self.not_null.contains(&number),
                    null_fraction: fractions.get(&number).copied(),
                })
                .collect(),
            unique_keys: self.unique_keys,
            indexed: self.indexed,
        }
    }
}

static RELATIONS: Query<(Vec<RelId>,), Row> =
    Query::read(include_str!("../../sql/queries/statement_relations.sql"));

#[derive(Deserialize)]
struct Cascades {
    relation: RelId,
    reached: Vec<RelId>,
}

static CASCADES: Query<(Vec<RelId>,), Cascades> =
    Query::read(include_str!("../../sql/queries/cascades.sql"));

#[derive(Deserialize)]
struct Function {
    function: u32,
    signature: String,
    digest: String,
}

static FUNCTIONS: Query<(Vec<Oid>,), Function> = Query::read(
    "SELECT p.oid AS function, p.oid::regprocedure::text AS signature, md5((to_jsonb(p) - 'proacl')::text) AS digest
     FROM pg_proc p WHERE p.oid = ANY ($1)",
);

#[derive(Deserialize)]
struct Join {
    join_id: String,
    status: String,
}

static JOINS: Query<(Vec<String>,), Join> = Query::read(
    "SELECT j.join_id, j.status FROM spyne.accepted_joins j
     WHERE j.join_id = ANY ($1) AND j.status <> 'deprecated'",
);

/// The relations of a statement as the rules of previews need to know them, and the
/// statement's basis, without the accepted joins that it uses.
pub fn of(elevated: &Elevated, analyzed: &Analyzed) -> Result<(Relations, Basis)> {
    let (relations, functions) = analyzed.uses();
    let rows = match relations.is_empty() {
        true => Vec::new(),
        false => RELATIONS.all(elevated, (&relations,))?,
    };
    let mut cascades = cascades(elevated, &rows)?;
    let mut basis = Basis { fingerprint: analyzed.fingerprint.clone(), ..Basis::default() };
    let mut known = Relations::default();
    for row in rows {
        let reached = cascades.remove(&row.relation).unwrap_or_default();
        basis.relations.insert(row.relation, row.basis(reached));
        known.0.insert(row.relation, row.facts());
    }
    if !functions.is_empty() {
        for one in FUNCTIONS.all(elevated, (&functions,))? {
            let digest = FunctionBasis { signature: one.signature, digest: one.digest };
            basis.functions.insert(one.function, digest);
        }
    }
    Ok((known, basis))
}

/// The basis of a statement now, to be compared with the one that it had `then`.
pub fn basis(elevated: &Elevated, analyzed: &Analyzed, then: &Basis) -> Result<Basis> {
    let (_, mut basis) = of(elevated, analyzed)?;
    if !then.joins.is_empty() {
        let ids: Vec<String> = then.joins.keys().cloned().collect();
        let joins = JOINS.all(elevated, (&ids,))?;
        basis.joins = joins.into_iter().map(|join| (join.join_id, join.status)).collect();
    }
    Ok(basis)
}

/// The tables that foreign keys change along with each of these.
fn cascades(elevated: &Elevated, rows: &[Row]) -> Result<BTreeMap<RelId, Vec<RelId>>> {
    let from: Vec<RelId> = rows.iter().filter(|r| r.cascades).map(|r| r.relation).collect();
    if from.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = CASCADES.all(elevated, (&from,))?;
    Ok(found.into_iter().map(|c| (c.relation, c.reached)).collect())
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] = &[&RELATIONS, &CASCADES, &FUNCTIONS, &JOINS];
