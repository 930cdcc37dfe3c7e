//! The commands that take tables under governance and release them.

use spyne_core::kernel::error::{Code, Result, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::names::{Address, RelationName};
use spyne_core::kernel::role::Role;
use spyne_core::kernel::state::State;
use spyne_core::lifecycle::plan::entry::{self, Entry};
use spyne_core::lifecycle::plan::facts::{GovernedView, Table};
use spyne_core::lifecycle::plan::op::Op;
use spyne_core::lifecycle::plan::record::{Record, Which};
use spyne_core::lifecycle::plan::{Plan, view};
use spyne_core::lifecycle::registration::{self, Request};

use super::caller::Caller;
use super::{Command, Hold};
use crate::guc;
use crate::pg::elevate::{Elevated, elevated};
use crate::pg::{catalogs, citus, users};
use crate::store::tables::{self, RegistrationCandidate, TableRow};
use crate::store::{facts, table_facts};

/// Takes a table under governance.
pub struct Register {
    pub relation: RelId,
    /// The logical name; None stands for the table's own name.
    pub name: Option<String>,
    pub state: State,
    pub owner: RoleId,
}

/// The versions of a name, and those that it once had.
pub struct Versions {
    existing: Vec<TableRow>,
    ever: Vec<String>,
}

impl Versions {
    /// Reads the versions of a name.
    ///
    /// # Errors
    /// XX000 where the catalog is not what it should be.
    pub fn read(elevated: &Elevated, name: &str) -> Result<Versions> {
        let existing = tables::versions(elevated, name)?;
        Ok(Versions { existing, ever: tables::versions_ever(elevated, name)? })
    }

    fn in_use(&self, wanted: State) -> Option<&TableRow> {
        self.existing.iter().find(|v| v.state == wanted)
    }

    /// The version that the next table under this name gets.
    pub fn next(&self) -> String {
        let current = self.in_use(State::Active).or_else(|| self.in_use(State::ReadOnly));
        registration::next_version(current.map(|v| v.version.as_str()), &self.ever).to_string()
    }

    /// The state and the address of each version.
    fn held(&self) -> Vec<(State, String)> {
        let shown = |v: &TableRow| (v.state, catalogs::relation_name(v.relation).shown());
        self.existing.iter().map(shown).collect()
    }

    /// Whether `caller` has the rights of the owners of all versions.
    fn are_of(&self, caller: &Caller) -> bool {
        let theirs = |v: &TableRow| users::has_rights_of(caller.user, v.owner);
        caller.role == Role::Admin || self.existing.iter().all(theirs)
    }
}

/// What a registration is planned from.
pub struct Registration {
    candidate: RegistrationCandidate,
    /// The logical name.
    pub name: String,
    versions: Versions,
    held: Vec<(State, String)>,
    theirs: bool,
    /// What the governed view is made from, where it is to read the table.
    shown: Option<(Table, Option<GovernedView>)>,
}

impl Registration {
    /// The version that the table gets.
    pub fn version(&self) -> String {
        self.versions.next()
    }
}

impl Register {
    fn check(&self, candidate: &RegistrationCandidate) -> Result<String> {
        check_kind(candidate)?;
        registration::check_state(self.state)?;
        let name = self.name.clone().unwrap_or_else(|| candidate.name.clone());
        registration::check_name(&name)?;
        Ok(name)
    }
}

/// Checks that a relation is of a kind that can be governed.
///
/// # Errors
/// 42809 for one that cannot be governed, 42710 for one that is governed already, 0A000
/// for one whose rows Citus keeps in shards, as Citus is set.
pub fn check_kind(candidate: &RegistrationCandidate) -> Result<()> {
    registration::check(&Request {
        address: candidate.address(),
        kind: &candidate.kind,
        temporary: candidate.temporary,
        is_partition: candidate.is_partition,
        parent: candidate.parent.as_deref(),
        is_system: candidate.is_system,
        extension: candidate.extension.as_deref(),
        sharded: citus::holds(candidate.oid) && !citus::settings().lets_guards_be(),
        governed: candidate.state.zip(candidate.governed_as.as_deref()),
    })
}

impl Command for Register {
    type Facts = Registration;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        let candidate = elevated(|e| tables::candidate(e, self.relation))?;
        let action = format!("register {}", candidate.address().shown());
        caller.require_steward(candidate.owner, &action)?;
        let name = self.check(&candidate)?;
        if self.state.is_staging() {
            return Ok(());
        }
        // A caller cannot lock the versions of a name that others answer for.
        let versions = elevated(|e| Versions::read(e, &name))?;
        registration::check_free(&candidate.address(), &name, self.state, &versions.held())?;
        registration::check_theirs(&name, self.state, versions.are_of(caller))
    }

    fn locks(&self, elevated: &Elevated) -> Result<Vec<RelId>> {
        if !self.state.is_staging() {
            let name = self.check(&tables::candidate(elevated, self.relation)?)?;
            tables::lock_versions(elevated, &name)?;
        }
        Ok(vec![self.relation])
    }

    /// A shadow is closed to others at once, also to a transaction that has read the
    /// table before. In other states, readers need not be waited for.
    fn hold(&self) -> Hold {
        if self.state.is_staging() { Hold::Closed } else { Hold::Readable }
    }

    fn facts(&self, elevated: &Elevated, caller: &Caller) -> Result<Registration> {
        let candidate = tables::candidate(elevated, self.relation)?;
        let name = self.check(&candidate)?;
        let versions = Versions::read(elevated, &name)?;
        let in_use = versions.in_use(State::Active).is_some();
        let shown = match self.state.is_staging() || in_use {
            true => None,
            false => {
                let table = table_facts::describe(elevated, self.relation)?;
                Some((table, facts::view(elevated, &name)?))
            }
        };
        let (held, theirs) = (versions.held(), versions.are_of(caller));
        Ok(Registration { candidate, name, versions, held, theirs, shown })
    }

    fn plan(&self, found: &Registration) -> Result<Plan> {
        let (name, home) = (&found.name, found.candidate.address());
        registration::check_free(&home, name, self.state, &found.held)?;
        registration::check_theirs(name, self.state, found.theirs)?;
        let mut plan = Plan::default();
        let entry = Entry {
            table: Which::Is(self.relation),
            state: self.state,
            name: name.clone(),
            version: found.version(),
            owner: self.owner,
            home: home.clone(),
        };
        entry::enter(&mut plan, entry);
        if let Some((table, existing)) = &found.shown {
            view::replace(&mut plan, name, existing.as_ref(), &table.shape.columns, &home);
            refuse_where_blocked(&plan, name, &home)?;
        }
        Ok(plan)
    }

    fn verb(&self) -> &'static str {
        "register"
    }

    fn subject(&self, found: &Registration) -> RelationName {
        found.candidate.address().into()
    }
}

