//! The verdict on a statement: a function of its [`Situation`], and nothing else.
//!
//! A statement must pass the rules of role and state for each relation, and then the
//! preview rule. Where the verdict depends on a preview, [`judge`] says where to look
//! for one. The caller looks, puts what it has found into the situation, and asks
//! again.

use super::access::{Access, AccessContext, Refusal, verdict};
use super::rules::Rule;
use super::situation::{Guard, Kind, Lookup, Seen, Situation, Worker};
use super::token::Token;
use crate::kernel::role::Role;
use crate::kernel::state::{State, StateSet};

/// Where to look for a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// By the statement's own text. A write uses up the one run that a preview allows
    /// it.
    Statement,
    /// By the text of the change that fires its AFTER triggers. A write uses up the one
    /// run that a preview allows it.
    Change,
    /// By the text that the leader of a parallel query runs.
    Leader,
}

/// What is watched from now on, so that its run can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    Nothing,
    /// The statement that starts.
    Statement(Token),
    /// The change that fires its AFTER triggers.
    Change(Token),
    /// The utility statement that is running: it does not pass the executor.
    Utility,
}

/// Why a statement passes the preview rule, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The statement does not run: it is only explained or previewed.
    OnlyLooks,
    /// Statements of this kind have no preview: a definition, FETCH, the check of one
    /// access.
    HasNoPreview,
    /// spyne itself runs the statement.
    OfSpyne,
    /// A parallel worker runs its part of a plan that was checked in the leader.
    OfLeader,
    /// The preview rule does not bind the user.
    NotBound,
    /// The statement touches no table whose statements need a preview.
    NothingGoverned,
    /// A previewed statement runs this one, which uses no other tables.
    WithinPreviewed,
    /// A previewed utility statement starts this one.
    UtilityPreviewed,
    /// The statement has a preview itself.
    Previewed,
    /// The statement is a foreign key's own, and the change that it belongs to has a
    /// preview.
    ChangePreviewed,
    /// The statement has no preview.
    NotPreviewed,
    /// The statement uses tables that the previewed statement around it does not, or
    /// the statement around it has no preview.
    BeyondPreviewed,
    /// The statement has a preview, which does not authorise it.
    PreviewRefused,
    /// The utility statement that starts this one has a preview, which does not
    /// authorise that.
    UtilityRefused,
}

/// A relation that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The index of the relation in `Situation::seen`.
    pub at: usize,
    /// The rule that is broken. Its words depend on the state and the access.
    pub broken: Broken,
}

/// A rule of role and state that an access breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Only spyne writes its catalog.
    Catalog,
    /// A rule of role and state for a governed table, with the state that binds the
    /// relation.
    Governed { refusal: Refusal, state: State, access: Access },
}

impl Broken {
    /// The line of the table of rules that is broken.
    pub const fn rule(self) -> Rule {
        match self {
            Broken::Catalog => Rule::CatalogWrite,
            Broken::Governed { refusal, .. } => refusal.rule(),
        }
    }
}

/// What is decided about a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the rules of role and state refuse, in the order of the relations.
    pub refused: Vec<Refused>,
    /// What the preview rule refuses. It comes after `refused`: whoever may not run a
    /// statement at all is not told to preview it first.
    pub unpreviewed: Option<Rule>,
    /// Why the preview rule lets the statement pass, or does not.
    pub because: Because,
    /// What is watched if the statement runs.
    pub watch: Watch,
}

impl Verdict {
    /// The rules that the statement breaks. The user is told of the first.
    pub fn rules(&self) -> impl Iterator<Item = Rule> {
        self.refused.iter().map(|r| r.broken.rule()).chain(self.unpreviewed)
    }
}

/// A verdict, or what has to be looked up for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    NeedsPreview(Search),
    Verdict(Verdict),
}

/// What the preview rule decides about a statement.
struct Preview {
    because: Because,
    /// Whether the preview lets the statement use DEPRECATED tables.
    include_deprecated: bool,
    watch: Watch,
    refused: Option<Rule>,
}

