//! The part of the preview rule that is not decided in `core::gate`: what the session
//! has previewed, and how runs are recorded.

mod lookup;
mod refusals;
mod session;

use crate::guc::{self, Enforcement, RequirePreview};
use crate::pg::frames::{self, Doing, RunReport};
use crate::pg::text::Text;
use crate::pg::{cache, catalogs, clock, elevate, settings, transaction, users};
use crate::report::{self, OrRaise};
use crate::store::previews::{self, Execution, StoredPreview};
use crate::store::roles;
use lookup::{Manner, find, fresh};
use session::remember;
use spyne_core::gate::rules::Denial;
use spyne_core::gate::session::{Authorised, Passed};
use spyne_core::gate::situation::{Authority, Require, Seen};
use spyne_core::gate::token::Token;
use spyne_core::kernel::error::Result;
use spyne_core::kernel::ids::RoleId;
use spyne_core::statement::preview::Preview;
use spyne_core::statement::preview::record::{RunStatus, Scanned};

pub use lookup::{held_text, look};
pub use refusals::unpreviewed;

/// The token of a read that passed every check when it ran last, where nothing has
/// changed since then: the catalogs, the search_path and the settings that matter are
/// the same. None where the statement must be checked.
///
/// A trampoline without an error boundary calls this function, so it calls nothing that
/// can raise or panic.
pub fn passed(text: &Text, relations: u64) -> Option<Token> {
    let now = frames::now();
    if !session::has_passed()
        || now.running.is_some()
        || now.pending.is_some()
        || now.at_work()
        || users::in_key_statement()
        || guc::enforcement() != Enforcement::Enforce
    {
        return None;
    }
    let now = clock::now();
    let passed = Some(Passed { generation: cache::generation(), rule: watches(), relations });
    let settings = settings::reading_settings();
    text.with_bytes(|bytes| {
        let token = session::find(users::current(), trimmed(bytes))?;
        let same = session::with(token, |a| {
            a.passed_at == passed
                && a.expires_at > now
                && !a.writes
                && a.settings == settings
                && settings::search_path_is(&a.search_path)
        });
        (same == Some(true)).then_some(token)
    })
}

