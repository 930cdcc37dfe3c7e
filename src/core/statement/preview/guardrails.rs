//! What is dangerous about a statement: one small rule for each danger.

use super::filtering::missing_filter;
use super::findings::{Guardrail, GuardrailSeverity};
use super::keys::KnownKeys;
use super::level::Level;
use super::statistics;
use super::subject::{Standing, Subject};
use super::traps::traps;
use super::wording::number;
use crate::kernel::names::literal;
use crate::kernel::state::State;
use crate::statement::query::columns::Scope;
use crate::statement::query::plan::PlanNode;
use crate::statement::query::relations::{Relation, Relations};
use crate::statement::query::{CommandType, Expr, ExprKind, Form, SourceKind, Volatility};

/// The codes that can stop a statement, which `override` takes.
pub const STOPS: &[&str] = &[
    "EXPLOSIVE_JOIN",
    "AMBIGUOUS_AGGREGATE",
    "WRITE_WITHOUT_WHERE",
    "SHADOW_TABLE",
    "UNACCEPTED_JOIN",
];

/// Every rule. To add one, add a line.
const RULES: &[fn(&Subject, &mut Vec<Guardrail>)] = &[
    cartesian_product,
    exploding_plan,
    ambiguous_aggregate,
    write_without_where,
    shadow_table,
    unaccepted_join,
    missing_filter,
    volatile_function,
    deprecated_table,
    stale_statistics,
    ungoverned_table,
];

/// All guardrails of a statement, stops first.
pub fn guardrails(subject: &Subject) -> Vec<Guardrail> {
    let mut found = Vec::new();
    for rule in RULES {
        rule(subject, &mut found);
    }
    let mut kept: Vec<Guardrail> = Vec::new();
    for guardrail in found {
        if !kept.contains(&guardrail) {
            kept.push(guardrail);
        }
    }
    kept.sort_by_key(|g| std::cmp::Reverse(g.severity));
    kept
}

fn add(
    into: &mut Vec<Guardrail>,
    code: &'static str,
    severity: GuardrailSeverity,
    message: String,
    remedy: impl Into<String>,
) {
    into.push(Guardrail { code: code.into(), severity, message, remedy: remedy.into() });
}

fn each_level(subject: &Subject, see: &mut dyn FnMut(&Level)) {
    let known = KnownKeys::default();
    subject.query.each_level(&mut |query, outer| {
        see(&Level::of(subject, query, outer, &known));
    });
}

/// The guardrail of TRUNCATE, which has no WHERE.
pub fn truncates(tables: &[String]) -> Guardrail {
    Guardrail {
        code: "WRITE_WITHOUT_WHERE".into(),
        severity: GuardrailSeverity::Stop,
        message: format!("TRUNCATE removes every row of {}.", tables.join(", ")),
        remedy: "DELETE with a WHERE, or override it where every row is meant.".to_string(),
    }
}

/// The guardrail of a write that foreign keys carry on to other tables.
pub fn foreign_keys_reach(table: &str, others: &[String]) -> Guardrail {
    Guardrail {
        code: "FOREIGN_KEYS_REACH".into(),
        severity: GuardrailSeverity::Info,
        message: format!(
            "By their foreign keys, what happens to {table} may change {} too.",
            others.join(", ")
        ),
        remedy: "Look at the actions of those foreign keys: \\d".to_string(),
    }
}

/// Sources that no condition connects.
fn cartesian_product(subject: &Subject, into: &mut Vec<Guardrail>) {
    each_level(subject, &mut |level| {
        let groups = level.structure.unconnected();
        if groups.len() < 2 {
            return;
        }
        let names: Vec<String> = groups
            .iter()
            .map(|g| g.iter().map(|s| level.structure.shown(*s)).collect::<Vec<_>>().join(" with "))
            .collect();
        add(
            into,
            "EXPLOSIVE_JOIN",
            GuardrailSeverity::Stop,
            format!(
                "Nothing connects {}: each row of one is combined with each row of the other.",
                names.join(" and ")
            ),
            "Add the condition that joins them, or override it where every combination is wanted.",
        );
    });
}

/// A join that the planner expects to grow out of bounds.
fn exploding_plan(subject: &Subject, into: &mut Vec<Guardrail>) {
    fn worst(node: &PlanNode, limits: (f64, f64), found: &mut Option<(f64, f64)>) {
        if node.is_join {
            let larger = node.children.iter().map(|c| c.rows).fold(1.0, f64::max);
            let explodes = node.rows / larger > limits.0 || node.rows > limits.1;
            if explodes && found.is_none_or(|(rows, _)| node.rows > rows) {
                *found = Some((node.rows, larger));
            }
        }
        node.children.iter().for_each(|c| worst(c, limits, found));
    }
    let Some(plan) = subject.plan else {
        return;
    };
    let mut found = None;
    worst(plan, (subject.limits.fan_out, subject.limits.join_rows), &mut found);
    let known = into.iter().any(|g| g.code == "EXPLOSIVE_JOIN");
    if let Some((rows, larger)) = found.filter(|_| !known) {
        add(
            into,
            "EXPLOSIVE_JOIN",
            GuardrailSeverity::Stop,
            format!(
                "A join is expected to make {} rows out of at most {} on a side; the limits are {} for each row, and {} rows.",
                number(rows),
                number(larger),
                number(subject.limits.fan_out),
                number(subject.limits.join_rows)
            ),
            "Join on more columns or filter first; ANALYZE the tables if the estimate is wrong.",
        );
    }
}

