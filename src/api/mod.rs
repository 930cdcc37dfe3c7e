//! The functions that SQL can call, one file a noun. Their signatures are written out
//! in SQL, so that names, types and defaults can be read there.

pub mod accepted_joins;
mod context;
pub mod corrections;
mod discovery;
pub mod drift;
pub mod joins;
mod looking;
pub mod mode;
pub mod previews;
mod progress;
mod registration;
mod releases;
pub mod resolution;
pub mod roles;
pub mod rules;
pub mod shadows;
pub mod statements;
pub mod states;
pub mod transitions;
