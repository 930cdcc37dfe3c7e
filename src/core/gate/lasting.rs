//! What a back end remembers of statements that are open: those that are watched from
//! their start to their end, the one that was authorised last, and the tables that the
//! running command has taken something from.
//!
//! It cannot be frames of the stack ([`super::frames`]): a cursor keeps its statement
//! open, and statements end in any order. It is dropped by the same rule as frames:
//! with the subtransaction in which it began.

use super::frames::Doing;
use super::token::Token;
use crate::kernel::ids::RelId;

/// The position of a statement in its portal. A rule can make several statements of one
/// that the client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortalPlace {
    pub portal: usize,
    pub list: usize,
    pub index: usize,
}

impl PortalPlace {
    /// Whether `self` comes after `earlier` in the same run of the same portal.
    pub fn follows(self, earlier: PortalPlace) -> bool {
        (self.portal, self.list) == (earlier.portal, earlier.list) && self.index > earlier.index
    }
}

/// What a statement that was watched has done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunReport {
    /// Rows returned, or changed.
    pub rows: u64,
    /// From start to end, in milliseconds.
    pub milliseconds: f64,
    /// Whether the statement ran to its end: that of a cursor need not.
    pub complete: bool,
    /// Rows read of each table.
    pub scanned: Vec<(RelId, f64)>,
}

/// A statement that has started and not ended yet.
#[derive(Debug)]
struct Watched {
    /// The address of the QueryDesc of the statement.
    query: usize,
    /// The token of the preview that authorises the statement. None for a foreign key's
    /// own statement, which is watched for what is nested in it.
    token: Option<Token>,
    subtransaction: u32,
    /// When the statement started, in microseconds.
    since: i64,
    report: RunReport,
}

/// The statements that are open, and what else ends with a subtransaction and not
/// with a frame.
#[derive(Debug, Default)]
pub struct Lasting {
    watched: Vec<Watched>,
    /// The position of the statement of a portal that was authorised last, its token,
    /// and the subtransaction in which it was authorised.
    last: Option<(PortalPlace, Token, u32)>,
    /// Tables that the running command has taken something from, each with the
    /// subtransaction in which it did.
    losses: Vec<(RelId, u32)>,
}

impl Lasting {
    /// No open statement, and nothing else.
    pub const fn new() -> Lasting {
        Lasting { watched: Vec::new(), last: None, losses: Vec::new() }
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.watched.is_empty() && self.last.is_none() && self.losses.is_empty()
    }

    /// Whether any statement is watched.
    pub fn is_watching(&self) -> bool {
        !self.watched.is_empty()
    }

    /// Watches a statement that starts at `since` (in microseconds): one that was
    /// authorised, by its token, or a foreign key's own, without one. Returns false
    /// where there is no memory for it.
    pub fn watch(
        &mut self,
        query: usize,
        token: Option<Token>,
        subtransaction: u32,
        since: i64,
    ) -> bool {
        if self.watched.try_reserve(1).is_err() {
            return false;
        }
        let report = RunReport::default();
        self.watched.push(Watched { query, token, subtransaction, since, report });
        true
    }

    fn find(&mut self, query: usize) -> Option<&mut Watched> {
        self.watched.iter_mut().find(|watched| watched.query == query)
    }

    /// The frame under which a watched statement executes; None for one that is not
    /// watched.
    pub fn doing<T, N>(&mut self, query: usize) -> Option<Doing<T, N>> {
        self.find(query).map(|watched| match watched.token {
            Some(token) => Doing::Running(token),
            None => Doing::KeyStatement,
        })
    }

    /// Adds `rows` to the rows that a watched statement has processed. `complete` says
    /// that the executor was asked for all rows.
    pub fn count(&mut self, query: usize, rows: u64, complete: bool) {
        if let Some(watched) = self.find(query) {
            watched.report.rows += rows;
            watched.report.complete |= complete;
        }
    }

    /// Whether a statement is watched for its report.
    pub fn is_reported(&mut self, query: usize) -> bool {
        self.find(query).is_some_and(|watched| watched.token.is_some())
    }

    /// Completes the report of a watched statement that ends at `now` (in microseconds)
    /// and has read `scanned`.
    pub fn ends(&mut self, query: usize, now: i64, scanned: Vec<(RelId, f64)>) {
        if let Some(watched) = self.find(query) {
            watched.report.milliseconds = (now - watched.since).max(0) as f64 / 1000.0;
            watched.report.scanned = scanned;
        }
    }

    /// Stops watching a statement. Returns its token and its report, where it has them.
    pub fn take(&mut self, query: usize) -> Option<(Token, RunReport)> {
        let at = self.watched.iter().position(|watched| watched.query == query)?;
        let watched = self.watched.swap_remove(at);
        watched.token.map(|token| (token, watched.report))
    }

    /// Forgets the statement at an address where another one starts: the earlier one
    /// has ended in an error.
    pub fn forget(&mut self, query: usize) {
        self.watched.retain(|watched| watched.query != query);
    }

    /// Notes that a statement of a portal was authorised.
    pub fn authorised(&mut self, place: Option<PortalPlace>, token: Token, subtransaction: u32) {
        self.last = place.map(|place| (place, token, subtransaction));
    }

    /// The token of the statement that this one follows in its portal.
    pub fn followed_by(&self, place: PortalPlace) -> Option<Token> {
        self.last.filter(|(last, _, _)| place.follows(*last)).map(|(_, token, _)| token)
    }

    /// Notes that the running command has taken something from a table.
    pub fn lost(&mut self, table: RelId, subtransaction: u32) {
        self.losses.push((table, subtransaction));
    }

    /// Whether the running command has taken something from any table.
    pub fn has_losses(&self) -> bool {
        !self.losses.is_empty()
    }

    /// Takes the tables that the running command has taken something from.
    pub fn take_losses(&mut self) -> Vec<RelId> {
        std::mem::take(&mut self.losses).into_iter().map(|(table, _)| table).collect()
    }

    /// Forgets all that began in a subtransaction that is undone.
    pub fn aborted(&mut self, subtransaction: u32) {
        self.watched.retain(|watched| watched.subtransaction < subtransaction);
        self.losses.retain(|(_, since)| *since < subtransaction);
        self.last = self.last.filter(|(_, _, since)| *since < subtransaction);
    }

    /// Forgets everything, when a transaction ends.
    pub fn clear(&mut self) {
        *self = Lasting::new();
    }

    /// The tokens that are referred to here.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        let watched = self.watched.iter().filter_map(|watched| watched.token);
        watched.chain(self.last.map(|(_, token, _)| token))
    }
}
