//! The rules by which statements and calls are refused, as one table, and the one form
//! that every refusal has.

use super::kinds::Access;
use crate::kernel::error::{Code, RuleNumber, SpyneError};
use crate::kernel::ids::{RelId, RoleId};
use crate::kernel::role::Permission;

/// A rule that a statement or a call can break. Its number is its place in
/// [`RULES`], so that counters can be kept in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rule {
    RoleQuery,
    RoleViewShadow,
    RoleIngest,
    RoleCreateContracts,
    RolePromote,
    RoleDeprecate,
    RoleSteward,
    RolePublish,
    StateReadOnly,
    StateDeprecated,
    ModeIngestion,
    PreviewRequired,
    PreviewInside,
    PreviewStop,
    PreviewStale,
    PreviewExpired,
    PreviewUsed,
    DriftBreaking,
    DriftDependents,
    DdlDrop,
    DdlExtension,
    DdlIdentity,
    DdlSchema,
    DdlPartition,
    DdlDomain,
    DdlCode,
    DdlColumn,
    DdlGuards,
    DdlView,
    DdlGovernedSchema,
    DdlShards,
    CatalogWrite,
    CatalogUnreadable,
}

/// A line of the table of rules, which is a row of `spyne.rules`.
#[derive(Clone, Copy, Debug)]
pub struct DescribedRule {
    pub rule: Rule,
    /// The code in brackets at the end of a refusal's DETAIL.
    pub code: &'static str,
    pub sqlstate: Code,
    /// What the rule refuses, in words.
    pub refused: &'static str,
    /// Where the documents say more: a file in `docs/` and a heading in it.
    pub place: &'static str,
}

const fn rule(
    rule: Rule,
    code: &'static str,
    sqlstate: Code,
    refused: &'static str,
    place: &'static str,
) -> DescribedRule {
    DescribedRule { rule, code, sqlstate, refused, place }
}

const STATEMENT: &str = "roles-and-enforcement.md#what-a-statement-must-pass";
const ROLES: &str = "roles-and-enforcement.md#roles";
const WHO: &str = "previews.md#who-must-preview";
const INSIDE: &str = "previews.md#functions-do-blocks-and-triggers";
const AUTHORISES: &str = "previews.md#what-a-preview-authorises";
const DRIFT: &str = "drift.md#when-it-is-noticed";
const DDL: &str = "roles-and-enforcement.md#ddl";

