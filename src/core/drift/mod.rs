//! What is done about a change of shape, and how a feed describes its own.

pub mod decision;
pub mod described;
