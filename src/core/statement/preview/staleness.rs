//! Decides whether a preview is still true.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::ids::RelId;
use crate::statement::query::{Query, columns};

/// What a preview was made against. It is compared with the same of the catalogs now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// The analyzed statement: see `pg::analyze`.
    pub fingerprint: String,
    /// The relations, by OID.
    pub relations: BTreeMap<RelId, RelationBasis>,
    /// Functions that users have made, by OID.
    pub functions: BTreeMap<u32, FunctionBasis>,
    /// The accepted joins that the statement uses, and their status; for the catalogs
    /// now, those of its tables.
    #[serde(default)]
    pub joins: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RelationBasis {
    pub shown: String,
    pub state: Option<String>,
    pub version: Option<String>,
    /// A digest of the columns: name, type, NOT NULL, default, collation.
    pub columns: String,
    /// A digest of the view's query, and of rules.
    pub rules: String,
    /// A digest of row security.
    pub policies: String,
    /// A digest of triggers, and of the functions that they call.
    pub triggers: String,
    /// A digest of constraints.
    pub constraints: String,
    /// The tables that a change of this table can change too, by actions of foreign
    /// keys, and by those of the tables that these change; by OID.
    pub cascades: Vec<RelId>,
    /// The columns that the statement uses, by number; 0 stands for the whole row. It
    /// serves the question what uses a column; a run compares nothing with it.
    #[serde(default)]
    pub used: Vec<i32>,
}

impl Basis {
    /// Notes the columns that a query uses.
    pub fn note_columns(&mut self, queries: &[Query]) {
        let mut used = BTreeSet::new();
        queries.iter().for_each(|query| columns::used(query, &mut used));
        for column in used {
            if let Some(relation) = self.relations.get_mut(&column.relation) {
                relation.used.push(column.column);
            }
        }
    }
}

