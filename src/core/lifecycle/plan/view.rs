//! The view `governed.<name>`: the approved way to read.

use super::Plan;
use super::carry::grant_sql;
use super::dependents::option_list;
use super::facts::{Facts, GovernedView, Table};
use crate::kernel::names::{literal, qualified, quote};
use crate::shape::snapshot::Column;

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

/// Makes the view again that was taken out of the way of a change: as before,
/// and with the promised names, whatever the table's columns are called by now.
/// `columns` are the table's name of each, and the view's.
pub fn bring_back(
    plan: &mut Plan,
    name: &str,
    before: &GovernedView,
    columns: &[(String, String)],
    address: &(String, String),
) {
    let list: Vec<String> = columns
        .iter()
        .map(|(now, promised)| match now == promised {
            true => quote(now),
            false => format!("{} AS {}", quote(now), quote(promised)),
        })
        .collect();
    let sql = format!(
        "CREATE OR REPLACE VIEW {} AS SELECT {} FROM {}",
        qualified("governed", name),
        list.join(", "),
        qualified(&address.0, &address.1)
    );
    plan.sql(&format!("governed.{name}"), "as before", sql);
    let shown: Vec<Column> = columns
        .iter()
        .map(|(_, promised)| Column { name: promised.clone(), ..Column::default() })
        .collect();
    dress(plan, name, Some(before), &shown);
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
    if let Some(options) = before.options.as_ref().filter(|o| !o.is_empty()) {
        let sql = format!("ALTER VIEW {view} SET{}", option_list(options));
        plan.sql(&label, "options as before", sql);
    }
    for (column, comment) in &before.column_comments {
        if columns.iter().any(|c| c.name == *column) {
            let sql = format!("COMMENT ON COLUMN {view}.{} IS {}", quote(column), literal(comment));
            plan.sql(&label, "comment as before", sql);
        }
    }
    for grant in &before.grants {
        let kept = grant.column.as_ref().is_none_or(|c| columns.iter().any(|n| n.name == *c));
        if kept {
            plan.sql(&label, "grants as before", grant_sql(grant, &format!("TABLE {view}")));
        }
    }
}
