//! The command that makes a shadow: the caller's own rights make the table, and spyne
//! registers it.

use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::{Address, RelationName};
use spyne_core::kernel::role::Permission;
use spyne_core::lifecycle::plan::Plan;
use spyne_core::lifecycle::plan::entry::{self, Making, Model};
use spyne_core::lifecycle::plan::takeover::STAGING;
use spyne_core::lifecycle::resolution;

use super::Command;
use super::caller::Caller;
use super::registration::Versions;
use crate::pg::elevate::{self, Elevated};
use crate::pg::{catalogs, users};
use crate::store::{config, shadows, tables, versions};

/// Makes an empty table in the staging schema, shaped like the current version of
/// a name or like a model, and registers it as SHADOW of that name.
pub struct CreateShadow {
    name: String,
    /// The table that the shadow is shaped like; None stands for the current version of
    /// the name.
    model: Option<RelId>,
    /// The extension whose script gives the command, if any: the table would belong to
    /// it.
    extension: Option<String>,
}

/// What a shadow is planned from.
pub struct Shadow {
    /// The table that it is shaped like.
    pub model: RelId,
    making: Making,
}

impl Shadow {
    /// The version that it gets.
    pub fn version(&self) -> &str {
        &self.making.version
    }
}

impl CreateShadow {
    /// A shadow of `name`, shaped like `model`, or like the current version.
    pub fn new(name: &str, model: Option<RelId>) -> CreateShadow {
        // Elevated work belongs to no extension, so the extension is asked for here.
        CreateShadow { name: name.to_string(), model, extension: elevate::script_running() }
    }

    fn at(&self) -> Address {
        Address::new(STAGING, &self.name)
    }

    /// The shadow that was made; None where none was.
    pub fn relation(&self) -> Option<RelId> {
        catalogs::relation_at(&self.at())
    }

    fn model(&self, elevated: &Elevated) -> Result<RelId> {
        match self.model {
            Some(model) => Ok(model),
            None => {
                let all = versions::all(elevated)?;
                Ok(resolution::resolve(&self.name, &all, false, None)?.relation)
            }
        }
    }
}

impl Command for CreateShadow {
    type Facts = Shadow;

    fn authorise(&self, caller: &Caller) -> Result<()> {
        caller.require(Permission::Ingest, "create a shadow")
    }

    fn facts(&self, elevated: &Elevated, caller: &Caller) -> Result<Shadow> {
        config::system_mode(elevated)?.require_ingestion("create a shadow")?;
        let model = self.model(elevated)?;
        let candidate = tables::candidate(elevated, model)?;
        let making = Making {
            model: Model {
                address: candidate.address(),
                temporary: candidate.temporary,
                is_system: candidate.is_system,
                readable: catalogs::may_select(model, caller.user),
                lacking: shadows::lacking(elevated, caller.user, model)?,
                partition_key: match candidate.kind.as_str() {
                    "p" => shadows::partition_key(elevated, model)?,
                    _ => None,
                },
                foreign_keys: shadows::foreign_keys(elevated, model)?,
                kind: candidate.kind,
            },
            vacant: self.relation().is_none(),
            version: Versions::read(elevated, &self.name)?.next(),
            owner: caller.user,
            caller: users::quoted_name(caller.user),
            extension: self.extension.clone(),
        };
        Ok(Shadow { model, making })
    }

    fn plan(&self, found: &Shadow) -> Result<Plan> {
        entry::shadow(&self.name, &found.making)
    }

    fn verb(&self) -> &'static str {
        "create_shadow"
    }

    fn subject(&self, _found: &Shadow) -> RelationName {
        self.at().into()
    }
}
