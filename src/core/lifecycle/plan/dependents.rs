//! The objects that refer to the outgoing table. The plan lists each of them, and moves
//! them on request.

use super::Plan;
use super::facts::{Dependent, Governed, Grant, MaterializedView, Table, TakeoverFacts};
use super::op::{Op, RelationKind, Target};
use crate::kernel::names::{Address, quote};
use crate::shape::SchemaChange;
use crate::shape::constraints::is_enforced;
use crate::shape::rules::ChangeType;

/// What to do about the dependents of the table that makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDependents {
    Block,
    Repoint,
}

impl OnDependents {
    /// Reads the argument `dependents`.
    pub fn parse(text: &str) -> Option<OnDependents> {
        match text.trim().to_ascii_lowercase().as_str() {
            "block" => Some(OnDependents::Block),
            "repoint" => Some(OnDependents::Repoint),
            _ => None,
        }
    }
}

/// Adds blockers, or the statements that move each dependent. They run after
/// the swap, when the old address, `target`, means the new table; texts were read
/// before.
pub fn plan_all(
    plan: &mut Plan,
    facts: &TakeoverFacts,
    (outgoing, target): (&Governed, &Address),
    policy: OnDependents,
    differences: &[SchemaChange],
) {
    let (incoming, old) = (&facts.incoming.table, outgoing.table.shown());
    for dependent in &facts.dependents {
        let (kind, at) = describe(dependent);
        let lost = lost_columns(dependent, differences);
        let missing = missing_key(dependent, incoming);
        match policy {
            OnDependents::Repoint if !lost.is_empty() => plan.block(
                at.shown(),
                format!("{kind} uses what the new version has no more: {}", lost.join(", ")),
                "Drop it, or keep the columns it uses as they are.",
            ),
            OnDependents::Block => plan.block(
                at.shown(),
                format!("{kind} on {old} would stay with the old version"),
                "Pass dependents => 'repoint' to move it, or drop it.",
            ),
            OnDependents::Repoint if missing.is_some() => {
                let columns = missing.unwrap_or_default();
                plan.block(
                    at.shown(),
                    format!("{kind} needs a unique key over ({columns}), which the new version does not have"),
                    format!("ALTER TABLE {} ADD UNIQUE ({columns});", incoming.at.clone().quoted()),
                );
            }
            OnDependents::Repoint
                if *at == incoming.at && matches!(dependent, Dependent::MaterializedView(_)) =>
            {
                plan.block(
                    at.shown(),
                    format!("{kind} reads {old}, whose place it would take"),
                    "Make it read something else, and promote that.",
                );
            }
            OnDependents::Repoint => {
                // An object of the incoming table has moved along with it.
                let at = if *at == incoming.at { target } else { at };
                repoint(plan, dependent, &kind, at, &old);
            }
        }
    }
}

/// The columns that a foreign key refers to, as a key is written, where the new
/// version has no key over them.
fn missing_key(dependent: &Dependent, incoming: &Table) -> Option<String> {
    let Dependent::ForeignKey { uses, period, .. } = dependent else {
        return None;
    };
    let keys = if period.is_some() { &incoming.period_keys } else { &incoming.keys };
    let same = |key: &Vec<String>| {
        key.len() == uses.len()
            && uses.iter().all(|c| key.contains(c))
            && (period.is_none() || period.as_ref() == key.last())
    };
    if keys.iter().any(same) {
        return None;
    }
    let plain = uses.iter().filter(|c| Some(*c) != period.as_ref()).map(|c| quote(c));
    let period = period.iter().map(|c| format!("{} WITHOUT OVERLAPS", quote(c)));
    Some(plain.chain(period).collect::<Vec<_>>().join(", "))
}

