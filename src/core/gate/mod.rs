//! What a statement must pass: the rules of access, the verdict on a statement,
//! and what a back end has to remember for it.

pub mod access;
pub mod definitions;
pub mod frames;
#[cfg(test)]
mod frames_tests;
pub mod judge;
#[cfg(test)]
mod judge_cases;
pub mod kinds;
pub mod lasting;
pub mod rules;
pub mod session;
pub mod shards;
pub mod situation;
pub mod token;

pub use judge::{decide, judge};
