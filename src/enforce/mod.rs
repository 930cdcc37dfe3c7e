//! What the hooks and the guard triggers ask: one checker, and one place that
//! fails closed.
//!
//! A statement must pass, in this order: Postgres's own privileges (checked by
//! Postgres), the caller's spyne role, the table's state, and a preview. [`situation`]
//! collects what the verdict depends on, [`spyne_core::gate::judge`] decides, and this
//! module carries the verdict out.

mod ddl;
pub mod drift;
mod evaluation;
pub mod guards;
mod shards;
mod situation;
mod words;

use crate::guc::{self, Enforcement};
use crate::pg::cache;
use crate::pg::frames;
use crate::pg::policy::{Kind, Policy, Statement, Touched};
use crate::pg::{runs, users};
use crate::preview_rule;
use crate::report;
use crate::store::roles;
use spyne_core::gate::access::Access;
use spyne_core::gate::decide;
use spyne_core::gate::judge::{Because, Verdict, Watch, readable};
use spyne_core::gate::rules::{Denial, Rule};
use spyne_core::gate::situation::{Guard, Lookup, Situation};
use spyne_core::gate::token::Token;
use spyne_core::kernel::error::SpyneError;
use spyne_core::kernel::ids::{RelId, RoleId};
use spyne_core::kernel::state::State;

/// The functions that `lib.rs` hands to the hooks.
pub const POLICY: Policy = Policy {
    enabled,
    statement,
    copies,
    permits,
    may_compute: evaluation::may_compute,
    object: ddl::object,
    passed: preview_rule::passed,
    previews: preview_rule::watches,
    utility: preview_rule::utility,
    finished: preview_rule::finished,
    undone: preview_rule::transaction_undone,
    failed: words::failed,
};

/// Whether anything is checked. Writes a line to the server log once when
/// `spyne.enforcement` becomes less than `enforce`.
fn enabled() -> bool {
    if let Some(lowered) = guc::newly_lowered() {
        report::log_line(&format!("spyne.enforcement is {} in this session", lowered.as_str()));
    }
    guc::enforcement() != Enforcement::Off
}

/// Refuses a statement with an error. In permissive mode, writes to the server log what
/// would have been refused.
pub(crate) fn refuse(denial: Denial) {
    let error = SpyneError::from(denial);
    match guc::enforcement() {
        Enforcement::Enforce => report::raise(error),
        Enforcement::Permissive => report::log(SpyneError {
            message: format!("spyne permissive: let through: {}", error.message),
            ..error
        }),
        Enforcement::Off => {}
    }
}

/// Checks a statement when the executor starts it, also one with a cached plan. Returns
/// the token of its preview, by which its run is watched.
fn statement(statement: &Statement) -> Option<Token> {
    let user = users::acting();
    let (verdict, situation) = judged(statement, user);
    let token = watch(&verdict, statement);
    if !situation.at_work {
        remember_readable(&situation, user);
        if !situation.seen.iter().any(|seen| depends_on_settings(seen.guard)) {
            preview_rule::note_passed(token, statement.relations);
        }
    }
    token
}

/// Checks COPY of a table before it begins. Returns whether its preview authorises it:
/// then the run is recorded when COPY has ended.
fn copies(statement: &Statement) -> bool {
    let (verdict, _) = judged(statement, users::acting());
    verdict.watch == Watch::Utility
}

/// Judges a statement, and refuses it where the verdict says so.
fn judged(statement: &Statement, user: RoleId) -> (Verdict, Situation) {
    let mut situation = situation::of(statement, user);
    // Why the preview that was found does not authorise the statement.
    let mut because = None;
    let verdict = decide(&mut situation, |search, situation| {
        match preview_rule::look(search, statement, user) {
            Ok(None) => Lookup::Nothing,
            Ok(Some(token)) => Lookup::Found(preview_rule::authority(
                token,
                user,
                &situation.seen,
                situation.of_key,
            )),
            Err(denial) => {
                let rule = denial.rule;
                because = Some(denial);
                Lookup::Refused(rule)
            }
        }
    });
    for refused in &verdict.refused {
        words::denial(refused, &situation, user).into_iter().for_each(refuse);
    }
    if let Some(rule) = verdict.unpreviewed {
        refuse(unpreviewed(rule, &verdict, statement, &situation, because));
    }
    (verdict, situation)
}

/// The refusal of the preview rule, in words.
fn unpreviewed(
    rule: Rule,
    verdict: &Verdict,
    statement: &Statement,
    situation: &Situation,
    found: Option<Denial>,
) -> Denial {
    let known = match verdict.because {
        Because::PreviewRefused => found,
        Because::UtilityRefused => frames::doubt(),
        _ => None,
    };
    let text = match rule {
        Rule::PreviewRequired => situation::text_to_preview(statement, situation.of_key),
        _ => None,
    };
    known.unwrap_or_else(|| preview_rule::unpreviewed(&situation.seen, text))
}

/// Watches what the verdict says. Returns the token of the statement that starts, where
/// that is watched.
fn watch(verdict: &Verdict, statement: &Statement) -> Option<Token> {
    match verdict.watch {
        Watch::Nothing => None,
        Watch::Statement(token) => {
            match verdict.because {
                Because::Previewed => frames::authorised(statement.place, token),
                // COPY of a table with policies is a query, by the same text.
                Because::UtilityPreviewed if is_the_utility(statement) => frames::start_pending(),
                _ => {}
            }
            Some(token)
        }
        Watch::Change(token) => {
            runs::watch_finishing(token);
            None
        }
        Watch::Utility => {
            frames::use_pending();
            None
        }
    }
}

/// Whether a statement is the query that the utility statement around it comes down to.
fn is_the_utility(statement: &Statement) -> bool {
    let texts = statement.text.zip(frames::utility_text());
    texts.is_some_and(|(own, around)| own.get() == around.get())
}

/// Whether the answer for a table depends on a setting of the session.
fn depends_on_settings(guard: Guard) -> bool {
    guard == Guard::CATALOG || guard.states().contains(State::Deprecated)
}

/// The refusals of a statement by the rules of role and state.
fn refusals(statement: &Statement) -> impl Iterator<Item = Denial> {
    let user = users::acting();
    let mut situation = situation::of(statement, user);
    let verdict = decide(&mut situation, |_, _| Lookup::Nothing);
    verdict.refused.into_iter().filter_map(move |r| words::denial(&r, &situation, user))
}

/// Whether a statement passes, for a check of Postgres's that wants an answer and no
/// error.
fn permits(statement: &Statement) -> bool {
    let refused = refusals(statement).next();
    match (refused, guc::enforcement()) {
        (Some(_), Enforcement::Enforce) => false,
        (Some(denial), _) => {
            refuse(denial);
            true
        }
        (None, _) => true,
    }
}

/// Checks one access that no statement is behind: for a guard trigger, or for a
/// partition that is attached or detached.
pub(crate) fn check(relid: RelId, access: Access) {
    let touched = vec![Touched::directly(relid, access)];
    refusals(&Statement::plain(touched, Kind::Access, None)).for_each(refuse);
}

/// Tells the fast path which states this user may read without a check.
fn remember_readable(situation: &Situation, acting: RoleId) {
    let user = users::current();
    let role = match user == acting {
        true => situation.role,
        false => roles::role_of(user),
    };
    let looked_up = preview_rule::require().binds(role) || preview_rule::has_previews();
    cache::set_readable(user, readable(role, looked_up), preview_rule::watches());
}
