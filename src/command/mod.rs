//! Changes of governance as data: one driver for all of them.
//!
//! A [`Command`] says who may give it, what it locks, what it needs to know, and what
//! plan follows from that. Only [`run`] puts these in order, so a dry run differs from
//! a real one in nothing but the locks and the last step.

pub mod caller;
pub mod drift;
pub mod execute;
pub mod joinable;
pub mod joins;
pub mod mode;
pub mod registration;
pub mod settling;
pub mod shadows;
pub mod transitions;

use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RelId;
use spyne_core::kernel::names::RelationName;
use spyne_core::lifecycle::plan::Plan;

use crate::pg::elevate::{Elevated, elevated};
use caller::{Caller, require_writable};

/// Whether a command is carried out or only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A dry run: nothing is locked and nothing changes.
    Show,
    /// A real run.
    Do,
}

impl Mode {
    /// The mode that the argument `dry_run` asks for.
    pub fn of(dry_run: bool) -> Mode {
        if dry_run { Mode::Show } else { Mode::Do }
    }
}

/// How a command holds the relations that it locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// ACCESS EXCLUSIVE, where this session itself may not be using the relation
    /// either.
    Alone,
    /// ACCESS EXCLUSIVE.
    Closed,
    /// SHARE ROW EXCLUSIVE, which lets others go on reading.
    Readable,
}

/// A change of governance.
pub trait Command {
    /// The facts that the plan is made from.
    type Facts;

    /// Checks that `caller` may give this command. It is called before anything is
    /// locked, so that nobody waits for a user who may not.
    ///
    /// # Errors
    /// 42501; and errors that show at once that nothing can be done, such as 55000 for
    /// a table in another state.
    fn authorise(&self, caller: &Caller) -> Result<()>;

    /// Locks the rows that the command is about, in a real run, and returns the
    /// relations to lock, in the order of locking. Transactions that this waits for
    /// have ended when the facts are read.
    ///
    /// # Errors
    /// Those of a table that does not exist.
    fn locks(&self, _elevated: &Elevated) -> Result<Vec<RelId>> {
        Ok(Vec::new())
    }

    /// How the command holds the relations that it locks.
    fn hold(&self) -> Hold {
        Hold::Alone
    }

    /// Reads the facts that the plan is made from.
    ///
    /// # Errors
    /// Those of a table that does not exist, or is not in the state for the command.
    fn facts(&self, elevated: &Elevated, caller: &Caller) -> Result<Self::Facts>;

    /// Makes the plan: a pure function of the facts.
    ///
    /// # Errors
    /// Those of a command that cannot be carried out at all. A plan with blockers is no
    /// error, because a dry run shows it.
    fn plan(&self, facts: &Self::Facts) -> Result<Plan>;

    /// The verb in the name of the command's function, `spyne_<verb>`, for messages.
    fn verb(&self) -> &'static str;

    /// The table that the command is about, for the message of a plan that has
    /// blockers.
    fn subject(&self, facts: &Self::Facts) -> RelationName;
}

/// The facts and the plan of a command that was given.
pub struct Done<F> {
    pub facts: F,
    pub plan: Plan,
}

/// Gives a command: shows what it would do, or does it. Checks in this order whether
/// anything can be written and whether the caller may; then locks, reads the facts,
/// makes the plan and runs its steps. The arguments were checked before.
///
/// A dry run takes no lock beyond what reading the catalogs takes, and needs no
/// transaction id.
///
/// # Errors
/// Those of the command; 25006 where nothing can be written, 55P03 where a lock
/// cannot be had within `spyne.lock_timeout`, 55006 where this session uses a
/// relation itself, 55000 for blockers, 42P01 where a relation was dropped
/// meanwhile.
pub fn run<C: Command>(command: &C, mode: Mode) -> Result<Done<C::Facts>> {
    require_writable(mode == Mode::Show)?;
    let caller = Caller::now();
    command.authorise(&caller)?;
    if mode == Mode::Do {
        let relations = elevated(|e| command.locks(e))?;
        execute::lock(&relations, command.hold(), command.verb())?;
    }
    let facts = elevated(|e| command.facts(e, &caller))?;
    let plan = command.plan(&facts)?;
    if mode == Mode::Do {
        if !plan.blockers.is_empty() {
            return Err(plan.blocked(command.verb(), &command.subject(&facts)));
        }
        execute::plan(&plan, &caller)?;
    }
    Ok(Done { facts, plan })
}