/// All rules, in the order of their numbers.
#[rustfmt::skip]
pub const RULES: [DescribedRule; 33] = {
    use Code::{DependentObjects, InsufficientPrivilege, Internal, ReadOnly, Unsupported, WrongState};
    use Rule::*;
    [
        rule(RoleQuery, "role.query", InsufficientPrivilege, "any use of a governed table or of spyne's functions without a spyne role", STATEMENT),
        rule(RoleViewShadow, "role.view_shadow", InsufficientPrivilege, "any use of a SHADOW, and spyne_coverage, by less than an engineer", STATEMENT),
        rule(RoleIngest, "role.ingest", InsufficientPrivilege, "a write, or making a shadow, by less than an engineer", STATEMENT),
        rule(RoleCreateContracts, "role.create_contracts", InsufficientPrivilege, "nothing in this version", ROLES),
        rule(RolePromote, "role.promote", InsufficientPrivilege, "promoting, restoring, settling drift, accepting joins, setting the system mode by less than an admin", ROLES),
        rule(RoleDeprecate, "role.deprecate", InsufficientPrivilege, "deprecating a table or a join by less than an admin", ROLES),
        rule(RoleSteward, "role.steward", InsufficientPrivilege, "registering by neither an admin nor an engineer who owns the table, and unregistering by less than an admin", ROLES),
        rule(RolePublish, "role.publish", InsufficientPrivilege, "publishing a table under a name that others answer for", ROLES),
        rule(StateReadOnly, "state.read_only", ReadOnly, "a write to READ_ONLY or DEPRECATED", STATEMENT),
        rule(StateDeprecated, "state.deprecated", WrongState, "reading DEPRECATED without having asked for it", STATEMENT),
        rule(ModeIngestion, "mode.ingestion", ReadOnly, "a write to a SHADOW while the system mode is READ_ONLY", STATEMENT),
        rule(PreviewRequired, "preview.required", WrongState, "a statement that nobody has looked at", WHO),
        rule(PreviewInside, "preview.inside", WrongState, "a statement inside another that uses more than was previewed", INSIDE),
        rule(PreviewStop, "preview.stop", WrongState, "a statement whose preview has a stop that is not overridden", "previews.md#overrides"),
        rule(PreviewStale, "preview.stale", WrongState, "a statement whose tables, functions or names are others since its preview", "previews.md#what-makes-it-stale"),
        rule(PreviewExpired, "preview.expired", WrongState, "a statement whose preview is too old", AUTHORISES),
        rule(PreviewUsed, "preview.used", WrongState, "a previewed write that has run", AUTHORISES),
        rule(DriftBreaking, "drift.breaking", WrongState, "DDL that breaks an ACTIVE or DEPRECATED table", DRIFT),
        rule(DriftDependents, "drift.dependents", DependentObjects, "DDL that the governed view cannot follow, since other views stand on it", DRIFT),
        rule(DdlDrop, "ddl.drop", WrongState, "dropping a governed table", DDL),
        rule(DdlExtension, "ddl.extension", WrongState, "dropping the extension while tables are governed", DDL),
        rule(DdlIdentity, "ddl.identity", WrongState, "another name, schema or owner for a governed table", DDL),
        rule(DdlSchema, "ddl.schema", WrongState, "renaming a schema that holds governed tables, or one of spyne's own", DDL),
        rule(DdlPartition, "ddl.partition", WrongState, "making a governed table a partition", DDL),
        rule(DdlDomain, "ddl.domain", InsufficientPrivilege, "constraining a domain that a governed table of others uses", DDL),
        rule(DdlCode, "ddl.code", InsufficientPrivilege, "showing rows to functions of somebody who may not read them", DDL),
        rule(DdlColumn, "ddl.column", WrongState, "dropping a column of a governed table along with something else", DDL),
        rule(DdlGuards, "ddl.guards", InsufficientPrivilege, "disabling, replacing, renaming or dropping a guard trigger", DDL),
        rule(DdlView, "ddl.view", WrongState, "dropping or changing a governed view", DDL),
        rule(DdlGovernedSchema, "ddl.governed_schema", InsufficientPrivilege, "defining a view in the schema governed", DDL),
        rule(DdlShards, "ddl.shards", Unsupported, "moving the rows of a governed table into shards of Citus, or out of them", DDL),
        rule(CatalogWrite, "catalog.write", InsufficientPrivilege, "writing to spyne's catalog, or altering it", DDL),
        rule(CatalogUnreadable, "catalog.unreadable", Internal, "any statement while spyne's catalog cannot be read", STATEMENT),
    ]
};

impl Rule {
    /// The number of rules.
    pub const COUNT: usize = RULES.len();

    /// The place of the rule in [`RULES`], from 0.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The line of the table for this rule.
    pub const fn described(self) -> &'static DescribedRule {
        &RULES[self.index()]
    }

    /// The code in brackets at the end of a refusal's DETAIL.
    pub const fn code(self) -> &'static str {
        self.described().code
    }

    /// The rule that is broken by a call for which the caller lacks this permission.
    pub const fn of(permission: Permission) -> Rule {
        match permission {
            Permission::Query => Rule::RoleQuery,
            Permission::CreateContracts => Rule::RoleCreateContracts,
            Permission::Ingest => Rule::RoleIngest,
            Permission::Promote => Rule::RolePromote,
            Permission::Deprecate => Rule::RoleDeprecate,
            Permission::ViewShadow => Rule::RoleViewShadow,
        }
    }
}

/// The text of a refusal, as the user reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// One line that names the object.
    pub message: String,
    /// Why the rule applies, without its code.
    pub detail: String,
    /// What to type next.
    pub hint: String,
}

impl Words {
    /// The text of a refusal: a message, its DETAIL (without the rule's code) and its
    /// HINT.
    pub fn new(
        message: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Words {
        Words { message: message.into(), detail: detail.into(), hint: hint.into() }
    }
}

/// A refusal: the rule that was broken, the relation, the user, the access, and the
/// text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub rule: Rule,
    /// The relation that is refused, where the rule is about one.
    pub relation: Option<RelId>,
    /// The user who is refused; None where that is whoever runs the statement.
    pub user: Option<RoleId>,
    /// The access to the relation that was refused.
    pub access: Option<Access>,
    pub words: Words,
}

