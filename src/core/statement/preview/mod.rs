//! Previews: what they say about a statement, and the rules by which they say it.

pub mod asked;
mod assumptions;
mod confidence;
pub mod description;
mod fan;
mod filtering;
pub mod findings;
pub mod guardrails;
mod keys;
mod level;
pub mod looked;
pub mod record;
pub mod render;
mod sources;
pub mod staleness;
pub mod standing;
mod statistics;
pub mod subject;
pub mod text;
mod traps;
mod wording;

pub use record::Preview;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod testing;
