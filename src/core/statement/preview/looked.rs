//! A statement that was judged, and the preview that is made of it.

use super::asked::Asked;
use super::assumptions::assumptions;
use super::confidence::confidence;
use super::description::{Description, Use};
use super::findings::{Assumption, Guardrail};
use super::guardrails;
use super::record::Preview;
use super::staleness::Basis;
use super::standing;
use super::subject::{Limits, Subject};
use crate::joins::cover;
use crate::kernel::ids::{RelId, RoleId};
use crate::statement::analyzed::{Analyzed, Wrapper};
use crate::statement::query::relations::Relations;

/// A statement, with its description and its findings.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The statement as it is run, with its logical names resolved.
    pub sql: String,
    pub analyzed: Analyzed,
    pub described: Description,
    pub basis: Basis,
    pub assumptions: Vec<Assumption>,
    pub guardrails: Vec<Guardrail>,
}

/// What the rules look at besides the statement itself.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub relations: &'a Relations,
    /// The accepted joins and the candidates between the tables of the statement.
    pub joins: &'a [cover::KnownJoin],
    pub limits: Limits,
    /// The name of a relation for people.
    pub name_of: &'a dyn Fn(RelId) -> String,
}

/// The user who makes a preview.
#[derive(Clone, Debug)]
pub struct Maker {
    pub user: RoleId,
    pub user_name: String,
    pub search_path: String,
}

impl Looked {
    /// Judges a statement. `basis` is that of its relations and functions; the accepted
    /// joins that the statement uses are added to it.
    pub fn judge(
        sql: String,
        analyzed: Analyzed,
        mut described: Description,
        mut basis: Basis,
        known: Known,
    ) -> Looked {
        let joins = standing::judge(&mut described, known.joins);
        basis.joins = standing::statuses(&described, known.joins);
        basis.note_columns(&analyzed.queries);
        let mut assumed = Vec::new();
        let mut guarded = Vec::new();
        for (at, query) in analyzed.queries.iter().enumerate() {
            let subject = Subject {
                query,
                relations: known.relations,
                plan: analyzed.plans.get(at).map(|p| &p.tree),
                limits: known.limits,
                joins: if at == 0 { &joins } else { &[] },
            };
            assumed.extend(assumptions(&subject));
            guarded.extend(guardrails::guardrails(&subject));
        }
        if analyzed.wrapper == Wrapper::Truncate {
            let tables: Vec<String> =
                described.tables_used.iter().map(|t| t.relation.clone()).collect();
            guarded.push(guardrails::truncates(&tables));
        }
        guarded.extend(reached(&analyzed, &described, &basis, known.name_of));
        Looked { sql, analyzed, described, basis, assumptions: assumed, guardrails: guarded }
    }

    /// The preview, without the fields that storing it fills. `ms_per_cost` is the
    /// number of milliseconds for each unit of the planner's cost.
    pub fn preview(self, asked: &Asked, maker: Maker, ms_per_cost: Option<f64>) -> Preview {
        let cost = self.analyzed.estimated_cost();
        let mut preview = Preview {
            preview_id: String::new(),
            user_oid: maker.user,
            user_name: maker.user_name,
            statement: self.analyzed.kind().to_string(),
            search_path: maker.search_path,
            join_versions: standing::joins_used(&self.described),
            tables_used: self.described.tables_used,
            joins: self.described.joins,
            filters: self.described.filters,
            aggregations: self.described.aggregations,
            dry_run: None,
            confidence: confidence(&self.assumptions, &self.guardrails),
            assumptions: self.assumptions,
            guardrails: self.guardrails,
            estimated_rows: self.analyzed.estimated_rows(),
            estimated_cost: cost,
            estimated_execution_time_ms: ms_per_cost.zip(cost).map(|(ms, cost)| ms * cost),
            requires_confirmation: false,
            overrides: asked.overrides.clone(),
            reason: asked.reason.clone(),
            include_deprecated: asked.include_deprecated,
            writes: self.analyzed.writes(),
            basis: self.basis,
            corrects: None,
            expires_at: String::new(),
            sql: self.sql,
        };
        preview.requires_confirmation = !preview.stops_left().is_empty();
        preview
    }
}

