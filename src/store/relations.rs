//! What the catalogs have on the relations and functions that a statement uses.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::Address;
use spyne_core::kernel::state::State;
use spyne_core::statement::analyzed::Analyzed;
use spyne_core::statement::preview::staleness::{Basis, FunctionBasis, RelationBasis};
use spyne_core::statement::query::relations::{Relation, RelationColumn, Relations};

use super::query::{Oid, Query, Statement};
use crate::pg::catalogs;
use crate::pg::elevate::Elevated;
use crate::pg::relation_facts::{self, ColumnFacts, RelationFacts};

/// The OIDs of what users have made begin here: FirstNormalObjectId.
const FIRST_OF_USERS: u32 = 16384;

/// What spyne knows of a relation.
#[derive(Deserialize)]
struct Governance {
    relation: RelId,
    state: Option<State>,
    version: Option<String>,
    logical_name: Option<String>,
    changed_rows: Option<f64>,
    pages: Option<f64>,
}

static GOVERNANCE: Query<(Vec<RelId>,), Governance> =
    Query::read(include_str!("../../sql/queries/governance_of.sql"));

// A partitioned table that was never analyzed itself: its partitions know.
static ROWS_IN_PARTITIONS: Query<(RelId,), Option<f64>> = Query::read(
    "SELECT CASE WHEN bool_and(p.reltuples >= 0) THEN sum(p.reltuples) END::float8 AS estimated_rows
     FROM pg_partition_tree($1) x JOIN pg_class p ON p.oid = x.relid WHERE x.isleaf",
);

#[derive(Deserialize)]
struct TypeDigest {
    type_oid: u32,
    digest: String,
}

static TYPES: Query<(Vec<Oid>,), TypeDigest> = Query::read(
    "SELECT t.oid AS type_oid, md5(spyne.type_facts(t.oid)::text) AS digest FROM unnest($1) t(oid)",
);

/// All that is known of one relation.
struct Known {
    catalogs: RelationFacts,
    /// None where neither it nor what it is a partition of is governed.
    state: Option<State>,
    version: Option<String>,
    logical_name: Option<String>,
    changed_rows: Option<f64>,
    pages: Option<f64>,
    estimated_rows: Option<f64>,
    /// What the types are that users have made for its columns.
    types: String,
}

impl Known {
    fn basis(&self, cascades: Vec<RelId>) -> RelationBasis {
        let facts = &self.catalogs;
        RelationBasis {
            shown: self.shown(),
            state: self.state.map(|s| s.as_str().to_string()),
            version: self.version.clone(),
            columns: format!("{}{}", facts.column_digest, self.types),
            rules: facts.rule_digest.clone(),
            policies: facts.policy_digest.clone(),
            triggers: facts.trigger_digest.clone(),
            constraints: facts.constraint_digest.clone(),
            cascades,
            used: Vec::new(),
        }
    }

    fn shown(&self) -> String {
        Address::new(&self.catalogs.schema, &self.catalogs.name).shown()
    }

    fn facts(self) -> Relation {
        let shown = self.shown();
        let facts = self.catalogs;
        let column = |column: ColumnFacts| RelationColumn {
            number: column.number,
            name: column.name,
            type_oid: column.type_oid,
            not_null: column.not_null,
            null_fraction: column.null_fraction,
        };
        Relation {
            oid: facts.relation,
            shown,
            name: facts.name,
            kind: facts.kind.to_string(),
            state: self.state,
            version: self.version,
            logical_name: self.logical_name,
            estimated_rows: self.estimated_rows,
            changed_rows: self.changed_rows,
            analyzed_pages: Some(facts.analyzed_pages),
            pages: self.pages,
            columns: facts.columns.into_iter().map(column).collect(),
            unique_keys: facts.unique_keys,
            indexed: facts.indexed,
        }
    }
}

