//! The rules of spyne as data and pure functions.
//!
//! A package of its own, so that cargo enforces what the rules may know: std,
//! serde, serde_json and sqlparser, and nothing of Postgres. Its unit tests run
//! without a server: `cargo test --package spyne-core`.
//!
//! Its modules import downwards: `kernel` below `words` below `shape` below
//! `joins` and `statement`; `drift`, `lifecycle` and `gate` stand on those.

pub mod drift;
pub mod gate;
pub mod joins;
pub mod kernel;
pub mod lifecycle;
pub mod shape;
pub mod statement;
pub mod words;