/// Refuses a registration whose plan has blockers.
///
/// # Errors
/// 2BP01 where the governed view must be made again and another view reads it.
fn refuse_where_blocked(plan: &Plan, name: &str, table: &Address) -> Result<()> {
    let Some(blocker) = plan.blockers.first() else {
        return Ok(());
    };
    let view = Address::new("governed", name).shown();
    Err(SpyneError::new(
        Code::DependentObjects,
        format!("cannot make {view} read {}", table.shown()),
        format!("{}: {}.", blocker.object, blocker.detail),
        blocker.remedy.clone(),
    ))
}

/// Ends governance of a table; the table itself stays as it is.
pub struct Unregister {
    pub relation: RelId,
    pub reason: Option<String>,
    /// Whether an admin releases the table although `spyne.rollback_window` has not
    /// passed.
    pub overridden: bool,
}

/// What the end of governance is planned from.
pub struct Release {
    pub row: TableRow,
    at: RelationName,
    exists: bool,
    admin: bool,
    /// How long the fallback of a promotion stays, in minutes.
    window: f64,
    view: Option<GovernedView>,
    /// The version that the governed view reads from now on.
    next: Option<(TableRow, RelationName)>,
    next_table: Option<Table>,
}

impl Release {
    /// What becomes of the governed view, in words.
    pub fn view_afterwards(&self) -> String {
        let view = Address::new("governed", &self.row.name).shown();
        match (&self.view, &self.next) {
            (None, _) => "none".to_string(),
            (Some(_), None) => format!("{view} goes"),
            (Some(_), Some((_, at))) => format!("{view} reads {}", at.shown()),
        }
    }
}

impl Unregister {
    /// Checks that the table is not the fallback of a promotion within
    /// `spyne.rollback_window`. Returns the reason that goes on record for an override.
    fn check_window(&self, found: &Release) -> Result<Option<String>> {
        let (row, window) = (&found.row, found.window);
        let age = row.deprecated_minutes_ago.filter(|age| row.superseded && *age < window);
        let Some(age) = age else {
            return Ok(self.reason.clone());
        };
        let given = self.reason.as_ref().filter(|r| !r.trim().is_empty());
        if let (true, Some(given), true) = (self.overridden, given, found.admin) {
            return Ok(Some(format!("rollback window overridden: {given}")));
        }
        Err(SpyneError::new(
            Code::WrongState,
            format!("{} is the fallback of a promotion", found.at.shown()),
            format!(
                "It was superseded {} minutes ago, and spyne.rollback_window keeps it for {window} minutes.",
                age.floor()
            ),
            format!(
                "An admin can do it all the same, on record: SELECT * FROM spyne_unregister({}, 'reason', override => true);",
                found.at.as_argument()
            ),
        ))
    }

