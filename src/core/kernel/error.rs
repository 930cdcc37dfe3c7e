//! Errors in terms of the domain: one type for every refusal and every mistake.

use std::fmt;

/// The standard SQLSTATEs that spyne raises. `report.rs` maps them to Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// 42501: the role may not do this.
    InsufficientPrivilege,
    /// 25006: a write to a table whose state forbids writes.
    ReadOnly,
    /// 55000: the object is in a state in which this cannot be done.
    WrongState,
    /// 22023: a bad argument.
    InvalidParameter,
    /// 22004: NULL where a value is needed.
    NullNotAllowed,
    /// 42P01: no such table, or no such logical name.
    UndefinedTable,
    /// 42704: no such role or other object.
    UndefinedObject,
    /// 42710: the object exists already.
    DuplicateObject,
    /// 42P07: a table of this name exists.
    DuplicateTable,
    /// 42809: a relation of a kind that cannot be governed.
    WrongObjectType,
    /// 2BP01: other objects depend on this one.
    DependentObjects,
    /// 0A000: spyne does not support this.
    Unsupported,
    /// XX000: a defect of spyne, or a catalog that was changed by other hands.
    Internal,
}

impl Code {
    /// The five characters.
    pub const fn sqlstate(self) -> &'static str {
        match self {
            Code::InsufficientPrivilege => "42501",
            Code::ReadOnly => "25006",
            Code::WrongState => "55000",
            Code::InvalidParameter => "22023",
            Code::NullNotAllowed => "22004",
            Code::UndefinedTable => "42P01",
            Code::UndefinedObject => "42704",
            Code::DuplicateObject => "42710",
            Code::DuplicateTable => "42P07",
            Code::WrongObjectType => "42809",
            Code::DependentObjects => "2BP01",
            Code::Unsupported => "0A000",
            Code::Internal => "XX000",
        }
    }
}

/// The rule that a refusal is by: its place in the table of rules. The table is
/// `gate::rules::RULES`, which lies above this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleNumber(pub usize);

/// A refusal or a user's mistake: what Postgres shows as ERROR, DETAIL and HINT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpyneError {
    pub code: Code,
    /// One line that names the object.
    pub message: String,
    /// Why this is an error. Where `rule` is set, the code of the rule is put behind
    /// it as the error is raised.
    pub detail: String,
    /// What to type next.
    pub hint: String,
    /// The rule of the table that was broken; None for a mistake that no rule of the
    /// table is about.
    pub rule: Option<RuleNumber>,
}

impl SpyneError {
    /// An error that no rule of the table is about.
    pub fn new(
        code: Code,
        message: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let (message, detail, hint) = (message.into(), detail.into(), hint.into());
        SpyneError { code, message, detail, hint, rule: None }
    }

    /// NULL was passed for the argument `name`.
    pub fn null_argument(name: &str, hint: &str) -> Self {
        SpyneError::new(
            Code::NullNotAllowed,
            format!("{name} must not be null"),
            format!("The argument {name} needs a value."),
            hint,
        )
    }
}

impl fmt::Display for SpyneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SpyneError {}

/// The result of a function of the extension that can fail.
pub type Result<T> = std::result::Result<T, SpyneError>;
