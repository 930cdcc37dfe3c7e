//! Drift: a governed table and its shape in force, what is done about changes, the
//! reports of them, and how a feed describes its own shape.

pub mod decision;
pub mod described;
pub mod report;
pub mod subject;