    fn refuse_where_read(&self, found: &Release) -> Result<()> {
        let (Some(view), None) = (&found.view, &found.next) else {
            return Ok(());
        };
        let Some(user) = view.used_by.first() else {
            return Ok(());
        };
        let name = Address::new("governed", &found.row.name).shown();
        Err(SpyneError::new(
            Code::DependentObjects,
            format!("cannot unregister {}: {name} is in use", found.at.shown()),
            format!("The view {user} reads it."),
            format!("Drop it first: DROP VIEW {user};"),
        ))
    }
}

impl Command for Unregister {
    type Facts = Release;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        // An owner who could end governance would not be bound by it.
        let at = catalogs::relation_name(self.relation);
        let call = format!("SELECT * FROM spyne_unregister({}, 'reason');", at.as_argument());
        caller.require_admin(&format!("unregister {at}"), &call)
    }

    fn locks(&self, elevated: &Elevated) -> Result<Vec<RelId>> {
        // Another change of state may have been waited for, so the version is read
        // again.
        tables::lock_versions(elevated, &tables::governed(elevated, self.relation)?.name)?;
        Ok(Vec::new())
    }

    fn facts(&self, elevated: &Elevated, caller: &Caller) -> Result<Release> {
        let row = tables::governed(elevated, self.relation)?;
        let others = tables::versions(elevated, &row.name)?;
        let others = || others.iter().rev().filter(|v| v.relation != row.relation);
        let next = [State::Active, State::ReadOnly, State::Deprecated]
            .into_iter()
            .find_map(|state| others().find(|v| v.state == state).cloned());
        let view = facts::view(elevated, &row.name)?;
        let reads = next.as_ref().filter(|_| view.is_some());
        Ok(Release {
            at: catalogs::relation_name(self.relation),
            exists: catalogs::kind_of(self.relation).is_some(),
            admin: caller.role == Role::Admin,
            window: f64::from(guc::rollback_window_minutes()),
            next_table: reads.map(|n| table_facts::describe(elevated, n.relation)).transpose()?,
            next: next.map(|n| (n.clone(), catalogs::relation_name(n.relation))),
            view,
            row,
        })
    }

    fn plan(&self, found: &Release) -> Result<Plan> {
        let reason = self.check_window(found)?;
        self.refuse_where_read(found)?;
        let mut plan = Plan::because(reason.as_deref());
        let (row, shown) = (&found.row, found.at.shown());
        let (relation, state, name) = (self.relation, row.state, &row.name);
        let mut note = |detail: &str, record| plan.step(&shown, detail, Op::Record(record));
        if state.is_staging() && found.exists {
            note("gets its grants back", Record::RestoreGrants { relation });
        }
        if matches!(state, State::Active | State::ReadOnly) {
            let because = format!("{shown} was unregistered");
            note("its joins are in doubt", Record::SuspectJoins { name: name.clone(), because });
        }
        note("loses its guards", Record::RemoveGuards { relation });
        let (name, version) = (row.name.clone(), row.version.clone());
        let release = Record::Release { relation, state, name, version, shown: shown.clone() };
        note("is governed no more", release);
        let view = Address::new("governed", &row.name);
        if let (Some(existing), Some(table)) = (&found.view, &found.next_table) {
            let at = &table.at;
            view::replace(&mut plan, &row.name, Some(existing), &table.shape.columns, at);
            refuse_where_blocked(&plan, &row.name, at)?;
        } else if found.view.is_some() {
            plan.step(view.shown(), "goes", Op::DropView { view });
        }
        if found.exists {
            let close = Op::Record(Record::CloseToViews { relation });
            plan.step(&shown, "spyne_views reads it no more", close);
        }
        Ok(plan)
    }

    fn verb(&self) -> &'static str {
        "unregister"
    }

    fn subject(&self, found: &Release) -> RelationName {
        found.at.clone()
    }
}

/// Checks that the role that is to answer for a table exists: the type regrole takes
/// any number.
///
/// # Errors
/// 22023 where there is none.
pub fn existing_role(role: RoleId) -> Result<RoleId> {
    match users::exists(role) {
        true => Ok(role),
        false => Err(SpyneError::new(
            Code::InvalidParameter,
            format!("there is no role with OID {role}"),
            "The argument owner names the role that answers for it.",
            "See which roles there are: \\du",
        )),
    }
}

/// Checks that a schema exists.
///
/// # Errors
/// 22023 where there is none.
pub fn existing_schema(schema: u32) -> Result<u32> {
    match catalogs::schema_exists(schema) {
        true => Ok(schema),
        false => Err(SpyneError::new(
            Code::InvalidParameter,
            format!("there is no schema with OID {schema}"),
            "The argument schema names the schema whose tables are registered.",
            "See which schemas there are: \\dn",
        )),
    }
}