/// A sum, count or average whose rows a join repeats.
fn ambiguous_aggregate(subject: &Subject, into: &mut Vec<Guardrail>) {
    each_level(subject, &mut |level| {
        for trap in traps(level) {
            add(
                into,
                "AMBIGUOUS_AGGREGATE",
                GuardrailSeverity::Stop,
                format!(
                    "{} takes rows of {} several times, once for each matching row of {}.",
                    trap.aggregate,
                    trap.counted,
                    trap.repeated_by()
                ),
                format!(
                    "Aggregate {} in a subquery of its own before joining, or override it where the repetition is meant.",
                    trap.counted
                ),
            );
        }
    });
}

/// UPDATE, DELETE or MERGE in which no condition says which rows of the target
/// are meant: none compares a column of it with anything.
fn write_without_where(subject: &Subject, into: &mut Vec<Guardrail>) {
    each_level(subject, &mut |level| {
        let query = level.scope.query;
        let Some(target) = query.result else {
            return;
        };
        let changes =
            matches!(query.command, CommandType::Update | CommandType::Delete | CommandType::Merge);
        let chosen = query
            .filters
            .iter()
            .chain(query.join_conditions())
            .filter(|c| !always_true(c, level.scope, subject.relations))
            .any(|c| level.scope.columns_in(c).iter().any(|(source, _)| *source == target));
        if changes && !chosen {
            let without = match query.filters.is_empty() {
                true => "without WHERE",
                false => "whose conditions name no column of it",
            };
            add(
                into,
                "WRITE_WITHOUT_WHERE",
                GuardrailSeverity::Stop,
                format!(
                    "{} {without} changes every row of {}.",
                    query.command.as_str(),
                    level.structure.shown(target)
                ),
                "Add a WHERE, or override it where every row is meant.",
            );
        }
    });
}

