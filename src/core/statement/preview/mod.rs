//! What a preview tells, and the rules it tells it by.

pub mod assumptions;
pub mod confidence;
pub mod description;
mod fan;
mod filtering;
pub mod findings;
pub mod guardrails;
mod keys;
mod level;
pub mod render;
mod sources;
pub mod staleness;
pub mod standing;
mod statistics;
pub mod subject;
pub mod text;
mod traps;
mod wording;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod testing;
