//! What the hooks ask, and whom: FFI knows no policy, so it is handed a table of
//! plain functions.

use spyne_core::gate::frames::{Place, Report};
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
    /// As whom it is touched: the owner of a view; none for whoever runs the
    /// statement.
    pub as_user: RoleId,
}

impl Touched {
    /// Touched by whoever runs the statement.
    pub fn directly(relid: RelId, access: Access) -> Touched {
        Touched { relid, access, as_user: RoleId::NONE }
    }
}

/// What the policy is asked about: one statement.
#[derive(Debug)]
pub struct Statement {
    pub touched: Vec<Touched>,
    pub kind: Kind,
    /// Its text; None where there is none of its own.
    pub text: Option<Text>,
    /// A digest of the relations of its plan; 0 where it has none.
    pub relations: u64,
    /// A parallel worker's part of what its leader runs.
    pub of_leader: bool,
    /// As `text::has_own_names`.
    pub own_names: bool,
    /// Which of the statements of the active portal it is, if there are several.
    pub place: Option<Place>,
}

impl Statement {
    /// One without a plan.
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

/// A change of an object that the policy is asked about.
#[derive(Clone, Copy, Debug)]
pub enum ObjectEvent {
    /// A relation is about to be dropped.
    DropRelation(RelId),
    /// A relation was altered; its new row is not visible to plain look-ups yet.
    AlterRelation(RelId),
    /// A column comes, changes or goes.
    AlterColumn(RelId),
    /// A relation is about to be truncated.
    Truncate(RelId),
    /// A trigger is about to be dropped.
    DropTrigger(u32),
    /// A trigger is disabled, renamed or otherwise altered.
    AlterTrigger(u32),
    /// A trigger is new, or replaced.
    CreateTrigger(u32),
    /// `child` joins or leaves `parent`: partitions and inheritance.
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
    /// A function of Citus's is about to be called that does this to a table; None where
    /// the table cannot be told.
    CallOnShards { call: Call, table: Option<RelId> },
}

/// Why nothing can be judged: the statement that asks ends with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The extension is there, and `spyne.tables` is not.
    CatalogMissing,
    /// `spyne.tables` has other columns.
    CatalogShape,
    /// A row of `spyne.tables` says nothing that is known.
    CatalogRow,
    /// The catalog was changed again each time that it was read.
    CatalogRestless,
    /// There is no memory to keep track of what runs inside what.
    NoMemory,
}

/// What the hooks ask. Each function returns to let the statement go on, or
/// raises.
#[derive(Clone, Copy)]
pub struct Policy {
    /// Whether anything is checked at all.
    pub enabled: fn() -> bool,
    /// A statement starts. Where a preview authorises it, the answer is the token
    /// by which it is watched.
    pub statement: fn(&Statement) -> Option<Token>,
    /// COPY of a table is about to begin, whoever carries it out: as `statement`, but
    /// nothing is watched. Whether its preview authorises it.
    pub copies: fn(&Statement) -> bool,
    /// The token of a statement, by its text and the digest of its relations,
    /// that has passed every check before, since when nothing has changed; None
    /// where it must be looked at. Called without an error boundary: it must not
    /// panic, nor call what may raise while it has something to drop.
    pub passed: fn(&Text, u64) -> Option<Token>,
    /// Whether this user's statements need a preview, or may have one. As a
    /// number that changes when the answer may.
    pub previews: fn() -> u8,
    /// A utility statement that runs another begins: its token, or why it has
    /// none although there is a preview.
    pub utility: fn(&Text) -> Result<Option<Token>, Denial>,
    /// A watched statement has ended.
    pub finished: fn(Token, Report),
    /// A transaction or a subtransaction is undone. May only forget: it must
    /// not call into Postgres.
    pub undone: fn(),
    /// As `statement`, but answers instead of raising.
    pub permits: fn(&Statement) -> bool,
    /// An object is changed by DDL.
    pub object: fn(ObjectEvent),
    /// Nothing can be judged. Ends the statement with an error.
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
        // The hooks are set after the policy is, and nobody takes it away.
        None => std::process::abort(),
    }
}
