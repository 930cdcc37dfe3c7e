//! Which relations are governed, as this back end knows it.
//!
//! Filled from `spyne.tables` on demand, with the newest catalog snapshot (not
//! the transaction's), and dropped by relation-cache invalidation: whoever
//! changes a governance row invalidates the catalog table, and every back end
//! notices at its next statement. While nothing changes, a look-up is one hash
//! probe.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use pgrx::pg_sys;

use super::catalogs;
use super::local::Local;
use super::oids::rel_id;
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::state::StateSet;

/// What binds a relation, in one byte: the states of the nearest governed
/// tables above it (itself first), or that it belongs to spyne's own catalog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard(pub u8);

impl Guard {
    pub const NONE: Guard = Guard(0);
    /// A table of the schema `spyne`.
    pub const CATALOG: Guard = Guard(1 << 4);

    pub fn states(self) -> StateSet {
        StateSet(self.0 & 0b1111)
    }

    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Nothing is known: look before the next decision.
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

struct Cache {
    status: Status,
    /// The OIDs of `spyne.tables` and of the schema `spyne`.
    catalog: RelId,
    schema: u32,
    governed: OidMap<StateSet>,
    ingestion_open: bool,
    /// The answer for every relation that was asked about.
    known: OidMap<Guard>,
    /// Some of `known`, each at the place that the low bits of its OID give:
    /// what a statement that comes again looks up.
    recent: [(RelId, Guard); RECENT],
    /// Goes up with each invalidation of anything: an answer that was worked
    /// out while one came in is not kept.
    generation: u64,
    /// Goes up when the governed tables themselves must be read again.
    epoch: u64,
    /// For whom `readable` holds; 0 for nobody.
    caller: RoleId,
    /// Guards that this caller may read without another thought.
    readable: u8,
    /// What `Policy::previews` was then.
    previews: u8,
    /// The relations that were invalidated since the last DDL command, this
    /// session's own among them.
    touched: Vec<RelId>,
    /// Whether there were more than are kept, or not all are known.
    touched_more: bool,
}

/// As many relations as one DDL command touches, or a few.
const MOST_TOUCHED: usize = 64;

static CACHE: Local<Cache> = Local::new(Cache {
    status: Status::Unknown,
    catalog: RelId::NONE,
    schema: 0,
    ingestion_open: false,
    governed: HashMap::with_hasher(BuildHasherDefault::new()),
    known: HashMap::with_hasher(BuildHasherDefault::new()),
    recent: [(RelId::NONE, Guard::NONE); RECENT],
    generation: 0,
    epoch: 0,
    caller: RoleId::NONE,
    readable: 0,
    previews: 0,
    touched: Vec::new(),
    touched_more: true,
});

/// What the fast path can say about a relation.
#[derive(PartialEq, Eq)]
pub enum Quick {
    /// Nothing binds it.
    Free,
    /// It is bound, and this caller may read it, as long as previews are what
    /// they were when that was found out.
    Readable(u8),
    /// Look closer.
    Unknown,
}

/// Whether anything can be governed here: None while it is not known.
#[inline(always)]
pub fn installed_quick() -> Option<bool> {
    CACHE.with(|c| match c.status {
        Status::Unknown => None,
        Status::Absent => Some(false),
        Status::Live => Some(true),
    })
}

/// The fast path for one relation; makes no calls.
#[inline(always)]
pub fn quick(relid: RelId, user: RoleId) -> Quick {
    CACHE.with(|c| match c.recent[relid.get() as usize % RECENT] {
        (held, guard) if held == relid && guard.0 == 0 => Quick::Free,
        (held, guard) if held == relid && c.caller == user && guard.0 & !c.readable == 0 => {
            Quick::Readable(c.previews)
        }
        _ => Quick::Unknown,
    })
}

/// Remembers which guards `user` may read outright, until roles change.
pub fn set_readable(user: RoleId, readable: StateSet, previews: u8) {
    CACHE.with(|c| {
        c.caller = user;
        c.previews = previews;
        c.readable = readable.0 | Guard::CATALOG.0;
    });
}

/// Makes the next statement be looked at closely.
pub fn forget_caller() {
    CACHE.with(|c| c.caller = RoleId::NONE);
}

/// Whether the extension is installed in this database.
pub fn installed() -> bool {
    ensure_loaded();
    CACHE.with(|c| c.status == Status::Live)
}

/// Whether the system mode is INGESTION_READY.
pub fn ingestion_open() -> bool {
    ensure_loaded();
    CACHE.with(|c| c.ingestion_open)
}

/// Whether `relid` has a row of its own in `spyne.tables`.
pub fn governed_itself(relid: RelId) -> bool {
    ensure_loaded();
    CACHE.with(|c| c.governed.contains_key(&relid))
}

/// The relations that have a row of their own.
pub fn governed_relations() -> Vec<RelId> {
    ensure_loaded();
    CACHE.with(|c| c.governed.keys().copied().collect())
}

/// Whether any relation that is bound, or whose rows some column holds, was touched since this was asked last, as
/// far as is known: by the command that ends, or by others. One look-up for each
/// relation.
pub fn touched_bound() -> bool {
    let live = CACHE.with(|c| c.status == Status::Live);
    let (touched, more) = CACHE
        .with(|c| (std::mem::take(&mut c.touched), std::mem::replace(&mut c.touched_more, false)));
    let matters = |relid: RelId| !guard_of(relid).is_none() || catalogs::row_type_is_used(relid);
    let bound = !live || more || touched.into_iter().any(matters);
    // What looking itself has touched says nothing.
    CACHE.with(|c| c.touched.clear());
    bound
}

/// What binds `relid`.
pub fn guard_of(relid: RelId) -> Guard {
    if relid.get() < pg_sys::FirstNormalObjectId {
        return Guard::NONE;
    }
    ensure_loaded();
    let known = CACHE.with(|c| match c.status {
        Status::Live => c.known.get(&relid).copied(),
        _ => Some(Guard::NONE),
    });
    if let Some(guard) = known {
        CACHE.with(|c| c.recent[relid.get() as usize % RECENT] = (relid, guard));
        return guard;
    }
    let generation = CACHE.with(|c| c.generation);
    let (guard, visited) = resolve(relid);
    CACHE.with(|c| {
        if c.generation == generation {
            c.known.insert(relid, guard);
            c.recent[relid.get() as usize % RECENT] = (relid, guard);
            // Ancestors are kept too, so that a change to one is noticed.
            for (ancestor, its_guard) in visited {
                c.known.entry(ancestor).or_insert(its_guard);
            }
        }
    });
    guard
}

/// Walks up pg_inherits to the nearest governed tables.
fn resolve(relid: RelId) -> (Guard, Vec<(RelId, Guard)>) {
    let own = |relid: RelId| CACHE.with(|c| c.governed.get(&relid).copied());
    if let Some(states) = own(relid) {
        return (Guard(states.0), Vec::new());
    }
    if catalogs::namespace_of(relid) == CACHE.with(|c| c.schema) {
        return (Guard::CATALOG, Vec::new());
    }
    // One line of ancestors at a time, each up to its first governed table.
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
    // With no governed ancestor at all, none of those visited has one either.
    let visited = match found.is_empty() {
        true => visited.into_iter().map(|v| (v, Guard::NONE)).collect(),
        false => Vec::new(),
    };
    (Guard(found.0), visited)
}

/// The nearest governed table that binds `relid`: itself, or an ancestor.
pub fn governing(relid: RelId) -> Option<RelId> {
    ensure_loaded();
    let own = |relid: RelId| CACHE.with(|c| c.governed.contains_key(&relid));
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
    // An invalidation that comes in while the rows are read makes them stale:
    // read again.
    for _ in 0..100 {
        if CACHE.with(|c| c.status != Status::Unknown) {
            return;
        }
        let epoch = CACHE.with(|c| c.epoch);
        let snapshot = catalogs::governed_tables();
        CACHE.with(|c| {
            if c.epoch == epoch {
                c.fill(snapshot);
            }
        });
    }
    pgrx::error!("spyne: governance changes faster than it can be read");
}

impl Cache {
    fn fill(&mut self, snapshot: Option<catalogs::GovernedTables>) {
        self.forget_answers();
        self.governed.clear();
        match snapshot {
            None => {
                self.status = Status::Absent;
                self.catalog = RelId::NONE;
                self.schema = 0;
            }
            Some(rows) => {
                self.status = Status::Live;
                self.catalog = rows.catalog;
                self.schema = rows.schema;
                self.ingestion_open = rows.ingestion_open;
                self.governed.extend(rows.tables);
            }
        }
    }