/// The breaking differences in columns that a dependent uses. A view keeps its
/// column types; a foreign key needs types that compare; a materialized view is
/// made anew, and takes new types as they are.
fn lost_columns(dependent: &Dependent, differences: &[SchemaChange]) -> Vec<String> {
    let uses = match dependent {
        Dependent::ForeignKey { uses, .. } | Dependent::View { uses, .. } => uses,
        Dependent::MaterializedView(view) => &view.uses,
        _ => return Vec::new(),
    };
    let lost = |difference: &SchemaChange| {
        let Some(column) = difference.column.as_ref().filter(|c| uses.contains(c)) else {
            return false;
        };
        let (from, to) = (difference.old_type.as_deref(), difference.new_type.as_deref());
        match difference.change_type {
            ChangeType::Remove | ChangeType::Rename => {
                // A lost key of the same name does not matter here: only columns do.
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

/// A common name for types that Postgres compares with one another.
fn family(data_type: &str) -> &str {
    let bare = data_type.split_once('(').map_or(data_type, |(name, _)| name);
    match bare {
        "smallint" | "integer" | "bigint" => "integer",
        "character varying" | "text" => "text",
        other => other,
    }
}

/// The kind of a dependent in words, and its address.
fn describe(dependent: &Dependent) -> (String, &Address) {
    match dependent {
        Dependent::ForeignKey { at, constraint, .. } => (format!("foreign key {constraint}"), at),
        Dependent::View { at, .. } => ("view".into(), at),
        Dependent::MaterializedView(view) => ("materialized view".into(), &view.at),
        Dependent::Rule { at, constraint } => (format!("rule {constraint}"), at),
        Dependent::Function { at } => ("function".into(), at),
        Dependent::Policy { at, constraint } => (format!("policy {constraint}"), at),
    }
}

fn repoint(plan: &mut Plan, dependent: &Dependent, kind: &str, at: &Address, outgoing: &str) {
    let object = at.shown();
    match dependent {
        Dependent::ForeignKey { constraint, partitioned: true, .. } => plan.block(
            object,
            format!("{kind} belongs to a partitioned table, where Postgres has no NOT VALID foreign keys"),
            format!(
                "ALTER TABLE {} DROP CONSTRAINT {}; and add it again afterwards.",
                at.quoted(),
                quote(constraint)
            ),
        ),
        Dependent::ForeignKey { constraint, definition, .. } => {
            let constraint = constraint.clone();
            let validate =
                Op::ValidateForeignKey { at: at.clone(), constraint: constraint.clone() };
            let op = Op::RepointForeignKey {
                at: at.clone(),
                constraint,
                definition: definition.clone(),
            };
            let enforced = is_enforced(definition);
            plan.step(&object, format!("{kind} points to the new version"), op);
            // What is not enforced is not checked either.
            if enforced {
                plan.follow_up(
                    object,
                    format!("{kind} is NOT VALID until the rows have been checked"),
                    validate,
                );
            }
        }
        Dependent::View { owner, closed, .. } if !closed.is_empty() => {
            block_closed(plan, at, kind, owner, closed);
        }
        Dependent::View { definition, options, owner, can_create, .. } => {
            let op = Op::MakeView {
                view: at.clone(),
                options: options.clone().unwrap_or_default(),
                body: definition.clone(),
                owner: Some(owner.clone()),
            };
            creating(plan, at, owner, *can_create, |plan| {
                plan.step(&object, "view reads the new version", op);
            });
        }
        Dependent::MaterializedView(view) => materialized(plan, view, at),
        Dependent::Rule { .. } | Dependent::Function { .. } | Dependent::Policy { .. } => plan
            .warn(
                object,
                format!("{kind} refers to {outgoing} and stays with the old version"),
                "Create it again after the promotion.",
            ),
    }
}

/// Makes a materialized view again, since it cannot be replaced. It is empty then: its
/// REFRESH takes as long as the data is large, so it is left to the caller.
fn materialized(plan: &mut Plan, view: &MaterializedView, at: &Address) {
    let object = at.shown();
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
    let owner = &view.owner;
    if !view.closed.is_empty() {
        block_closed(plan, at, "materialized view", owner, &view.closed);
        return;
    }
    let drop = Op::DropMaterializedView { view: at.clone() };
    plan.step(&object, "materialized view makes room", drop);
    creating(plan, at, owner, view.can_create, |plan| {
        let op = Op::MakeMaterializedView {
            view: at.clone(),
            options: view.options.clone().unwrap_or_default(),
            body: view.definition.clone(),
            owner: owner.clone(),
        };
        plan.step(&object, "materialized view reads the new version", op);
        for index in &view.indexes {
            let op = Op::MakeIndex { definition: index.clone(), owner: owner.clone() };
            plan.step(&object, "index as before", op);
        }
    });
    for grant in &view.grants {
        let op = Op::Grant { grant: grant.clone(), on: Target::Table(at.clone()) };
        plan.step(&object, "grants as before", op);
    }
    if let Some(text) = &view.comment {
        let (kind, text) = (RelationKind::MaterializedView, text.clone());
        let op = Op::Comment { kind, at: at.clone(), column: None, text };
        plan.step(&object, "comment as before", op);
    }
    plan.follow_up(
        object,
        "the materialized view is empty until it is refreshed",
        Op::RefreshMaterializedView { view: at.clone() },
    );
}

/// Blocks where the owner of an object cannot make it again, for lack of rights on
/// schemas.
pub fn block_closed(plan: &mut Plan, at: &Address, kind: &str, owner: &str, closed: &[String]) {
    let schemas: Vec<String> = closed.iter().map(|schema| quote(schema)).collect();
    let schemas = schemas.join(", ");
    plan.block(
        at.shown(),
        format!("{kind} has to be made again by its owner, {owner}, who may not use the schemas {schemas}"),
        format!("GRANT USAGE ON SCHEMA {schemas} TO {};", quote(owner)),
    );
}

/// Grants an owner who may no longer create in a schema that right, for the statements
/// in between.
fn creating(
    plan: &mut Plan,
    at: &Address,
    owner: &str,
    can_create: bool,
    add: impl FnOnce(&mut Plan),
) {
    let on = Target::Schema(at.schema.clone());
    let owner = Some(owner.to_string());
    if !can_create {
        let grant = Grant {
            grantee: owner.clone(),
            privilege: "CREATE".to_string(),
            grantable: false,
            column: None,
        };
        let op = Op::Grant { grant, on: on.clone() };
        plan.step(at.shown(), "its owner may create it again", op);
    }
    add(plan);
    if !can_create {
        let op = Op::Revoke { privilege: Some("CREATE".to_string()), on, from: vec![owner] };
        plan.step(at.shown(), "and nothing else", op);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::state::State;
    use crate::lifecycle::plan::op::RunsAs;
    use crate::shape::compare::{Relationship, compare};
    use crate::shape::snapshot::{Column, Snapshot};

    fn foreign_key(definition: &str, partitioned: bool) -> Dependent {
        Dependent::ForeignKey {
            at: Address::new("public", "orders"),
            constraint: "orders_customer_fkey".into(),
            definition: definition.into(),
            uses: vec!["id".into()],
            period: None,
            partitioned,
        }
    }

    fn governed(schema: &str, name: &str) -> Governed {
        Governed {
            name: "customer".into(),
            version: "v1".into(),
            state: State::Active,
            home: Address::new(schema, name),
            table: Table {
                at: Address::new(schema, name),
                keys: vec![vec!["id".into()]],
                ..Table::default()
            },
        }
    }

    fn planned(dependent: Dependent, policy: OnDependents, differences: &[SchemaChange]) -> Plan {
        let mut plan = Plan::default();
        let outgoing = governed("public", "customer");
        let facts = TakeoverFacts {
            incoming: governed("spyne_shadow", "customer"),
            outgoing: None,
            versions: Vec::new(),
            dependents: vec![dependent],
            names_at_target: Vec::new(),
            types_at_target: Vec::new(),
            names_here: Vec::new(),
            target_schema_exists: true,
            view: None,
            suspended_grants: None,
            open_drift: Vec::new(),
        };
        let target = outgoing.table.at.clone();
        plan_all(&mut plan, &facts, (&outgoing, &target), policy, differences);
        plan
    }

    fn plan(dependent: Dependent, policy: OnDependents) -> Plan {
        planned(dependent, policy, &[])
    }

    #[test]
    fn each_dependent_blocks_by_default() {
        let plan = plan(
            foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", false),
            OnDependents::Block,
        );
        assert_eq!(plan.blockers.len(), 1);
        assert!(plan.steps.is_empty());
    }

    #[test]
    fn a_foreign_key_moves_unvalidated_and_leaves_its_validation() {
        let plan = plan(
            foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", false),
            OnDependents::Repoint,
        );
        let sql = plan.steps[0].op.sql().expect("a statement");
        assert!(sql.ends_with("REFERENCES public.customer(id) NOT VALID"), "{sql}");
        let sql = plan.follow_ups[0].op.sql().expect("a statement");
        assert_eq!(
            sql,
            "ALTER TABLE \"public\".\"orders\" VALIDATE CONSTRAINT \"orders_customer_fkey\""
        );
    }

    #[test]
    fn a_foreign_key_of_a_partitioned_table_blocks_either_way() {
        let plan = plan(
            foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", true),
            OnDependents::Repoint,
        );
        assert_eq!(plan.blockers.len(), 1);
    }

    #[test]
    fn a_view_keeps_its_options() {
        let view = Dependent::View {
            at: Address::new("public", "v"),
            definition: " SELECT 1;".into(),
            uses: vec!["id".into()],
            options: Some(vec!["security_barrier=true".into()]),
            owner: "app".into(),
            can_create: false,
            closed: Vec::new(),
        };
        let plan = plan(view, OnDependents::Repoint);
        let sql = plan.steps[1].op.sql().expect("a statement");
        assert_eq!(plan.steps[1].op.runs_as(), RunsAs::Owner("app"));
        assert_eq!(
            sql,
            "CREATE OR REPLACE VIEW \"public\".\"v\" WITH (\"security_barrier\" = 'true') AS SELECT 1"
        );
    }

    #[test]
    fn a_dependent_of_a_column_that_is_gone_blocks_even_when_it_may_move() {
        let key = foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", false);
        for (column, blockers) in [("id", 1), ("name", 0)] {
            let column_of = |name: &str| Column { name: name.into(), ..Column::default() };
            let old = Snapshot { columns: vec![column_of(column)], ..Snapshot::default() };
            let gone = compare(
                &old,
                &Snapshot::default(),
                Relationship::OtherTable,
                &|_| true,
                &Address::new("public", "t"),
            );
            let plan = planned(key.clone(), OnDependents::Repoint, &gone);
            assert_eq!(plan.blockers.len(), blockers);
        }
    }

    #[test]
    fn a_foreign_key_needs_a_key_of_the_new_version() {
        let definition = "FOREIGN KEY (a, b) REFERENCES public.customer(region, id)";
        let mut key = foreign_key(definition, false);
        if let Dependent::ForeignKey { uses, .. } = &mut key {
            uses.push("region".into());
        }
        let plan = plan(key, OnDependents::Repoint);
        assert_eq!(plan.steps, []);
        assert_eq!(
            plan.blockers[0].remedy,
            r#"ALTER TABLE "spyne_shadow"."customer" ADD UNIQUE ("id", "region");"#
        );
    }

    #[test]
    fn a_foreign_key_that_is_not_enforced_is_not_checked_afterwards() {
        let definition = "FOREIGN KEY (a) REFERENCES public.customer(id) NOT ENFORCED";
        let plan = plan(foreign_key(definition, false), OnDependents::Repoint);
        let sql = plan.steps[0].op.sql().unwrap_or_default();
        assert!(sql.ends_with("(id) NOT ENFORCED"), "{sql}");
        assert_eq!(plan.follow_ups, []);
    }

    #[test]
    fn a_foreign_key_over_periods_needs_a_key_over_periods() {
        let definition = "FOREIGN KEY (a, PERIOD p) REFERENCES public.customer(id, PERIOD during)";
        let mut key = foreign_key(definition, false);
        if let Dependent::ForeignKey { uses, period, .. } = &mut key {
            uses.insert(0, "during".into());
            *period = Some("during".into());
        }
        let plan = plan(key, OnDependents::Repoint);
        assert_eq!(
            plan.blockers[0].remedy,
            r#"ALTER TABLE "spyne_shadow"."customer" ADD UNIQUE ("id", "during" WITHOUT OVERLAPS);"#
        );
        let keys = |plain: &[&str], periods: &[&str]| Table {
            keys: vec![plain.iter().map(|c| c.to_string()).collect()],
            period_keys: vec![periods.iter().map(|c| c.to_string()).collect()],
            ..Table::default()
        };
        let over_periods = Dependent::ForeignKey {
            at: Address::new("s", "t"),
            constraint: "f".into(),
            definition: definition.into(),
            uses: vec!["during".into(), "id".into()],
            period: Some("during".into()),
            partitioned: false,
        };
        assert!(missing_key(&over_periods, &keys(&["id", "during"], &["id"])).is_some());
        assert!(missing_key(&over_periods, &keys(&["id"], &["during", "id"])).is_some());
        assert!(missing_key(&over_periods, &keys(&["id"], &["id", "during"])).is_none());
        let plain = foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", false);
        assert!(missing_key(&plain, &keys(&["other"], &["id"])).is_some());
    }

    #[test]
    fn a_foreign_key_of_the_new_version_moves_with_it() {
        let mut key = foreign_key("FOREIGN KEY (a) REFERENCES public.customer(id)", false);
        if let Dependent::ForeignKey { at, .. } = &mut key {
            *at = Address::new("spyne_shadow", "customer");
        }
        let sql = plan(key, OnDependents::Repoint).steps[0].op.sql().unwrap_or_default();
        assert!(sql.starts_with(r#"ALTER TABLE "public"."customer" DROP CONSTRAINT"#), "{sql}");
    }

    #[test]
    fn what_its_owner_cannot_make_again_blocks() {
        let view = Dependent::View {
            at: Address::new("public", "v"),
            definition: " SELECT 1;".into(),
            uses: Vec::new(),
            options: None,
            owner: "App Owner".into(),
            can_create: true,
            closed: vec!["x y".into()],
        };
        let plan = plan(view, OnDependents::Repoint);
        assert_eq!(plan.blockers[0].remedy, r#"GRANT USAGE ON SCHEMA "x y" TO "App Owner";"#);
    }

    #[test]
    fn a_materialized_view_does_not_take_the_place_of_what_it_reads() {
        let view = MaterializedView {
            at: Address::new("spyne_shadow", "customer"),
            definition: " SELECT id FROM public.customer;".into(),
            uses: vec!["id".into()],
            options: None,
            owner: "app".into(),
            can_create: true,
            closed: Vec::new(),
            comment: None,
            indexes: Vec::new(),
            grants: Vec::new(),
            used_by: 0,
        };
        let plan = plan(Dependent::MaterializedView(Box::new(view)), OnDependents::Repoint);
        assert_eq!(plan.steps, []);
        assert!(plan.blockers[0].detail.ends_with("whose place it would take"));
    }
}
