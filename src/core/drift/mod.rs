//! Drift: a governed table and the shape it was promised in, what is done about
//! a change, the reports of it, and how a feed describes its own shape.

pub mod decision;
pub mod described;
pub mod report;
pub mod subject;
