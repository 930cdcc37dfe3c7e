//! Looks for a preview, in the session's memory and then in the catalog, and checks
//! that the preview is still true.

use super::refusals::{call_for, not_authorising};
use super::session::{self, session};
use crate::pg::analyze::{self, Problem};
use crate::pg::elevate::elevated;
use crate::pg::policy::Statement;
use crate::pg::text::Text;
use crate::pg::{cache, clock, portals, settings, transaction};
use crate::report::OrRaise;
use crate::store::previews::{self, StoredPreview};
use crate::store::relations;
use spyne_core::gate::judge::Search;
use spyne_core::gate::rules::{Denial, Rule, Words};
use spyne_core::gate::session::{Authorised, Recalled, Uses};
use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RoleId;
use spyne_core::statement::preview::Preview;
use spyne_core::statement::preview::staleness::{self, Basis};
use spyne_core::statement::preview::text::normalized;

/// How a preview is looked for.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// Whether the look-up uses up the one run that a preview allows a write.
    pub takes_run: bool,
    /// Whether the preview is compared with the catalogs in any case: set for EXECUTE,
    /// whose meaning can change without a change of the catalogs.
    pub anew: bool,
}

/// The token of the preview that the verdict on a statement depends on; None where
/// there is no preview.
///
/// # Errors
/// Why a preview that exists does not authorise the statement any more, or not yet.
pub fn look(search: Search, statement: &Statement, user: RoleId) -> Result<Option<Token>, Denial> {
    let (text, manner) = match search {
        Search::Statement => (statement.text, Manner { takes_run: true, anew: false }),
        Search::Change => (portals::finishing_text(), Manner { takes_run: true, anew: false }),
        Search::Leader => (portals::sent_text(), Manner { takes_run: false, anew: true }),
    };
    match text {
        Some(text) => find(&text, user, manner),
        None => Ok(None),
    }
}

/// The token of the preview of `user` that authorises a text now; None where there is
/// none.
///
/// # Errors
/// As for [`look`].
pub(super) fn find(text: &Text, user: RoleId, manner: Manner) -> Result<Option<Token>, Denial> {
    let text = text.get();
    let text = normalized(&text);
    if let Some(known) = session::find(user, text.as_bytes())
        && let Some(token) = recall(known, manner)?
    {
        return Ok(Some(token));
    }
    let Some(found) = elevated(|e| previews::find(e, user, text)).or_raise() else {
        return Ok(None);
    };
    check_runnable(&found)?;
    let takes = manner.takes_run && found.preview.writes;
    if takes && !elevated(|e| previews::take(e, &found.preview.preview_id)).or_raise() {
        return Err(not_authorising(&StoredPreview { used: true, ..found }));
    }
    Ok(session::remember(authorised(&found), !found.preview.writes))
}

/// The token itself, where the preview that the session remembers still authorises;
/// None where it must be looked up again.
///
/// # Errors
/// As for [`look`].
fn recall(token: Token, manner: Manner) -> Result<Option<Token>, Denial> {
    let now = clock::now();
    let generation = cache::generation();
    let settings = settings::reading_settings();
    let known = session::with(token, |a| {
        let fresh = !manner.anew
            && a.checked_at == generation
            && a.settings == settings
            && settings::search_path_is(&a.search_path);
        (a.recalled(now, fresh), a.held, a.writes)
    });
    let Some((recalled, held, writes)) = known else {
        return Ok(None);
    };
    match recalled {
        Recalled::Good => {}
        Recalled::Refused(denial) => return Err(denial),
        Recalled::Spent => {
            session::forget(token);
            return Ok(None);
        }
        Recalled::MayBeStale => {
            let Some((sql, basis)) = session::with(token, |a| (a.sql.clone(), a.basis.clone()))
            else {
                return Ok(None);
            };
            if let Err(stale) = check_basis(&sql, &basis) {
                session::forget(token);
                // Another session may have made a newer preview.
                return if held { Err(stale) } else { Ok(None) };
            }
            let (generation, search_path) = (cache::generation(), settings::search_path());
            session::with(token, |a| {
                a.checked_at = generation;
                a.search_path = search_path;
                a.settings = settings;
            });
        }
    }
    // Where nothing can be written, Postgres refuses the write next, and the preview
    // keeps its run.
    if held && writes && manner.takes_run && !transaction::read_only_here() {
        session::with(token, |a| a.used = true);
    }
    Ok(Some(token))
}

/// Checks that a stored preview authorises a run now.
///
/// # Errors
/// Why the preview does not authorise it.
pub(super) fn check_runnable(found: &StoredPreview) -> Result<(), Denial> {
    if !found.authorises() {
        return Err(not_authorising(found));
    }
    check_basis(&found.preview.sql, &found.preview.basis)
}

/// Checks that a preview is still true: the catalogs have what its basis says.
///
/// # Errors
/// What has changed since the preview.
fn check_basis(sql: &str, then: &Basis) -> Result<(), Denial> {
    let changes = match analyze::analyze(sql, false) {
        Ok(analyzed) => {
            let now = elevated(|e| relations::basis(e, &analyzed, then)).or_raise();
            staleness::changes(then, &now)
        }
        Err(Problem::Error(raised)) => vec![raised.message],
        Err(_) => vec!["it is no single statement any more".to_string()],
    };
    if changes.is_empty() {
        return Ok(());
    }
    let detail = format!("Since it was made: {}.", changes.join("; "));
    let words = Words::new("the preview of this statement is stale", detail, call_for(sql));
    Err(Denial::new(Rule::PreviewStale, words))
}

/// A stored preview as the session remembers it.
fn authorised(found: &StoredPreview) -> Authorised {
    let expires_at = clock::now() + (found.expires_in * 1e6) as i64;
    Authorised { expires_at, ..fresh(&found.preview, 0) }
}

/// A preview that was made just now, as the session remembers it for `ttl` seconds.
pub(super) fn fresh(preview: &Preview, ttl: i32) -> Authorised {
    Authorised {
        preview_id: preview.preview_id.clone(),
        sql: preview.sql.clone(),
        uses: uses(preview),
        writes: preview.writes,
        basis: preview.basis.clone(),
        search_path: settings::search_path(),
        settings: settings::reading_settings(),
        expires_at: clock::now() + i64::from(ttl) * 1_000_000,
        checked_at: cache::generation(),
        joins: !preview.joins.is_empty(),
        ..Authorised::default()
    }
}

/// The tables of a preview, and those that foreign keys change along with them.
fn uses(preview: &Preview) -> Uses {
    Uses {
        user: preview.user_oid,
        reached: preview.reached(),
        tables: preview.tables_used.iter().map(|t| (t.oid, t.access)).collect(),
        include_deprecated: preview.include_deprecated,
    }
}

/// The statement of a held preview of `user` with this id.
pub fn held_text(preview_id: &str, user: RoleId) -> Option<String> {
    let is_it = |a: &&Authorised| a.uses.user == user && a.preview_id == preview_id;
    session(|s| s.held().find(is_it).map(|a| a.sql.clone())).flatten()
}
