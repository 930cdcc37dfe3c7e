//! Everything that touches Postgres's internals: the only folder with `unsafe`. Each
//! file wraps one subject in safe functions, and none of them knows a rule.

pub mod analyze;
pub mod cache;
pub mod caller_rights;
mod calls;
mod catalog_scan;
pub mod catalogs;
pub mod checks;
pub mod citus;
pub mod clock;
pub mod copy;
pub mod digest;
pub mod elevate;
pub mod frames;
pub mod hooks;
pub mod lists;
pub mod local;
pub mod object_access;
pub mod oids;
pub mod own_catalog;
mod plans;
pub mod policy;
pub mod portals;
pub mod row_sets;
pub mod runs;
pub mod server;
pub mod settings;
pub mod sketch;
pub mod spi;
pub mod statement;
pub mod text;
pub mod transaction;
pub mod trial;
pub mod trigger;
pub mod types;
pub mod users;
pub mod utility;
