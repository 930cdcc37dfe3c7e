//! The commands that change states: promote, deprecate, restore.

use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::RelationName;
use spyne_core::kernel::role::Permission;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::plan::Plan;
use spyne_core::lifecycle::plan::facts::TakeoverFacts;
use spyne_core::lifecycle::plan::op::StateChange;
use spyne_core::lifecycle::plan::record::Record;
use spyne_core::lifecycle::plan::takeover::{self, Options};
use spyne_core::lifecycle::transition;

use super::Command;
use super::caller::Caller;
use crate::pg::catalogs;
use crate::pg::elevate::{Elevated, elevated};
use crate::store::tables::{self, TableRow};
use crate::store::{drift, facts};

/// Makes a table the ACTIVE version of its name: the promotion of a shadow, or the
/// restoration of a deprecated version.
pub struct TakeOver {
    pub relation: RelId,
    /// The state that the table leaves: SHADOW or DEPRECATED.
    pub from: State,
    pub options: Options,
    pub reason: Option<String>,
}

/// The table that changes its state, as the checks of a transition take it.
fn subject<'a>(relation: &'a RelationName, row: &'a TableRow) -> transition::Subject<'a> {
    transition::Subject { relation, name: &row.name, state: row.state }
}

/// What a takeover is planned from.
pub struct Takeover {
    facts: TakeoverFacts,
    /// The relations of the takeover whose live shape is the one in force.
    unchanged: Vec<RelId>,
}

impl TakeOver {
    fn outgoing<'v>(&self, versions: &'v [TableRow]) -> Option<&'v TableRow> {
        versions.iter().find(|v| v.state == State::Active && v.relation != self.relation)
    }

    fn relations(
        &self,
        elevated: &Elevated,
        name: &str,
        versions: &[TableRow],
    ) -> Result<Vec<RelId>> {
        let outgoing = self.outgoing(versions).map(|row| row.relation);
        facts::locks(elevated, name, self.relation, outgoing)
    }

    fn row(&self, elevated: &Elevated) -> Result<TableRow> {
        let row = tables::governed(elevated, self.relation)?;
        let table = catalogs::relation_name(self.relation);
        transition::check(subject(&table, &row), self.from, State::Active)?;
        Ok(row)
    }
}

impl Command for TakeOver {
    type Facts = Takeover;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        let table = catalogs::relation_name(self.relation);
        caller.require(Permission::Promote, &format!("{} {table}", self.verb()))?;
        elevated(|e| self.row(e)).map(drop)
    }

    fn locks(&self, elevated: &Elevated) -> Result<Vec<RelId>> {
        let name = tables::governed(elevated, self.relation)?.name;
        let versions = tables::lock_versions(elevated, &name)?;
        self.relations(elevated, &name, &versions)
    }

    fn facts(&self, elevated: &Elevated, _caller: &Caller) -> Result<Takeover> {
        let row = self.row(elevated)?;
        let versions = tables::versions(elevated, &row.name)?;
        let relations = self.relations(elevated, &row.name, &versions)?;
        let asked = self.options.target_schema.as_deref();
        Ok(Takeover {
            facts: facts::takeover(elevated, &row, self.outgoing(&versions), asked)?,
            unchanged: drift::without_drift(elevated, &relations)?,
        })
    }

    fn plan(&self, found: &Takeover) -> Result<Plan> {
        let mut plan = takeover::plan(&found.facts, &self.options);
        plan.reason.clone_from(&self.reason);
        let name = found.facts.incoming.name.clone();
        plan.before.push(Record::SuspectChangedJoins { name, successor: self.relation });
        // The swap renames indexes and points foreign keys at another table, so the
        // shapes of these relations are taken anew.
        let unchanged = found.unchanged.iter();
        plan.after.extend(unchanged.map(|r| Record::RefreshShape { relation: *r }));
        Ok(plan)
    }

    fn verb(&self) -> &'static str {
        if self.options.restoring { "restore" } else { "promote" }
    }

    fn subject(&self, found: &Takeover) -> RelationName {
        found.facts.incoming.table.at.clone().into()
    }
}

/// Makes the ACTIVE version of a name DEPRECATED, with no version in its place.
pub struct Deprecate {
    pub relation: RelId,
    pub reason: String,
    /// When the version is meant to be removed, as text.
    pub sunset_at: Option<String>,
}

impl Deprecate {
    fn row(&self, elevated: &Elevated) -> Result<TableRow> {
        let row = tables::governed(elevated, self.relation)?;
        let table = catalogs::relation_name(self.relation);
        transition::check(subject(&table, &row), State::Active, State::Deprecated)?;
        Ok(row)
    }
}

impl Command for Deprecate {
    type Facts = (TableRow, RelationName);

    fn authorise(&self, caller: &Caller) -> Result<()> {
        let table = catalogs::relation_name(self.relation);
        caller.require(Permission::Deprecate, &format!("deprecate {table}"))?;
        elevated(|e| self.row(e)).map(drop)
    }

    fn locks(&self, elevated: &Elevated) -> Result<Vec<RelId>> {
        let name = tables::governed(elevated, self.relation)?.name;
        tables::lock_versions(elevated, &name)?;
        Ok(vec![self.relation])
    }

    fn facts(&self, elevated: &Elevated, _caller: &Caller) -> Result<(TableRow, RelationName)> {
        Ok((self.row(elevated)?, catalogs::relation_name(self.relation)))
    }

    fn plan(&self, (row, at): &(TableRow, RelationName)) -> Result<Plan> {
        let mut plan = Plan::because(Some(&self.reason));
        let change = StateChange {
            relation: self.relation,
            name: row.name.clone(),
            shown: at.shown(),
            from: State::Active,
            to: State::Deprecated,
            version: row.version.clone(),
            supersedes: None,
            superseded_by: None,
            home: row.home(),
            sunset_at: self.sunset_at.clone(),
        };
        plan.change(change, "");
        Ok(plan)
    }

    fn verb(&self) -> &'static str {
        "deprecate"
    }

    fn subject(&self, (_, at): &(TableRow, RelationName)) -> RelationName {
        at.clone()
    }
}