/// All that is known of those of these relations that exist.
fn known(elevated: &Elevated, relations: &[RelId]) -> Result<Vec<Known>> {
    let found: Vec<RelationFacts> =
        relations.iter().filter_map(|relation| relation_facts::of(*relation)).collect();
    // A partition has the state of what it belongs to.
    let ancestors: BTreeMap<RelId, Vec<RelId>> = found
        .iter()
        .filter(|facts| facts.is_partition)
        .map(|facts| (facts.relation, catalogs::ancestors_of(facts.relation)))
        .collect();
    let mut asked: Vec<RelId> = found.iter().map(|facts| facts.relation).collect();
    asked.extend(ancestors.values().flatten());
    let governance: BTreeMap<RelId, Governance> = match asked.is_empty() {
        true => BTreeMap::new(),
        false => {
            let rows = GOVERNANCE.all(elevated, (&asked,))?;
            rows.into_iter().map(|row| (row.relation, row)).collect()
        }
    };
    let types = types_of(elevated, &found)?;
    let mut all = Vec::new();
    for facts in found {
        let own = governance.get(&facts.relation);
        let above = ancestors.get(&facts.relation).into_iter().flatten();
        let mut family = above.filter_map(|ancestor| governance.get(ancestor));
        let governed =
            family.find(|row| row.state.is_some()).or(own.filter(|row| row.state.is_some()));
        let estimated_rows = match (facts.kind, facts.estimated_rows) {
            ('p', None) => ROWS_IN_PARTITIONS.one(elevated, (facts.relation,))?,
            (_, estimated) => estimated,
        };
        let of_its_types = facts.columns.iter().filter_map(|c| types.get(&c.type_oid));
        all.push(Known {
            state: governed.and_then(|row| row.state),
            version: governed.and_then(|row| row.version.clone()),
            logical_name: governed.and_then(|row| row.logical_name.clone()),
            changed_rows: own.and_then(|row| row.changed_rows),
            pages: own.and_then(|row| row.pages),
            estimated_rows,
            types: of_its_types.map(|digest| format!(" {digest}")).collect(),
            catalogs: facts,
        });
    }
    Ok(all)
}

/// Digests of the types of columns that users have made.
fn types_of(elevated: &Elevated, found: &[RelationFacts]) -> Result<BTreeMap<u32, String>> {
    let all = found.iter().flat_map(|facts| facts.columns.iter().map(|column| column.type_oid));
    let made: BTreeSet<u32> = all.filter(|oid| *oid >= FIRST_OF_USERS).collect();
    if made.is_empty() {
        return Ok(BTreeMap::new());
    }
    let made: Vec<u32> = made.into_iter().collect();
    let rows = TYPES.all(elevated, (&made,))?;
    Ok(rows.into_iter().map(|row| (row.type_oid, row.digest)).collect())
}

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
    let rows = known(elevated, &relations)?;
    let mut cascades = cascades(elevated, &rows)?;
    let mut basis = Basis { fingerprint: analyzed.fingerprint.clone(), ..Basis::default() };
    let mut known = Relations::default();
    for row in rows {
        let relation = row.catalogs.relation;
        let reached = cascades.remove(&relation).unwrap_or_default();
        basis.relations.insert(relation, row.basis(reached));
        known.0.insert(relation, row.facts());
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
fn cascades(elevated: &Elevated, rows: &[Known]) -> Result<BTreeMap<RelId, Vec<RelId>>> {
    let from: Vec<RelId> =
        rows.iter().filter(|r| r.catalogs.cascades).map(|r| r.catalogs.relation).collect();
    if from.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = CASCADES.all(elevated, (&from,))?;
    Ok(found.into_iter().map(|c| (c.relation, c.reached)).collect())
}

/// The statements of this module.
pub static STATEMENTS: &[&dyn Statement] =
    &[&GOVERNANCE, &ROWS_IN_PARTITIONS, &TYPES, &CASCADES, &FUNCTIONS, &JOINS];
