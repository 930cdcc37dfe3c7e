//! Discovers joins: finds columns that refer to others in the data, weighs the pairs,
//! and prunes them.
//!
//! A discovery makes seven values in turn. Each is made in one place and changed
//! nowhere else. Functions here read nothing: the caller reads what is needed between
//! two stages, and tells how far it is.
//!
//! | stage | value | made by |
//! | --- | --- | --- |
//! | describe | [`scope::DiscoveryScope`] | tables, statistics, and their names understood |
//! | choose what to read | [`reading::Reading`]s | [`reading::choose`], [`several`] |
//! | read | [`samples::Samples`] | the caller, as [`sketch`]es |
//! | compare | [`compare::Compared`] | [`compare`], [`several`] |
//! | look up what is undecided | [`lookup::Told`] | the caller, for [`lookup`] |
//! | decide | [`weighing::Decided`] | [`weighing`] ([`facts`], [`evidence`], [`weights`]), then [`choose`] |
//! | keep | [`candidate::NewCandidate`]s | [`candidate`] |

pub mod acceptance;
pub mod accepted;
pub mod candidate;
pub mod choose;
pub mod compare;
pub mod cover;
pub mod evidence;
pub mod facts;
pub mod graph;
pub mod keys;
pub mod kinds;
pub mod lookup;
pub mod measure;
pub mod names;
pub mod numeric;
pub mod reading;
pub mod record;
pub mod samples;
pub mod scope;
pub mod several;
pub mod sketch;
pub mod status;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;
pub mod validation;
pub mod weighing;
pub mod weights;
