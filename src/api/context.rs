//! What every function of `api` begins with: who the caller is, and whether the
//! arguments are there.

pub use crate::command::caller::{Caller, require_writable};
use spyne_core::kernel::error::{Result, SpyneError};

/// The value of an argument that must not be NULL.
///
/// # Errors
/// 22004.
pub fn given<T>(value: Option<T>, name: &str, hint: &str) -> Result<T> {
    value.ok_or_else(|| SpyneError::null_argument(name, hint))
}
