//! Collects the situation of a statement in one place, from frames, settings, roles and
//! cache. Nothing is decided here.

use crate::guc;
use crate::pg::cache;
use crate::pg::frames::{self, Now};
use crate::pg::policy::Statement;
use crate::pg::text::Text;
use crate::pg::{elevate, portals, transaction, users};
use crate::preview_rule;
use crate::store::roles;
use spyne_core::gate::situation::{Seen, Situation, Worker};
use spyne_core::gate::token::Token;
use spyne_core::kernel::ids::RoleId;
use spyne_core::kernel::role::Role;
use spyne_core::statement::preview::text::normalized;

/// The situation of a statement that `user` is about to run.
pub(super) fn of(statement: &Statement, user: RoleId) -> Situation {
    let now = frames::now();
    if now.at_work() {
        return Situation {
            at_work: true,
            ..Situation::plain(statement.kind, Vec::new(), Role::None)
        };
    }
    let plain = Situation::plain(statement.kind, seen(statement), roles::role_of(user));
    let plain = Situation {
        superuser: statement.kind.asks_for_superuser() && users::is_superuser(user),
        include_deprecated: guc::include_deprecated(),
        ingestion_open: cache::ingestion_open(),
        installing: elevate::installing(),
        require: preview_rule::require(),
        has_previews: preview_rule::has_previews(),
        ..plain
    };
    match statement.kind {
        kind if kind.has_preview() => with_previews(plain, statement, user, now),
        kind if kind.only_looks() => {
            Situation { looks_at_deprecated: frames::looks_at_deprecated(), ..plain }
        }
        _ => plain,
    }
}

/// The relations that a statement touches, with what binds each.
fn seen(statement: &Statement) -> Vec<Seen> {
    let others = statement.touched.iter().any(|touched| touched.as_user != RoleId::NONE);
    let owner_of_views = others.then(|| users::role("spyne_views")).flatten();
    let touched = statement.touched.iter();
    touched
        .map(|touched| Seen {
            relation: touched.relid,
            access: touched.access,
            guard: cache::guard_of(touched.relid),
            by_governed_view: owner_of_views == Some(touched.as_user),
        })
        .collect()
}

/// Adds what the preview rule depends on.
fn with_previews(plain: Situation, statement: &Statement, user: RoleId, now: Now) -> Situation {
    let of_key = users::in_key_statement();
    let text = statement.text;
    let authority =
        |token: Option<Token>| token.map(|t| preview_rule::authority(t, user, &plain.seen, of_key));
    let worker = match (statement.of_leader, transaction::in_parallel_worker()) {
        (true, _) => Worker::OfLeader,
        (false, true) => Worker::Function,
        (false, false) => Worker::No,
    };
    Situation {
        reads_for_spyne: text.is_some_and(|text| frames::reads_by(&text)),
        worker,
        running: authority(now.running),
        pending: authority(now.pending),
        of_key,
        change_has_text: of_key && portals::finishing_text().is_some(),
        has_text: text.is_some() && !statement.own_names,
        follows: authority(followed(statement, user)),
        from_client: plain.is_bound() && text_to_preview(statement, of_key).is_some(),
        doubt: frames::doubted(),
        ..plain
    }
}

/// The token of the statement that this one follows in its portal: a rule has made both
/// of one text, and they are one run of a write.
fn followed(statement: &Statement, user: RoleId) -> Option<Token> {
    let token = frames::followed_by(statement.place?)?;
    let text = statement.text?.get();
    preview_rule::is_of(token, user, normalized(&text)).then_some(token)
}

/// The text that the client has sent and would have to preview. For a foreign key's own
/// statement that is the text of the change.
pub(super) fn text_to_preview(statement: &Statement, of_key: bool) -> Option<Text> {
    let key = of_key.then(portals::client_text).flatten();
    frames::utility_text().or(key).or(statement.text).filter(Text::is_from_client)
}