/// The tables that foreign keys change along with those that the statement changes rows
/// of.
fn reached(
    analyzed: &Analyzed,
    described: &Description,
    basis: &Basis,
    name_of: &dyn Fn(RelId) -> String,
) -> Vec<Guardrail> {
    if analyzed.only_adds() || !analyzed.written.is_empty() {
        return Vec::new();
    }
    let written = described.tables_used.iter().filter(|t| t.access == Use::Write);
    written
        .filter_map(|table| {
            let names: Vec<String> =
                basis.relations.get(&table.oid)?.cascades.iter().map(|oid| name_of(*oid)).collect();
            (!names.is_empty()).then(|| guardrails::foreign_keys_reach(&table.relation, &names))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::preview::description::{TableUse, written};
    use crate::statement::preview::staleness::RelationBasis;
    use crate::statement::query::{CommandType, Query};
    use std::collections::BTreeMap;

    const ORDERS: RelId = RelId::new(1);
    const LINES: RelId = RelId::new(2);

    fn basis() -> Basis {
        let orders = RelationBasis { cascades: vec![LINES], ..RelationBasis::default() };
        Basis { relations: BTreeMap::from([(ORDERS, orders)]), ..Basis::default() }
    }

    fn looked(command: CommandType, access: Use, wrapper: Wrapper) -> Looked {
        let truncated = if wrapper == Wrapper::Truncate { vec![ORDERS] } else { Vec::new() };
        let query = Query { command, ..Query::default() };
        let queries = if truncated.is_empty() { vec![query] } else { Vec::new() };
        let mut described = written(&[ORDERS], &Relations::default());
        let table: &mut TableUse = &mut described.tables_used[0];
        table.relation = "public.orders".into();
        table.access = access;
        let analyzed = Analyzed { wrapper, queries, written: truncated, ..Analyzed::default() };
        let known = Known {
            relations: &Relations::default(),
            joins: &[],
            limits: Limits::default(),
            name_of: &|_| "public.line".to_string(),
        };
        Looked::judge("sql".into(), analyzed, described, basis(), known)
    }

    fn codes(looked: &Looked) -> Vec<String> {
        looked.guardrails.iter().map(|g| g.code.to_string()).collect()
    }

    #[test]
    fn what_foreign_keys_reach_is_told_of_changes_alone() {
        for (command, access, told) in [
            (CommandType::Update, Use::Write, true),
            (CommandType::Delete, Use::Write, true),
            (CommandType::Insert, Use::Write, false),
            (CommandType::Select, Use::Read, false),
        ] {
            let found = looked(command, access, Wrapper::None);
            let reach = found.guardrails.iter().find(|g| g.code == "FOREIGN_KEYS_REACH");
            assert_eq!(reach.is_some(), told, "{command:?}");
            if let Some(reach) = reach {
                assert!(reach.message.contains("public.orders may change public.line"));
            }
        }
        let truncate = looked(CommandType::Select, Use::Write, Wrapper::Truncate);
        assert_eq!(codes(&truncate), ["WRITE_WITHOUT_WHERE"]);
    }

    #[test]
    fn a_stop_that_is_not_overridden_asks_for_confirmation() {
        let maker = || Maker {
            user: RoleId::new(10),
            user_name: "analyst".into(),
            search_path: "public".into(),
        };
        let made = |overrides: &[&str]| {
            let overrides = overrides.iter().map(|o| (*o).to_string()).collect();
            let asked = Asked { overrides, ..Asked::plain("sql", false) };
            let looked = looked(CommandType::Select, Use::Write, Wrapper::Truncate);
            looked.preview(&asked, maker(), Some(2.0))
        };
        let stopped = made(&[]);
        assert!(stopped.requires_confirmation && stopped.writes);
        assert_eq!(stopped.stops_left(), ["WRITE_WITHOUT_WHERE"]);
        assert_eq!(stopped.statement, "TRUNCATE");
        assert_eq!(stopped.reached(), [LINES]);
        // The statement was not planned, so nothing is estimated.
        assert_eq!(stopped.estimated_execution_time_ms, None);
        assert!(!made(&["WRITE_WITHOUT_WHERE"]).requires_confirmation);
    }

    #[test]
    fn time_is_estimated_by_cost() {
        let mut looked = looked(CommandType::Select, Use::Read, Wrapper::None);
        looked.analyzed.plans =
            vec![crate::statement::query::plan::Planned { cost: 8.0, ..Default::default() }];
        let maker =
            Maker { user: RoleId::new(10), user_name: String::new(), search_path: String::new() };
        let preview = looked.preview(&Asked::plain("sql", false), maker, Some(0.5));
        assert_eq!(preview.estimated_execution_time_ms, Some(4.0));
    }
}