impl Denial {
    /// A refusal by `rule`, of whoever runs the statement.
    pub fn new(rule: Rule, words: Words) -> Denial {
        Denial { rule, relation: None, user: None, access: None, words }
    }

    /// As [`Denial::new`], with a message, its DETAIL (without the rule's code) and
    /// its HINT.
    pub fn told(
        rule: Rule,
        message: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Denial {
        Denial::new(rule, Words::new(message, detail, hint))
    }

    /// The same refusal, about `relation`.
    pub fn about(self, relation: RelId) -> Denial {
        Denial { relation: Some(relation), ..self }
    }
}

/// The error that a refusal is shown as. It carries the rule, so that whoever raises
/// the error knows which one was broken.
impl From<Denial> for SpyneError {
    fn from(denial: Denial) -> SpyneError {
        let Denial { rule, words, .. } = denial;
        let code = rule.described().sqlstate;
        SpyneError {
            rule: Some(RuleNumber(rule.index())),
            ..SpyneError::new(code, words.message, words.detail, words.hint)
        }
    }
}

/// The rule that an error is raised for; None where no rule of the table is broken.
pub fn rule_of(error: &SpyneError) -> Option<Rule> {
    error.rule.and_then(|number| RULES.get(number.0)).map(|described| described.rule)
}

/// The DETAIL of an error as it is raised. This is the one place that writes the code
/// of a rule into a DETAIL, because server logs are searched for the code.
pub fn detail_of(error: &SpyneError) -> String {
    match rule_of(error) {
        Some(rule) => format!("{} [{}]", error.detail, rule.code()),
        None => error.detail.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_table_is_in_the_order_of_the_rules() {
        for (at, described) in RULES.iter().enumerate() {
            assert_eq!(described.rule.index(), at, "{}", described.code);
        }
    }

    #[test]
    fn a_code_stands_for_one_rule() {
        let codes: HashSet<&str> = RULES.iter().map(|r| r.code).collect();
        assert_eq!(codes.len(), Rule::COUNT);
        for code in codes {
            let (subject, what) = code.split_once('.').unwrap_or_default();
            assert!(!subject.is_empty() && !what.is_empty(), "{code}");
        }
    }

    #[test]
    fn a_refusal_ends_its_detail_with_the_code_of_its_rule_once() {
        for described in RULES {
            let words = Words::new("no", "Because.", "Type this.");
            let error = SpyneError::from(Denial::new(described.rule, words));
            assert_eq!(rule_of(&error), Some(described.rule));
            assert_eq!(detail_of(&error), format!("Because. [{}]", described.code));
            assert_eq!(error.code, described.sqlstate);
        }
    }

    #[test]
    fn an_error_by_no_rule_is_shown_as_it_is() {
        let error = SpyneError::new(Code::InvalidParameter, "no", "Because.", "Type this.");
        assert_eq!((rule_of(&error), detail_of(&error)), (None, "Because.".to_string()));
    }

    #[test]
    fn a_missing_permission_breaks_the_rule_of_its_name() {
        for (permission, _) in crate::kernel::role::MATRIX {
            let code = format!("role.{}", permission.as_str().replace(' ', "_"));
            assert_eq!(Rule::of(permission).code(), code);
        }
    }

    #[test]
    fn every_place_is_a_heading_of_the_documents() {
        let documents = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
        for described in RULES {
            let (file, anchor) = described.place.split_once('#').unwrap_or_default();
            let text = std::fs::read_to_string(format!("{documents}/{file}")).unwrap_or_default();
            let headings = text.lines().filter(|line| line.starts_with('#'));
            let anchors: Vec<String> = headings
                .map(|line| {
                    let heading = line.trim_start_matches('#').trim().to_lowercase();
                    heading.replace(',', "").replace(' ', "-")
                })
                .collect();
            assert!(anchors.iter().any(|a| a == anchor), "{file} has no heading for #{anchor}");
        }
    }
}
