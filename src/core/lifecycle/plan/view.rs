//! The view `governed.<name>`, which is the approved way to read a table.

use super::Plan;
use super::facts::{GovernedView, Grant, Table, TakeoverFacts};
use super::op::{Op, RelationKind, Target};
use crate::kernel::names::{Address, quote};
use crate::shape::snapshot::{Column, ShownColumn};

/// The owner of the governed views, with whose rights they read.
const OWNER: &str = "spyne_views";

fn address_of(name: &str) -> Address {
    Address::new("governed", name)
}

/// Adds the steps that make `governed.<name>` read `table`, which has `address` at that
/// time.
pub fn point(plan: &mut Plan, facts: &TakeoverFacts, table: &Table, address: &Address) {
    replace(plan, &facts.incoming.name, facts.view.as_ref(), &table.shape.columns, address);
}

fn view_over(view: &Address, list: &[String], table: &Address) -> Op {
    Op::MakeView {
        view: view.clone(),
        options: Vec::new(),
        body: format!("SELECT {} FROM {}", list.join(", "), table.quoted()),
        owner: None,
    }
}

/// Makes the view, or makes it read another table and keeps its grants. Postgres
/// replaces a view only where the new columns begin with the old ones; otherwise the
/// view is made again, which is impossible while another view depends on it.
pub fn replace(
    plan: &mut Plan,
    name: &str,
    existing: Option<&GovernedView>,
    columns: &[Column],
    address: &Address,
) {
    let view = address_of(name);
    let shown = view.shown();
    let extends = |v: &GovernedView| {
        v.columns.len() <= columns.len()
            && v.columns
                .iter()
                .zip(columns)
                .all(|(a, b)| a.name == b.name && a.data_type == b.data_type)
    };
    let reads = Op::Grant { grant: select_to(OWNER), on: Target::Table(address.clone()) };
    plan.step(&shown, "may read the table", reads);
    let remade = match existing {
        Some(v) if extends(v) => false,
        Some(v) => {
            for user in &v.used_by {
                plan.block(
                    user.as_str(),
                    format!("view on {shown}, whose columns change so that it must be made again"),
                    "Drop the view, and create it again afterwards.",
                );
            }
            let drop = Op::DropView { view: view.clone() };
            plan.step(&shown, "its columns change: it is made again", drop);
            true
        }
        None => false,
    };
    let list: Vec<String> = columns.iter().map(|c| quote(&c.name)).collect();
    plan.step(&shown, format!("reads {}", address.shown()), view_over(&view, &list, address));
    if existing.is_none() || remade {
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        dress(plan, name, existing, &names);
    }
}

/// Makes a view again that was dropped to let a change through: as before, and with the
/// promised names, whatever the columns of the table are called by now.
pub fn bring_back(
    plan: &mut Plan,
    name: &str,
    before: &GovernedView,
    columns: &[ShownColumn],
    address: &Address,
) {
    let list: Vec<String> = columns
        .iter()
        .map(|c| match c.column == c.shown_as {
            true => quote(&c.column),
            false => format!("{} AS {}", quote(&c.column), quote(&c.shown_as)),
        })
        .collect();
    let view = address_of(name);
    plan.step(view.shown(), "as before", view_over(&view, &list, address));
    let names: Vec<&str> = columns.iter().map(|c| c.shown_as.as_str()).collect();
    dress(plan, name, Some(before), &names);
}

fn select_to(role: &str) -> Grant {
    Grant {
        grantee: Some(role.to_string()),
        privilege: "SELECT".to_string(),
        grantable: false,
        column: None,
    }
}

/// Gives a view that was just made its owner, comment and grants.
fn dress(plan: &mut Plan, name: &str, before: Option<&GovernedView>, columns: &[&str]) {
    let view = address_of(name);
    let shown = view.shown();
    let owned =
        Op::SetOwner { kind: RelationKind::View, at: view.clone(), owner: OWNER.to_string() };
    plan.step(&shown, "owned by spyne_views", owned);
    let comment = |column: Option<&String>, text: &str| Op::Comment {
        kind: RelationKind::View,
        at: view.clone(),
        column: column.cloned(),
        text: text.to_string(),
    };
    let own = before
        .and_then(|v| v.comment.clone())
        .unwrap_or_else(|| format!("The governed table {name}"));
    plan.step(&shown, "comment", comment(None, &own));
    let on = Target::Table(view.clone());
    let Some(before) = before else {
        let grant = Op::Grant { grant: select_to("spyne_viewer"), on };
        plan.step(&shown, "SELECT to spyne_viewer", grant);
        return;
    };
    if let Some(options) = before.options.as_ref().filter(|o| !o.is_empty()) {
        let op = Op::SetViewOptions { view: view.clone(), options: options.clone() };
        plan.step(&shown, "options as before", op);
    }
    for (column, text) in &before.column_comments {
        if columns.contains(&column.as_str()) {
            plan.step(&shown, "comment as before", comment(Some(column), text));
        }
    }
    for grant in &before.grants {
        let kept = grant.column.as_ref().is_none_or(|c| columns.contains(&c.as_str()));
        if kept {
            let op = Op::Grant { grant: grant.clone(), on: on.clone() };
            plan.step(&shown, "grants as before", op);
        }
    }
}
