//! The plans by which a table comes under governance: as it is, or made for that.

use serde::Deserialize;

use super::Plan;
use super::op::Op;
use super::record::{Record, Which};
use crate::kernel::error::{Code, Result, SpyneError};
use crate::kernel::ids::RoleId;
use crate::kernel::names::Address;
use crate::kernel::state::State;
use crate::lifecycle::plan::takeover::STAGING;
use crate::lifecycle::registration::{self, Request};

/// A table that comes under governance, and as what.
#[derive(Clone, Debug)]
pub struct Entry {
    pub table: Which,
    pub state: State,
    /// The logical name.
    pub name: String,
    pub version: String,
    /// The role that answers for the table.
    pub owner: RoleId,
    /// The address of the table.
    pub home: Address,
}

/// Adds the steps by which a table comes under governance. Whoever carries them out
/// holds a lock on the table, because a shadow is closed at once.
pub fn enter(plan: &mut Plan, entry: Entry) {
    let Entry { table, state, name, version, owner, home } = entry;
    let shown = home.shown();
    let mut note = |detail: &str, record| plan.step(&shown, detail, Op::Record(record));
    let register = Record::Register { table: table.clone(), state, name, version, owner, home };
    note("comes under governance", register);
    note("guards", Record::InstallGuards { table: table.clone(), state });
    if state.is_staging() {
        note("grants are kept for later", Record::SuspendGrants { table });
    }
}

/// A foreign key, which a copy of a table does not get by itself.
#[derive(Clone, Debug, Deserialize)]
pub struct ForeignKey {
    pub name: String,
    pub definition: String,
    /// For a foreign key of the table to itself: the table, as the definition writes
    /// it.
    pub own: Option<String>,
}

/// A privilege that the caller lacks, and what it is for.
#[derive(Clone, Debug, Deserialize)]
pub struct Lacking {
    pub privilege: String,
    /// The object that the privilege would be granted on, as GRANT names it, quoted.
    pub on: String,
}

/// The table that a shadow is to be like.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub address: Address,
    /// pg_class.relkind.
    pub kind: String,
    pub temporary: bool,
    pub is_system: bool,
    /// Whether the caller may read all of the table.
    pub readable: bool,
    /// The other privileges that Postgres requires of whoever makes a table like it.
    pub lacking: Vec<Lacking>,
    pub partition_key: Option<String>,
    pub foreign_keys: Vec<ForeignKey>,
}

/// The facts that the plan of a shadow is made from.
#[derive(Clone, Debug)]
pub struct Making {
    pub model: Model,
    /// Whether the address of the shadow is free.
    pub vacant: bool,
    pub version: String,
    /// The caller, who answers for the shadow; and the caller's name as it is typed.
    pub owner: RoleId,
    pub caller: String,
    /// The extension whose script is running, if any: the table would belong to it.
    pub extension: Option<String>,
}

/// Plans an empty table in the staging schema that is like the model and registered as
/// SHADOW of `name`.
///
/// # Errors
/// 42809 for a relation that cannot be a model, 42501 where the caller may not copy it,
/// 42P07 where the staging schema has a table of this name.
pub fn shadow(name: &str, making: &Making) -> Result<Plan> {
    let (model, at) = (&making.model, Address::new(STAGING, name));
    check_model(model, &making.caller)?;
    check_vacant(&at, making.vacant)?;
    let partition_by = model.partition_key.clone();
    registration::check(&Request {
        address: at.clone(),
        kind: if partition_by.is_some() { "p" } else { "r" },
        extension: making.extension.as_deref(),
        ..Request::default()
    })?;
    let mut plan = Plan::default();
    let source = model.address.clone();
    let like = Op::MakeTableLike { at: at.clone(), model: source, partition_by };
    plan.step(at.shown(), format!("is made like {}", model.address.shown()), like);
    for key in &model.foreign_keys {
        let constraint = key.name.clone();
        let definition = definition_for(key, &at);
        let add = Op::AddForeignKey { at: at.clone(), constraint, definition };
        plan.step(at.shown(), format!("foreign key {}", key.name), add);
    }
    let (owner, version) = (making.owner, making.version.clone());
    let table = Which::Made(at.clone());
    let name = name.to_string();
    enter(&mut plan, Entry { table, state: State::Shadow, name, version, owner, home: at });
    Ok(plan)
}

/// The definition of a foreign key of the model, for the shadow: one of the model
/// to itself becomes one of the shadow to itself.
fn definition_for(key: &ForeignKey, at: &Address) -> String {
    match &key.own {
        Some(own) => {
            let (from, to) = (format!("REFERENCES {own}"), format!("REFERENCES {}", at.quoted()));
            key.definition.replacen(&from, &to, 1)
        }
        None => key.definition.clone(),
    }
}

