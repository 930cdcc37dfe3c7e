//! What becomes of each kind of dependent.

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
        cut_off: Vec::new(),
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
