//! The view `governed.<name>`: the approved way to read.

use super::super::drift::snapshot::Column;
use super::super::names::{literal, qualified, quote};
use super::Plan;
use super::carry::grant_sql;
use super::facts::{Facts, GovernedView, Table};

/// Plans that `governed.<name>` reads `table`, which is at `address` by then.
pub fn point(plan: &mut Plan, facts: &Facts, table: &Table, address: &(String, String)) {
    replace(plan, &facts.incoming.name, facts.view.as_ref(), &table.shape.columns, address);
}

/// The view's definition.
pub fn definition(name: &str, columns: &[Column], address: &(String, String)) -> String {
    let list: Vec<String> = columns.iter().map(|c| quote(&c.name)).collect();
    format!(
        "CREATE OR REPLACE VIEW {} AS SELECT {} FROM {}",
        qualified("governed", name),
        list.join(", "),
        qualified(&address.0, &address.1)
    )
}

/// Makes the view, or makes it read another table, with its own grants kept.
/// Postgres replaces a view only where the new columns begin with the old
/// ones; else it is made again, which a view on top of it forbids.
pub fn replace(
    plan: &mut Plan,
    name: &str,
    existing: Option<&GovernedView>,
    columns: &[Column],
    address: &(String, String),
) {
    let view = qualified("governed", name);
    let label = format!("governed.{name}");
    let extends = |v: &GovernedView| {
        v.columns.len() <= columns.len()
            && v.columns
                .iter()
                .zip(columns)
                .all(|(a, b)| a.name == b.name && a.data_type == b.data_type)
    };
    plan.sql(
        &label,
        "may read the table",
        format!("GRANT SELECT ON TABLE {} TO spyne_views", qualified(&address.0, &address.1)),
    );
    let remade = match existing {
        Some(v) if extends(v) => false,
        Some(v) => {
            for user in &v.used_by {
                plan.block(
                    user.as_str(),
                    format!("view on {label}, whose columns change so that it must be made again"),
                    "Drop the view, and create it again afterwards.",
                );
            }
            plan.sql(&label, "its columns change: it is made again", format!("DROP VIEW {view}"));
            true
        }
        None => false,
    };
    plan.sql(
        &label,
        format!("reads {}.{}", address.0, address.1),
        definition(name, columns, address),
    );
    if existing.is_none() || remade {
        dress(plan, name, existing, columns);
    }
}

/// Makes the view again that was taken out of the way of a change: with its
/// owner, comment and grants as before.
pub fn bring_back(
    plan: &mut Plan,
    name: &str,
    before: &GovernedView,
    columns: &[Column],
    address: &(String, String),
) {
    plan.sql(&format!("governed.{name}"), "as before", definition(name, columns, address));
    dress(plan, name, Some(before), columns);
}

/// Gives a view that was just made its owner, comment and grants.
fn dress(plan: &mut Plan, name: &str, before: Option<&GovernedView>, columns: &[Column]) {
    let view = qualified("governed", name);
    let label = format!("governed.{name}");
    plan.sql(&label, "owned by spyne_views", format!("ALTER VIEW {view} OWNER TO spyne_views"));
    let comment = before
        .and_then(|v| v.comment.clone())
        .unwrap_or_else(|| format!("The governed table {name}"));
    plan.sql(&label, "comment", format!("COMMENT ON VIEW {view} IS {}", literal(&comment)));
    let Some(before) = before else {
        plan.sql(
            &label,
            "SELECT to spyne_viewer",
            format!("GRANT SELECT ON TABLE {view} TO spyne_viewer"),
        );
        return;
    };
    for grant in &before.grants {
        let kept = grant.column.as_ref().is_none_or(|c| columns.iter().any(|n| n.name == *c));
        if kept {
            plan.sql(&label, "grants as before", grant_sql(grant, &format!("TABLE {view}")));
        }
    }
}