fn check_model(model: &Model, caller: &str) -> Result<()> {
    let shown = model.address.shown();
    let fits = matches!(model.kind.as_str(), "r" | "p" | "f" | "m")
        && !model.is_system
        && !model.temporary
        && !matches!(model.address.schema.as_str(), "spyne" | "governed");
    if !fits {
        return Err(SpyneError::new(
            Code::WrongObjectType,
            format!("{shown} cannot be the model of a shadow"),
            "A shadow is shaped like a permanent table, foreign table or materialized view.",
            "Pass another like_relation.",
        ));
    }
    let denied = |why: &str, grants: String| {
        Err(SpyneError::new(
            Code::InsufficientPrivilege,
            format!("permission denied to make a table like {shown}"),
            why,
            format!("Its owner can run: {grants}"),
        ))
    };
    if !model.readable {
        let grant = format!("GRANT SELECT ON {shown} TO {caller};");
        return denied("Whoever copies a table's shape must be able to read it.", grant);
    }
    if model.lacking.is_empty() {
        return Ok(());
    }
    let grant = |one: &Lacking| format!("GRANT {} ON {} TO {caller};", one.privilege, one.on);
    let grants: Vec<String> = model.lacking.iter().map(grant).collect();
    denied(
        "Whoever copies a table's shape must be able to use its schema, its types and the tables that it refers to.",
        grants.join(" "),
    )
}

fn check_vacant(at: &Address, vacant: bool) -> Result<()> {
    if vacant {
        return Ok(());
    }
    Err(SpyneError::new(
        Code::DuplicateTable,
        format!("there is a shadow {} already", at.quoted()),
        "spyne_shadow holds one table of each name.",
        format!(
            "Promote it, or unregister and drop it: SELECT * FROM spyne_unregister({});",
            at.as_argument()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::plan::op::RunsAs;

    fn making() -> Making {
        Making {
            model: Model {
                address: Address::new("public", "Order Lines"),
                kind: "r".into(),
                readable: true,
                foreign_keys: vec![
                    ForeignKey {
                        name: "parent".into(),
                        definition: r#"FOREIGN KEY (p) REFERENCES public."Order Lines"(id)"#.into(),
                        own: Some(r#"public."Order Lines""#.into()),
                    },
                    ForeignKey {
                        name: "other".into(),
                        definition: "FOREIGN KEY (o) REFERENCES public.orders(id) NOT VALID".into(),
                        own: None,
                    },
                ],
                ..Model::default()
            },
            vacant: true,
            version: "v1.1".into(),
            owner: RoleId::new(10),
            caller: "amy".into(),
            extension: None,
        }
    }

    #[test]
    fn a_shadow_is_made_by_the_caller_and_registered_by_spyne() {
        let plan = shadow("lines", &making()).expect("a plan");
        let by: Vec<RunsAs> = plan.steps.iter().map(|step| step.op.runs_as()).collect();
        use RunsAs::{Caller, Spyne};
        assert_eq!(by, [Caller, Caller, Caller, Spyne, Spyne, Spyne]);
        let sql: Vec<String> = plan.steps.iter().filter_map(|step| step.op.sql()).collect();
        assert_eq!(
            sql,
            [
                r#"CREATE TABLE "spyne_shadow"."lines" (LIKE "public"."Order Lines" INCLUDING ALL)"#,
                r#"ALTER TABLE "spyne_shadow"."lines" ADD CONSTRAINT "parent" FOREIGN KEY (p) REFERENCES "spyne_shadow"."lines"(id)"#,
                r#"ALTER TABLE "spyne_shadow"."lines" ADD CONSTRAINT "other" FOREIGN KEY (o) REFERENCES public.orders(id) NOT VALID"#,
            ]
        );
    }

    #[test]
    fn what_is_in_the_way_of_a_shadow_is_told_before_anything_is_made() {
        let code = |change: fn(&mut Making)| {
            let mut making = making();
            change(&mut making);
            shadow("lines", &making).map(drop).map_err(|error| error.code)
        };
        assert_eq!(code(|_| ()), Ok(()));
        assert_eq!(code(|m| m.vacant = false), Err(Code::DuplicateTable));
        assert_eq!(code(|m| m.model.kind = "v".into()), Err(Code::WrongObjectType));
        assert_eq!(code(|m| m.model.readable = false), Err(Code::InsufficientPrivilege));
        assert_eq!(code(|m| m.extension = Some("x".into())), Err(Code::WrongObjectType));
        let lacking = Lacking { privilege: "REFERENCES".into(), on: "public.orders".into() };
        let mut making = making();
        making.model.lacking.push(lacking);
        let error = shadow("lines", &making).expect_err("it is refused");
        assert_eq!(error.hint, "Its owner can run: GRANT REFERENCES ON public.orders TO amy;");
    }
}
