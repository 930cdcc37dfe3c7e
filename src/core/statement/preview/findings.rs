//! The findings of a preview: assumptions and guardrails.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One thing that a query assumes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assumption {
    /// The code of the rule that found it.
    pub code: Cow<'static, str>,
    /// The assumption in plain words.
    pub text: String,
}

/// How severe a guardrail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardrailSeverity {
    Info,
    Warning,
    /// The statement does not run unless the guardrail is overridden, with a reason.
    Stop,
}

impl GuardrailSeverity {
    pub const fn as_str(self) -> &'static str {
        match self {
            GuardrailSeverity::Info => "info",
            GuardrailSeverity::Warning => "warning",
            GuardrailSeverity::Stop => "stop",
        }
    }
}

/// One danger of a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guardrail {
    /// The code of the rule that found it.
    pub code: Cow<'static, str>,
    pub severity: GuardrailSeverity,
    /// The danger in words.
    pub message: String,
    /// What to do about the danger.
    pub remedy: String,
}
