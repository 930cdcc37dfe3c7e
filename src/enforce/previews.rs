//! The preview rule: a statement of somebody who must look before they run is
//! refused, unless a preview authorises it.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::core::access::Access;
use crate::core::error::{Code, Result, SpyneError};
use crate::core::preview::description::{TableUse, Use};
use crate::core::preview::staleness::{self, Basis};
use crate::core::preview::text::{dollar_quoted, normalized};
use crate::core::role::Role;
use crate::guc::{self, Enforcement, RequirePreview};
use crate::pg::analyze::{self, Problem};
use crate::pg::cache::{self, Guard};
use crate::pg::local::Local;
use crate::pg::runs::{self, Report, Token};
use crate::pg::statement::{Kind, Statement, Text, Touched};
use crate::pg::{catalogs, clock, elevate, users};
use crate::report;
use crate::store::previews::{self, Execution, Found, Preview};
use crate::store::roles;

/// A statement that may run, as this session knows it.
struct Authorised {
    preview_id: String,
    user: u32,
    sql: String,
    tables: Vec<(u32, Use)>,
    writes: bool,
    include_deprecated: bool,
    basis: Basis,
    search_path: String,
    /// As `clock::statement_start`.
    expires_at: i64,
    /// The state of the catalogs at which it was found to be still true.
    checked_at: u64,
    /// Known to this session alone: nothing could be written.
    held: bool,
    /// A held write that has run.
    used: bool,
    /// A try that is rolled back: no run.
    trial: bool,
    /// The state of the catalogs, and what `watches` said, when it last passed
    /// every check.
    passed_at: Option<(u64, u8)>,
    /// Whether a run leaves rows in join_usage.
    joins: bool,
}

/// The most statements that a session keeps in mind; it forgets them all then,
/// and looks up again those that come.
const MOST: usize = 500;

#[derive(Default)]
struct Session {
    /// A token is a place here, counted from 1.
    all: Vec<Authorised>,
    /// By a digest of user and text; the text itself is compared too.
    by_text: HashMap<u64, usize>,
}

/// A digest of a user and a text: eight bytes at a time, after FNV-1a. It only
/// leads to a place.
fn digest(user: u32, text: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ u64::from(user);
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
    fn place(&self, user: u32, text: &[u8]) -> Option<usize> {
        let place = *self.by_text.get(&digest(user, text))?;
        let a = self.all.get(place)?;
        (a.user == user && a.sql.as_bytes() == text).then_some(place)
    }
}

/// The token of a read that passed every check when it ran last, where nothing
/// has changed since: not the catalogs, not the search_path, not the settings
/// that matter. 0 where it must be looked at.
pub fn passed(text: &Text) -> Token {
    if !PREVIEWED_OR_BOUND.get()
        || runs::current() != 0
        || runs::pending() != 0
        || elevate::at_work()
        || users::in_key_check_context()
    {
        return 0;
    }
    let user = users::current();
    let now = clock::statement_start();
    let generation = cache::generation();
    let stamp = watches();
    text.with_bytes(|bytes| {
        session(|s| {
            let Some(place) = s.place(user, trimmed(bytes)) else {
                return 0;
            };
            let a = &s.all[place];
            let same = a.passed_at == Some((generation, stamp))
                && a.expires_at > now
                && !a.writes
                && catalogs::search_path_is(&a.search_path);
            if same { place as Token + 1 } else { 0 }
        })
    })
}