/// The text without the blanks and semicolons around it, as `normalized` makes it, on
/// bytes.
fn trimmed(text: &[u8]) -> &[u8] {
    let space = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    let start = text.iter().position(|b| !space(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !space(b) && *b != b';').map_or(start, |at| at + 1);
    text.get(start..end.max(start)).unwrap_or_default()
}

/// Notes that the statement of a token, whose plan has these relations, has passed
/// every check.
pub fn note_passed(token: Option<Token>, relations: u64) {
    let Some(token) = token.filter(|_| guc::enforcement() == Enforcement::Enforce) else {
        return;
    };
    session::note_passed();
    let passed = Passed { generation: cache::generation(), rule: watches(), relations };
    session::with(token, |a| {
        a.passed_at = (a.checked_at == passed.generation).then_some(passed);
    });
}

/// `spyne.require_preview` and whether the session has previews, as one number.
pub fn watches() -> u8 {
    (guc::require_preview() as u8) << 1 | u8::from(has_previews())
}

/// Runs `work`, which analyzes or explains a statement. `include_deprecated` says
/// whether the statement may use DEPRECATED tables.
pub fn looking<T>(include_deprecated: bool, work: impl FnOnce() -> T) -> T {
    frames::within(Doing::Looking { include_deprecated }, work)
}

/// What the preview of a token means for a statement of `user` that touches these
/// relations.
pub fn authority(token: Token, user: RoleId, seen: &[Seen], of_key: bool) -> Authority {
    // A copy, since finding ancestors reads the catalog.
    match session::with(token, |a| a.uses.clone()) {
        Some(uses) => uses.authority(token, user, seen, of_key, catalogs::ancestors_of),
        // A statement inside one that the session has forgotten is covered by nothing.
        None => Authority { token, covers: false, include_deprecated: false },
    }
}

/// Whether this session has made previews. Its statements are then looked up also for a
/// user who needs no preview.
pub fn has_previews() -> bool {
    session::has_previews()
}

/// Who must preview a statement before running it.
pub fn require() -> Require {
    match guc::require_preview() {
        RequirePreview::Off => Require::Nobody,
        RequirePreview::Users => Require::Users,
        RequirePreview::All => Require::All,
    }
}

/// Whether the preview rule binds `user`.
pub fn binds(user: RoleId) -> bool {
    require().binds(roles::role_of(user))
}

/// Whether a token is that of this text of this user.
pub fn is_of(token: Token, user: RoleId, text: &str) -> bool {
    session::with(token, |a| a.uses.user == user && a.sql == text).unwrap_or_default()
}

/// The token of the preview of a utility statement, or of the statement that it
/// executes.
///
/// # Errors
/// Why the utility statement is not authorised, although it has a preview. The user is
/// told when it touches a governed table.
pub fn utility(text: &Text) -> std::result::Result<Option<Token>, Denial> {
    let user = users::acting();
    if elevate::at_work() || !(has_previews() || binds(user)) {
        return Ok(None);
    }
    find(text, user, Manner { takes_run: true, anew: true })
}

/// Forgets what was read in a transaction or subtransaction that is undone. Calls
/// nothing that can raise.
pub fn transaction_undone() {
    session::undone();
}

/// Records a run that has ended.
pub fn finished(token: Token, report: RunReport) {
    let known = session::with(token, |a| {
        (a.preview_id.clone(), a.uses.user, a.held, a.trial, a.sql.clone(), a.joins)
    });
    let Some((preview_id, user, held, trial, sql, joins)) = known else {
        return;
    };
    if trial {
        return;
    }
    let milliseconds = report.milliseconds;
    if held || transaction::read_only_here() {
        report::log_line(&format!(
            "spyne: preview {preview_id} run by {}: {} rows in {milliseconds:.3} ms: {sql}",
            users::name(user),
            report.rows
        ));
        return;
    }
    let scanned = report
        .scanned
        .iter()
        .map(|(relid, rows)| Scanned {
            relation: catalogs::relation_name(*relid).shown(),
            oid: *relid,
            rows: *rows,
        })
        .collect();
    let execution = Execution {
        preview_id,
        user_oid: user,
        user_name: users::name(user),
        execution_time_ms: milliseconds,
        result_count: report.rows,
        status: match report.complete {
            true => RunStatus::Completed,
            false => RunStatus::StoppedEarly,
        },
        scanned,
    };
    // A portal that is dropped has no snapshot any more.
    transaction::with_latest_snapshot(|| match joins {
        true => elevate::elevated(|e| previews::record(e, &execution)),
        false => elevate::elevated_unpinned(|e| previews::record_plain(e, &execution)),
    })
    .or_raise();
}

/// Remembers a preview that this session has made. The session holds one that could not
/// be stored.
pub fn made(preview: &Preview, ttl: i32, stored: bool) {
    session::look_up_from_now_on();
    cache::forget_caller();
    if !stored {
        let refusal = preview.requires_confirmation.then(|| refusals::stopped(preview));
        remember(Authorised { held: true, refusal, ..fresh(preview, ttl) }, true);
    }
}

/// Checks that a preview authorises a run now.
///
/// # Errors
/// 55000 where the preview has expired, has a stop, was used, or is not true any more.
pub fn check_runnable(found: &StoredPreview) -> Result<()> {
    Ok(lookup::check_runnable(found)?)
}

/// Runs `work` as if `preview` authorised it: what a dry run does.
pub fn trying<T>(preview: &Preview, work: impl FnOnce() -> T) -> T {
    match remember(Authorised { trial: true, ..fresh(preview, i32::MAX / 2) }, false) {
        Some(token) => frames::within(Doing::Trial(token), work),
        // Without room for a token, the statement is judged like any other.
        None => work(),
    }
}

/// From now on, looks for previews of all statements of this session, whoever runs
/// them.
pub fn look_for_previews() {
    if session::look_up_from_now_on() {
        cache::forget_caller();
    }
}