    fn forget_answers(&mut self) {
        self.known.clear();
        self.recent = [(RelId::NONE, Guard::NONE); RECENT];
    }

    /// The governed tables must be read again.
    fn expire(&mut self) {
        // The fast path asks for answers alone, so they go at once.
        self.forget_answers();
        self.status = Status::Unknown;
        self.touched_more = true;
        self.epoch += 1;
        self.generation += 1;
    }
}

/// Tells every back end, this one included, that governance has changed: they
/// notice when the transaction commits, this one at once.
pub fn invalidate_everywhere() {
    ensure_loaded();
    let catalog = CACHE.with(|c| {
        c.expire();
        c.catalog
    });
    if catalog != RelId::NONE {
        catalogs::invalidate_relation(catalog);
    }
}

/// Relation cache callback. Runs during any catalog access: it only marks, and
/// calls nothing that can raise, so it needs no guard. So do the two below.
unsafe extern "C-unwind" fn on_relation(_arg: pg_sys::Datum, relid: pg_sys::Oid) {
    let relid = rel_id(relid);
    CACHE.with(|c| {
        if c.touched.len() < MOST_TOUCHED {
            if !c.touched.contains(&relid) {
                c.touched.push(relid);
            }
        } else {
            c.touched_more = true;
        }
        if relid == RelId::NONE || relid == c.catalog {
            c.expire();
        } else if c.known.contains_key(&relid) || c.governed.contains_key(&relid) {
            // A change to an ancestor may change what binds any descendant.
            c.forget_answers();
            c.generation += 1;
        } else {
            // Not asked about yet, or being worked out right now.
            c.generation += 1;
        }
    });
}

/// Namespace callback: `CREATE SCHEMA spyne` is part of every installation.
unsafe extern "C-unwind" fn on_namespace(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    CACHE.with(|c| {
        if c.status == Status::Absent {
            c.expire();
        }
        c.generation += 1;
    });
}

/// Role callback: who may read what is decided anew.
unsafe extern "C-unwind" fn on_role(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    CACHE.with(|c| {
        c.caller = RoleId::NONE;
        c.generation += 1;
    });
}

/// Callback of what a text is analyzed by: a statement may mean something else.
unsafe extern "C-unwind" fn on_function(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    CACHE.with(|c| c.generation += 1);
}

/// Goes up whenever a relation, schema, role, function, operator, cast, type or constraint changes, as
/// far as this session has been told.
pub fn generation() -> u64 {
    CACHE.with(|c| c.generation)
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
