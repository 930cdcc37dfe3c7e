//! spyne governs data where it lives: table states, roles, and what a statement
//! must pass, inside PostgreSQL.

use pgrx::prelude::*;

mod api;
mod command;
mod enforce;
mod guc;
#[allow(unsafe_code)]
mod pg;
mod preview_rule;
mod report;
mod store;

pgrx::pg_module_magic!(name, version);

extension_sql_file!("../sql/roles.sql", name = "roles", bootstrap);
extension_sql_file!("../sql/catalog.sql", name = "catalog", requires = ["roles"]);
extension_sql_file!(
    "../sql/rows.sql",
    name = "rows",
    requires = ["catalog"],
    creates = [Type(pg::row_sets::Rows)]
);
// After the rows, so that the script has one order, whatever it is built for.
extension_sql_file!("../sql/describe.sql", name = "describe", requires = ["rows"]);
extension_sql_file!(
    "../sql/views.sql",
    name = "views",
    requires = [
        "describe",
        api::roles::spyne_can,
        api::roles::role_name,
        api::roles::require_role,
        api::rules::state_rules,
        api::rules::role_rules,
        api::rules::access_rules,
        api::rules::drift_rules,
        api::states::governing,
        enforce::guards::guard_trigger,
        enforce::guards::notice_trigger,
        enforce::guards::guard_drop,
        enforce::guards::guard_ddl,
        enforce::guards::guard_rewrite,
    ]
);
extension_sql_file!("../sql/citus.sql", name = "citus", requires = ["views"]);
extension_sql_file!("../sql/coverage.sql", name = "coverage", requires = ["citus"]);
extension_sql_file!(
    "../sql/previews.sql",
    name = "previews",
    requires = [
        "coverage",
        api::corrections::spyne_correct,
        api::previews::analyzed_trees,
        api::previews::preview_statement,
        api::previews::spyne_preview,
        api::previews::spyne_preview_text,
    ]
);
extension_sql_file!("../sql/joins.sql", name = "joins", requires = ["previews"]);
extension_sql_file!("../sql/drift.sql", name = "drift", requires = ["joins"]);
extension_sql_file!(
    "../sql/privileges.sql",
    name = "privileges",
    requires = ["drift", api::roles::grant_settings]
);
// Comes after every function, by `finalize`.
extension_sql_file!("../sql/functions.sql", name = "functions", finalize);

/// Called once when the library is loaded, in the postmaster or in a session.
#[allow(non_snake_case)]
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    guc::define();
    if pg::upgrade::in_progress() {
        guc::stand_aside();
    }
    pg::hooks::reserve_settings(c"spyne");
    pg::hooks::install(enforce::POLICY);
}
