//! What operations say, who runs them, and what undoes them.

use super::*;
use crate::lifecycle::system_mode::SystemMode;

fn at() -> Address {
    Address::new("public", "Order Lines")
}

fn grant(column: Option<&str>) -> Grant {
    let column = column.map(str::to_string);
    Grant { grantee: None, privilege: "SELECT".into(), grantable: false, column }
}

fn text() -> String {
    "x y".to_string()
}

/// One of each operation, with what undoes it as a statement.
fn each() -> Vec<(Op, Option<&'static str>)> {
    let policy = RowPolicy { name: text(), command: "ALL".into(), ..RowPolicy::default() };
    let publication = Publication { name: text(), ..Publication::default() };
    let change = StateChange {
        relation: RelId::new(1),
        name: text(),
        shown: text(),
        from: State::Shadow,
        to: State::Active,
        version: "v1".into(),
        supersedes: None,
        superseded_by: None,
        home: at(),
        sunset_at: None,
    };
    vec![
        (
            Op::Rename { kind: RelationKind::Table, at: at(), to: text() },
            Some(r#"ALTER TABLE "public"."x y" RENAME TO "Order Lines""#),
        ),
        (
            Op::SetSchema { kind: RelationKind::Sequence, at: at(), schema: text() },
            Some(r#"ALTER SEQUENCE "x y"."Order Lines" SET SCHEMA "public""#),
        ),
        (Op::SetOwner { kind: RelationKind::Table, at: at(), owner: text() }, None),
        (
            Op::Grant { grant: grant(None), on: Target::Table(at()) },
            Some(r#"REVOKE SELECT ON TABLE "public"."Order Lines" FROM PUBLIC"#),
        ),
        (Op::Grant { grant: grant(Some("c")), on: Target::Table(at()) }, None),
        (Op::Revoke { privilege: None, on: Target::Table(at()), from: vec![None] }, None),
        (
            Op::MakePolicy { policy, at: at(), owner: text() },
            Some(r#"DROP POLICY "x y" ON "public"."Order Lines""#),
        ),
        (Op::DropPolicy { name: text(), at: at() }, None),
        (
            Op::SetRowSecurity { at: at(), to: RowSecurity::Force },
            Some(r#"ALTER TABLE "public"."Order Lines" NO FORCE ROW LEVEL SECURITY"#),
        ),
        (Op::Comment { kind: RelationKind::Table, at: at(), column: None, text: text() }, None),
        (
            Op::JoinPublication { publication, at: at() },
            Some(r#"ALTER PUBLICATION "x y" DROP TABLE ONLY "public"."Order Lines""#),
        ),
        (Op::LeavePublication { name: text(), at: at() }, None),
        (Op::SetReplicaIdentity { at: at(), identity: "FULL".into() }, None),
        (Op::GoOnAfter { at: at(), column: text(), value: 1 }, None),
        (Op::OwnSequence { sequence: at(), at: at(), column: text() }, None),
        (Op::MakeTableLike { at: at(), model: at(), partition_by: None }, None),
        (Op::AddForeignKey { at: at(), constraint: text(), definition: text() }, None),
        (Op::RepointForeignKey { at: at(), constraint: text(), definition: text() }, None),
        (Op::ValidateForeignKey { at: at(), constraint: text() }, None),
        (Op::MakeView { view: at(), options: vec![], body: text(), owner: None }, None),
        (Op::DropView { view: at() }, None),
        (Op::SetViewOptions { view: at(), options: vec![] }, None),
        (
            Op::MakeMaterializedView { view: at(), options: vec![], body: text(), owner: text() },
            Some(r#"DROP MATERIALIZED VIEW "public"."Order Lines""#),
        ),
        (Op::DropMaterializedView { view: at() }, None),
        (Op::RefreshMaterializedView { view: at() }, None),
        (Op::MakeIndex { definition: text(), owner: text() }, None),
        (Op::SetState(change), None),
        (Op::Record(Record::SetSystemMode { mode: SystemMode::ReadOnly }), None),
    ]
}

#[test]
fn each_operation_is_undone_by_what_is_told_or_by_nothing() {
    for (op, undo) in each() {
        let back = op.inverse().and_then(|back| back.sql());
        assert_eq!(back.as_deref(), undo, "{op:?}");
    }
}

#[test]
fn all_but_notes_are_statements() {
    for (op, _) in each() {
        let is_note = matches!(op, Op::SetState(_) | Op::Record(_));
        assert_eq!(op.sql().is_none(), is_note, "{op:?}");
    }
}

#[test]
fn what_goes_both_ways_is_the_inverse_of_its_inverse() {
    let mut both_ways = vec![
        Op::Rename { kind: RelationKind::Table, at: at(), to: "lines".into() },
        Op::SetSchema { kind: RelationKind::View, at: at(), schema: "old".into() },
    ];
    let changes =
        [RowSecurity::Enable, RowSecurity::Disable, RowSecurity::Force, RowSecurity::NoForce];
    both_ways.extend(changes.map(|to| Op::SetRowSecurity { at: at(), to }));
    for op in both_ways {
        let back = op.inverse().expect("it has an inverse");
        assert_ne!(back.sql(), op.sql());
        assert_eq!(back.inverse(), Some(op));
    }
}

#[test]
fn what_a_user_wrote_runs_as_its_owner() {
    let owner = || "o".to_string();
    let view = |owner| Op::MakeView { view: at(), options: vec![], body: text(), owner };
    let by_owner = [
        Op::MakePolicy { policy: RowPolicy::default(), at: at(), owner: owner() },
        Op::MakeIndex { definition: "CREATE INDEX ...".into(), owner: owner() },
        view(Some(owner())),
        Op::MakeMaterializedView { view: at(), options: vec![], body: text(), owner: owner() },
    ];
    assert!(by_owner.iter().all(|op| op.runs_as() == RunsAs::Owner("o")));
    assert_eq!(view(None).runs_as(), RunsAs::Spyne);
    assert_eq!(Op::DropView { view: at() }.runs_as(), RunsAs::Spyne);
    let like = Op::MakeTableLike { at: at(), model: at(), partition_by: None };
    assert_eq!(like.runs_as(), RunsAs::Caller);
    let key = Op::AddForeignKey { at: at(), constraint: text(), definition: text() };
    assert_eq!(key.runs_as(), RunsAs::Caller);
}

#[test]
fn a_key_that_was_not_valid_is_not_made_so_twice() {
    let sql = |definition: &str| {
        let (constraint, definition) = ("k".to_string(), definition.to_string());
        Op::RepointForeignKey { at: at(), constraint, definition }.sql().unwrap_or_default()
    };
    assert!(sql("FOREIGN KEY (a) REFERENCES b(id)").ends_with("b(id) NOT VALID"));
    assert!(sql("FOREIGN KEY (a) REFERENCES b(id) NOT VALID").ends_with("b(id) NOT VALID"));
}
