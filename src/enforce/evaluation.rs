//! What DDL and maintenance do to the rows of governed tables: who is shown them,
//! and who writes them anew. It is judged for each relation that it is done to,
//! whichever one the statement names, and once that relation is locked.

use super::{check, refusals, refuse};
use crate::guc::{self, Enforcement};
use crate::pg::cache;
use crate::pg::code::{self, Code, Constrained};
use crate::pg::elevate::{self, LockMode, elevated, lock};
use crate::pg::frames::{self, Dropping};
use crate::pg::policy::{Computing, Kind, Statement, Touched};
use crate::pg::{catalogs, users};
use crate::report::{self, OrRaise};
use crate::store::{roles, types};
use spyne_core::gate::access::{Access, may_be_shown};
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::kernel::error::SpyneError;
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::role::Role;

/// Rows of a table are shown to what runs the statement, and to this code: a read by
/// both.
fn shown(relid: RelId, code: &[Code]) {
    if !cache::guard_of(relid).is_governed() {
        return;
    }
    super::statement(&read(relid));
    code_denied(relid, code).into_iter().for_each(refuse);
}

fn read(relid: RelId) -> Statement {
    let touched = vec![Touched::directly(relid, Access::Read)];
    Statement::plain(touched, Kind::Definition, None)
}

/// The refusal to show rows of a governed table to functions. Whoever owns a function
/// decides what it does with what it is shown, now or later.
fn code_denied(relid: RelId, code: &[Code]) -> Option<Denial> {
    let states = cache::guard_of(relid).states();
    let mut judged: Vec<RoleId> = Vec::new();
    for one in code {
        if judged.contains(&one.owner) {
            continue;
        }
        judged.push(one.owner);
        let role = roles::role_of(one.owner);
        if states.iter().all(|state| may_be_shown(state, role)) {
            continue;
        }
        let table = catalogs::relation_name(relid);
        let function = code::function_name(one.function);
        let owner = users::quoted_name(one.owner);
        let has = match role {
            Role::None => "no spyne role",
            held => held.as_str(),
        };
        let denial = Denial::told(
            Rule::DdlCode,
            format!("cannot show rows of governed table {table} to function {function}"),
            format!("It is {owner}'s, who has {has} and may not read the table."),
            format!(
                "Give it to somebody who may: ALTER FUNCTION {function} OWNER TO CURRENT_USER;"
            ),
        );
        return Some(Denial { access: Some(Access::Read), ..denial.about(relid) });
    }
    None
}

/// Whether ALTER TABLE is running: each table that it alters is judged as if it had
/// been named.
fn altering() -> bool {
    frames::dropping() == Dropping::Columns
}

/// A column comes, changes or goes.
pub(super) fn column(relid: RelId) {
    if altering() {
        shown(relid, &[]);
    }
}

/// A column of a governed table goes along with something else, such as its type:
/// nobody has said a word about the table.
pub(super) fn column_dropped(relid: RelId, number: i32) {
    match frames::dropping() {
        Dropping::Columns => shown(relid, &[]),
        Dropping::Spyne => {}
        _ if !cache::guard_of(relid).is_governed() => {}
        _ => {
            let table = catalogs::relation_name(relid);
            let column = catalogs::column_name(relid, number);
            let denial = Denial::told(
                Rule::DdlColumn,
                format!(
                    "cannot drop column {column} of governed table {table} along with something else"
                ),
                "CASCADE would take it from its readers without naming the table.",
                format!(
                    "Drop it by itself first: ALTER TABLE {} DROP COLUMN {column};",
                    table.shown()
                ),
            );
            refuse(denial.about(relid));
        }
    }
}

/// A constraint is there that rows are going to be held against.
pub(super) fn constraint(oid: u32, created: bool) {
    // Of a domain, Postgres says that it is altered after it has looked at the rows.
    let wanted = |of| match of {
        Constrained::Table(relid) => cache::guard_of(relid).is_governed(),
        Constrained::Domain(_) => created,
    };
    match code::of_constraint(oid, wanted) {
        Some((Constrained::Table(relid), code)) if altering() || !code.is_empty() => {
            shown(relid, &code);
        }
        Some((Constrained::Domain(oid), code)) => domain(oid, &code),
        _ => {}
    }
}

