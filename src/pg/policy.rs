//! The questions that the hooks ask. The code that calls C knows no policy, so it is
//! handed a table of plain functions.

use spyne_core::gate::lasting::{PortalPlace, RunReport};
use spyne_core::gate::rules::Denial;
use spyne_core::gate::shards::Call;
use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::{RelId, RoleId};

use super::local::Local;
use super::text::Text;

pub use spyne_core::gate::access::Access;
pub use spyne_core::gate::situation::Kind;

/// A relation that a statement touches.
#[derive(Clone, Copy, Debug)]
pub struct Touched {
    pub relid: RelId,
    pub access: Access,
    /// The user with whose rights the relation is used: the owner of a view;
    /// `RoleId::NONE` for whoever runs the statement.
    pub as_user: RoleId,
}

impl Touched {
    /// A relation that whoever runs the statement uses with the user's own rights.
    pub fn directly(relid: RelId, access: Access) -> Touched {
        Touched { relid, access, as_user: RoleId::NONE }
    }
}

/// A statement that the policy is asked about.
#[derive(Debug)]
pub struct Statement {
    pub touched: Vec<Touched>,
    pub kind: Kind,
    /// The text of the statement; None where it has none of its own.
    pub text: Option<Text>,
    /// A digest of the relations in the plan; 0 where there is no plan.
    pub relations: u64,
    /// Whether this is a parallel worker's part of the plan that its leader runs.
    pub of_leader: bool,
    /// Whether names in the text may stand for what only its caller knows: see
    /// `text::has_own_names`.
    pub own_names: bool,
    /// The position of the statement in the active portal, if that has several.
    pub place: Option<PortalPlace>,
}

impl Statement {
    /// A statement without a plan.
    pub fn plain(touched: Vec<Touched>, kind: Kind, text: Option<Text>) -> Statement {
        Statement {
            touched,
            kind,
            text,
            relations: 0,
            of_leader: false,
            own_names: false,
            place: None,
        }
    }
}

/// What is computed from the rows of a table by VACUUM and its kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computing {
    /// One index.
    Index(RelId),
    /// All indexes of the table.
    Indexes,
    /// Statistics, of the table and of what inherits from it.
    Statistics,
}

/// A change of an object that the policy is asked about.
#[derive(Clone, Copy, Debug)]
pub enum ObjectEvent {
    /// A relation is about to be dropped.
    DropRelation(RelId),
    /// A relation was altered; its new row is not visible to plain look-ups yet.
    /// `internal` where that is part of something else, as of VACUUM FULL.
    AlterRelation { relid: RelId, internal: bool },
    /// A relation is new; its row is not visible to plain look-ups yet.
    CreateRelation(RelId),
    /// A column is added or changed.
    AlterColumn(RelId),
    /// A column goes, by its number.
    DropColumn(RelId, i32),
    /// A constraint of a table or a domain is new, or (`!created`) validated or
    /// otherwise altered. Rows of a table are looked at after that.
    Constrain { constraint: u32, created: bool },
    /// The default or the generated expression of a column is new.
    SetDefault(u32),
    /// A statistics object is new.
    CreateStatistics(u32),
    /// Indexes or statistics of a table are about to be computed from its rows.
    Compute { relid: RelId, computing: Computing },
    /// A table is about to be locked.
    Lock { relid: RelId, shared: bool },
    /// A relation is about to be truncated.
    Truncate(RelId),
    /// A trigger is about to be dropped.
    DropTrigger(u32),
    /// A trigger is disabled, renamed or otherwise altered.
    AlterTrigger(u32),
    /// A trigger is new, or replaced.
    CreateTrigger(u32),
    /// `child` is attached to `parent` or detached from it: partitions and inheritance.
    Inherit { child: RelId, parent: RelId },
    /// A schema was altered.
    AlterSchema(u32),
    /// A view is about to be made, or made anew, in a schema.
    DefineView { schema: u32 },
    /// A domain is about to be given a constraint that its values are checked by.
    ConstrainDomain(u32),
    /// ALTER TABLE is about to drop a column, or to give one another type.
    RemakeColumns(RelId),
    /// An index is about to be dropped in several transactions, of which the
    /// first cannot be undone by an error in the last.
    DropIndexConcurrently(RelId),
    /// ALTER TABLE has ended, and its event triggers too.
    AlterEnded,
    /// A function of Citus's is about to be called, which does this to a table. `table` is
    /// None where the table cannot be told.
    CallOnShards { call: Call, table: Option<RelId> },
}

/// Why nothing can be judged. The statement that asks ends with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The extension is there, and `spyne.tables` is not.
    CatalogMissing,
    /// `spyne.tables` has other columns.
    CatalogShape,
    /// A row of `spyne.tables` has a state that is not known, or no relation.
    CatalogRow,
    /// The catalog was changed again each time that it was read.
    CatalogRestless,
    /// There is no memory for the stack of frames.
    NoMemory,
}

/// The functions that the hooks ask. Each returns to let the statement go on, or
/// raises.
#[derive(Clone, Copy)]
pub struct Policy {
    /// Whether anything is checked at all.
    pub enabled: fn() -> bool,
    /// Checks a statement that starts. Where a preview authorises it, the answer is the
    /// token by which it is watched.
    pub statement: fn(&Statement) -> Option<Token>,
    /// Checks COPY of a table before it begins, whoever carries it out. Nothing is watched.
    /// Returns whether the preview of the COPY authorises it.
    pub copies: fn(&Statement) -> bool,
    /// The token of a statement, by its text and the digest of its relations, that has
    /// passed every check before, where nothing has changed since then; None where it
    /// must be checked. It is called without an error boundary, so it must not panic,
    /// nor call what may raise while it has something to drop.
    pub passed: fn(&Text, u64) -> Option<Token>,
    /// Whether this user's statements need a preview, or may have one, as a number that
    /// changes when the answer may.
    pub previews: fn() -> u8,
    /// Called when a utility statement that runs another begins. Returns its token, or
    /// why it has none although there is a preview.
    pub utility: fn(&Text) -> Result<Option<Token>, Denial>,
    /// Called when a watched statement has ended.
    pub finished: fn(Token, RunReport),
    /// Called when a transaction or a subtransaction is undone. It may only forget, and
    /// must not call into Postgres.
    pub undone: fn(),
    /// Checks a statement as `statement` does, but returns the answer and does not
    /// raise.
    pub permits: fn(&Statement) -> bool,
    /// Whether indexes or statistics of a table may be computed now. Warns the caller
    /// where they may not.
    pub may_compute: fn(RelId, Computing) -> bool,
    /// Checks a change of an object by DDL.
    pub object: fn(ObjectEvent),
    /// Called when nothing can be judged. Ends the statement with an error.
    pub failed: fn(Failure) -> !,
}

static POLICY: Local<Option<Policy>> = Local::new(None);

/// Sets the policy, before any hook is.
pub(super) fn set(policy: Policy) {
    POLICY.set(Some(policy));
}

/// The policy.
pub(super) fn policy() -> Policy {
    match POLICY.get() {
        Some(policy) => policy,
        // The policy is set before the hooks are, and never taken away.
        None => std::process::abort(),
    }
}
