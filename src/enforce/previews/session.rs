//! The statements that this session may run, as far as it keeps them in mind.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::pg::local::Local;
use crate::pg::runs::{self, Token};
use spyne_core::kernel::error::SpyneError;
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::statement::preview::description::Use;
use spyne_core::statement::preview::staleness::Basis;

/// A statement that may run, as this session knows it.
pub(super) struct Authorised {
    pub preview_id: String,
    pub user: RoleId,
    pub sql: String,
    pub tables: Vec<(RelId, Use)>,
    /// What foreign keys change along with them; nobody else may.
    pub reached: Vec<RelId>,
    pub writes: bool,
    pub include_deprecated: bool,
    pub basis: Basis,
    pub search_path: String,
    /// As `catalogs::reading_settings`.
    pub settings: u64,
    /// As `clock::now`.
    pub expires_at: i64,
    /// The state of the catalogs at which it was found to be still true.
    pub checked_at: u64,
    /// Known to this session alone: nothing could be written.
    pub held: bool,
    /// Why it does not run: a held preview with a stop.
    pub refusal: Option<SpyneError>,
    /// A held write that has run.
    pub used: bool,
    /// A try that is rolled back: no run.
    pub trial: bool,
    /// The state of the catalogs, what `watches` said, and the digest of the
    /// plan's relations, when it last passed every check.
    pub passed_at: Option<(u64, u8, u64)>,
    /// Whether a run leaves rows in joins_used.
    pub joins: bool,
}

/// The most statements that a session keeps in mind; it forgets them all then,
/// and looks up again those that come.
const MOST: usize = 500;

#[derive(Default)]
pub(super) struct Session {
    /// A token is a place here, counted from 1.
    pub all: Vec<Authorised>,
    /// By a digest of user and text; the text itself is compared too.
    by_text: HashMap<u64, usize>,
}

/// A digest of a user and a text: eight bytes at a time, after FNV-1a. It only
/// leads to a place.
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

impl Session {
    /// Where a text of a user is kept in mind.
    pub fn place(&self, user: RoleId, text: &[u8]) -> Option<usize> {
        let place = *self.by_text.get(&digest(user, text))?;
        let a = self.all.get(place)?;
        (a.user == user && a.sql.as_bytes() == text).then_some(place)
    }
}

static SESSION: Local<LazyLock<Session>> = Local::new(LazyLock::new(Session::default));

/// Runs `f` on what the session keeps in mind.
pub(super) fn session<R>(f: impl FnOnce(&mut Session) -> R) -> R {
    SESSION.with(|s| f(LazyLock::force_mut(s)))
}

/// Keeps a statement in mind; `findable` by its text. Its token.
pub(super) fn remember(authorised: Authorised, findable: bool) -> Token {
    session(|s| {
        let idle = !runs::watching() && runs::current() == 0 && runs::pending() == 0;
        if s.all.len() >= MOST && idle {
            let held: Vec<Authorised> =
                std::mem::take(&mut s.all).into_iter().filter(|a| a.held).collect();
            s.by_text.clear();
            for a in held {
                s.all.push(a);
                let last = s.all.last().map(|a| digest(a.user, a.sql.as_bytes()));
                if let Some(key) = last {
                    s.by_text.insert(key, s.all.len() - 1);
                }
            }
        }
        let key = digest(authorised.user, authorised.sql.as_bytes());
        s.all.push(authorised);
        if findable {
            s.by_text.insert(key, s.all.len() - 1);
        }
        s.all.len() as Token
    })
}

/// Forgets the text of a place; a token that is in use stays good.
pub(super) fn forget(s: &mut Session, place: usize) {
    if let Some(a) = s.all.get(place) {
        let key = digest(a.user, a.sql.as_bytes());
        s.by_text.remove(&key);
    }
}

/// Forgets what was read in a transaction that is undone.
pub(super) fn forget_all_but_held() {
    session(|s| {
        let kept: HashMap<_, _> =
            s.by_text.drain().filter(|(_, place)| s.all[*place].held).collect();
        s.by_text = kept;
    });
}
