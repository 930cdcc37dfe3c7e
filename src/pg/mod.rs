//! Everything that touches Postgres's internals: the only folder with `unsafe`.
//! Each file wraps one subject and offers safe functions; none knows a rule.

pub mod cache;
pub mod catalogs;
pub mod elevate;
pub mod hooks;
pub mod local;
pub mod object_access;
pub mod shims;
pub mod statement;
pub mod trigger;
pub mod users;
