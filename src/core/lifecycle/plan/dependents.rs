//! What refers to the outgoing table: listed one by one, and moved on request.

use super::carry::grant_sql;
use super::facts::{Dependent, MaterializedView};
use super::{Action, Plan, Step};
use crate::kernel::names::{literal, qualified, quote};
use crate::shape::Change as Difference;
use crate::shape::rules::ChangeType;

/// What to do about the dependents of the table that makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Block,
    Repoint,
}

impl Policy {
    /// Reads the argument `dependents`.
    pub fn parse(text: &str) -> Option<Policy> {
        match text.trim().to_ascii_lowercase().as_str() {
            "block" => Some(Policy::Block),
            "repoint" => Some(Policy::Repoint),
            _ => None,
        }
    }
}

/// Adds blockers, or the statements that move each dependent. They run after
/// the swap, when the old address means the new table; texts were read before.
pub fn plan_all(
    plan: &mut Plan,
    dependents: &[Dependent],
    policy: Policy,
    outgoing: &str,
    differences: &[Difference],
) {
    for dependent in dependents {
        let (kind, object) = describe(dependent);
        let lost = lost_columns(dependent, differences);
        match policy {
            Policy::Repoint if !lost.is_empty() => plan.block(
                &object,
                format!("{kind} uses what the new version has no more: {}", lost.join(", ")),
                "Drop it, or keep the columns it uses as they are.",
            ),
            Policy::Block => plan.block(
                &object,
                format!("{kind} on {outgoing} would stay with the old version"),
                "Pass dependents => 'repoint' to move it, or drop it.",
            ),
            Policy::Repoint => repoint(plan, dependent, &kind, &object, outgoing),
        }
    }
}

/// The breaking differences in columns that a dependent uses. A view keeps its
/// column types; a foreign key needs types that compare; a materialized view is
/// made anew, and takes new types as they are.
fn lost_columns(dependent: &Dependent, differences: &[Difference]) -> Vec<String> {
    let uses = match dependent {
        Dependent::ForeignKey { uses, .. } | Dependent::View { uses, .. } => uses,
        Dependent::MaterializedView(view) => &view.uses,
        _ => return Vec::new(),
    };
    let lost = |difference: &Difference| {
        let Some(column) = difference.column.as_ref().filter(|c| uses.contains(c)) else {
            return false;
        };
        let (from, to) = (difference.old_type.as_deref(), difference.new_type.as_deref());
        match difference.change_type {
            ChangeType::Remove | ChangeType::Rename => {
                // A key may lose its name and stay a key: this is about columns.
                difference.old_name.as_ref() == Some(column)
            }
            ChangeType::TypeChange if from != to => match dependent {
                Dependent::View { .. } => true,
                Dependent::ForeignKey { .. } => {
                    family(from.unwrap_or_default()) != family(to.unwrap_or_default())
                }
                _ => false,
            },
            _ => false,
        }
    };
    differences.iter().filter(|d| lost(d)).map(|d| d.detail.clone()).collect()
}

/// Types that Postgres compares with one another, by one name.
fn family(data_type: &str) -> &str {
    let bare = data_type.split_once('(').map_or(data_type, |(name, _)| name);
    match bare {
        "smallint" | "integer" | "bigint" => "integer",
        "character varying" | "text" => "text",
        other => other,
    }
}

fn describe(dependent: &Dependent) -> (String, String) {
    match dependent {
        Dependent::ForeignKey { schema, name, constraint, .. } => {
            (format!("foreign key {constraint}"), format!("{schema}.{name}"))
        }
        Dependent::View { schema, name, .. } => ("view".into(), format!("{schema}.{name}")),
        Dependent::MaterializedView(view) => {
            ("materialized view".into(), format!("{}.{}", view.schema, view.name))
        }
        Dependent::Rule { schema, name, constraint } => {
            (format!("rule {constraint}"), format!("{schema}.{name}"))
        }
        Dependent::Function { schema, name } => ("function".into(), format!("{schema}.{name}")),
        Dependent::Policy { schema, name, constraint } => {
            (format!("policy {constraint}"), format!("{schema}.{name}"))
        }
    }
}

