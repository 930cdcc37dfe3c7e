//! The rules of a takeover, one by one.

use super::*;
use crate::kernel::ids::RelId;
use crate::lifecycle::plan::facts::{self, GovernedView, Grant, Publication, Sequence};
use crate::lifecycle::plan::op::RunsAs;
use crate::shape::snapshot::{Column, Snapshot};

fn column(name: &str, data_type: &str) -> Column {
    Column { name: name.into(), data_type: data_type.into(), ..Column::default() }
}

fn governed(oid: u32, schema: &str, name: &str, version: &str, state: State) -> Governed {
    Governed {
        name: "customer".into(),
        version: version.into(),
        state,
        home: Address::new(schema, name),
        table: Table {
            oid: RelId::new(oid),
            at: Address::new(schema, name),
            kind: "r".into(),
            owner: "app".into(),
            estimated_rows: Some(100.0),
            shape: Snapshot {
                columns: vec![column("id", "integer"), column("name", "text")],
                ..Snapshot::default()
            },
            replica_identity: "d".into(),
            indexes: vec!["customer_pkey".into()],
            keys: vec![vec!["id".into()]],
            ..Table::default()
        },
    }
}

fn facts(outgoing: bool) -> TakeoverFacts {
    TakeoverFacts {
        incoming: governed(2, STAGING, "customer", "v1.1", State::Shadow),
        outgoing: outgoing.then(|| governed(1, "public", "customer", "v1", State::Active)),
        versions: vec!["v1".into(), "v1.1".into()],
        dependents: Vec::new(),
        names_at_target: match outgoing {
            true => vec!["customer".into(), "customer_pkey".into()],
            false => Vec::new(),
        },
        types_at_target: Vec::new(),
        names_here: vec!["customer".into(), "customer_pkey".into()],
        target_schema_exists: true,
        view: None,
        suspended_grants: None,
        open_drift: Vec::new(),
        cut_off: Vec::new(),
    }
}

fn options() -> Options {
    Options {
        accept_breaking: false,
        dependents: OnDependents::Block,
        target_schema: None,
        target_name: None,
        restoring: false,
    }
}

fn statements(plan: &Plan) -> Vec<String> {
    plan.steps.iter().filter_map(|s| s.op.sql()).collect()
}

fn changes(plan: &Plan) -> Vec<(&str, State, &str)> {
    plan.steps
        .iter()
        .filter_map(|s| match &s.op {
            Op::SetState(c) => Some((c.shown.as_str(), c.to, c.version.as_str())),
            _ => None,
        })
        .collect()
}

#[test]
fn a_swap_parks_the_old_version_and_keeps_its_address() {
    let made = plan(&facts(true), &options());
    assert_eq!(made.blockers, []);
    let sql = statements(&made);
    assert_eq!(
        sql[..3],
        [
            "ALTER INDEX \"public\".\"customer_pkey\" RENAME TO \"customer_pkey__v1\"",
            "ALTER TABLE \"public\".\"customer\" RENAME TO \"customer__v1\"",
            "ALTER TABLE \"spyne_shadow\".\"customer\" SET SCHEMA \"public\"",
        ]
    );
    assert_eq!(
        changes(&made),
        [
            ("public.customer", State::Deprecated, "v1"),
            ("spyne_shadow.customer", State::Active, "v1.1"),
        ]
    );
}

#[test]
fn the_old_version_is_deprecated_before_the_new_one_is_active() {
    // Two ACTIVE versions would break the unique index between the steps.
    let made = plan(&facts(true), &options());
    assert_eq!(changes(&made)[0].1, State::Deprecated);
}

#[test]
fn a_breaking_difference_blocks_and_once_accepted_bumps_the_major_version() {
    let mut given = facts(true);
    given.incoming.table.shape.columns.pop();
    let made = plan(&given, &options());
    assert_eq!(made.blockers.len(), 1);
    assert!(made.blockers[0].detail.starts_with("BREAKING: column name is gone"));
    let made = plan(&given, &Options { accept_breaking: true, ..options() });
    assert_eq!(made.blockers, []);
    assert_eq!(changes(&made)[1].2, "v2");
}

#[test]
fn a_restoration_keeps_its_version_whatever_the_shape() {
    let mut given = facts(true);
    given.incoming = governed(2, "public", "customer__v0", "v1", State::Deprecated);
    given.outgoing = Some(governed(1, "public", "customer", "v2", State::Active));
    given.incoming.table.shape.columns.pop();
    let made = plan(&given, &Options { restoring: true, ..options() });
    assert_eq!(made.blockers, []);
    assert_eq!(changes(&made)[1].2, "v1");
}

