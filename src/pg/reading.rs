//! spyne's own reading of people's data: with the rights of the caller, and
//! without a preview, because the statement is spyne's.

use super::local::Local;
use super::statement::Text;

/// The statement that spyne reads by, while it does.
static TEXT: Local<Option<String>> = Local::new(None);

/// Puts back what was there, also after an error.
struct Restored(Option<String>);

impl Drop for Restored {
    fn drop(&mut self) {
        let before = self.0.take();
        TEXT.with(|text| *text = before);
    }
}

/// Runs `work`, which runs the statement `text` as the caller. Only this very
/// text is exempt from previews: what a policy or a view's function runs meanwhile
/// is not.
pub fn as_caller<T>(text: &str, work: impl FnOnce() -> T) -> T {
    let before = TEXT.with(|kept| kept.replace(text.to_string()));
    let _restored = Restored(before);
    work()
}

/// Whether spyne is reading: what runs meanwhile, beside its statement, are policies
/// and functions of whoever made the tables.
pub fn is_going_on() -> bool {
    TEXT.with(|kept| kept.is_some())
}

/// Whether a statement is the one that spyne reads by.
pub fn is(text: &Text) -> bool {
    text.with_bytes(|bytes| {
        TEXT.with(|kept| kept.as_ref().is_some_and(|kept| kept.as_bytes() == bytes))
    })
}