fn repoint(plan: &mut Plan, dependent: &Dependent, kind: &str, object: &str, outgoing: &str) {
    match dependent {
        Dependent::ForeignKey { schema, name, constraint, definition, partitioned, .. } => {
            if *partitioned {
                plan.block(
                    object,
                    format!("{kind} belongs to a partitioned table, where Postgres has no NOT VALID foreign keys"),
                    format!("ALTER TABLE {} DROP CONSTRAINT {}; and add it again afterwards.", qualified(schema, name), quote(constraint)),
                );
                return;
            }
            let child = qualified(schema, name);
            let constraint = quote(constraint);
            // One that was NOT VALID already says so in its definition.
            let unvalidated = definition.trim_end().ends_with("NOT VALID");
            let suffix = if unvalidated { "" } else { " NOT VALID" };
            plan.sql(
                object,
                format!("{kind} points to the new version"),
                format!("ALTER TABLE {child} DROP CONSTRAINT {constraint}, ADD CONSTRAINT {constraint} {definition}{suffix}"),
            );
            plan.follow_ups.push(Step {
                object: object.to_string(),
                detail: format!("{kind} is NOT VALID until the rows have been checked"),
                action: Action::Sql(format!(
                    "ALTER TABLE {child} VALIDATE CONSTRAINT {constraint}"
                )),
            });
        }
        Dependent::View { schema, name, definition, options, owner, can_create, .. } => {
            let sql = format!(
                "CREATE OR REPLACE VIEW {}{} AS {}",
                qualified(schema, name),
                with_options(options),
                body(definition)
            );
            creating(plan, object, schema, owner, *can_create, |plan| {
                plan.sql_as(object, "view reads the new version", owner, sql);
            });
        }
        Dependent::MaterializedView(view) => materialized(plan, view, object),
        Dependent::Rule { .. } | Dependent::Function { .. } | Dependent::Policy { .. } => plan
            .warn(
                object,
                format!("{kind} refers to {outgoing} and stays with the old version"),
                "Create it again after the promotion.",
            ),
    }
}

/// A materialized view cannot be replaced: it is made again, empty, and its
/// REFRESH is left to the caller since it takes as long as the data is large.
fn materialized(plan: &mut Plan, view: &MaterializedView, object: &str) {
    if view.used_by > 0 {
        plan.block(
            object,
            format!(
                "materialized view has {} views on top of it, and must be made again",
                view.used_by
            ),
            "Drop the views above it, and create them again afterwards.",
        );
        return;
    }
    let address = qualified(&view.schema, &view.name);
    plan.sql(object, "materialized view makes room", format!("DROP MATERIALIZED VIEW {address}"));
    creating(plan, object, &view.schema, &view.owner, view.can_create, |plan| {
        let sql = format!(
            "CREATE MATERIALIZED VIEW {address}{} AS {} WITH NO DATA",
            with_options(&view.options),
            body(&view.definition)
        );
        plan.sql_as(object, "materialized view reads the new version", &view.owner, sql);
        for index in &view.indexes {
            plan.sql_as(object, "index as before", &view.owner, index.clone());
        }
    });
    for grant in &view.grants {
        plan.sql(object, "grants as before", grant_sql(grant, &format!("TABLE {address}")));
    }
    if let Some(comment) = &view.comment {
        let sql = format!("COMMENT ON MATERIALIZED VIEW {address} IS {}", literal(comment));
        plan.sql(object, "comment as before", sql);
    }
    plan.follow_ups.push(Step {
        object: object.to_string(),
        detail: "the materialized view is empty until it is refreshed".into(),
        action: Action::Sql(format!("REFRESH MATERIALIZED VIEW {address}")),
    });
}

/// An owner who may no longer create in the schema gets that right for the
/// statements in between.
fn creating(
    plan: &mut Plan,
    object: &str,
    schema: &str,
    owner: &str,
    can_create: bool,
    add: impl FnOnce(&mut Plan),
) {
    let right = format!("CREATE ON SCHEMA {}", quote(schema));
    if !can_create {
        let sql = format!("GRANT {right} TO {}", quote(owner));
        plan.sql(object, "its owner may create it again", sql);
    }
    add(plan);
    if !can_create {
        let sql = format!("REVOKE {right} FROM {}", quote(owner));
        plan.sql(object, "and nothing else", sql);
    }
}

