//! The names of indexes and sequences. These move with their table, and need free names
//! in the schema where it goes. The version that is in use has the plain names; the
//! other one gets a suffix.

use super::Plan;
use super::facts::{Governed, Table, TakeoverFacts};
use super::op::{Op, RelationKind};
use crate::kernel::names::{Address, with_suffix};

/// The names of indexes and sequences while a plan is made.
pub struct Parts {
    /// The names that are taken in the schema that the incoming table goes to.
    at_target: Vec<String>,
    /// The names that are taken in the schema that the incoming table leaves.
    here: Vec<String>,
    /// The renames so far: from which address, to which name.
    renamed: Vec<(Address, String)>,
}

impl Parts {
    /// The names before the plan. `reserved` are names that tables get in the schema
    /// that the incoming table goes to.
    pub fn new(facts: &TakeoverFacts, reserved: &[&str]) -> Parts {
        let mut at_target = facts.names_at_target.clone();
        at_target.extend(reserved.iter().map(|name| name.to_string()));
        Parts { at_target, here: facts.names_here.clone(), renamed: Vec::new() }
    }

    /// The present address of an index or a sequence that had this address before the
    /// plan.
    pub fn now(&self, at: Address) -> Address {
        let mut now = at;
        for (from, to) in &self.renamed {
            if *from == now {
                now = from.renamed(to);
            }
        }
        now
    }

    /// Frees the names that the parts of the incoming table bring along.
    pub fn free(
        &mut self,
        plan: &mut Plan,
        incoming: (&Table, &str),
        outgoing: Option<&Governed>,
        schema: &str,
    ) {
        let (table, version) = incoming;
        if table.at.schema == schema {
            return;
        }
        for (name, kind) in of(table) {
            if !self.at_target.contains(&name) {
                self.at_target.push(name);
                continue;
            }
            let held = outgoing.filter(|old| of(&old.table).iter().any(|(n, _)| *n == name));
            match held {
                // The name is free then, and the part of the incoming table gets it.
                Some(old) => {
                    let kind = kind_of(&old.table, &name).unwrap_or(kind);
                    let free = free_name(&name, &old.version, &self.at_target);
                    self.rename(plan, kind, Address::new(&old.table.at.schema, name), &free);
                    self.at_target.push(free);
                }
                None => {
                    let taken: Vec<String> =
                        self.at_target.iter().chain(&self.here).cloned().collect();
                    let free = free_name(&name, version, &taken);
                    self.rename(plan, kind, Address::new(&table.at.schema, name), &free);
                    self.here.push(free.clone());
                    self.at_target.push(free);
                }
            }
        }
    }

    /// Gives a version that comes back the plain names, which it has lost to its
    /// successor.
    pub fn give_back(&mut self, plan: &mut Plan, incoming: &Governed, outgoing: &Governed) {
        let suffix = format!("__{}", incoming.version);
        let (new, old) = (&incoming.table, &outgoing.table);
        if new.at.schema != old.at.schema {
            return;
        }
        let held = of(old);
        for (name, kind) in of(new) {
            let Some(plain) = name.strip_suffix(&suffix) else { continue };
            if !held.iter().any(|(n, k)| n == plain && *k == kind) {
                continue;
            }
            let parked = free_name(plain, &outgoing.version, &self.at_target);
            self.at_target.push(parked.clone());
            self.rename(plan, kind, Address::new(&old.at.schema, plain), &parked);
            self.rename(plan, kind, Address::new(&old.at.schema, &name), plain);
        }
    }

    /// Renames an index or a sequence. ALTER INDEX renames an index, whatever
    /// constraint holds it; for a sequence it is likewise.
    fn rename(&mut self, plan: &mut Plan, kind: RelationKind, at: Address, to: &str) {
        self.renamed.push((at.clone(), to.to_string()));
        let shown = at.shown();
        plan.step(shown, format!("becomes {to}"), Op::Rename { kind, at, to: to.to_string() });
    }
}

/// The indexes and sequences of a table.
fn of(table: &Table) -> Vec<(String, RelationKind)> {
    let indexes = table.indexes.iter().map(|name| (name.clone(), RelationKind::Index));
    let sequences = table.sequences.iter().map(|s| (s.name.clone(), RelationKind::Sequence));
    indexes.chain(sequences).collect()
}

fn kind_of(table: &Table, name: &str) -> Option<RelationKind> {
    of(table).into_iter().find(|(n, _)| n == name).map(|(_, kind)| kind)
}

/// `name__version`, or the first of `name__version_2`, `_3` and so on that is free.
pub fn free_name(name: &str, version: &str, taken: &[String]) -> String {
    let first = with_suffix(name, &format!("__{version}"));
    if !taken.contains(&first) {
        return first;
    }
    (2..)
        .map(|n| with_suffix(name, &format!("__{version}_{n}")))
        .find(|candidate| !taken.contains(candidate))
        .unwrap_or(first)
}
