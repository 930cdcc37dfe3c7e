//! The life of a governed table: how it comes under governance, which state can follow
//! which, which table a name means, and what a promotion does.

pub mod joins;
pub mod plan;
pub mod registration;
pub mod resolution;
pub mod system_mode;
pub mod transition;