impl Preview {
    const fn passes(because: Because) -> Preview {
        Preview { because, include_deprecated: false, watch: Watch::Nothing, refused: None }
    }

    const fn refuses(because: Because, rule: Rule) -> Preview {
        Preview { refused: Some(rule), ..Preview::passes(because) }
    }

    const fn including(self, include_deprecated: bool) -> Preview {
        Preview { include_deprecated, ..self }
    }

    const fn watching(self, watch: Watch) -> Preview {
        Preview { watch, ..self }
    }
}

/// Judges a statement, or says what must be looked up first.
pub fn judge(situation: &Situation) -> Judgement {
    match preview_rule(situation) {
        Ok(preview) => Judgement::Verdict(with_preview(situation, preview)),
        Err(search) => Judgement::NeedsPreview(search),
    }
}

/// Judges a statement. Where the verdict depends on a preview, `look` is called to find
/// it, and what it returns is kept in the situation.
pub fn decide(
    situation: &mut Situation,
    look: impl FnOnce(Search, &Situation) -> Lookup,
) -> Verdict {
    let preview = preview_rule(situation).unwrap_or_else(|search| {
        situation.found = look(search, situation);
        by_what_was_found(situation, Some(search), situation.found)
    });
    with_preview(situation, preview)
}

/// The verdict, given what the preview rule decides.
fn with_preview(situation: &Situation, preview: Preview) -> Verdict {
    let broken = |seen: &Seen| access_rule(situation, seen, preview.include_deprecated);
    let refused = situation.seen.iter().enumerate();
    let refused = refused.filter_map(|(at, seen)| Some(Refused { at, broken: broken(seen)? }));
    Verdict {
        refused: refused.collect(),
        unpreviewed: preview.refused,
        because: preview.because,
        watch: preview.watch,
    }
}

/// The rule of role and state that one access breaks.
fn access_rule(s: &Situation, seen: &Seen, previewed_deprecated: bool) -> Option<Broken> {
    if seen.guard.is_none() || s.at_work {
        return None;
    }
    if seen.guard == Guard::CATALOG {
        let forbidden = seen.access == Access::Write && !s.installing;
        return forbidden.then_some(Broken::Catalog);
    }
    // EXPLAIN shows a plan and changes nothing: it is a read.
    let access = match s.kind {
        Kind::Explain => seen.access.min(Access::Read),
        _ => seen.access,
    };
    let caller = AccessContext {
        role: s.role,
        include_deprecated: previewed_deprecated
            || s.include_deprecated
            || s.kind.includes_deprecated(s.superuser),
        ingestion_open: s.ingestion_open,
    };
    // A relation below several governed tables must pass the rules of each.
    seen.guard.states().iter().find_map(|state| {
        let refusal = verdict(state, access, caller)?;
        Some(Broken::Governed { refusal, state, access })
    })
}

/// What the preview rule decides, or where to look for a preview first.
fn preview_rule(s: &Situation) -> Result<Preview, Search> {
    if let Some(because) = exempt(s) {
        let included = match because {
            Because::OnlyLooks => s.looks_at_deprecated,
            Because::OfLeader => true,
            _ => false,
        };
        return Ok(Preview::passes(because).including(included));
    }
    // A statement that runs inside a previewed one may use the tables that were
    // previewed, and no others.
    if let Some(running) = s.running.filter(|a| a.covers) {
        let passes = Preview::passes(Because::WithinPreviewed);
        return Ok(passes.including(running.include_deprecated));
    }
    if let Some(pending) = s.pending.filter(|a| a.covers) {
        let watch = match s.kind {
            Kind::Copy => Watch::Utility,
            _ => Watch::Statement(pending.token),
        };
        let passes = Preview::passes(Because::UtilityPreviewed);
        return Ok(passes.including(pending.include_deprecated).watching(watch));
    }
    let search = search(s);
    let found = match (search, s.found) {
        (None, _) => s.follows.filter(|_| follows(s)).map_or(Lookup::Nothing, Lookup::Found),
        (Some(search), Lookup::NotAsked) => return Err(search),
        (Some(_), found) => found,
    };
    Ok(by_what_was_found(s, search, found))
}

