//! PostgreSQL 16.

pub use super::since_16::*;
pub use super::until_16::*;
pub use super::until_17::*;
