//! The statements that previews authorise in this session, as far as the session
//! remembers them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::access::Access;
use super::rules::Denial;
use super::situation::{Authority, Seen};
use super::token::{Slots, Token};
use crate::kernel::ids::{RelId, RoleId};
use crate::statement::preview::description::Use;
use crate::statement::preview::staleness::Basis;

/// A statement that a preview authorises, as this session remembers it.
#[derive(Clone, Debug, Default)]
pub struct Authorised {
    pub preview_id: String,
    pub sql: String,
    pub uses: Uses,
    pub writes: bool,
    pub basis: Basis,
    pub search_path: String,
    /// The settings that decide what the text means to Postgres, as one number.
    pub settings: u64,
    /// When the preview expires, in microseconds.
    pub expires_at: i64,
    /// The generation of the cache of catalogs at which the preview was last found to
    /// be true.
    pub checked_at: u64,
    /// Whether this session alone has the preview, because nothing could be written
    /// when it was made.
    pub held: bool,
    /// Why the statement does not run: set where a held preview has a stop.
    pub refusal: Option<Denial>,
    /// Whether the write of a held preview has run.
    pub used: bool,
    /// Whether this is a dry run, which is rolled back and is no run.
    pub trial: bool,
    /// What held when the statement last passed every check.
    pub passed_at: Option<Passed>,
    /// Whether a run is recorded in joins_used, too.
    pub joins: bool,
}

/// Which user a preview authorises, and for which tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Uses {
    pub user: RoleId,
    pub tables: Vec<(RelId, Use)>,
    /// Tables that foreign keys change along with those of the statement. Only the
    /// keys' own statements may use them.
    pub reached: Vec<RelId>,
    pub include_deprecated: bool,
}

/// What holds when a statement passes every check. While the same holds, the statement
/// passes again without a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The generation of the cache of catalogs.
    pub generation: u64,
    /// The settings that the preview rule depends on, as one number.
    pub rule: u8,
    /// A digest of the relations in the plan of the statement.
    pub relations: u64,
}

impl Uses {
    /// Whether the preview covers `seen`: each relation, or an ancestor of it, is among
    /// the tables of the preview. Tables that foreign keys change along count for a
    /// key's own statement alone. A function that acts as its owner is judged as its
    /// owner.
    pub fn covers(
        &self,
        user: RoleId,
        seen: &[Seen],
        of_key: bool,
        ancestors: impl Fn(RelId) -> Vec<RelId>,
    ) -> bool {
        let has = |relation: RelId, wanted: Use| {
            self.tables.iter().any(|(table, use_)| *table == relation && *use_ >= wanted)
                || (of_key && wanted == Use::Write && self.reached.contains(&relation))
        };
        self.user == user
            && seen.iter().filter(|seen| seen.needs_preview()).all(|seen| {
                let wanted = match seen.access {
                    Access::Write => Use::Write,
                    _ => Use::Read,
                };
                has(seen.relation, wanted)
                    || ancestors(seen.relation).into_iter().any(|above| has(above, wanted))
            })
    }

    /// What the preview says about a statement that touches these relations: see
    /// [`Uses::covers`].
    pub fn authority(
        &self,
        token: Token,
        user: RoleId,
        seen: &[Seen],
        of_key: bool,
        ancestors: impl Fn(RelId) -> Vec<RelId>,
    ) -> Authority {
        let covers = self.covers(user, seen, of_key, ancestors);
        Authority { token, covers, include_deprecated: self.include_deprecated }
    }
}

impl Authorised {
    /// Whether the preview authorises its statement when that comes again at `now` (in
    /// microseconds). `fresh` says that nothing has changed since the preview was found
    /// to be true.
    pub fn recalled(&self, now: i64, fresh: bool) -> Recalled {
        let in_time = self.expires_at > now;
        match &self.refusal {
            Some(refusal) if in_time => Recalled::Refused(refusal.clone()),
            _ if !in_time || (self.held && self.writes && self.used) => Recalled::Spent,
            _ if !fresh => Recalled::MayBeStale,
            _ => Recalled::Good,
        }
    }

    /// Whether this session may forget the preview at `now` (in microseconds): it can
    /// be looked up again, or does not authorise any more.
    fn is_forgettable(&self, now: i64) -> bool {
        !self.held || self.recalled(now, true) == Recalled::Spent
    }
}

/// What the session knows of a remembered preview when its statement comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// The preview authorises the statement.
    Good,
    /// The preview must be compared with the catalogs as they are now.
    MayBeStale,
    /// The preview does not authorise any more. There may be a newer one.
    Spent,
    /// The preview does not authorise, for this reason.
    Refused(Denial),
}

/// The number of statements from which on a session forgets those that it has not used
/// for the longest time. A forgotten statement is looked up again when it comes.
pub const MOST: usize = 500;

/// The statements that a session remembers.
pub struct Session {
    slots: Slots<Entry>,
    /// Tokens by a digest of user and text. Whoever looks here compares the text, too.
    by_text: HashMap<u64, Token, BuildHasherDefault<Digested>>,
}

/// A hasher that passes on what is a digest already.
#[derive(Default)]
struct Digested(u64);

