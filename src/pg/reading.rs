//! spyne's own reading of people's data: with the rights of the caller, and
//! without a preview, because the statement is spyne's.

use super::frames::{self, Doing};

/// Runs `work`, which runs the statement `text` as the caller. Only this very
/// text is exempt from previews: what a policy or a view's function runs meanwhile
/// is not.
pub fn as_caller<T>(text: &str, work: impl FnOnce() -> T) -> T {
    frames::within(Doing::Reading(text.to_string()), work)
}

/// Whether spyne is reading: what runs meanwhile, beside its statement, are policies
/// and functions of whoever made the tables.
pub fn is_going_on() -> bool {
    frames::now().reading()
}
