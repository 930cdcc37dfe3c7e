//! The verdict, case by case: a situation in words, what is set in it, and the verdict.
//! A case begins with a viewer who runs a statement on an ACTIVE table and must have
//! previewed it; it sets only what is different.

use super::access::Access::{self, KeyCheck, Lock, Read, Write};
use super::judge::{Judgement, Search, Watch, judge};
use super::rules::Rule;
use super::situation::{Authority, Guard, Kind, Lookup, Require, Seen, Situation, Worker};
use super::token::{Slots, Token};
use crate::kernel::ids::RelId;
use crate::kernel::role::Role;
use crate::kernel::state::State;

type Case = (&'static str, fn(&mut Situation), &'static str);

fn token() -> Token {
    Slots::new().insert(()).unwrap()
}

fn touches(guard: Guard, access: Access) -> Vec<Seen> {
    vec![Seen { relation: RelId::new(20_000), access, guard, by_governed_view: false }]
}

fn on(state: State, access: Access) -> Vec<Seen> {
    touches(Guard(state.bit()), access)
}

fn view(access: Access) -> Vec<Seen> {
    on(State::Active, access).into_iter().map(|s| Seen { by_governed_view: true, ..s }).collect()
}

fn two(one: Vec<Seen>, other: Vec<Seen>) -> Vec<Seen> {
    one.into_iter().chain(other).collect()
}

const BELOW_TWO: Guard = Guard(State::Active.bit() | State::ReadOnly.bit());

fn covering() -> Authority {
    Authority { token: token(), covers: true, include_deprecated: false }
}

fn beyond() -> Authority {
    Authority { covers: false, ..covering() }
}

fn with_deprecated() -> Authority {
    Authority { include_deprecated: true, ..covering() }
}

fn admin(s: &mut Situation) {
    s.role = Role::Admin;
}

fn engineer(s: &mut Situation) {
    s.role = Role::Engineer;
    s.ingestion_open = true;
}

/// The statement has a preview, which is found.
fn previewed(s: &mut Situation) {
    s.found = Lookup::Found(covering());
}

/// The verdict, in a few words.
fn told(situation: &Situation) -> String {
    let verdict = match judge(situation) {
        Judgement::NeedsPreview(Search::Statement) => return "look for its preview".into(),
        Judgement::NeedsPreview(Search::Change) => return "look for the change's preview".into(),
        Judgement::NeedsPreview(Search::Leader) => return "look for the leader's preview".into(),
        Judgement::Verdict(verdict) => verdict,
    };
    let rules: Vec<&str> = verdict.rules().map(Rule::code).collect();
    let because = format!("{:?}", verdict.because);
    let watched = match verdict.watch {
        Watch::Nothing => "",
        Watch::Statement(_) => ", watched",
        Watch::Change(_) => ", its change watched",
        Watch::Utility => ", its utility statement recorded",
    };
    match rules.is_empty() {
        true => format!("passes: {because}{watched}"),
        false => format!("refused: {} ({because}{watched})", rules.join(", ")),
    }
}

/// Each case begins with a viewer's read of an ACTIVE table.
fn check(cases: &[Case]) {
    for (words, change, expected) in cases {
        let mut situation = Situation::plain(Kind::Run, on(State::Active, Read), Role::Viewer);
        change(&mut situation);
        assert_eq!(told(&situation), *expected, "{words}");
    }
}

