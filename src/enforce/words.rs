//! The texts of refusals about a relation, and of errors where a statement cannot be
//! judged.

use crate::pg::catalogs;
use crate::pg::elevate::elevated;
use crate::pg::policy::Failure;
use crate::pg::releases;
use crate::pg::users;
use crate::report;
use crate::store::subjects;
use spyne_core::gate::access;
use spyne_core::gate::judge::{Broken, Refused};
use spyne_core::gate::rules::{Denial, Rule, Words};
use spyne_core::gate::situation::Situation;
use spyne_core::kernel::error::{Code, SpyneError};
use spyne_core::kernel::ids::{RelId, RoleId};

/// The refusal of one relation of a statement.
pub(super) fn denial(refused: &Refused, situation: &Situation, user: RoleId) -> Option<Denial> {
    let seen = situation.seen.get(refused.at)?;
    let relation = seen.relation;
    let denial = match refused.broken {
        Broken::Catalog => catalog_write(relation),
        Broken::Governed { refusal, state, access } => {
            let subject = elevated(|e| subjects::describe(e, relation)).unwrap_or_default();
            let name = users::quoted_name(user);
            let words = access::explain(refusal, state, access, &name, situation.role, &subject);
            Denial::new(refusal.rule(), words).about(relation)
        }
    };
    Some(Denial { user: Some(user), access: Some(seen.access), ..denial })
}

/// The refusal of a write to spyne's catalog.
pub(super) fn catalog_write(relation: RelId) -> Denial {
    let words = Words::new(
        format!("cannot write to {}", catalogs::relation_name(relation)),
        "It is spyne's catalog, which only spyne's functions write: that binds superusers too.",
        "Use the functions, for example spyne_register or spyne_promote. To restore a dump: SET spyne.enforcement = off;",
    );
    Denial::new(Rule::CatalogWrite, words).about(relation)
}

/// Raises the error of a statement that cannot be judged.
pub(super) fn failed(failure: Failure) -> ! {
    let catalog = |what: &str, hint: &str| {
        let message = format!("{what}, so nothing can be checked");
        let detail = "What is governed cannot be told, and what cannot be checked does not run.";
        let words = match releases::differing() {
            Some(between) => Words::new(
                message,
                format!("{detail} {}", between.shown()),
                between.remedy().unwrap_or_default(),
            ),
            None => Words::new(message, detail, hint),
        };
        SpyneError::from(Denial::new(Rule::CatalogUnreadable, words))
    };
    let restore = "As a superuser: SET spyne.enforcement = off; then restore the catalog from a backup, or DROP EXTENSION spyne CASCADE; and CREATE EXTENSION spyne;";
    report::raise(match failure {
        Failure::CatalogMissing => catalog("spyne: its catalog spyne.tables is missing", restore),
        Failure::CatalogShape => {
            catalog("spyne: its catalog spyne.tables has another shape", restore)
        }
        Failure::CatalogRow => {
            catalog("spyne: its catalog spyne.tables has an unreadable row", restore)
        }
        Failure::CatalogRestless => catalog(
            "spyne: governance changes faster than it can be read",
            "Run the statement again.",
        ),
        Failure::NoMemory => SpyneError::new(
            Code::Internal,
            "spyne has no memory to keep track of this statement",
            "What runs inside what is kept in mind while it runs; without that it would be judged wrongly.",
            "Run the statement again, in a new session if need be.",
        ),
    })
}
