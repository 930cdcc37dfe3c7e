//! The rules of spyne as data and pure functions.
//!
//! Nothing here talks to Postgres: this folder compiles as a crate of its own
//! (that is how `cargo xtask test` runs its unit tests), with std, serde,
//! serde_json and sqlparser alone.

pub mod access;
pub mod correction;
pub mod drift;
pub mod error;
pub mod joins;
pub mod names;
pub mod plan;
pub mod preview;
pub mod query;
pub mod registration;
pub mod resolution;
pub mod role;
pub mod state;
pub mod transition;
pub mod version;
pub mod words;
