//! What is broken and known to be: to become empty, and never to grow. A line stands as the test
//! prints it.

/// Imports that point up, or to the side.
pub const UPWARDS: &[&str] = &[];

/// Modules that import each other.
pub const MUTUAL: &[&str] = &[];

/// Modules that import one another through others, those pairs among them.
pub const CIRCLES: &[&str] = &[];

/// Functions of more than 80 lines; generated tables may stay.
pub const LONG_FUNCTIONS: &[&str] = &[];

/// How many statements of more than three lines stand in a file.
pub const LONG_STATEMENTS: &[&str] = &[];

/// How often a file has `(String, String)`.
pub const PAIRS_OF_STRINGS: &[&str] = &[];

/// State elsewhere than in `PLACES_OF_STATE`.
pub const STATICS: &[&str] = &["src/pg/policy.rs: POLICY"];

/// Where state is in place: the settings, what a session remembers of the catalog, the stack of
/// frames and the statement that is starting, the hooks that were there before, and what the server
/// log is told once in a session.
pub const PLACES_OF_STATE: &[&str] = &[
    "src/guc.rs: ",
    "src/pg/cache.rs: ",
    "src/pg/frames",
    "src/pg/calls.rs: STARTING",
    "src/pg/hooks.rs: NEXT_",
    "src/pg/releases.rs: TOLD",
];