fn body(definition: &str) -> &str {
    definition.trim().trim_end_matches(';')
}

/// `WITH (name = value, ...)` from pg_class.reloptions.
fn with_options(options: &Option<Vec<String>>) -> String {
    match options.as_ref().filter(|o| !o.is_empty()) {
        Some(options) => format!(" WITH{}", option_list(options)),
        None => String::new(),
    }
}

/// ` (name = value, ...)`.
pub fn option_list(options: &[String]) -> String {
    let list: Vec<String> = options
        .iter()
        .map(|option| match option.split_once('=') {
            Some((name, value)) => format!("{} = {}", quote(name), literal(value).trim_start()),
            None => quote(option),
        })
        .collect();
    format!(" ({})", list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::compare::{Relationship, compare};
    use crate::shape::snapshot::{Column, Snapshot};

    fn foreign_key(definition: &str, partitioned: bool) -> Dependent {
        Dependent::ForeignKey {
            schema: "public".into(),
            name: "orders".into(),
            constraint: "orders_customer_fkey".into(),
            definition: definition.into(),
            uses: vec!["id".into()],
            partitioned,
        }
    }

    fn plan(dependent: Dependent, policy: Policy) -> Plan {
        let mut plan = Plan::default();
        plan_all(&mut plan, &[dependent], policy, "public.customer", &[]);
        plan
    }

    #[test]
    fn each_dependent_blocks_by_default() {
        let plan = plan(
            foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", false),
            Policy::Block,
        );
        assert_eq!(plan.blockers.len(), 1);
        assert!(plan.steps.is_empty());
    }

    #[test]
    fn a_foreign_key_moves_unvalidated_and_leaves_its_validation() {
        let plan = plan(
            foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", false),
            Policy::Repoint,
        );
        let Action::Sql(sql) = &plan.steps[0].action else { panic!() };
        assert!(sql.ends_with("REFERENCES public.customer(id) NOT VALID"), "{sql}");
        let Action::Sql(sql) = &plan.follow_ups[0].action else { panic!() };
        assert_eq!(
            sql,
            "ALTER TABLE \"public\".\"orders\" VALIDATE CONSTRAINT \"orders_customer_fkey\""
        );
    }

    #[test]
    fn a_foreign_key_of_a_partitioned_table_blocks_either_way() {
        let plan = plan(
            foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", true),
            Policy::Repoint,
        );
        assert_eq!(plan.blockers.len(), 1);
    }

    #[test]
    fn a_view_keeps_its_options() {
        let view = Dependent::View {
            schema: "public".into(),
            name: "v".into(),
            definition: " SELECT 1;".into(),
            uses: vec!["id".into()],
            options: Some(vec!["security_barrier=true".into()]),
            owner: "app".into(),
            can_create: false,
        };
        let plan = plan(view, Policy::Repoint);
        let Action::SqlAs { owner, sql } = &plan.steps[1].action else { panic!() };
        assert_eq!(owner, "app");
        assert_eq!(
            sql,
            "CREATE OR REPLACE VIEW \"public\".\"v\" WITH (\"security_barrier\" = 'true') AS SELECT 1"
        );
    }

    #[test]
    fn a_dependent_of_a_column_that_is_gone_blocks_even_when_it_may_move() {
        let key = foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", false);
        for (column, blockers) in [("id", 1), ("name", 0)] {
            let mut plan = Plan::default();
            let column_of = |name: &str| Column { name: name.into(), ..Column::default() };
            let old = Snapshot { columns: vec![column_of(column)], ..Snapshot::default() };
            let gone = compare(
                &old,
                &Snapshot::default(),
                Relationship::OtherTable,
                &|_| true,
                &crate::kernel::names::Address::new("public", "t"),
            );
            plan_all(&mut plan, &[key.clone()], Policy::Repoint, "public.customer", &gone);
            assert_eq!(plan.blockers.len(), blockers);
        }
    }
}
