//! Names as words: what people and generators call the same thing.
//!
//! There is one lexicon and one likeness of names. Joins, renames and "did you mean"
//! all read names by these modules:
//!
//! 1. [`lexicon`]: the lists of words, as data.
//! 2. [`split`]: a name as words, abbreviations written out, plurals undone.
//! 3. [`compounds`]: words that were written together, taken apart.
//! 4. [`likeness`]: whether two words, or two names, are one.

pub mod compounds;
pub mod lexicon;
pub mod likeness;
pub mod split;
