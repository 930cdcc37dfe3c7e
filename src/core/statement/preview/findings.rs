//! What a preview finds in a statement: what it relies on, and what is dangerous
//! about it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One thing that a query relies on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assumption {
    /// The rule that found it.
    pub code: Cow<'static, str>,
    /// In plain words.
    pub text: String,
}

/// How much a guardrail weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    /// The statement does not run unless this is overridden, with a reason.
    Stop,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Stop => "stop",
        }
    }
}

/// One danger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guardrail {
    /// The rule that found it.
    pub code: Cow<'static, str>,
    pub severity: Severity,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}
