//! The rights of the caller, with which spyne reads people's data. The statements
//! that do so need no preview, because they are spyne's own.

use std::marker::PhantomData;

use spyne_core::kernel::error::{Code, SpyneError};

use super::frames::{self, Doing};
use crate::report;

/// Proof that the work that has it runs with the rights of the caller and no others.
///
/// Statements of spyne's own that read people's data run with it. Each is exempt from
/// previews while it runs, and only the statement with exactly its text is.
pub struct AsCaller {
    /// Keeps the value from being copied or sent elsewhere.
    _here: PhantomData<*const ()>,
}

impl AsCaller {
    /// Runs `work`, which runs the statement `text`. Only this very text is exempt
    /// from previews: what a policy or a view's function runs meanwhile is not.
    pub fn exempt<T>(&self, text: &str, work: impl FnOnce() -> T) -> T {
        as_caller(text, work)
    }
}

/// Runs `work` with the rights of the caller. Raises an error within elevated work,
/// whose rights are not the caller's.
pub fn as_caller_only<T>(work: impl FnOnce(&AsCaller) -> T) -> T {
    if super::elevate::at_work() {
        report::raise(SpyneError::new(
            Code::Internal,
            "spyne was about to read a table with rights that are not the caller's",
            "This is a defect of spyne: people's data is read with their own rights only.",
            "Report it, with the statement that you ran.",
        ));
    }
    work(&AsCaller { _here: PhantomData })
}

/// Runs `work`, which runs the statement `text` as the caller. Only this very
/// text is exempt from previews: what a policy or a view's function runs meanwhile
/// is not.
pub fn as_caller<T>(text: &str, work: impl FnOnce() -> T) -> T {
    frames::within(Doing::Reading(text.to_string()), work)
}

/// Whether spyne is reading people's data now. Beside spyne's own statement, policies
/// and functions of whoever made the tables run meanwhile.
pub fn is_reading() -> bool {
    frames::now().reading()
}
