//! Texts of statements, as Postgres holds them.

use pgrx::pg_sys;

/// A part of a text that Postgres holds for as long as the statement runs.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    start: *const core::ffi::c_char,
    location: i32,
    length: i32,
}

impl Text {
    /// # Safety
    /// `start` is null or a C string that outlives the value; location and
    /// length are those of a statement in it, as Postgres counts them.
    pub unsafe fn new(start: *const core::ffi::c_char, location: i32, length: i32) -> Text {
        Text { start, location, length }
    }

    /// The statement's own text.
    pub fn get(&self) -> String {
        self.with_bytes(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Calls `f` with the bytes of the statement.
    pub fn with_bytes<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        if self.start.is_null() {
            return f(&[]);
        }
        // SAFETY: as promised to `new`.
        let all = unsafe { std::ffi::CStr::from_ptr(self.start) }.to_bytes();
        // A negative location is unknown. A length of 0 reaches to the end.
        let from = usize::try_from(self.location).unwrap_or(0).min(all.len());
        let to = match usize::try_from(self.length) {
            Ok(length) if length > 0 && self.location >= 0 => (from + length).min(all.len()),
            _ => all.len(),
        };
        f(all.get(from..to).unwrap_or_default())
    }

    /// Whether the text is a part of what the client has sent.
    pub fn is_from_client(&self) -> bool {
        // SAFETY: a static that is null or a C string; Bind works on a copy of it.
        unsafe {
            let sent = pg_sys::debug_query_string;
            !self.start.is_null()
                && !sent.is_null()
                && std::ffi::CStr::from_ptr(self.start) == std::ffi::CStr::from_ptr(sent)
        }
    }
}

/// Whether names in a statement's text may stand for what only its caller knows: the
/// variables of a PL/pgSQL function, the transition tables of a trigger. The same text
/// means something else when another caller runs it.
pub fn has_own_names(query: &pg_sys::QueryDesc) -> bool {
    // SAFETY: null, or valid for as long as the statement is.
    let Some(parameters) = (unsafe { query.params.as_ref() }) else {
        return !query.queryEnv.is_null();
    };
    // Postgres asks PL/pgSQL for each variable, and gives its cursors a copy of all
    // values. Such a copy looks like the values of a client or of EXECUTE, but the
    // portal of those is in no list, unlike that of a cursor.
    let copied = || {
        // SAFETY: the text is the statement's own, and the portal active.
        let (text, executes) = unsafe {
            let text = Text::new(query.sourceText, 0, 0);
            let portal = pg_sys::ActivePortal.as_ref();
            (text, portal.is_some_and(|p| !p.visible && p.sourceText == query.sourceText))
        };
        parameters.numParams > 0 && !executes && !text.is_from_client()
    };
    parameters.paramFetch.is_some() || !query.queryEnv.is_null() || copied()
}
