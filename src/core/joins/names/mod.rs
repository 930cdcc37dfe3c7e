//! What names say: whether the name of a column suggests another table, or its key.
//!
//! Name similarity is the feature on which all published foreign-key scorers
//! lean most (Rostin et al., "A machine learning approach to foreign key
//! discovery", WebDB 2009; Chen et al., "Fast foreign-key detection in Microsoft
//! SQL Server PowerPivot for Excel", VLDB 2014). Names are compared as words: the
//! column `l_suppkey` says "supplier" once its table's prefix, the suffix for
//! keys and the abbreviation are seen through.

mod all;
mod name;
mod resemblance;
mod roles;

pub use all::{Names, TableNames};
pub use name::Name;
