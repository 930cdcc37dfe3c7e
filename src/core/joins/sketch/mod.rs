//! A sample of a column's distinct values that is small, and comparable with
//! that of any other column.
//!
//! Each value is hashed by the same function, and the K smallest hashes are kept
//! (bottom-k or KMV sketch: Bar-Yossef et al., "Counting distinct elements in a
//! data stream", RANDOM 2002; Beyer et al., "On synopses for distinct-value
//! estimation under multiset operations", SIGMOD 2007). Because the hash decides
//! which values are kept, two columns keep the same values wherever both have
//! them: below the smaller of the two thresholds, what the one has and the other
//! lacks is seen exactly. That is what tells whether a column's values lie in
//! another's, without joining the two (approximate inclusion dependencies, as in
//! Kruse et al., "Fast approximate discovery of inclusion dependencies", BTW 2017).

mod builder;
mod bytes;
mod sample;

pub use builder::{Builder, Value};
pub use sample::{K, Overlap, Sketch};
