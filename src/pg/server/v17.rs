//! PostgreSQL 17.

pub use super::since_16::*;
pub use super::since_17::*;
pub use super::until_17::*;
