//! Which relations are governed, as far as this back end knows.
//!
//! The cache is filled from `spyne.tables` on demand, with the newest catalog snapshot
//! (not the transaction's), and dropped by relation-cache invalidation: whoever changes
//! a row of governance invalidates the catalog table, and every back end notices at its
//! next statement. While nothing changes, a look-up is one hash probe.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use pgrx::pg_sys;

use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::state::StateSet;

use super::local::Static;
use super::oids::rel_id;
use super::policy::{Failure, policy};
use super::{catalogs, own_catalog, releases};

pub use spyne_core::gate::situation::Guard;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Nothing is known: the catalog must be read before the next decision.
    Unknown,
    /// The extension is not installed in this database.
    Absent,
    Live,
}

/// Multiplies by a large odd number: OIDs are dense small integers, and this
/// spreads them well enough for a table of them (Fibonacci hashing).
#[derive(Default)]
pub struct OidHasher(u64);

impl Hasher for OidHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }
    fn write_u32(&mut self, oid: u32) {
        self.0 = (self.0 ^ u64::from(oid)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

type OidMap<T> = HashMap<RelId, T, BuildHasherDefault<OidHasher>>;

/// Places in `Cache::recent`; a power of two.
const RECENT: usize = 128;

/// What the fast path reads is in cells, which need no borrow, and which the callbacks
/// may change at any time. The rest is borrowed for a moment, without a call into
/// Postgres. If a callback meets a borrow all the same, it forgets everything that it
/// can reach, and the next statement reads the catalog again.
struct Cache {
    status: Cell<Status>,
    /// The OIDs of `spyne.tables` and of the schema `spyne`.
    catalog: Cell<RelId>,
    schema: Cell<u32>,
    ingestion_open: Cell<bool>,
    /// Some of `Answers::known`, each at the place that the low bits of its OID give,
    /// so that a statement that comes again finds them quickly.
    recent: [Cell<(RelId, Guard)>; RECENT],
    /// Goes up with each invalidation of anything. An answer that was being worked out
    /// meanwhile is not kept.
    generation: Cell<u64>,
    /// Goes up when the governed tables themselves must be read again.
    epoch: Cell<u64>,
    /// The user for whom `readable` holds.
    caller: Cell<RoleId>,
    /// The states that the user may read without a check of the statement.
    readable: Cell<u8>,
    /// What `Policy::previews` was when `readable` was set.
    previews: Cell<u8>,
    /// Whether more relations were invalidated than `Answers::touched` holds, or all of
    /// them at once.
    touched_more: Cell<bool>,
    answers: RefCell<Answers>,
}

struct Answers {
    governed: OidMap<StateSet>,
    /// The answer for every relation that was asked about.
    known: OidMap<Guard>,
    /// The relations that were invalidated since the last DDL command, this
    /// session's own among them.
    touched: Vec<RelId>,
}

/// The most relations in `touched`. One DDL command touches fewer, unless it touches
/// very many.
const MOST_TOUCHED: usize = 64;

static CACHE: Static<Cache> = Static::new(Cache {
    status: Cell::new(Status::Unknown),
    catalog: Cell::new(RelId::NONE),
    schema: Cell::new(0),
    ingestion_open: Cell::new(false),
    recent: [const { Cell::new((RelId::NONE, Guard::NONE)) }; RECENT],
    generation: Cell::new(0),
    epoch: Cell::new(0),
    caller: Cell::new(RoleId::NONE),
    readable: Cell::new(0),
    previews: Cell::new(0),
    touched_more: Cell::new(true),
    answers: RefCell::new(Answers {
        governed: HashMap::with_hasher(BuildHasherDefault::new()),
        known: HashMap::with_hasher(BuildHasherDefault::new()),
        touched: Vec::new(),
    }),
});

/// What the fast path can say about a relation.
#[derive(PartialEq, Eq)]
pub enum Quick {
    /// Nothing binds the relation.
    Free,
    /// A governed table binds the relation, and this user may read it, while
    /// `Policy::previews` is this number.
    Readable(u8),
    /// The statement must be checked.
    Unknown,
}

/// Whether anything can be governed here: None while it is not known.
#[inline(always)]
pub fn installed_quick() -> Option<bool> {
    match CACHE.status.get() {
        Status::Unknown => None,
        Status::Absent => Some(false),
        Status::Live => Some(true),
    }
}

/// The answer of the fast path for one relation. Makes no calls.
#[inline(always)]
pub fn quick(relid: RelId, user: RoleId) -> Quick {
    match CACHE.recent[relid.get() as usize % RECENT].get() {
        (held, guard) if held == relid && guard.is_none() => Quick::Free,
        (held, guard)
            if held == relid
                && CACHE.caller.get() == user
                && guard.0 & !CACHE.readable.get() == 0 =>
        {
            Quick::Readable(CACHE.previews.get())
        }
        _ => Quick::Unknown,
    }
}

/// Remembers which states `user` may read without a check, until roles change.
pub fn set_readable(user: RoleId, readable: StateSet, previews: u8) {
    CACHE.caller.set(user);
    CACHE.previews.set(previews);
    CACHE.readable.set(readable.0 | Guard::CATALOG.0);
}

/// Forgets which states the user may read, so that the next statement is checked.
pub fn forget_caller() {
    CACHE.caller.set(RoleId::NONE);
}

/// Whether the extension is installed in this database.
pub fn installed() -> bool {
    ensure_loaded();
    CACHE.status.get() == Status::Live
}

/// Whether the system mode is INGESTION_READY.
pub fn ingestion_open() -> bool {
    ensure_loaded();
    CACHE.ingestion_open.get()
}

/// Reads or changes the answers. `f` must not call into Postgres. If the answers are in
/// use all the same, the statement ends with an error, because it cannot be judged.
fn answers<R>(f: impl FnOnce(&mut Answers) -> R) -> R {
    match CACHE.answers.try_borrow_mut() {
        Ok(mut answers) => f(&mut answers),
        Err(_) => (policy().failed)(Failure::CatalogRestless),
    }
}

/// Whether `relid` has a row of its own in `spyne.tables`.
pub fn governed_itself(relid: RelId) -> bool {
    ensure_loaded();
    answers(|a| a.governed.contains_key(&relid))
}

/// The relations that have a row of their own.
pub fn governed_relations() -> Vec<RelId> {
    ensure_loaded();
    answers(|a| a.governed.keys().copied().collect())
}

/// Whether a relation was touched that a governed table binds, or whose row type some
/// column has, since this function was called last: by the command that ends, or by
/// others as far as this session has been told. Costs one look-up for each relation.
pub fn touched_bound() -> bool {
    let live = CACHE.status.get() == Status::Live;
    let touched = answers(|a| std::mem::take(&mut a.touched));
    let more = CACHE.touched_more.replace(false);
    let matters = |relid: RelId| !guard_of(relid).is_none() || catalogs::row_type_is_used(relid);
    let bound = !live || more || touched.into_iter().any(matters);
    // Relations that this very look-up has touched do not count.
    answers(|a| a.touched.clear());
    bound
}

/// What binds `relid`.
pub fn guard_of(relid: RelId) -> Guard {
    if relid.get() < pg_sys::FirstNormalObjectId {
        return Guard::NONE;
    }
    ensure_loaded();
    let known = match CACHE.status.get() {
        Status::Live => answers(|a| a.known.get(&relid).copied()),
        _ => Some(Guard::NONE),
    };
    let recent = &CACHE.recent[relid.get() as usize % RECENT];
    if let Some(guard) = known {
        recent.set((relid, guard));
        return guard;
    }
    let generation = CACHE.generation.get();
    let (guard, visited) = resolve(relid);
    if CACHE.generation.get() == generation {
        recent.set((relid, guard));
        answers(|a| {
            a.known.insert(relid, guard);
            // Ancestors are kept too, so that a change of one is noticed.
            for (ancestor, its_guard) in visited {
                a.known.entry(ancestor).or_insert(its_guard);
            }
        });
    }
    guard
}

/// Walks up pg_inherits to the nearest governed tables.
fn resolve(relid: RelId) -> (Guard, Vec<(RelId, Guard)>) {
    let own = |relid: RelId| answers(|a| a.governed.get(&relid).copied());
    if let Some(states) = own(relid) {
        return (Guard(states.0), Vec::new());
    }
    if catalogs::namespace_of(relid) == CACHE.schema.get() {
        return (Guard::CATALOG, Vec::new());
    }
    // Each line of ancestors is followed up to its first governed table.
    let mut found = StateSet::EMPTY;
    let mut visited: Vec<RelId> = Vec::new();
    let mut frontier = vec![relid];
    while let Some(child) = frontier.pop() {
        for parent in catalogs::parents_of(child) {
            match own(parent) {
                Some(states) => found = found.with(states),
                None if !visited.contains(&parent) => {
                    visited.push(parent);
                    frontier.push(parent);
                }
                None => {}
            }
        }
    }
    // Where no ancestor is governed, none of those that were visited has a governed
    // ancestor either.
    let visited = match found.is_empty() {
        true => visited.into_iter().map(|v| (v, Guard::NONE)).collect(),
        false => Vec::new(),
    };
    (Guard(found.0), visited)
}

/// The nearest governed table that binds `relid`: itself, or an ancestor.
pub fn governing(relid: RelId) -> Option<RelId> {
    ensure_loaded();
    let own = |relid: RelId| answers(|a| a.governed.contains_key(&relid));
    let mut seen = vec![relid];
    let mut at = 0;
    while at < seen.len() {
        if own(seen[at]) {
            return Some(seen[at]);
        }
        for parent in catalogs::parents_of(seen[at]) {
            if !seen.contains(&parent) {
                seen.push(parent);
            }
        }
        at += 1;
    }
    None
}

/// Fills the cache where it is empty. Fails closed: where the catalog cannot be
/// read, the statement that asked ends with an error.
fn ensure_loaded() {
    // An invalidation that comes in while the rows are read makes them stale, so they
    // are read again.
    for _ in 0..100 {
        if CACHE.status.get() != Status::Unknown {
            return;
        }
        let epoch = CACHE.epoch.get();
        let snapshot = own_catalog::governed_tables();
        if CACHE.epoch.get() == epoch {
            CACHE.fill(snapshot);
            if CACHE.status.get() == Status::Live {
                releases::tell();
            }
        }
    }
    (policy().failed)(Failure::CatalogRestless)
}

impl Cache {
    fn fill(&self, snapshot: Option<own_catalog::GovernedTables>) {
        self.forget_recent();
        let Ok(mut answers) = self.answers.try_borrow_mut() else {
            return;
        };
        answers.known.clear();
        answers.governed.clear();
        match snapshot {
            None => {
                self.status.set(Status::Absent);
                self.catalog.set(RelId::NONE);
                self.schema.set(0);
            }
            Some(rows) => {
                self.status.set(Status::Live);
                self.catalog.set(rows.catalog);
                self.schema.set(rows.schema);
                self.ingestion_open.set(rows.ingestion_open);
                answers.governed.extend(rows.tables);
            }
        }
    }

    fn forget_recent(&self) {
        self.recent.iter().for_each(|place| place.set((RelId::NONE, Guard::NONE)));
    }

    /// Forgets the answers, because the governed tables must be read again.
    fn expire(&self) {
        // The fast path looks at answers only, so they are dropped at once.
        self.forget_recent();
        self.status.set(Status::Unknown);
        self.touched_more.set(true);
        self.epoch.set(self.epoch.get() + 1);
        self.moves_on();
    }

    /// Keeps what is being worked out at this moment from being kept.
    fn moves_on(&self) {
        self.generation.set(self.generation.get() + 1);
    }
}

/// Tells every back end, this one included, that governance has changed: they
/// notice when the transaction commits, this one at once.
pub fn invalidate_everywhere() {
    ensure_loaded();
    CACHE.expire();
    let catalog = CACHE.catalog.get();
    if catalog != RelId::NONE {
        own_catalog::invalidate_relation(catalog);
    }
}

/// The callback for relations. It runs during any catalog access, so it only marks,
/// calls nothing that can raise, and needs no guard. The same holds for the three
/// below.
unsafe extern "C-unwind" fn on_relation(_arg: pg_sys::Datum, relid: pg_sys::Oid) {
    let relid = rel_id(relid);
    let Ok(mut answers) = CACHE.answers.try_borrow_mut() else {
        return CACHE.expire();
    };
    if answers.touched.len() >= MOST_TOUCHED {
        CACHE.touched_more.set(true);
    } else if !answers.touched.contains(&relid) {
        answers.touched.push(relid);
    }
    if relid == RelId::NONE || relid == CACHE.catalog.get() {
        return CACHE.expire();
    }
    if answers.known.contains_key(&relid) || answers.governed.contains_key(&relid) {
        // A change to an ancestor may change what binds any descendant.
        CACHE.forget_recent();
        answers.known.clear();
    }
    // A relation that is not known may be one that is being worked out at this moment.
    CACHE.moves_on();
}

/// The callback for schemas: `CREATE SCHEMA spyne` is part of every installation.
unsafe extern "C-unwind" fn on_namespace(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    if CACHE.status.get() == Status::Absent {
        CACHE.expire();
    }
    CACHE.moves_on();
}

/// The callback for roles: what a user may read must be decided anew.
unsafe extern "C-unwind" fn on_role(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    forget_caller();
    CACHE.moves_on();
}

/// The callback for functions, operators, casts and types: the text of a statement may
/// mean something else now.
unsafe extern "C-unwind" fn on_function(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    CACHE.moves_on();
}

/// A number that goes up whenever a relation, schema, role, function, operator, cast,
/// type or constraint changes, as far as this session has been told.
pub fn generation() -> u64 {
    CACHE.generation.get()
}

/// Registers the callbacks; called once, when the library is loaded.
pub fn watch() {
    // SAFETY: registration at load time, with functions that live as long as
    // the process; each callback only marks (see above).
    unsafe {
        let none = pg_sys::Datum::from(0);
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relation), none);
        for (cache, callback) in [
            (
                pg_sys::SysCacheIdentifier::NAMESPACEOID,
                on_namespace as unsafe extern "C-unwind" fn(_, _, _),
            ),
            (pg_sys::SysCacheIdentifier::PROCOID, on_function),
            (pg_sys::SysCacheIdentifier::OPEROID, on_function),
            (pg_sys::SysCacheIdentifier::CASTSOURCETARGET, on_function),
            (pg_sys::SysCacheIdentifier::TYPEOID, on_function),
            (pg_sys::SysCacheIdentifier::CONSTROID, on_function),
            (pg_sys::SysCacheIdentifier::AUTHMEMROLEMEM, on_role),
            (pg_sys::SysCacheIdentifier::AUTHOID, on_role),
        ] {
            pg_sys::CacheRegisterSyscacheCallback(cache as i32, Some(callback), none);
        }
    }
}
