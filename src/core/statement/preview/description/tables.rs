//! The tables that a statement uses.

use super::uses::{Description, TableUse, Use};
use crate::kernel::ids::RelId;
use crate::statement::query::relations::Relations;
use crate::statement::query::{ExprKind, Query, SourceKind};

/// Tables that a statement without a query uses: those that COPY FROM fills and
/// TRUNCATE empties.
pub fn written(oids: &[RelId], relations: &Relations) -> Description {
    let mut found = Description::default();
    for oid in oids {
        add_table(*oid, Use::Write, &[], relations, &mut found.tables_used);
    }
    found
}

/// Adds the tables of a query and of all inside it; `via` are the views around it.
pub fn tables(
    query: &Query,
    relations: &Relations,
    via: &mut Vec<RelId>,
    into: &mut Vec<TableUse>,
) {
    for number in query.source_numbers() {
        let written = query.command.writes() && query.result == Some(number);
        match query.source(number).map(|s| &s.kind) {
            Some(SourceKind::Table(oid)) => {
                let access = if written { Use::Write } else { Use::Read };
                add_table(*oid, access, via, relations, into);
            }
            Some(SourceKind::Subquery { query: inner, view, .. }) => {
                via.extend(view);
                tables(inner, relations, via, into);
                via.truncate(via.len() - usize::from(view.is_some()));
            }
            _ => {}
        }
    }
    for cte in &query.ctes {
        tables(&cte.query, relations, via, into);
    }
    for expression in query.expressions() {
        expression.each(&mut |e| {
            if let ExprKind::Sublink(link) = &e.kind {
                tables(&link.query, relations, via, into);
            }
        });
    }
}

fn add_table(
    oid: RelId,
    access: Use,
    via: &[RelId],
    relations: &Relations,
    into: &mut Vec<TableUse>,
) {
    let via: Vec<String> = via.iter().map(|v| relations.shown(*v)).collect();
    if let Some(known) = into.iter_mut().find(|t| t.oid == oid && t.via == via) {
        known.access = known.access.max(access);
        return;
    }
    let known = relations.get(oid);
    into.push(TableUse {
        name: known
            .map_or_else(String::new, |r| r.logical_name.clone().unwrap_or_else(|| r.name.clone())),
        relation: relations.shown(oid),
        oid,
        state: known.and_then(|r| r.state),
        version: known.and_then(|r| r.version.clone()),
        access,
        estimated_rows: known.and_then(|r| r.estimated_rows),
        via,
    });
}