#[rustfmt::skip]
const ROLE_AND_STATE: [Case; 35] = [
    ("nobody reads without a role", |s| { s.role = Role::None; previewed(s) }, "refused: role.query (Previewed, watched)"),
    ("nobody writes without a role", |s| { s.role = Role::None; s.seen = on(State::Active, Write); previewed(s) }, "refused: role.query (Previewed, watched)"),
    ("a key's check needs no role", |s| { s.role = Role::None; s.seen = on(State::Active, KeyCheck) }, "passes: NothingGoverned"),
    ("what is not governed is free", |s| { s.role = Role::None; s.seen = touches(Guard::NONE, Write) }, "passes: NothingGoverned"),
    ("a viewer does not write", |s| { s.seen = on(State::Active, Write); previewed(s) }, "refused: role.ingest (Previewed, watched)"),
    ("a viewer does not lock", |s| { s.seen = on(State::Active, Lock); previewed(s) }, "refused: role.ingest (Previewed, watched)"),
    ("an engineer writes to ACTIVE", |s| { engineer(s); s.seen = on(State::Active, Write); previewed(s) }, "passes: Previewed, watched"),
    ("an admin writes to ACTIVE", |s| { admin(s); s.seen = on(State::Active, Write) }, "passes: NotBound"),
    ("nobody writes to READ_ONLY", |s| { admin(s); s.seen = on(State::ReadOnly, Write) }, "refused: state.read_only (NotBound)"),
    ("nobody locks READ_ONLY", |s| { admin(s); s.seen = on(State::ReadOnly, Lock) }, "refused: state.read_only (NotBound)"),
    ("an admin reads READ_ONLY", |s| { admin(s); s.seen = on(State::ReadOnly, Read) }, "passes: NotBound"),
    ("nobody writes to DEPRECATED", |s| { admin(s); s.include_deprecated = true; s.seen = on(State::Deprecated, Write) }, "refused: state.read_only (NotBound)"),
    ("DEPRECATED is read on request", |s| { admin(s); s.seen = on(State::Deprecated, Read) }, "refused: state.deprecated (NotBound)"),
    ("by the setting", |s| { admin(s); s.include_deprecated = true; s.seen = on(State::Deprecated, Read) }, "passes: NotBound"),
    ("by a preview that includes it", |s| { s.seen = on(State::Deprecated, Read); s.found = Lookup::Found(with_deprecated()) }, "passes: Previewed, watched"),
    ("not by a preview that does not", |s| { s.seen = on(State::Deprecated, Read); previewed(s) }, "refused: state.deprecated (Previewed, watched)"),
    ("by a superuser's pg_dump", |s| { admin(s); s.superuser = true; s.kind = Kind::Copy; s.seen = on(State::Deprecated, Read) }, "passes: NotBound"),
    ("not by an admin's COPY", |s| { admin(s); s.kind = Kind::Copy; s.seen = on(State::Deprecated, Read) }, "refused: state.deprecated (NotBound)"),
    ("by a superuser's foreign key", |s| { admin(s); s.superuser = true; s.kind = Kind::NewKey; s.seen = on(State::Deprecated, Read) }, "passes: HasNoPreview"),
    ("by a definition, which returns no rows", |s| { s.kind = Kind::Definition; s.seen = on(State::Deprecated, Read) }, "passes: HasNoPreview"),
    ("a viewer sees no SHADOW", |s| { s.seen = on(State::Shadow, Read); previewed(s) }, "refused: role.view_shadow (Previewed, watched)"),
    ("nor by a definition", |s| { s.kind = Kind::Definition; s.seen = on(State::Shadow, Read) }, "refused: role.view_shadow (HasNoPreview)"),
    ("an engineer sees SHADOW", |s| { engineer(s); s.seen = on(State::Shadow, Read); previewed(s) }, "passes: Previewed, watched"),
    ("an engineer writes to SHADOW", |s| { engineer(s); s.seen = on(State::Shadow, Write); previewed(s) }, "passes: Previewed, watched"),
    ("not while the mode is READ_ONLY", |s| { engineer(s); s.ingestion_open = false; s.seen = on(State::Shadow, Write); previewed(s) }, "refused: mode.ingestion (Previewed, watched)"),
    ("an admin neither", |s| { admin(s); s.seen = on(State::Shadow, Write) }, "refused: mode.ingestion (NotBound)"),
    ("below two tables the rules of both hold", |s| { admin(s); s.seen = touches(BELOW_TWO, Write) }, "refused: state.read_only (NotBound)"),
    ("each relation is judged, in order", |s| { admin(s); s.seen = two(on(State::Deprecated, Read), on(State::ReadOnly, Write)) }, "refused: state.deprecated, state.read_only (NotBound)"),
    ("nobody writes to the catalog", |s| { admin(s); s.superuser = true; s.seen = touches(Guard::CATALOG, Write) }, "refused: catalog.write (NotBound)"),
    ("EXPLAIN of that is told so too", |s| { admin(s); s.kind = Kind::Explain; s.seen = touches(Guard::CATALOG, Write) }, "refused: catalog.write (OnlyLooks)"),
    ("its rows are read by privilege alone", |s| { s.role = Role::None; s.seen = touches(Guard::CATALOG, Read) }, "passes: NothingGoverned"),
    ("the script of spyne writes to it", |s| { admin(s); s.installing = true; s.seen = touches(Guard::CATALOG, Write) }, "passes: NotBound"),
    ("spyne writes to it", |s| { s.at_work = true; s.seen = touches(Guard::CATALOG, Write) }, "passes: OfSpyne"),
    ("and to governed tables", |s| { s.at_work = true; s.seen = on(State::ReadOnly, Write) }, "passes: OfSpyne"),
    ("a guard trigger asks about a write", |s| { s.kind = Kind::Access; s.seen = on(State::Active, Write) }, "refused: role.ingest (HasNoPreview)"),
];