/// As `normalized`, on bytes.
fn trimmed(text: &[u8]) -> &[u8] {
    let space = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    let start = text.iter().position(|b| !space(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !space(b) && *b != b';').map_or(start, |at| at + 1);
    &text[start..end.max(start)]
}

/// Takes note that the statement of a token has passed every check.
pub fn note_passed(token: Token) {
    if token == 0 || guc::enforcement() != Enforcement::Enforce {
        return;
    }
    PREVIEWED_OR_BOUND.set(true);
    let generation = cache::generation();
    let stamp = watches();
    session(|s| {
        if let Some(a) = s.all.get_mut(token as usize - 1) {
            a.passed_at = (a.checked_at == generation).then_some((generation, stamp));
        }
    });
}

/// Whether any statement has passed in this session.
static PREVIEWED_OR_BOUND: Local<bool> = Local::new(false);

static SESSION: Local<LazyLock<Session>> = Local::new(LazyLock::new(Session::default));
/// Whether this session has made a preview: its statements are then looked up
/// also for a user who need not have one, to record their runs.
static PREVIEWED: Local<bool> = Local::new(false);

fn session<R>(f: impl FnOnce(&mut Session) -> R) -> R {
    SESSION.with(|s| f(LazyLock::force_mut(s)))
}

/// Whether the rule binds `user`.
pub fn binds(user: u32) -> bool {
    match guc::require_preview() {
        RequirePreview::Off => false,
        RequirePreview::Users => roles::role_of(user) < Role::Admin,
        RequirePreview::All => true,
    }
}

/// The setting and whether the session has previews, as one number.
pub fn watches() -> u8 {
    (guc::require_preview() as u8) << 1 | u8::from(PREVIEWED.get())
}

/// What the rule has to say about a statement that starts.
pub struct Verdict {
    /// The token to watch it by; 0 for none.
    pub token: Token,
    pub include_deprecated: bool,
    pub refusal: Option<SpyneError>,
}

const FREE: Verdict = Verdict { token: 0, include_deprecated: false, refusal: None };

/// Whether what is looked at may include DEPRECATED tables.
static LOOKING: Local<bool> = Local::new(false);

/// Runs `work`, which looks at a statement.
pub fn looking<T>(include_deprecated: bool, work: impl FnOnce() -> T) -> T {
    let before = LOOKING.with(|l| std::mem::replace(l, include_deprecated));
    let result = work();
    LOOKING.set(before);
    result
}

/// Judges a statement. `user` is who acts.
pub fn judge(statement: &Statement, user: u32) -> Verdict {
    let running = runs::current() != 0 || runs::pending() != 0;
    if matches!(statement.kind, Kind::Explain | Kind::Preview) {
        return Verdict { include_deprecated: LOOKING.get(), ..FREE };
    }
    let applies = statement.kind == Kind::Run || statement.kind == Kind::Copy;
    if !applies || elevate::at_work() || catalogs::in_parallel_worker() {
        return FREE;
    }
    let bound = binds(user);
    if !bound && !PREVIEWED.get() && !running {
        return FREE;
    }
    let needing: Vec<&Touched> = statement.touched.iter().filter(|t| needs_preview(t)).collect();
    if needing.is_empty() {
        return FREE;
    }
    // What a previewed statement does inside is held to its own tables.
    let current = runs::current();
    if current != 0 && covers(current, user, &needing) {
        return Verdict {
            token: 0,
            include_deprecated: includes_deprecated(current),
            refusal: None,
        };
    }
    let pending = runs::pending();
    if pending != 0 && covers(pending, user, &needing) {
        let include_deprecated = includes_deprecated(pending);
        if statement.kind == Kind::Copy {
            runs::use_pending();
            return Verdict { token: 0, include_deprecated, refusal: None };
        }
        return Verdict { token: pending, include_deprecated, refusal: None };
    }
    let outcome = match statement.text {
        Some(text) if statement.kind == Kind::Run => look_up(&text, user),
        _ => Ok(0),
    };
    let outcome = match (outcome, DOUBT.with(|d| d.take())) {
        (Ok(0), Some(doubt)) if runs::utility_text().is_some() => Err(doubt),
        (outcome, _) => outcome,
    };
    match outcome {
        Ok(token) if token != 0 && covers(token, user, &needing) => {
            Verdict { token, include_deprecated: includes_deprecated(token), refusal: None }
        }
        _ if !bound => FREE,
        // A constraint's own work, on behalf of the statement that the client sent.
        _ if users::in_key_check_context() && client_statement_covers(user, &needing) => FREE,
        Ok(token) => {
            Verdict { refusal: Some(unpreviewed(statement, &needing, token, current)), ..FREE }
        }
        Err(error) => Verdict { refusal: Some(error), ..FREE },
    }
}

/// Whether a table is governed and is not read through a governed view alone.
fn needs_preview(touched: &Touched) -> bool {
    if touched.access == Access::KeyCheck {
        return false;
    }
    let guard = cache::guard_of(touched.relid);
    !guard.is_none()
        && guard != Guard::CATALOG
        && (touched.access == Access::Write || touched.as_user != views_owner())
}

/// The owner of the governed views.
fn views_owner() -> u32 {
    users::role("spyne_views").unwrap_or(u32::MAX)
}

/// Whether the statement of a token uses all of these tables.
fn covers(token: Token, user: u32, needing: &[&Touched]) -> bool {
    let known = session(|s| s.all.get(token as usize - 1).map(|a| (a.user, a.tables.clone())));
    let Some((owner, tables)) = known else {
        return false;
    };
    // A function that acts as its owner is judged as its owner.
    owner == user
        && needing.iter().all(|touched| {
            let wanted = match touched.access {
                Access::Write => Use::Write,
                _ => Use::Read,
            };
            let has = |relid: u32| tables.iter().any(|(t, u)| *t == relid && *u >= wanted);
            has(touched.relid) || catalogs::ancestors_of(touched.relid).into_iter().any(has)
        })
}

fn includes_deprecated(token: Token) -> bool {
    session(|s| s.all.get(token as usize - 1).is_some_and(|a| a.include_deprecated))
}

/// Whether the statement that the client has sent is previewed and reaches
/// these tables by its foreign keys.
fn client_statement_covers(user: u32, needing: &[&Touched]) -> bool {
    let Some(text) = runs::client_text() else {
        return false;
    };
    matches!(find(&text.get(), user, false), Ok(token) if token != 0 && covers(token, user, needing))
}

/// The token of a utility statement, or of what it executes.
pub fn utility(text: &Text) -> Token {
    let user = users::acting();
    DOUBT.with(|d| *d = None);
    if elevate::at_work() || !(binds(user) || PREVIEWED.get()) {
        return 0;
    }
    // Its refusal, where there is one, comes when it touches a governed table.
    match look_up(text, user) {
        Ok(token) => token,
        Err(error) => {
            DOUBT.with(|d| *d = Some(error));
            0
        }
    }
}

/// Why the utility statement that is being run is not authorised, although it
/// has a preview.
static DOUBT: Local<Option<SpyneError>> = Local::new(None);

fn look_up(text: &Text, user: u32) -> Result<Token> {
    find(&text.get(), user, true)
}

/// The token of a text that a preview of `user` authorises now; 0 where there
/// is no preview. `run` takes the one run of a write.
///
/// # Errors
/// 55000 where there is one that does not authorise any more, or not yet.
fn find(text: &str, user: u32, run: bool) -> Result<Token> {
    let text = normalized(text);
    let known = session(|s| s.place(user, text.as_bytes()));
    if let Some(place) = known
        && let Some(token) = still_good(place, run)?
    {
        return Ok(token);
    }
    let found = elevated(|| previews::find(user, text))?;
    let Some(found) = found else {
        return Ok(0);
    };
    if !found.authorises() {
        return Err(not_authorising(&found));
    }
    check_basis(&found.preview.sql, &found.preview.basis)?;
    if run && found.preview.writes && !elevated(|| previews::take(&found.preview.preview_id))? {
        return Err(not_authorising(&Found { used: true, ..found }));
    }
    Ok(remember(authorised(&found), !found.preview.writes))
}

fn elevated<T>(work: impl FnOnce() -> T) -> T {
    elevate::run(guc::lock_timeout_ms(), work)
}

fn authorised(found: &Found) -> Authorised {
    let expires_at = clock::statement_start() + (found.expires_in * 1e6) as i64;
    Authorised { expires_at, ..fresh(&found.preview, 0) }
}

fn tables(preview: &Preview) -> Vec<(u32, Use)> {
    let used: Vec<TableUse> =
        serde_json::from_value(preview.tables_used.clone()).unwrap_or_default();
    let mut all: Vec<(u32, Use)> = used.iter().map(|t| (t.oid, t.access)).collect();
    // What foreign keys change along with it.
    for table in used.iter().filter(|t| t.access == Use::Write) {
        if let Some(basis) = preview.basis.relations.get(&table.oid) {
            all.extend(basis.cascades.iter().map(|oid| (*oid, Use::Write)));
        }
    }
    all
}

fn remember(authorised: Authorised, findable: bool) -> Token {
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

/// Whether what the session keeps in mind holds; None where it must be looked
/// up again.
fn still_good(place: usize, run: bool) -> Result<Option<Token>> {
    let now = clock::statement_start();
    let generation = cache::generation();
    let path_is_same = |path: &str| catalogs::search_path_is(path);
    let state = session(|s| {
        s.all.get(place).map(|a| {
            let fresh = a.checked_at == generation && path_is_same(&a.search_path);
            (a.expires_at > now, fresh, a.held, a.writes, a.used)
        })
    });
    let Some((in_time, fresh, held, writes, used)) = state else {
        return Ok(None);
    };
    if !in_time || (held && writes && used) {
        session(|s| forget(s, place));
        return Ok(None);
    }
    if !fresh {
        let (sql, basis) = session(|s| (s.all[place].sql.clone(), s.all[place].basis.clone()));
        if let Err(stale) = check_basis(&sql, &basis) {
            session(|s| forget(s, place));
            // A newer preview may have been made elsewhere.
            return if held { Err(stale) } else { Ok(None) };
        }
        session(|s| {
            s.all[place].checked_at = cache::generation();
            s.all[place].search_path = catalogs::search_path();
        });
    }
    if held && writes && run {
        session(|s| s.all[place].used = true);
    }
    Ok(Some(place as Token + 1))
}

fn forget(s: &mut Session, place: usize) {
    if let Some(a) = s.all.get(place) {
        let key = digest(a.user, a.sql.as_bytes());
        s.by_text.remove(&key);
    }
}

/// Forgets what was read in a transaction that is undone.
pub fn transaction_undone() {
    LOOKING.set(false);
    session(|s| {
        let kept: HashMap<_, _> =
            s.by_text.drain().filter(|(_, place)| s.all[*place].held).collect();
        s.by_text = kept;
    });
}

/// Checks that a preview still tells the truth.
///
/// # Errors
/// 55000, with what has changed.
fn check_basis(sql: &str, then: &Basis) -> Result<()> {
    let changes = match analyze::analyze(sql, false) {
        Ok(analyzed) => {
            let (relations, functions) = analyzed.uses();
            let fingerprint = analyzed.fingerprint.clone();
            let (_, now) = elevated(|| previews::facts(&relations, &functions, fingerprint))?;
            staleness::changes(then, &now)
        }
        Err(Problem::Error(raised)) => vec![raised.message],
        Err(_) => vec!["it is no single statement any more".to_string()],
    };
    if changes.is_empty() {
        return Ok(());
    }
    Err(SpyneError::new(
        Code::WrongState,
        "the preview of this statement is stale",
        format!("Since it was made: {}. [preview.stale]", changes.join("; ")),
        call_for(sql),
    ))
}

/// The call that previews a text, ready to be copied.
fn call_for(sql: &str) -> String {
    format!("Look at it again: SELECT * FROM {}({});", preview_function(), dollar_quoted(sql))
}

/// `spyne_preview`, with its schema where the search_path does not lead there.
fn preview_function() -> String {
    catalogs::callable_name("spyne_preview").unwrap_or_else(|| "spyne_preview".to_string())
}

fn not_authorising(found: &Found) -> SpyneError {
    let id = &found.preview.preview_id;
    let sql = &found.preview.sql;
    if found.preview.requires_confirmation {
        let stops: Vec<&str> = found
            .preview
            .guardrails
            .as_array()
            .into_iter()
            .flatten()
            .filter(|g| g["severity"] == "stop")
            .filter_map(|g| g["code"].as_str())
            .filter(|code| !found.preview.overrides.iter().any(|o| o == code))
            .collect();
        return SpyneError::new(
            Code::WrongState,
            format!("the preview of this statement has a stop: {}", stops.join(", ")),
            format!("Preview {id} says why; a stop is overridden with a reason. [preview.stop]"),
            format!(
                "SELECT * FROM {}({}, override => '{{{}}}', reason => '...');",
                preview_function(),
                dollar_quoted(sql),
                stops.join(",")
            ),
        );
    }
    let (what, rule) = match found.used && found.preview.writes {
        true => ("a previewed write runs once, and this one has run", "preview.used"),
        false => ("the preview of this statement has expired", "preview.expired"),
    };
    SpyneError::new(
        Code::WrongState,
        what,
        match rule {
            "preview.used" => format!("Preview {id} authorised one run. [{rule}]"),
            _ => format!("Preview {id} was good until {}. [{rule}]", found.expires_at),
        },
        call_for(sql),
    )
}

/// The refusal of a statement that nobody has looked at.
fn unpreviewed(
    statement: &Statement,
    needing: &[&Touched],
    token: Token,
    current: Token,
) -> SpyneError {
    let names: Vec<String> = needing.iter().map(|t| catalogs::label(t.relid)).collect();
    let mut names: Vec<String> = names.into_iter().fold(Vec::new(), |mut all, n| {
        if !all.contains(&n) {
            all.push(n);
        }
        all
    });
    names.truncate(5);
    let outer = runs::utility_text().or(statement.text).filter(Text::is_from_client);
    let inside = outer.is_none() || current != 0 || token != 0;
    if inside {
        return SpyneError::new(
            Code::WrongState,
            format!(
                "a statement inside another uses {}, which was not previewed",
                names.join(", ")
            ),
            "What a function, a trigger or a DO block does is held to the tables of the statement that was previewed. [preview.inside]",
            "Query these tables in a statement of its own, and preview that. A SECURITY DEFINER function is judged as its owner: an admin's may.",
        );
    }
    let text = outer.map(|t| t.get()).unwrap_or_default();
    SpyneError::new(
        Code::WrongState,
        format!("nobody has looked at this statement: it uses {}", names.join(", ")),
        format!(
            "spyne.require_preview is {}: whoever queries governed tables looks first at what the query will do. [preview.required]",
            guc::require_preview().as_str()
        ),
        format!("SELECT * FROM {}({});", preview_function(), dollar_quoted(normalized(&text))),
    )
}

/// Records a run that has ended.
pub fn finished(token: Token, report: Report) {
    let known = session(|s| {
        s.all
            .get(token as usize - 1)
            .map(|a| (a.preview_id.clone(), a.user, a.held, a.trial, a.sql.clone(), a.joins))
    });
    let Some((preview_id, user, held, trial, sql, joins)) = known else {
        return;
    };
    if trial {
        return;
    }
    let milliseconds = report.milliseconds;
    if held || catalogs::read_only_here() {
        report::log_line(&format!(
            "spyne: preview {preview_id} run by {}: {} rows in {milliseconds:.3} ms: {sql}",
            users::name(user),
            report.rows
        ));
        return;
    }
    let scanned: Vec<_> = report
        .scanned
        .iter()
        .map(|(relid, rows)| {
            serde_json::json!({ "relation": catalogs::label(*relid), "oid": relid, "rows": rows })
        })
        .collect();
    let execution = Execution {
        preview_id,
        user_oid: user,
        user_name: users::name(user),
        execution_time_ms: milliseconds,
        result_count: report.rows,
        status: if report.complete { "completed" } else { "stopped early" },
        scanned: serde_json::Value::Array(scanned),
    };
    // A portal is dropped with no snapshot of its own any more.
    let recorded = catalogs::with_latest_snapshot(|| match joins {
        true => elevated(|| previews::record(&execution)),
        false => elevate::run_prepared(|| previews::record_plain(&execution)),
    });
    if let Err(error) = recorded {
        report::raise(error);
    }
}

/// Takes note of a preview that this session has made. One that could not be
/// stored is held by the session.
pub fn made(preview: &Preview, ttl: i32, stored: bool) {
    PREVIEWED.set(true);
    cache::forget_caller();
    if !stored && !preview.requires_confirmation {
        let held = Authorised { held: true, ..fresh(preview, ttl) };
        remember(held, true);
    }
}

fn fresh(preview: &Preview, ttl: i32) -> Authorised {
    Authorised {
        preview_id: preview.preview_id.clone(),
        user: preview.user_oid,
        sql: preview.sql.clone(),
        tables: tables(preview),
        writes: preview.writes,
        include_deprecated: preview.include_deprecated,
        basis: preview.basis.clone(),
        search_path: catalogs::search_path(),
        expires_at: clock::statement_start() + i64::from(ttl) * 1_000_000,
        checked_at: cache::generation(),
        held: false,
        used: false,
        trial: false,
        passed_at: None,
        joins: preview.joins.as_array().is_some_and(|j| !j.is_empty()),
    }
}

/// Checks that a preview authorises a run now.
///
/// # Errors
/// 55000.
pub fn check_runnable(found: &Found) -> Result<()> {
    if !found.authorises() {
        return Err(not_authorising(found));
    }
    check_basis(&found.preview.sql, &found.preview.basis)
}

/// Runs `work` as if `preview` authorised it: what a dry run does.
pub fn trying<T>(preview: &Preview, work: impl FnOnce() -> T) -> T {
    let token = remember(Authorised { trial: true, ..fresh(preview, i32::MAX / 2) }, false);
    runs::within(token, work)
}

/// The held preview with this id, if it is this session's.
pub fn held_text(preview_id: &str, user: u32) -> Option<String> {
    session(|s| {
        s.all
            .iter()
            .find(|a| a.held && a.user == user && a.preview_id == preview_id)
            .map(|a| a.sql.clone())
    })
}

/// Makes statements of this session be looked up, whoever runs them.
pub fn look_for_previews() {
    if !PREVIEWED.get() {
        PREVIEWED.set(true);
        cache::forget_caller();
    }
}
