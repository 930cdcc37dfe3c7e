//! What DDL and maintenance do to the rows of governed tables: who is shown them,
//! and who writes them anew. It is judged for each relation that it is done to,
//! whichever one the statement names, and once that relation is locked.

use super::{check, refuse};
use crate::pg::cache::{self, Guard};
use crate::pg::code::{self, Code};
use crate::pg::elevate::{LockMode, elevated, lock};
use crate::pg::frames::{self, Dropping};
use crate::pg::policy::{Computing, Kind, Statement, Touched};
use crate::pg::{catalogs, users};
use crate::report::OrRaise;
use crate::store::{roles, types};
use spyne_core::gate::access::{Access, may_be_shown};
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::role::Role;

/// Rows of a table are shown to what runs the statement, and to this code: a read by
/// both.
fn shown(relid: RelId, code: &[Code]) {
    let guard = cache::guard_of(relid);
    if !guard.is_governed() {
        return;
    }
    let touched = vec![Touched::directly(relid, Access::Read)];
    super::statement(&Statement::plain(touched, Kind::Definition, None));
    shown_to_code(relid, guard, code);
}

/// Whoever owns a function decides what it does with what it is shown, now or later.
fn shown_to_code(relid: RelId, guard: Guard, code: &[Code]) {
    let mut judged: Vec<RoleId> = Vec::new();
    for one in code {
        if judged.contains(&one.owner) {
            continue;
        }
        judged.push(one.owner);
        let role = roles::role_of(one.owner);
        if guard.states().iter().all(|state| may_be_shown(state, role)) {
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
        refuse(Denial { access: Some(Access::Read), ..denial.about(relid) });
    }
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
    let Some(found) = code::of_constraint(oid) else {
        return;
    };
    if found.relation != RelId::NONE {
        if altering() || !found.code.is_empty() {
            shown(found.relation, &found.code);
        }
    } else if created && found.domain != 0 {
        domain(found.domain, &found.code);
    }
}

/// A domain's owner names the functions that its values are checked by, and
/// Postgres shows these every row: for tables of others that is a read that
/// nobody has allowed.
pub(super) fn domain(domain: u32, code: &[Code]) {
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
                "The owner of the table may do it, if the domain is theirs: {}.",
                users::name(catalogs::owner_of(relid))
            ),
        );
        refuse(denial.about(relid));
    }
}

/// A generated column is going to be computed, or computed anew.
pub(super) fn generated(oid: u32) {
    if let Some((relid, code)) = code::of_generated(oid)
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
    let code = code::of_index(relid);
    if let Some(table) = code::table_of_new_index(relid).filter(|_| !code.is_empty()) {
        shown(table, &code);
    }
}

/// Indexes or statistics are about to be computed. Statistics are also about the
/// rows of what inherits from the table, and whoever may read the table sees them.
pub(super) fn computed(relid: RelId, computing: Computing) {
    let guard = cache::guard_of(relid);
    let below = match computing {
        Computing::Statistics => catalogs::descendants_of(relid),
        _ => Vec::new(),
    };
    if !guard.is_governed() && !below.iter().any(|b| cache::guard_of(*b).is_governed()) {
        return;
    }
    let code = code::of_computing(relid, computing);
    if !code.is_empty() {
        shown(relid, &code);
    }
    for child in below {
        if !code.is_empty() || cache::guard_of(child) != guard {
            shown(child, &code);
        }
    }
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