#[rustfmt::skip]
const PREVIEWS: [Case; 58] = [
    ("a viewer must look first", |_| {}, "look for its preview"),
    ("and has", previewed, "passes: Previewed, watched"),
    ("and has not", |s| s.found = Lookup::Nothing, "refused: preview.required (NotPreviewed)"),
    ("an engineer must", engineer, "look for its preview"),
    ("an admin need not", admin, "passes: NotBound"),
    ("unless all must", |s| { admin(s); s.require = Require::All }, "look for its preview"),
    ("a viewer need not where nobody must", |s| s.require = Require::Nobody, "passes: NotBound"),
    ("an admin with previews has runs recorded", |s| { admin(s); s.has_previews = true }, "look for its preview"),
    ("there is one", |s| { admin(s); s.has_previews = true; previewed(s) }, "passes: Previewed, watched"),
    ("there is none", |s| { admin(s); s.has_previews = true; s.found = Lookup::Nothing }, "passes: NotBound"),
    ("there is one for other tables", |s| { admin(s); s.has_previews = true; s.found = Lookup::Found(beyond()) }, "passes: NotBound"),
    ("there is a stale one", |s| { admin(s); s.has_previews = true; s.found = Lookup::Refused(Rule::PreviewStale) }, "passes: NotBound"),
    ("a stale preview", |s| s.found = Lookup::Refused(Rule::PreviewStale), "refused: preview.stale (PreviewRefused)"),
    ("an expired preview", |s| s.found = Lookup::Refused(Rule::PreviewExpired), "refused: preview.expired (PreviewRefused)"),
    ("a write that has run", |s| s.found = Lookup::Refused(Rule::PreviewUsed), "refused: preview.used (PreviewRefused)"),
    ("a preview with a stop", |s| s.found = Lookup::Refused(Rule::PreviewStop), "refused: preview.stop (PreviewRefused)"),
    ("a preview for other tables", |s| s.found = Lookup::Found(beyond()), "refused: preview.inside (BeyondPreviewed)"),
    ("who may not read is told that first", |s| { s.role = Role::None; s.found = Lookup::Nothing }, "refused: role.query, preview.required (NotPreviewed)"),
    ("tables that are not governed", |s| s.seen = touches(Guard::NONE, Write), "passes: NothingGoverned"),
    ("spyne's catalog", |s| s.seen = touches(Guard::CATALOG, Read), "passes: NothingGoverned"),
    ("the views in governed", |s| s.seen = view(Read), "passes: NothingGoverned"),
    ("not what is written through them", |s| { engineer(s); s.seen = view(Write) }, "look for its preview"),
    ("a table beside them", |s| s.seen = two(view(Read), on(State::ReadOnly, Read)), "look for its preview"),
    ("a lock through them is a read", |s| { engineer(s); s.seen = view(Lock) }, "passes: NothingGoverned"),
    ("EXPLAIN runs nothing", |s| s.kind = Kind::Explain, "passes: OnlyLooks"),
    ("EXPLAIN of a write", |s| { s.kind = Kind::Explain; s.seen = on(State::ReadOnly, Write) }, "passes: OnlyLooks"),
    ("EXPLAIN of DEPRECATED", |s| { s.kind = Kind::Explain; s.seen = on(State::Deprecated, Read) }, "refused: state.deprecated (OnlyLooks)"),
    ("a preview looks", |s| s.kind = Kind::Preview, "passes: OnlyLooks"),
    ("a preview of a write that is refused", |s| { s.kind = Kind::Preview; s.seen = on(State::ReadOnly, Write) }, "refused: state.read_only (OnlyLooks)"),
    ("a preview of DEPRECATED", |s| { s.kind = Kind::Preview; s.seen = on(State::Deprecated, Read) }, "refused: state.deprecated (OnlyLooks)"),
    ("a preview that includes it", |s| { s.kind = Kind::Preview; s.looks_at_deprecated = true; s.seen = on(State::Deprecated, Read) }, "passes: OnlyLooks"),
    ("that is no licence to run", |s| { s.looks_at_deprecated = true; s.seen = on(State::Deprecated, Read); previewed(s) }, "refused: state.deprecated (Previewed, watched)"),
    ("FETCH from a cursor", |s| s.kind = Kind::Fetch, "passes: HasNoPreview"),
    ("FETCH of what was deprecated since", |s| { s.kind = Kind::Fetch; s.seen = on(State::Deprecated, Read) }, "refused: state.deprecated (HasNoPreview)"),
    ("a definition", |s| s.kind = Kind::Definition, "passes: HasNoPreview"),
    ("spyne at work", |s| s.at_work = true, "passes: OfSpyne"),
    ("spyne reads a table", |s| s.reads_for_spyne = true, "passes: OfSpyne"),
    ("it does so with the reader's rights", |s| { s.reads_for_spyne = true; s.role = Role::None }, "refused: role.query (OfSpyne)"),
    ("a worker's part of the leader's plan", |s| s.worker = Worker::OfLeader, "passes: OfLeader"),
    ("of a plan with DEPRECATED in it", |s| { s.worker = Worker::OfLeader; s.seen = on(State::Deprecated, Read) }, "passes: OfLeader"),
    ("a function in a worker", |s| s.worker = Worker::Function, "look for the leader's preview"),
    ("whose leader uses its tables", |s| { s.worker = Worker::Function; previewed(s) }, "passes: WithinPreviewed"),
    ("whose leader does not", |s| { s.worker = Worker::Function; s.found = Lookup::Found(beyond()) }, "refused: preview.inside (BeyondPreviewed)"),
    ("whose leader nobody has looked at", |s| { s.worker = Worker::Function; s.found = Lookup::Nothing }, "refused: preview.inside (BeyondPreviewed)"),
    ("inside a previewed statement", |s| s.running = Some(covering()), "passes: WithinPreviewed"),
    ("inside one that includes DEPRECATED", |s| { s.running = Some(with_deprecated()); s.seen = on(State::Deprecated, Read) }, "passes: WithinPreviewed"),
    ("inside one of other tables", |s| s.running = Some(beyond()), "look for its preview"),
    ("which has none of its own", |s| { s.running = Some(beyond()); s.found = Lookup::Nothing }, "refused: preview.inside (BeyondPreviewed)"),
    ("which has one of its own", |s| { s.running = Some(beyond()); previewed(s) }, "passes: Previewed, watched"),
    ("an admin's, inside a previewed one", |s| { admin(s); s.running = Some(beyond()); s.found = Lookup::Nothing }, "passes: NotBound"),
    ("in a function with variables", |s| { s.has_text = false; s.from_client = false }, "refused: preview.inside (BeyondPreviewed)"),
    ("in a function, by a text of its own", |s| { s.from_client = false; s.found = Lookup::Nothing }, "refused: preview.inside (BeyondPreviewed)"),
    ("the second of what a rule has made", |s| { engineer(s); s.seen = on(State::Active, Write); s.follows = Some(covering()) }, "passes: Previewed, watched"),
    ("which uses another table", |s| { engineer(s); s.seen = on(State::Active, Write); s.follows = Some(beyond()) }, "refused: preview.inside (BeyondPreviewed)"),
    ("COPY of a table nobody has looked at", |s| s.kind = Kind::Copy, "refused: preview.required (NotPreviewed)"),
    ("COPY of a table, previewed", |s| { s.kind = Kind::Copy; s.pending = Some(covering()) }, "passes: UtilityPreviewed, its utility statement recorded"),
    ("EXPLAIN ANALYZE, previewed", |s| s.pending = Some(covering()), "passes: UtilityPreviewed, watched"),
    ("DECLARE of DEPRECATED, previewed so", |s| { s.pending = Some(with_deprecated()); s.seen = on(State::Deprecated, Read) }, "passes: UtilityPreviewed, watched"),
];

