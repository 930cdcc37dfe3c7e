//! The vocabulary of all other modules: names, errors, roles, states, versions.

pub mod columns;
pub mod digest;
pub mod error;
pub mod ids;
pub mod keywords;
pub mod names;
pub mod release;
pub mod role;
pub mod state;
pub mod version;