#[test]
fn an_empty_or_small_shadow_warns() {
    let mut given = facts(true);
    given.incoming.table.estimated_rows = Some(0.0);
    assert!(plan(&given, &options()).warnings.iter().any(|w| w.detail == "is empty"));
    given.incoming.table.estimated_rows = Some(49.0);
    assert!(plan(&given, &options()).warnings.iter().any(|w| w.detail.contains("about 49 rows")));
    given.incoming.table.estimated_rows = Some(50.0);
    assert_eq!(plan(&given, &options()).warnings, []);
}

#[test]
fn without_an_active_version_a_shadow_moves_to_public() {
    let made = plan(&facts(false), &options());
    assert_eq!(
        statements(&made)[0],
        "ALTER TABLE \"spyne_shadow\".\"customer\" SET SCHEMA \"public\""
    );
    assert_eq!(changes(&made), [("spyne_shadow.customer", State::Active, "v1.1")]);
}

#[test]
fn a_table_registered_as_shadow_in_place_stays_and_gets_its_grants_back() {
    let mut given = facts(false);
    given.incoming = governed(2, "app", "customer", "v1", State::Shadow);
    given.names_at_target = vec!["customer".into(), "customer_pkey".into()];
    given.suspended_grants = Some(vec![Grant {
        grantee: Some("bob".into()),
        privilege: "SELECT".into(),
        ..Grant::default()
    }]);
    let made = plan(&given, &options());
    assert_eq!(made.blockers, []);
    let sql = statements(&made);
    assert!(!sql.iter().any(|s| s.contains("SET SCHEMA") || s.contains("RENAME")));
    assert!(sql.iter().any(|s| s == "GRANT SELECT ON TABLE \"app\".\"customer\" TO \"bob\""));
}

#[test]
fn an_address_in_use_blocks_and_names_the_arguments() {
    let mut given = facts(false);
    given.names_at_target = vec!["customer".into()];
    let made = plan(&given, &options());
    assert_eq!(made.blockers.len(), 1);
    assert!(made.blockers[0].remedy.contains("target_schema"));
}

#[test]
fn no_table_is_promoted_into_a_schema_of_spyne() {
    for schema in ["spyne", "governed", "pg_catalog"] {
        let made =
            plan(&facts(false), &Options { target_schema: Some(schema.into()), ..options() });
        assert_eq!(made.blockers.len(), 1, "{schema}");
    }
}

#[test]
fn another_schema_and_name_are_reached_by_way_of_a_unique_name() {
    let made = plan(
        &facts(false),
        &Options {
            target_schema: Some("crm".into()),
            target_name: Some("people".into()),
            ..options()
        },
    );
    assert_eq!(
        statements(&made)[..3],
        [
            "ALTER TABLE \"spyne_shadow\".\"customer\" RENAME TO \"people__2\"",
            "ALTER TABLE \"spyne_shadow\".\"people__2\" SET SCHEMA \"crm\"",
            "ALTER TABLE \"crm\".\"people__2\" RENAME TO \"people\"",
        ]
    );
}

#[test]
fn owner_grants_and_numbers_carry_over() {
    let mut given = facts(true);
    given.incoming.table.owner = "engineer".into();
    let sequence = |last_value| Sequence {
        name: "customer_id_seq".into(),
        column: "id".into(),
        identity: true,
        last_value,
    };
    given.incoming.table.sequences = vec![sequence(None)];
    if let Some(outgoing) = &mut given.outgoing {
        outgoing.table.sequences = vec![sequence(Some(41))];
        outgoing.table.grants = vec![Grant {
            grantee: None,
            privilege: "SELECT".into(),
            grantable: false,
            column: Some("id".into()),
        }];
    }
    let made = plan(&given, &options());
    let sql = statements(&made);
    assert!(sql.iter().any(|s| s == "ALTER TABLE \"public\".\"customer\" OWNER TO \"app\""));
    assert!(
        sql.iter().any(|s| s == "GRANT SELECT (\"id\") ON TABLE \"public\".\"customer\" TO PUBLIC")
    );
    assert!(sql.iter().any(|s| s.starts_with("SELECT pg_catalog.setval(") && s.ends_with("41)")));
}

