//! What the hooks and the guard triggers ask: one checker, and one place that
//! fails closed.
//!
//! A statement must pass, in this order: Postgres's own privileges (checked by
//! Postgres), the caller's spyne role, the table's state. The preview rule
//! comes after the state: see [`previews`].

mod ddl;
pub mod drift;
pub mod guards;
pub mod previews;

use crate::guc::{self, Enforcement};
use crate::pg::cache::{self, Guard};
use crate::pg::local::Local;
use crate::pg::policy::Policy;
use crate::pg::runs::Token;
use crate::pg::statement::{Kind, Statement, Touched};
use crate::pg::{elevate, users};
use crate::report;
use crate::store::{roles, subjects};
use spyne_core::gate::access::{self, Access, Caller, Refusal};
use spyne_core::kernel::error::{Code, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::role::Role;
use spyne_core::kernel::state::{State, StateSet};

/// What `lib.rs` hands to the hooks.
pub const POLICY: Policy = Policy {
    enabled,
    statement,
    permits,
    object: ddl::object,
    passed: previews::passed,
    previews: previews::watches,
    utility: previews::utility,
    finished: previews::finished,
    undone,
};

/// A transaction or a subtransaction is undone.
fn undone() {
    previews::transaction_undone();
    drift::undone();
    guards::undone();
}

fn enabled() -> bool {
    let now = guc::enforcement();
    if LAST_SEEN.with(|last| std::mem::replace(last, now)) != now && now != Enforcement::Enforce {
        report::log_line(&format!("spyne.enforcement is {} in this session", now.as_str()));
    }
    now != Enforcement::Off
}

/// The setting at the last check: the server log is told once when it is less
/// than `enforce`.
static LAST_SEEN: Local<Enforcement> = Local::new(Enforcement::Enforce);

/// Refuses, or in permissive mode records that it would have.
pub(crate) fn refuse(error: SpyneError) {
    match guc::enforcement() {
        Enforcement::Enforce => report::raise(error),
        Enforcement::Permissive => report::log(SpyneError {
            message: format!("spyne permissive: let through: {}", error.message),
            ..error
        }),
        Enforcement::Off => {}
    }
}

/// Checks a statement at executor start; cached plans pass here like any other.
fn statement(statement: &Statement) -> Token {
    let verdict = previews::judge(statement, users::acting());
    for touched in &statement.touched {
        if let Some(error) = refusal_of(touched, statement.kind, verdict.include_deprecated) {
            refuse(error);
        }
    }
    // Who may not run it at all is not sent to look at it first.
    if let Some(error) = verdict.refusal {
        refuse(error);
    }
    remember_readable();
    if !statement.touched.iter().any(|t| depends_on_settings(t.relid)) {
        previews::note_passed(verdict.token, statement.relations);
    }
    verdict.token
}

/// Whether the answer for a table hangs on a setting of the session.
fn depends_on_settings(relid: RelId) -> bool {
    let guard = cache::guard_of(relid);
    guard == Guard::CATALOG || guard.states().iter().any(|state| state == State::Deprecated)
}

/// As [`statement`], for a check that wants an answer.
fn permits(statement: &Statement) -> bool {
    let refused =
        statement.touched.iter().find_map(|touched| refusal_of(touched, statement.kind, false));
    match (refused, guc::enforcement()) {
        (Some(_), Enforcement::Enforce) => false,
        (Some(error), _) => {
            refuse(error);
            true
        }
        (None, _) => true,
    }
}

/// Checks one access from elsewhere: a guard trigger, TRUNCATE, a partition
/// that joins or leaves.
pub(crate) fn check(relid: RelId, access: Access) {
    if let Some(error) =
        refusal_of(&Touched { relid, access, as_user: RoleId::NONE }, Kind::Run, false)
    {
        refuse(error);
    }
}

/// The rule that an access breaks, in words; None where it breaks none.
fn refusal_of(touched: &Touched, kind: Kind, include_deprecated: bool) -> Option<SpyneError> {
    let Touched { relid, access, .. } = *touched;
    let guard = cache::guard_of(relid);
    if guard.is_none() || elevate::at_work() {
        return None;
    }
    if guard == Guard::CATALOG {
        return (access == Access::Write && !elevate::installing()).then(|| catalog_write(relid));
    }
    // EXPLAIN shows a plan and changes nothing: it is a read.
    let access = if kind == Kind::Explain { access.min(Access::Read) } else { access };
    let user = users::acting();
    let caller = Caller {
        role: roles::role_of(user),
        // A superuser's pg_dump takes everything, without being asked to opt in.
        include_deprecated: include_deprecated
            || guc::include_deprecated()
            || (kind == Kind::Copy && users::is_superuser(user))
            || kind == Kind::Definition,
        ingestion_open: cache::ingestion_open(),
    };
    let (state, refusal) = first_refusal(guard.states(), access, caller)?;
    Some(words(refusal, state, access, user, caller.role, relid))
}

/// A relation below several governed tables must pass the rules of each.
fn first_refusal(states: StateSet, access: Access, caller: Caller) -> Option<(State, Refusal)> {
    states.iter().find_map(|state| access::verdict(state, access, caller).map(|r| (state, r)))
}

fn words(
    refusal: Refusal,
    state: State,
    access: Access,
    user: RoleId,
    role: Role,
    relid: RelId,
) -> SpyneError {
    let subject = elevate::elevated(|e| subjects::describe(e, relid)).unwrap_or_default();
    let error = access::explain(refusal, state, access, &users::quoted_name(user), role, &subject);
    // The rule's name is what a log is searched for.
    SpyneError { detail: format!("{} [{}]", error.detail, refusal.rule()), ..error }
}

fn catalog_write(relid: RelId) -> SpyneError {
    SpyneError::new(
        Code::InsufficientPrivilege,
        format!("cannot write to {}", crate::pg::catalogs::relation_name(relid)),
        "It is spyne's catalog, which only spyne's functions write: that binds superusers too.",
        "Use the functions, for example spyne_register or spyne_promote. To restore a dump: SET spyne.enforcement = off;",
    )
}

/// Tells the fast path which states this caller reads without a second look.
/// DEPRECATED is never among them: it hangs on a setting.
fn remember_readable() {
    let user = users::current();
    let caller =
        Caller { role: roles::role_of(user), include_deprecated: false, ingestion_open: false };
    if previews::binds(user) || previews::watches() & 1 == 1 {
        // Each statement is looked at.
        return cache::set_readable(user, StateSet::EMPTY, previews::watches());
    }
    let readable = State::ALL
        .into_iter()
        .filter(|state| access::verdict(*state, Access::Read, caller).is_none())
        .fold(StateSet::EMPTY, |set, state| set.with(StateSet::of(state)));
    cache::set_readable(user, readable, previews::watches());
}
