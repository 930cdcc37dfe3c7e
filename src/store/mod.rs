//! All SQL that the extension runs: typed reads and writes of the catalog.

pub mod config;

pub mod drift;
pub mod facts;
pub mod functions;
pub mod grants;
pub mod guards;
pub mod joinable;
pub mod joins;
pub mod previews;
pub mod query;
pub mod relations;
pub mod releases;
pub mod roles;
pub mod rows;
pub mod samples;
pub mod shadows;
pub mod shapes;
pub mod subjects;
pub mod table_facts;
pub mod tables;
pub mod types;
pub mod versions;

/// Every statement that is kept, for the test that prepares them all.
pub fn statements() -> impl Iterator<Item = &'static dyn query::Statement> {
    [
        config::STATEMENTS,
        table_facts::STATEMENTS,
        drift::STATEMENTS,
        facts::STATEMENTS,
        functions::STATEMENTS,
        grants::STATEMENTS,
        guards::STATEMENTS,
        joinable::STATEMENTS,
        joins::STATEMENTS,
        previews::STATEMENTS,
        relations::STATEMENTS,
        releases::STATEMENTS,
        samples::STATEMENTS,
        shadows::STATEMENTS,
        shapes::STATEMENTS,
        subjects::STATEMENTS,
        tables::STATEMENTS,
        types::STATEMENTS,
        versions::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