#[rustfmt::skip]
const KEYS_AND_DOUBTS: [Case; 13] = [
    ("a foreign key's action of a change without a text", |s| { engineer(s); s.of_key = true; s.seen = on(State::Active, Write) }, "refused: preview.required (NotPreviewed)"),
    ("of a change that has one", |s| { engineer(s); s.of_key = true; s.change_has_text = true; s.seen = on(State::Active, Write) }, "look for the change's preview"),
    ("whose preview reaches the table", |s| { engineer(s); s.of_key = true; s.change_has_text = true; s.seen = on(State::Active, Write); previewed(s) }, "passes: ChangePreviewed, its change watched"),
    ("whose preview does not", |s| { engineer(s); s.of_key = true; s.change_has_text = true; s.seen = on(State::Active, Write); s.found = Lookup::Found(beyond()) }, "refused: preview.required (NotPreviewed)"),
    ("whose preview is stale", |s| { engineer(s); s.of_key = true; s.change_has_text = true; s.found = Lookup::Refused(Rule::PreviewStale) }, "refused: preview.stale (PreviewRefused)"),
    ("a key does not bring back DEPRECATED", |s| { engineer(s); s.of_key = true; s.change_has_text = true; s.seen = on(State::Deprecated, Read); s.found = Lookup::Found(with_deprecated()) }, "refused: state.deprecated (ChangePreviewed, its change watched)"),
    ("an admin's cascade", |s| { admin(s); s.of_key = true; s.seen = on(State::Active, Write) }, "passes: NotBound"),
    ("a cascade to READ_ONLY", |s| { admin(s); s.of_key = true; s.seen = on(State::ReadOnly, Write) }, "refused: state.read_only (NotBound)"),
    ("a utility statement whose preview is stale", |s| { s.doubt = Some(Rule::PreviewStale); s.found = Lookup::Nothing }, "refused: preview.stale (UtilityRefused)"),
    ("COPY of a table by such a one", |s| { s.kind = Kind::Copy; s.doubt = Some(Rule::PreviewExpired) }, "refused: preview.expired (UtilityRefused)"),
    ("the statement inside has a preview itself", |s| { s.doubt = Some(Rule::PreviewStale); previewed(s) }, "passes: Previewed, watched"),
    ("an admin's", |s| { admin(s); s.has_previews = true; s.doubt = Some(Rule::PreviewStale); s.found = Lookup::Nothing }, "passes: NotBound"),
    ("a pending preview of other tables", |s| { s.pending = Some(beyond()); s.found = Lookup::Nothing }, "refused: preview.required (NotPreviewed)"),
];

