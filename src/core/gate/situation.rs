//! All that the verdict on a statement depends on, as one value.

use super::access::Access;
use super::rules::Rule;
use super::token::Token;
use crate::kernel::ids::RelId;
use crate::kernel::role::Role;
use crate::kernel::state::StateSet;

/// What binds a relation, in one byte: the states of the nearest governed tables at or
/// above it, or that the relation belongs to spyne's own catalog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard(pub u8);

impl Guard {
    /// Nothing binds the relation.
    pub const NONE: Guard = Guard(0);
    /// A table of the schema `spyne`.
    pub const CATALOG: Guard = Guard(1 << 4);

    /// The states that bind the relation.
    pub const fn states(self) -> StateSet {
        StateSet(self.0 & 0b1111)
    }

    /// Whether nothing binds the relation.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether a governed table binds the relation.
    pub const fn is_governed(self) -> bool {
        !self.states().is_empty()
    }
}

/// What is done with a statement, or with a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The statement runs.
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
    /// A foreign key is being added, and Postgres asks whether it may read both tables.
    NewKey,
    /// One access to one relation, checked by itself: for a guard trigger, or for a
    /// partition that is attached or detached.
    Access,
}

impl Kind {
    /// Whether the statement is only looked at, and not run.
    pub const fn only_looks(self) -> bool {
        matches!(self, Kind::Explain | Kind::Preview)
    }

    /// Whether the preview rule applies to statements of this kind.
    pub const fn has_preview(self) -> bool {
        matches!(self, Kind::Run | Kind::Copy)
    }

    /// Whether statements of this kind may read DEPRECATED tables without having asked
    /// for it: a definition returns no rows, and a superuser's pg_dump takes all
    /// tables.
    pub const fn includes_deprecated(self, superuser: bool) -> bool {
        matches!(self, Kind::Definition) || self.asks_for_superuser() && superuser
    }

    /// Whether it matters for this kind that the user is a superuser.
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
    /// Whether the relation is used with the rights of the owner of the governed views,
    /// which means by way of such a view.
    pub by_governed_view: bool,
}

impl Seen {
    /// Whether the preview rule applies to the relation: it is governed, and not only
    /// read by way of a governed view.
    pub fn needs_preview(&self) -> bool {
        self.access != Access::KeyCheck
            && self.guard.is_governed()
            && (self.access == Access::Write || !self.by_governed_view)
    }
}

/// Who must preview a statement before running it: `spyne.require_preview`.
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

/// What a preview that authorises one statement means for another one, which is being
/// judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority {
    pub token: Token,
    /// Whether the preview is one of the same user's, and covers each table with that
    /// use of it.
    pub covers: bool,
    /// Whether the preview may use DEPRECATED tables.
    pub include_deprecated: bool,
}

/// What came of looking for a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    NotAsked,
    /// There is no preview.
    Nothing,
    Found(Authority),
    /// There is a preview, and by this rule it does not authorise the statement.
    Refused(Rule),
}

/// Where in a parallel query a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    /// Not in a parallel worker.
    No,
    /// In a worker, as its part of the plan that the leader runs.
    OfLeader,
    /// In a worker, called by a function.
    Function,
}

/// Everything that a verdict depends on.
#[derive(Clone, Debug)]
pub struct Situation {
    pub kind: Kind,
    pub seen: Vec<Seen>,
    /// The spyne role of the user.
    pub role: Role,
    /// Whether the user is a superuser; only filled in where
    /// [`Kind::asks_for_superuser`].
    pub superuser: bool,
    /// The setting `spyne.include_deprecated`.
    pub include_deprecated: bool,
    /// Whether the system mode is INGESTION_READY.
    pub ingestion_open: bool,
    /// The setting `spyne.require_preview`.
    pub require: Require,
    /// Whether spyne's own elevated work is running.
    pub at_work: bool,
    /// Whether CREATE or ALTER EXTENSION runs the script of spyne.
    pub installing: bool,
    /// Whether the statement is the one by which spyne reads a user's table.
    pub reads_for_spyne: bool,
    /// Whether a statement that is being previewed may use DEPRECATED tables.
    pub looks_at_deprecated: bool,
    pub worker: Worker,
    /// Whether this session has made previews. Its statements are then looked up also
    /// for a user who needs no preview, so that their runs are recorded.
    pub has_previews: bool,
    /// The previewed statement inside which this one runs.
    pub running: Option<Authority>,
    /// The previewed utility statement that is about to start this one.
    pub pending: Option<Authority>,
    /// Whether the statement is a foreign key's own check or action.
    pub of_key: bool,
    /// Whether the change that fires its AFTER triggers has a text to look up.
    pub change_has_text: bool,
    /// Whether the text of the statement alone says what it does. It does not where the
    /// text has variables of a function in it.
    pub has_text: bool,
    /// The statement that this one follows in its portal: a rule has made both of one
    /// text.
    pub follows: Option<Authority>,
    /// Whether the client has sent the text that would have to be previewed.
    pub from_client: bool,
    /// The rule by which the preview of the utility statement around this one does not
    /// authorise it.
    pub doubt: Option<Rule>,
    /// What came of looking for the preview of this statement.
    pub found: Lookup,
}

impl Situation {
    /// The situation of a user with `role`, outside of all other statements.
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

    /// Whether the preview rule binds the user.
    pub fn is_bound(&self) -> bool {
        self.require.binds(self.role)
    }

    /// Whether a preview is looked for: the user needs one, or this session has made
    /// some.
    pub fn is_looked_up(&self) -> bool {
        self.is_bound() || self.has_previews
    }
}
