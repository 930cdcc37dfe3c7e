//! All SQL that the extension runs: typed reads and writes of the catalog.

pub mod drift;
pub mod facts;
pub mod grants;
pub mod guards;
pub mod joins;
pub mod previews;
pub mod query;
pub mod roles;
pub mod rows;
pub mod samples;
pub mod settling;
pub mod shadows;
mod sql;
pub mod steps;
pub mod subjects;
pub mod tables;
pub mod types;
pub mod versions;
