//! What a preview tells, and the rules it tells it by.

pub mod assumptions;
pub mod confidence;
pub mod description;
pub mod fan;
pub mod guardrails;
pub mod render;
pub mod staleness;
pub mod subject;
pub mod text;
