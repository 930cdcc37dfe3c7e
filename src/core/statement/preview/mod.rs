//! What a preview tells, and the rules it tells it by.

pub mod assumptions;
pub mod confidence;
pub mod description;
pub mod fan;
mod filtering;
pub mod guardrails;
pub mod keys;
pub mod render;
pub mod staleness;
mod statistics;
pub mod subject;
pub mod text;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod testing;
