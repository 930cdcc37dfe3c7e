//! What a statement must pass.

pub mod access;