impl Hasher for Digested {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

struct Entry {
    authorised: Authorised,
    /// How many transactions the session had undone when the statement was read from
    /// the catalog.
    epoch: u64,
}

/// A digest of a user and a text: eight bytes at a time, after FNV-1a. A collision does
/// no harm, because the text is compared.
fn digest(user: RoleId, text: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ u64::from(user.get());
    let chunks = text.chunks_exact(8);
    for byte in chunks.remainder() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    for chunk in chunks {
        let word = chunk.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        hash = (hash ^ word).wrapping_mul(PRIME).rotate_left(23);
    }
    hash
}

impl Default for Session {
    fn default() -> Self {
        Session::new()
    }
}

impl Session {
    /// A session that remembers nothing.
    pub const fn new() -> Session {
        let by_text = HashMap::with_hasher(BuildHasherDefault::new());
        Session { slots: Slots::new(), by_text }
    }

    /// The token of a text of a user, where the session remembers it. The statement
    /// counts as used now. `epoch` is the number of transactions that the session has
    /// undone: what was read before the last of them is not found.
    pub fn find(&mut self, user: RoleId, text: &[u8], epoch: u64) -> Option<Token> {
        let token = *self.by_text.get(&digest(user, text))?;
        let Entry { authorised: a, epoch: read_in } = self.slots.get_mut(token)?;
        let same = a.uses.user == user && a.sql.as_bytes() == text;
        (same && (a.held || *read_in == epoch)).then_some(token)
    }

    /// The statement of a token; None where the session has forgotten it.
    pub fn get(&self, token: Token) -> Option<&Authorised> {
        self.slots.get(token).map(|entry| &entry.authorised)
    }

    /// The statement of a token, to be changed; None where the session has forgotten
    /// it.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Authorised> {
        self.slots.get_mut(token).map(|entry| &mut entry.authorised)
    }

    /// Remembers a statement, at `now` (in microseconds); `findable` says whether it
    /// can be found by its text. Returns None where a million statements are kept that
    /// may not be forgotten. Where there are many, those that were not used for the
    /// longest time are forgotten, except those of `in_use`: the tokens that frames and
    /// watched statements refer to.
    pub fn remember(
        &mut self,
        authorised: Authorised,
        findable: bool,
        now: i64,
        epoch: u64,
        in_use: &HashSet<Token>,
    ) -> Option<Token> {
        if self.slots.len() >= MOST {
            let forgettable = |token: Token, entry: &Entry| {
                !in_use.contains(&token) && entry.authorised.is_forgettable(now)
            };
            for token in self.slots.oldest(MOST / 2, forgettable) {
                self.forget_text(token);
                self.slots.remove(token);
            }
        }
        let key = digest(authorised.uses.user, authorised.sql.as_bytes());
        let token = self.slots.insert(Entry { authorised, epoch })?;
        if findable {
            self.by_text.insert(key, token);
        }
        Some(token)
    }

    /// Forgets the text of a statement, so that it is looked up again when it comes. A
    /// token that is in use stays good.
    pub fn forget_text(&mut self, token: Token) {
        if let Some(a) = self.get(token) {
            let key = digest(a.uses.user, a.sql.as_bytes());
            if self.by_text.get(&key) == Some(&token) {
                self.by_text.remove(&key);
            }
        }
    }

    /// The statements of held previews.
    pub fn held(&self) -> impl Iterator<Item = &Authorised> {
        self.slots.iter().map(|(_, entry)| &entry.authorised).filter(|a| a.held)
    }

    /// The number of statements that are remembered, of places for them, and of texts
    /// by which they are found.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.slots.len(), self.slots.places(), self.by_text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::rules::{Rule, Words};
    use crate::gate::situation::Guard;
    use crate::kernel::state::State;

    const AMY: RoleId = RoleId::new(10);

    fn select(number: usize) -> Authorised {
        let sql = format!("SELECT {number} FROM t");
        let uses = Uses { user: AMY, ..Uses::default() };
        Authorised { uses, sql, expires_at: 100, ..Authorised::default() }
    }

    fn remembered(session: &mut Session, a: Authorised, in_use: &[Token]) -> Token {
        let in_use = in_use.iter().copied().collect();
        session.remember(a, true, 0, 0, &in_use).unwrap()
    }

    #[test]
    fn a_text_is_found_by_its_user_alone() {
        let mut session = Session::new();
        let token = remembered(&mut session, select(1), &[]);
        assert_eq!(session.find(AMY, b"SELECT 1 FROM t", 0), Some(token));
        assert_eq!(session.find(RoleId::new(11), b"SELECT 1 FROM t", 0), None);
        assert_eq!(session.find(AMY, b"SELECT 1  FROM t", 0), None);
        session.forget_text(token);
        assert_eq!(session.find(AMY, b"SELECT 1 FROM t", 0), None);
        assert!(session.get(token).is_some(), "a token in use stays good");
    }