#[test]
fn the_rules_of_role_and_state() {
    check(&ROLE_AND_STATE);
}

#[test]
fn the_preview_rule() {
    check(&PREVIEWS);
}

#[test]
fn the_preview_rule_for_foreign_keys_and_utility_statements() {
    check(&KEYS_AND_DOUBTS);
}

/// A statement of a user whom the preview rule binds passes only by a preview, by an
/// exemption that is named, or because its tables need no preview.
#[test]
fn a_bound_statement_passes_for_a_reason() {
    let mut passed = 0;
    for kind in [Kind::Run, Kind::Copy] {
        for found in [Lookup::Nothing, Lookup::Found(beyond()), Lookup::Refused(Rule::PreviewUsed)]
        {
            for bits in 0..512_u32 {
                let bit = |n: u32| bits & (1 << n) != 0;
                let seen = on(State::Active, if bit(0) { Write } else { Read });
                let mut s = Situation::plain(kind, seen, Role::Engineer);
                s.found = found;
                s.running = bit(1).then(beyond);
                s.pending = bit(2).then(beyond);
                s.follows = bit(3).then(beyond);
                (s.of_key, s.change_has_text) = (bit(4), bit(5));
                (s.has_text, s.from_client) = (bit(6), bit(7));
                s.worker = if bit(8) { Worker::Function } else { Worker::No };
                match judge(&s) {
                    Judgement::Verdict(v) if v.unpreviewed.is_none() => passed += 1,
                    Judgement::Verdict(v) => assert_eq!(v.watch, Watch::Nothing),
                    Judgement::NeedsPreview(_) => panic!("it was looked up"),
                }
            }
        }
    }
    assert_eq!(passed, 0);
}