#[test]
fn a_governed_view_that_cannot_be_extended_is_made_again_with_its_grants() {
    let mut given = facts(true);
    given.view = Some(GovernedView {
        columns: vec![column("id", "text")],
        grants: vec![Grant {
            grantee: Some("bi".into()),
            privilege: "SELECT".into(),
            ..Grant::default()
        }],
        ..GovernedView::default()
    });
    let made = plan(&given, &options());
    let sql = statements(&made);
    assert!(sql.iter().any(|s| s == "DROP VIEW \"governed\".\"customer\""));
    assert!(sql.iter().any(|s| s == "GRANT SELECT ON TABLE \"governed\".\"customer\" TO \"bi\""));
}

#[test]
fn a_view_on_a_governed_view_blocks_only_where_it_must_be_made_again() {
    let mut given = facts(true);
    let view = |kind: &str| GovernedView {
        columns: vec![column("id", kind)],
        used_by: vec!["public.dashboard".into()],
        ..GovernedView::default()
    };
    given.view = Some(view("integer"));
    assert_eq!(plan(&given, &options()).blockers, []);
    given.view = Some(view("text"));
    assert_eq!(plan(&given, &options()).blockers[0].object, "public.dashboard");
}

#[test]
fn the_name_for_the_old_version_may_be_taken() {
    let mut given = facts(true);
    given.names_at_target.push("customer__v1".into());
    assert_eq!(plan(&given, &options()).blockers[0].object, "public.customer__v1");
}

#[test]
fn expressions_that_users_wrote_run_as_the_owner() {
    let mut given = facts(true);
    if let Some(outgoing) = &mut given.outgoing {
        outgoing.table.policies = vec![facts::RowPolicy {
            name: "mine".into(),
            permissive: true,
            command: "ALL".into(),
            roles: vec![None],
            using: Some("evil(id)".into()),
            ..facts::RowPolicy::default()
        }];
    }
    let made = plan(&given, &options());
    let by_text = made.steps.iter().filter(|s| s.op.sql().is_some_and(|q| q.contains("evil")));
    let by: Vec<RunsAs> = by_text.map(|s| s.op.runs_as()).collect();
    assert_eq!(by, [RunsAs::Owner("app")]);
}

#[test]
fn staging_grants_end_with_staging() {
    let mut given = facts(false);
    given.suspended_grants = Some(Vec::new());
    given.incoming.table.grants = vec![Grant {
        grantee: Some("spyne_engineer".into()),
        privilege: "DELETE".into(),
        ..Grant::default()
    }];
    let made = plan(&given, &options());
    assert!(
        statements(&made)
            .iter()
            .any(|s| s.starts_with("REVOKE ALL") && s.contains("spyne_engineer"))
    );
}

#[test]
fn a_version_that_comes_back_gets_its_index_names_back() {
    let mut given = facts(true);
    given.incoming = governed(2, "public", "customer__v1", "v1", State::Deprecated);
    given.incoming.table.indexes = vec!["customer_pkey__v1".into()];
    given.outgoing = Some(governed(1, "public", "customer", "v2", State::Active));
    let made = plan(&given, &Options { restoring: true, ..options() });
    let sql = statements(&made);
    assert_eq!(
        sql[..2],
        [
            "ALTER INDEX \"public\".\"customer_pkey\" RENAME TO \"customer_pkey__v2\"",
            "ALTER INDEX \"public\".\"customer_pkey__v1\" RENAME TO \"customer_pkey\"",
        ]
    );
}

/// The blockers of a promotion whose two tables were changed by `change`.
fn blocked_by(change: fn(&mut Table, &mut Table)) -> Vec<String> {
    let mut given = facts(true);
    let mut old = given.outgoing.take().expect("an outgoing version");
    change(&mut old.table, &mut given.incoming.table);
    given.outgoing = Some(old);
    let made = plan(&given, &Options { accept_breaking: true, ..options() });
    made.blockers.into_iter().map(|note| note.detail).collect()
}

fn policy() -> facts::RowPolicy {
    let (name, uses) = ("own".into(), vec!["name".into()]);
    facts::RowPolicy { name, uses, ..facts::RowPolicy::default() }
}

fn publication() -> Publication {
    let (name, uses) = ("out".into(), vec!["name".into()]);
    Publication { name, uses, filter: Some("name <> ''".into()), ..Publication::default() }
}

