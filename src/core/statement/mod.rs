//! Statements: what Postgres made of one (`analyzed`, `query`), what a preview says about it
//! (`preview`), and how a correction changes its text (`correction`).

pub mod analyzed;
pub mod correction;
pub mod preview;
pub mod query;