/// Why the preview rule does not apply to a statement; None where it applies.
fn exempt(s: &Situation) -> Option<Because> {
    let running = s.running.is_some() || s.pending.is_some();
    match () {
        () if s.kind.only_looks() => Some(Because::OnlyLooks),
        () if !s.kind.has_preview() => Some(Because::HasNoPreview),
        () if s.at_work || s.reads_for_spyne => Some(Because::OfSpyne),
        () if s.worker == Worker::OfLeader => Some(Because::OfLeader),
        () if !s.is_looked_up() && !running => Some(Because::NotBound),
        () if !s.seen.iter().any(Seen::needs_preview) => Some(Because::NothingGoverned),
        () => None,
    }
}

/// Whether a statement is authorised by the preview of the one that it follows in its
/// portal: all statements that rules make of one write are one run of it.
fn follows(s: &Situation) -> bool {
    s.kind == Kind::Run && s.has_text && !s.of_key && s.worker == Worker::No
}

/// Where to look for the preview of a statement; None where it can have none of its
/// own, or is authorised by that of the statement that it follows.
fn search(s: &Situation) -> Option<Search> {
    match () {
        () if s.worker == Worker::Function => Some(Search::Leader),
        // A foreign key's own work, for a change that needed no preview until now.
        () if s.of_key => s.change_has_text.then_some(Search::Change),
        () if s.kind == Kind::Run && s.has_text && s.follows.is_none() => Some(Search::Statement),
        () => None,
    }
}

fn by_what_was_found(s: &Situation, search: Option<Search>, found: Lookup) -> Preview {
    if let Lookup::Found(authority) = found
        && authority.covers
    {
        let included = authority.include_deprecated;
        return match search {
            // A worker writes nothing, and so records nothing.
            Some(Search::Leader) => Preview::passes(Because::WithinPreviewed).including(included),
            Some(Search::Change) => {
                Preview::passes(Because::ChangePreviewed).watching(Watch::Change(authority.token))
            }
            Some(Search::Statement) | None => Preview::passes(Because::Previewed)
                .including(included)
                .watching(Watch::Statement(authority.token)),
        };
    }
    if !s.is_bound() {
        return Preview::passes(Because::NotBound);
    }
    let has_preview = matches!(found, Lookup::Found(_)) && search != Some(Search::Change);
    match found {
        Lookup::Refused(rule) => Preview::refuses(Because::PreviewRefused, rule),
        _ if search == Some(Search::Leader) => {
            Preview::refuses(Because::BeyondPreviewed, Rule::PreviewInside)
        }
        _ if !has_preview && let Some(rule) = s.doubt => {
            Preview::refuses(Because::UtilityRefused, rule)
        }
        _ if has_preview || s.running.is_some() || !s.from_client => {
            Preview::refuses(Because::BeyondPreviewed, Rule::PreviewInside)
        }
        _ => Preview::refuses(Because::NotPreviewed, Rule::PreviewRequired),
    }
}

/// The states whose tables may be read by whoever has this role without a check of the
/// statement, as long as roles and the preview rule stay as they are. DEPRECATED is
/// never among them, because reading such tables depends on a setting.
pub fn readable(role: Role, looked_up: bool) -> StateSet {
    if looked_up {
        return StateSet::EMPTY;
    }
    let caller = AccessContext { role, include_deprecated: false, ingestion_open: false };
    State::ALL
        .into_iter()
        .filter(|state| verdict(*state, Access::Read, caller).is_none())
        .fold(StateSet::EMPTY, |set, state| set.with(StateSet::of(state)))
}