#[test]
fn what_the_new_version_cannot_have_blocks() {
    let blocked = blocked_by(|old, new| {
        old.policies.push(policy());
        old.publications.push(publication());
        new.shape.columns.pop();
    });
    assert_eq!(
        blocked,
        [
            "policy own uses what the new version has no more: name",
            "publication out names what the new version has no more: name",
        ]
    );
    let blocked = blocked_by(|old, new| {
        old.row_security = true;
        old.policies.push(policy());
        old.publications.push(publication());
        new.kind = "m".into();
    });
    assert_eq!(
        blocked,
        [
            "has row security, and a materialized view can have none",
            "has policy own, and a materialized view can have none",
            "is in publication out, and a materialized view can be in none",
        ]
    );
    let blocked = blocked_by(|old, new| {
        old.publications.push(publication());
        new.kind = "p".into();
    });
    assert_eq!(blocked, ["publication out has a part of it, and has partitions one by one"]);
    let blocked = blocked_by(|old, _| {
        old.policies.push(facts::RowPolicy { closed: vec!["secret".into()], ..policy() });
    });
    assert_eq!(
        blocked,
        [
            r#"policy own has to be made again by its owner, app, who may not use the schemas "secret""#
        ]
    );
    assert_eq!(blocked_by(|old, _| old.policies.push(policy())), Vec::<String>::new());
}

#[test]
fn a_grant_on_a_column_goes_with_the_column() {
    let mut given = facts(true);
    let grant = |column: Option<&str>| Grant {
        grantee: Some("bi".into()),
        privilege: "SELECT".into(),
        grantable: false,
        column: column.map(str::to_string),
    };
    if let Some(outgoing) = &mut given.outgoing {
        outgoing.table.grants = vec![grant(Some("id")), grant(Some("name"))];
    }
    given.incoming.table.shape.columns.pop();
    let made = plan(&given, &Options { accept_breaking: true, ..options() });
    let sql = statements(&made).join("\n");
    assert!(sql.contains(r#"GRANT SELECT ("id")"#) && !sql.contains(r#"GRANT SELECT ("name")"#));
    let told = made.warnings.iter().any(|w| w.detail == "SELECT (name) to bi goes with the column");
    assert!(told, "{:?}", made.warnings);
}

#[test]
fn names_that_are_cut_to_fit_do_not_meet() {
    // Index, sequence and table are cut to the same text with the version behind it.
    let long = "x".repeat(63);
    let sequence = Sequence {
        name: format!("{}z", &long[..62]),
        column: "id".into(),
        identity: true,
        last_value: None,
    };
    let mut given = facts(true);
    given.names_at_target = vec![long.clone(), format!("{}y", &long[..62]), sequence.name.clone()];
    for table in [&mut given.incoming.table, &mut given.outgoing.as_mut().expect("one").table] {
        table.at.name.clone_from(&long);
        table.indexes = vec![format!("{}y", &long[..62])];
        table.sequences = vec![sequence.clone()];
    }
    let made = plan(&given, &options());
    let mut names: Vec<&str> = made
        .steps
        .iter()
        .filter_map(|step| match &step.op {
            Op::Rename { to, .. } => Some(to.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn a_sequence_that_was_renamed_on_the_way_is_called_by_its_new_name() {
    let mut given = facts(true);
    let outgoing = given.outgoing.as_mut().expect("an outgoing version");
    outgoing.table.sequences = vec![Sequence {
        name: "customer_seq".into(),
        column: "id".into(),
        identity: false,
        last_value: None,
    }];
    given.names_at_target.push("customer_seq".into());
    given.incoming.table.indexes.push("customer_seq".into());
    let sql = statements(&plan(&given, &options())).join("\n");
    let wanted = r#"ALTER SEQUENCE "public"."customer_seq__v1" OWNED BY "public"."customer"."id""#;
    assert!(sql.contains(wanted), "{sql}");
}

#[test]
fn a_type_in_the_way_is_a_blocker() {
    let mut given = facts(true);
    given.types_at_target = vec!["customer__v1".into()];
    let blockers = plan(&given, &options()).blockers;
    assert_eq!(
        blockers[0].remedy,
        r#"ALTER TYPE "public"."customer__v1" RENAME TO "customer__v1__type";"#
    );
}

#[test]
fn a_name_does_not_change_where_shards_would_keep_theirs() {
    for cut_off in [RelId::new(1), RelId::new(2)] {
        let plan = plan(&TakeoverFacts { cut_off: vec![cut_off], ..facts(true) }, &options());
        assert_eq!(plan.blockers.len(), 1);
        assert!(plan.blockers[0].remedy.contains("citus.enable_ddl_propagation = on"));
    }
    let moves = TakeoverFacts { cut_off: vec![RelId::new(2)], ..facts(false) };
    assert_eq!(plan(&moves, &options()).blockers.len(), 1);
    // A table that stays where it is keeps its shards.
    let mut stays = facts(false);
    stays.incoming = governed(2, "public", "customer", "v1.1", State::Shadow);
    stays.cut_off = vec![RelId::new(2)];
    assert_eq!(plan(&stays, &options()).blockers, []);
}