/// A domain's owner names the functions that its values are checked by, and
/// Postgres shows these every row: for tables of others that is a read that
/// nobody has allowed.
pub(super) fn domain(domain: u32, code: &[Code]) {
    // Postgres tells others that they are not the owner, and locks nothing for them.
    if !users::has_rights_of(users::current(), catalogs::owner_of_type(domain)) {
        return;
    }
    for relid in elevated(|e| types::tables_of(e, domain)).or_raise() {
        // As Postgres does next. What has become governed meanwhile is looked at.
        if !lock(relid, LockMode::Share) {
            continue;
        }
        if !cache::guard_of(relid).is_governed() {
            continue;
        }
        if users::has_rights_of(users::current(), catalogs::owner_of(relid)) {
            shown(relid, code);
            continue;
        }
        let table = catalogs::relation_name(relid);
        let denial = Denial::told(
            Rule::DdlDomain,
            format!("cannot constrain a domain that governed table {table} uses"),
            format!(
                "The constraint's functions would read every row of {table}, which is not yours."
            ),
            format!(
                "Ask the owner of {table}, {}, or an administrator.",
                users::name(catalogs::owner_of(relid))
            ),
        );
        refuse(denial.about(relid));
    }
}

/// A generated column is going to be computed, or computed anew.
pub(super) fn generated(oid: u32) {
    let governed = |relid| cache::guard_of(relid).is_governed();
    if let Some((relid, code)) = code::of_generated(oid, governed)
        && (altering() || !code.is_empty())
    {
        shown(relid, &code);
    }
}

/// A statistics object is there: ANALYZE, which nobody may call, shows it rows.
pub(super) fn statistics(oid: u32) {
    if let Some((relid, code)) = code::of_statistics(oid) {
        shown(relid, &code);
    }
}

/// A relation is new. An index is going to be filled from the rows of its table.
pub(super) fn relation(relid: RelId) {
    let kind = catalogs::identity(relid, true).map(|identity| identity.kind);
    if !matches!(kind, Some(b'i' | b'I')) {
        return;
    }
    let table = code::table_of_new_index(relid);
    if let Some(table) = table.filter(|table| cache::guard_of(*table).is_governed()) {
        let code = code::of_index(relid);
        if !code.is_empty() {
            shown(table, &code);
        }
    }
}

/// The tables whose rows are read to compute indexes or statistics of one, and what
/// they are shown to. Statistics are also about the rows of what inherits from it, and
/// whoever may read the table sees them.
fn read_to_compute(relid: RelId, computing: Computing) -> (Vec<RelId>, Vec<Code>) {
    let guard = cache::guard_of(relid);
    let below = match computing {
        Computing::Statistics => catalogs::descendants_of(relid),
        _ => Vec::new(),
    };
    if !guard.is_governed() && !below.iter().any(|b| cache::guard_of(*b).is_governed()) {
        return (Vec::new(), Vec::new());
    }
    let code = code::of_computing(relid, computing);
    let others = below.into_iter().filter(|b| !code.is_empty() || cache::guard_of(*b) != guard);
    let own = (!code.is_empty()).then_some(relid);
    (own.into_iter().chain(others).collect(), code)
}

/// Indexes or statistics are about to be computed.
pub(super) fn computed(relid: RelId, computing: Computing) {
    let (read, code) = read_to_compute(relid, computing);
    read.into_iter().for_each(|relid| shown(relid, &code));
}

/// As [`computed`], but leaves a table out instead of raising, and says so.
pub(super) fn may_compute(relid: RelId, computing: Computing) -> bool {
    if elevate::at_work() || guc::enforcement() != Enforcement::Enforce {
        computed(relid, computing);
        return true;
    }
    let (tables, code) = read_to_compute(relid, computing);
    let tables = tables.into_iter().filter(|table| cache::guard_of(*table).is_governed());
    let mut denials = tables
        .filter_map(|table| refusals(&read(table)).next().or_else(|| code_denied(table, &code)));
    let Some(denial) = denials.next() else {
        return true;
    };
    let error = SpyneError::from(denial);
    report::warn(SpyneError {
        message: format!("skipping {}: {}", catalogs::relation_name(relid), error.message),
        ..error
    });
    false
}

/// A table is about to be locked. Whoever locks out readers and writers is one of
/// them.
pub(super) fn locked(relid: RelId, shared: bool) {
    let access = match shared {
        true => Access::Read,
        false => Access::Lock,
    };
    let touched = vec![Touched::directly(relid, access)];
    super::statement(&Statement::plain(touched, Kind::Definition, None));
}

/// ALTER TABLE is about to write all rows of a table anew; `values` where they are
/// going to say something else, which is a write.
pub(super) fn rewritten(relid: RelId, values: bool) {
    let guard = cache::guard_of(relid);
    if !guard.is_governed() {
        return;
    }
    shown(relid, &code::of_computing(relid, Computing::Indexes));
    if values {
        check(relid, Access::Write);
        if let Some(table) = cache::governing(relid) {
            frames::rewritten(table);
        }
    }
}