impl RelationBasis {
    /// The state and the version in words.
    fn in_words(&self) -> String {
        match (&self.state, &self.version) {
            (Some(state), Some(version)) => format!("{state} {version}"),
            _ => "not governed".to_string(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionBasis {
    pub signature: String,
    pub digest: String,
}

/// What has changed between the two, one sentence each; empty where nothing has.
pub fn changes(then: &Basis, now: &Basis) -> Vec<String> {
    let mut found = Vec::new();
    let replaced: Vec<RelId> = then
        .relations
        .iter()
        .filter(|(oid, _)| !now.relations.contains_key(oid))
        .filter_map(|(_, before)| {
            now.relations.iter().find(|(oid, after)| {
                after.shown == before.shown && !then.relations.contains_key(oid)
            })
        })
        .map(|(oid, _)| *oid)
        .collect();
    for (oid, before) in &then.relations {
        match now.relations.get(oid) {
            None => match now
                .relations
                .iter()
                .find(|(new, a)| replaced.contains(new) && a.shown == before.shown)
            {
                Some((_, after)) => found.push(format!(
                    "another table has taken the place of {}: it was {} and is {}",
                    before.shown,
                    before.in_words(),
                    after.in_words()
                )),
                None => found.push(format!("it would not use {} any more", before.shown)),
            },
            Some(after) => relation_changes(before, after, &mut found),
        }
    }
    for (join, before) in &then.joins {
        match now.joins.get(join) {
            None => found.push(format!("join {join} is not in force any more")),
            Some(after) if after != before => {
                found.push(format!("join {join} was {before} and is {after}"));
            }
            Some(_) => {}
        }
    }
    for (oid, before) in &then.functions {
        match now.functions.get(oid) {
            None => found.push(format!("function {} is gone", before.signature)),
            Some(after) if after.digest != before.digest => {
                found.push(format!("function {} was redefined", before.signature));
            }
            Some(_) => {}
        }
    }
    for (oid, after) in &now.relations {
        if !then.relations.contains_key(oid) && !replaced.contains(oid) {
            found.push(format!("it would now use {}", after.shown));
        }
    }
    for (oid, after) in &now.functions {
        if !then.functions.contains_key(oid) {
            found.push(format!("it would now call {}", after.signature));
        }
    }
    if found.is_empty() && then.fingerprint != now.fingerprint {
        found.push("its names mean something else now: a search_path, a view, an operator or a row security policy is another".to_string());
    }
    found
}

fn relation_changes(before: &RelationBasis, after: &RelationBasis, into: &mut Vec<String>) {
    let shown = &before.shown;
    let state = |value: &Option<String>| value.clone().unwrap_or_else(|| "not governed".into());
    if before.state != after.state {
        into.push(format!("{shown} was {} and is {}", state(&before.state), state(&after.state)));
    }
    if before.version != after.version {
        into.push(format!(
            "{shown} was {} and is {}",
            before.version.as_deref().unwrap_or("without a version"),
            after.version.as_deref().unwrap_or("without a version")
        ));
    }
    if before.shown != after.shown {
        into.push(format!("{shown} is now called {}", after.shown));
    }
    if before.cascades != after.cascades {
        into.push(format!("the foreign keys to {shown} changed"));
    }
    for (what, a, b) in [
        ("columns", &before.columns, &after.columns),
        ("definition or rules", &before.rules, &after.rules),
        ("row security", &before.policies, &after.policies),
        ("triggers", &before.triggers, &after.triggers),
        ("constraints", &before.constraints, &after.constraints),
    ] {
        if a != b {
            into.push(format!("the {what} of {shown} changed"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basis() -> Basis {
        let table = RelationBasis {
            shown: "public.t".into(),
            state: Some("ACTIVE".into()),
            version: Some("v1".into()),
            ..Default::default()
        };
        let function = FunctionBasis { signature: "public.f(integer)".into(), digest: "a".into() };
        Basis {
            fingerprint: "x".into(),
            relations: BTreeMap::from([(RelId::new(1), table)]),
            functions: BTreeMap::from([(2, function)]),
            joins: BTreeMap::from([("a_b_v1".into(), "accepted".into())]),
        }
    }

    #[test]
    fn nothing_changed() {
        assert!(changes(&basis(), &basis()).is_empty());
    }

    #[test]
    fn each_change_is_named() {
        let cases: [(fn(&mut Basis), &str); 10] = [
            (|b| b.joins.clear(), "join a_b_v1 is not in force any more"),
            (
                |b| b.joins.insert("a_b_v1".into(), "suspect".into()).map_or((), drop),
                "join a_b_v1 was accepted and is suspect",
            ),
            (|b| b.fingerprint = "y".into(), "its names mean something else"),
            (
                |b| b.relations.get_mut(&RelId::new(1)).unwrap().state = Some("DEPRECATED".into()),
                "public.t was ACTIVE and is DEPRECATED",
            ),
            (
                |b| b.relations.get_mut(&RelId::new(1)).unwrap().version = Some("v2".into()),
                "public.t was v1 and is v2",
            ),
            (
                |b| b.relations.get_mut(&RelId::new(1)).unwrap().columns = "c".into(),
                "the columns of public.t changed",
            ),
            (|b| b.relations.clear(), "it would not use public.t any more"),
            (
                |b| {
                    let old = b.relations.remove(&RelId::new(1)).unwrap();
                    b.relations
                        .insert(RelId::new(9), RelationBasis { version: Some("v2".into()), ..old });
                },
                "another table has taken the place of public.t: it was ACTIVE v1 and is ACTIVE v2",
            ),
            (
                |b| b.functions.get_mut(&2).unwrap().digest = "b".into(),
                "function public.f(integer) was redefined",
            ),
            (
                |b| {
                    let other = b.relations[&RelId::new(1)].clone();
                    b.relations
                        .insert(RelId::new(3), RelationBasis { shown: "public.u".into(), ..other });
                },
                "it would now use public.u",
            ),
        ];
        for (change, expected) in cases {
            let mut now = basis();
            change(&mut now);
            let found = changes(&basis(), &now);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(expected), "{found:?}");
        }
    }
}