    #[test]
    fn what_was_read_in_a_transaction_that_is_undone_is_read_again() {
        let mut session = Session::new();
        let token = remembered(&mut session, select(1), &[]);
        let held = Authorised { held: true, ..select(2) };
        let held = remembered(&mut session, held, &[]);
        assert_eq!(session.find(AMY, b"SELECT 1 FROM t", 1), None);
        assert_eq!(session.find(AMY, b"SELECT 2 FROM t", 1), Some(held));
        assert!(session.get(token).is_some());
    }

    #[test]
    fn a_session_with_an_open_cursor_forgets_the_statements_that_have_ended() {
        let mut session = Session::new();
        let cursor = remembered(&mut session, select(0), &[]);
        for number in 1..=5000 {
            let token = remembered(&mut session, select(number), &[cursor]);
            assert!(session.get(token).is_some());
            let (kept, places, texts) = session.size();
            assert!(kept <= MOST && places <= MOST && texts <= MOST, "{kept} {places} {texts}");
        }
        assert!(session.get(cursor).is_some(), "the cursor is still open");
        assert_eq!(session.find(AMY, b"SELECT 0 FROM t", 0), Some(cursor));
        assert_eq!(session.find(AMY, b"SELECT 1 FROM t", 0), None);
        assert!(session.find(AMY, b"SELECT 5000 FROM t", 0).is_some());
    }

    #[test]
    fn statements_that_no_text_finds_are_forgotten_too() {
        let mut session = Session::new();
        for number in 0..5000 {
            let write = Authorised { writes: true, ..select(number) };
            session.remember(write, false, 0, 0, &HashSet::new()).unwrap();
        }
        assert!(session.size().0 <= MOST);
        assert_eq!(session.size().2, 0);
    }

    #[test]
    fn what_is_used_again_and_again_is_not_forgotten() {
        let mut session = Session::new();
        let token = remembered(&mut session, select(0), &[]);
        for number in 1..=2000 {
            remembered(&mut session, select(number), &[]);
            assert_eq!(session.find(AMY, b"SELECT 0 FROM t", 0), Some(token));
        }
    }

    #[test]
    fn held_previews_are_kept_until_they_authorise_nothing() {
        let mut session = Session::new();
        for number in 0..2000 {
            remembered(&mut session, Authorised { held: true, ..select(number) }, &[]);
        }
        assert_eq!(session.held().count(), 2000, "they are kept nowhere else");
        let later = |session: &mut Session, number| {
            session.remember(select(number), true, 200, 0, &HashSet::new()).unwrap();
        };
        (0..2000).for_each(|number| later(&mut session, 2000 + number));
        assert!(session.size().0 <= MOST);
    }

    #[test]
    fn a_statement_that_comes_again_is_recalled() {
        let refusal = Denial::new(Rule::PreviewStop, Words::default());
        let stopped = Authorised { held: true, refusal: Some(refusal.clone()), ..select(0) };
        let written = Authorised { held: true, writes: true, used: true, ..select(0) };
        let read = Authorised { held: true, used: true, ..select(0) };
        for (what, a, now, fresh, expected) in [
            ("nothing has changed", &select(0), 99, true, Recalled::Good),
            ("something has changed", &select(0), 99, false, Recalled::MayBeStale),
            ("its time is over", &select(0), 100, true, Recalled::Spent),
            ("it has a stop", &stopped, 99, true, Recalled::Refused(refusal)),
            ("it had a stop", &stopped, 100, true, Recalled::Spent),
            ("a write that has run", &written, 99, true, Recalled::Spent),
            ("a read that has run", &read, 99, true, Recalled::Good),
        ] {
            assert_eq!(a.recalled(now, fresh), expected, "{what}");
        }
    }

    #[test]
    fn a_statement_covers_its_tables_as_it_uses_them() {
        let table = RelId::new;
        let seen = |relation, access| Seen {
            relation: table(relation),
            access,
            guard: Guard(State::Active.bit()),
            by_governed_view: false,
        };
        let uses = Uses {
            user: AMY,
            tables: vec![(table(1), Use::Read), (table(2), Use::Write)],
            reached: vec![table(3)],
            include_deprecated: false,
        };
        let above = |relation| if relation == table(9) { vec![table(2)] } else { Vec::new() };
        for (what, user, one, of_key, expected) in [
            ("a read of what it reads", AMY, seen(1, Access::Read), false, true),
            ("a lock counts as a read", AMY, seen(1, Access::Lock), false, true),
            ("a write of what it reads", AMY, seen(1, Access::Write), false, false),
            ("a read of what it writes", AMY, seen(2, Access::Read), false, true),
            ("a partition of what it writes", AMY, seen(9, Access::Write), false, true),
            ("another table", AMY, seen(4, Access::Read), false, false),
            ("another user", RoleId::new(11), seen(1, Access::Read), false, false),
            ("what keys reach, by a key", AMY, seen(3, Access::Write), true, true),
            ("what keys reach, by a function", AMY, seen(3, Access::Write), false, false),
            ("a read of what keys reach", AMY, seen(3, Access::Read), true, false),
            ("a key's check needs none", AMY, seen(4, Access::KeyCheck), false, true),
        ] {
            assert_eq!(uses.covers(user, &[one], of_key, above), expected, "{what}");
        }
    }
}