/// Whether a condition that names columns chooses no rows by them.
fn always_true(condition: &Expr, scope: Scope, relations: &Relations) -> bool {
    let never_null = |e: &Expr| {
        scope.local_source(e).is_some_and(|(source, column)| {
            let table = match scope.query.source(source).map(|s| &s.kind) {
                Some(SourceKind::Table(oid)) => relations.get(*oid),
                _ => None,
            };
            table.and_then(|t| t.column(column)).is_some_and(|c| c.not_null)
        })
    };
    match &condition.kind {
        ExprKind::Constant(value) => matches!(value.as_deref(), Some("t" | "true")),
        ExprKind::And(parts) => parts.iter().all(|p| always_true(p, scope, relations)),
        ExprKind::Or(parts) => parts.iter().any(|p| always_true(p, scope, relations)),
        ExprKind::NullTest { operand, is_null: false } => never_null(operand),
        ExprKind::Call(call)
            if call.built_in && matches!(call.name.as_str(), "=" | "<=" | ">=") =>
        {
            match call.arguments.as_slice() {
                [
                    Expr { kind: ExprKind::Constant(Some(a)), .. },
                    Expr { kind: ExprKind::Constant(Some(b)), .. },
                ] => a == b,
                [a, b] => a.kind == b.kind && never_null(a),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Tables that a statement uses, at any level.
fn tables<'s>(subject: &Subject<'s>) -> Vec<&'s Relation> {
    let mut found: Vec<&Relation> = Vec::new();
    subject.query.each_level(&mut |query, _| {
        for number in query.source_numbers() {
            if let Some(SourceKind::Table(oid)) = query.source(number).map(|s| &s.kind)
                && let Some(relation) = subject.relations.get(*oid)
                && !found.iter().any(|f| f.oid == *oid)
            {
                found.push(relation);
            }
        }
    });
    found
}

fn shadow_table(subject: &Subject, into: &mut Vec<Guardrail>) {
    for table in tables(subject).into_iter().filter(|t| t.state == Some(State::Shadow)) {
        add(
            into,
            "SHADOW_TABLE",
            GuardrailSeverity::Stop,
            format!("{} is in staging: nobody has promoted what is in it.", table.shown),
            "Query the table in use, or override it where staging is what you are after.",
        );
    }
}

fn deprecated_table(subject: &Subject, into: &mut Vec<Guardrail>) {
    for table in tables(subject).into_iter().filter(|t| t.state == Some(State::Deprecated)) {
        let name = table.logical_name.as_deref().unwrap_or(&table.name);
        add(
            into,
            "DEPRECATED_TABLE",
            GuardrailSeverity::Warning,
            format!("{} is deprecated: it may be out of date, and it is meant to go.", table.shown),
            format!(
                "Query the version in use: SELECT * FROM spyne_resolve(ARRAY[{}]);",
                literal(name)
            ),
        );
    }
}

/// A table that is not governed, beside one that is.
fn ungoverned_table(subject: &Subject, into: &mut Vec<Guardrail>) {
    let all = tables(subject);
    if all.iter().all(|t| t.state.is_none()) {
        return;
    }
    for table in all.into_iter().filter(|t| t.state.is_none()) {
        add(
            into,
            "UNGOVERNED_TABLE",
            GuardrailSeverity::Info,
            format!("{} is not governed: it has no state and no version.", table.shown),
            format!("SELECT * FROM spyne_register({});", literal(&table.shown)),
        );
    }
}

/// Joins that nobody has accepted.
fn unaccepted_join(subject: &Subject, into: &mut Vec<Guardrail>) {
    let severity = match subject.limits.require_accepted_joins {
        true => GuardrailSeverity::Stop,
        false => GuardrailSeverity::Warning,
    };
    for join in subject.joins {
        let unaccepted =
            format!("Nobody has accepted the join of {} and {}.", join.left, join.right);
        let (message, remedy) = match &join.standing {
            Standing::Accepted => continue,
            Standing::Suspect(join_id, candidate) => (
                format!("The join of {} and {} is suspect: a column of {join_id} has drifted since it was validated.", join.left, join.right),
                format!("An admin validates it again: SELECT * FROM spyne_validate_join({candidate});"),
            ),
            Standing::Candidate(candidate, confidence) => (
                unaccepted,
                format!("It is candidate {candidate}, with confidence {confidence}. An admin accepts it: SELECT * FROM spyne_accept_join({candidate}, 'why');"),
            ),
            Standing::Unknown => (
                unaccepted,
                "Check that its columns mean the same; SELECT * FROM spyne_propose_join(...) makes it a candidate for an admin to accept.".to_string(),
            ),
        };
        add(into, "UNACCEPTED_JOIN", severity, message, remedy);
    }
}

/// Stale statistics, which the estimates depend on.
fn stale_statistics(subject: &Subject, into: &mut Vec<Guardrail>) {
    for table in tables(subject).into_iter().filter(|t| matches!(t.kind.as_str(), "r" | "m")) {
        let message = match (table.estimated_rows, table.changed_rows) {
            (None, _) => format!("{} was never analyzed: its estimates are guesses.", table.shown),
            (Some(rows), Some(changed)) if statistics::are_outdated(table) => format!(
                "{} changes to {} are counted since it was analyzed, when it had about {} rows.",
                number(changed),
                table.shown,
                number(rows)
            ),
            _ => continue,
        };
        let remedy = format!("ANALYZE {};", table.shown);
        add(into, "STALE_STATISTICS", GuardrailSeverity::Warning, message, remedy);
    }
}

/// A read that calls a function that may write.
fn volatile_function(subject: &Subject, into: &mut Vec<Guardrail>) {
    // Functions that are volatile only because of their results.
    const HARMLESS: &[&str] = &[
        "random",
        "clock_timestamp",
        "timeofday",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "setseed",
        "random_normal",
        "pg_sleep",
        "pg_sleep_for",
        "pg_sleep_until",
        "currval",
        "lastval",
        "pg_is_in_recovery",
        "pg_current_wal_lsn",
        "pg_last_wal_receive_lsn",
        "pg_last_wal_replay_lsn",
        "pg_column_size",
        "pg_relation_size",
        "pg_table_size",
        "pg_indexes_size",
        "pg_total_relation_size",
        "pg_database_size",
    ];
    let mut called: Vec<String> = Vec::new();
    subject.query.each_level(&mut |query, _| {
        for expression in query.expressions() {
            expression.each(&mut |e| {
                if let ExprKind::Call(call) = &e.kind
                    && matches!(call.form, Form::Function | Form::Operator)
                    && call.volatility == Volatility::Volatile
                    && !(call.built_in && HARMLESS.contains(&call.name.as_str()))
                    && !called.contains(&call.name)
                {
                    called.push(call.name.clone());
                }
            });
        }
    });
    if subject.query.command != CommandType::Select {
        return;
    }
    for name in called {
        add(
            into,
            "VOLATILE_FUNCTION",
            GuardrailSeverity::Warning,
            format!("{name}() is VOLATILE: it may change something, although this is a read."),
            "Look at what the function does: \\sf, or mark it STABLE if it only reads.",
        );
    }
}

#[cfg(test)]
#[path = "guardrails_tests.rs"]
mod tests;
