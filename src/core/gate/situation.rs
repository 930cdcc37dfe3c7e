//! All that the verdict on a statement hangs on, as one value.

use super::access::Access;
use super::rules::Rule;
use super::token::Token;
use crate::kernel::ids::RelId;
use crate::kernel::role::Role;
use crate::kernel::state::StateSet;

/// What binds a relation, in one byte: the states of the nearest governed
/// tables above it (itself first), or that it belongs to spyne's own catalog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard(pub u8);

impl Guard {
    /// Nothing binds it.
    pub const NONE: Guard = Guard(0);
    /// A table of the schema `spyne`.
    pub const CATALOG: Guard = Guard(1 << 4);

    /// The states that bind it.
    pub const fn states(self) -> StateSet {
        StateSet(self.0 & 0b1111)
    }

    /// Whether nothing binds it.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether a governed table binds it.
    pub const fn is_governed(self) -> bool {
        !self.states().is_empty()
    }
}

/// What is done with a statement, or with a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It runs.
    Run,
    /// FETCH from a cursor that was opened before.
    Fetch,
    /// EXPLAIN without ANALYZE: nothing is going to run.
    Explain,
    /// A preview: nothing runs, and what could not run is refused.
    Preview,
    /// ALTER TABLE or CREATE INDEX, which may run expressions over the rows.
    Definition,
    /// COPY of a table as a whole, which is what pg_dump does; and TRUNCATE.
    Copy,
    /// A foreign key is being added: whether both tables may be read by it.
    NewKey,
    /// One access by itself: what a guard trigger asks, or a partition that comes
    /// or goes.
    Access,
}

impl Kind {
    /// Whether nothing runs.
    pub const fn only_looks(self) -> bool {
        matches!(self, Kind::Explain | Kind::Preview)
    }

    /// Whether the preview rule is about it.
    pub const fn has_preview(self) -> bool {
        matches!(self, Kind::Run | Kind::Copy)
    }

    /// Whether it reads DEPRECATED tables without having asked for it: a definition
    /// returns no rows, and a superuser's pg_dump takes everything.
    pub const fn includes_deprecated(self, superuser: bool) -> bool {
        matches!(self, Kind::Definition) || self.asks_for_superuser() && superuser
    }

    /// Whether it matters that a superuser does it.
    pub const fn asks_for_superuser(self) -> bool {
        matches!(self, Kind::Copy | Kind::NewKey)
    }
}

/// A relation that a statement touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub relation: RelId,
    pub access: Access,
    pub guard: Guard,
    /// Whether it is touched as the owner of the governed views.
    pub by_governed_view: bool,
}

impl Seen {
    /// Whether the preview rule is about it: governed, and not only read through
    /// a governed view.
    pub fn needs_preview(&self) -> bool {
        self.access != Access::KeyCheck
            && self.guard.is_governed()
            && (self.access == Access::Write || !self.by_governed_view)
    }
}

/// Who must look at a statement before running it: `spyne.require_preview`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Require {
    Nobody,
    /// Everyone below spyne_admin.
    Users,
    All,
}

impl Require {
    /// Whether the preview rule binds whoever has this role.
    pub fn binds(self, role: Role) -> bool {
        match self {
            Require::Nobody => false,
            Require::Users => role < Role::Admin,
            Require::All => true,
        }
    }
}

/// A statement that a preview has authorised, held against the tables of another
/// that is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority {
    pub token: Token,
    /// Whether it is the same user's, and uses all those tables that way.
    pub covers: bool,
    /// Whether its preview may use DEPRECATED tables.
    pub include_deprecated: bool,
}

/// What looking for a preview has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    NotAsked,
    /// There is no preview.
    Nothing,
    Found(Authority),
    /// There is one, and by this rule it does not authorise.
    Refused(Rule),
}

/// Where in a parallel query something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    /// Not in a parallel worker.
    No,
    /// A worker's part of the plan that the leader runs.
    OfLeader,
    /// In a worker, by a function.
    Function,
}

/// Everything that a verdict hangs on.
#[derive(Clone, Debug)]
pub struct Situation {
    pub kind: Kind,
    pub seen: Vec<Seen>,
    /// The spyne role of whoever acts.
    pub role: Role,
    /// Only told where [`Kind::asks_for_superuser`].
    pub superuser: bool,
    /// The setting `spyne.include_deprecated`.
    pub include_deprecated: bool,
    /// Whether the system mode is INGESTION_READY.
    pub ingestion_open: bool,
    /// The setting `spyne.require_preview`.
    pub require: Require,
    /// Whether spyne itself is at work.
    pub at_work: bool,
    /// Whether CREATE or ALTER EXTENSION runs the script of spyne.
    pub installing: bool,
    /// Whether it is the statement by which spyne reads a user's table.
    pub reads_for_spyne: bool,
    /// Whether what is looked at may use DEPRECATED tables.
    pub looks_at_deprecated: bool,
    pub worker: Worker,
    /// Whether this session has made previews: then its statements are looked up
    /// also for those who need none, to record their runs.
    pub has_previews: bool,
    /// The previewed statement inside which it runs.
    pub running: Option<Authority>,
    /// The previewed utility statement that is about to start it.
    pub pending: Option<Authority>,
    /// Whether it is a foreign key's own check or action.
    pub of_key: bool,
    /// Whether the change that fires its AFTER triggers has a text to look up.
    pub change_has_text: bool,
    /// Whether its own text says what it does: one without the variables of a
    /// function in it.
    pub has_text: bool,
    /// The statement that a rule has made this one of, in the same portal, by the
    /// same text.
    pub follows: Option<Authority>,
    /// Whether the client has sent the text that is to be previewed.
    pub from_client: bool,
    /// The rule by which the preview of the utility statement around does not
    /// authorise.
    pub doubt: Option<Rule>,
    /// What looking for its preview has come to.
    pub found: Lookup,
}

impl Situation {
    /// One in which nothing is going on, of whoever has this role.
    pub const fn plain(kind: Kind, seen: Vec<Seen>, role: Role) -> Situation {
        Situation {
            kind,
            seen,
            role,
            superuser: false,
            include_deprecated: false,
            ingestion_open: false,
            require: Require::Users,
            at_work: false,
            installing: false,
            reads_for_spyne: false,
            looks_at_deprecated: false,
            worker: Worker::No,
            has_previews: false,
            running: None,
            pending: None,
            of_key: false,
            change_has_text: false,
            has_text: true,
            follows: None,
            from_client: true,
            doubt: None,
            found: Lookup::NotAsked,
        }
    }

    /// Whether the preview rule binds whoever acts.
    pub fn is_bound(&self) -> bool {
        self.require.binds(self.role)
    }

    /// Whether anybody looks for a preview: whoever must have one, and whoever
    /// has made some.
    pub fn is_looked_up(&self) -> bool {
        self.is_bound() || self.has_previews
    }
}
