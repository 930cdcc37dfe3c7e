//! What a back end is in the middle of: one stack of frames.
//!
//! A frame is pushed when something begins during which other rules hold (an
//! elevated work, a previewed statement, a utility statement), and popped when
//! that ends. An error ends it too: when a (sub)transaction is undone,
//! [`Frames::aborted`] drops every frame that began in it. So nothing has to be
//! put back by hand.
//!
//! What is looked at often is in [`Now`], a few words that are worked out at each
//! push and given back at each pop.
//!
//! One thing has no frame, since every statement pays for it: that the executor is
//! starting a statement. It is a flag of the summary alone, [`Now::starting`]. Who
//! sets it keeps the summary of before and gives that back; after an error the
//! summary is worked out anew from the frames, without it.

use super::kinds::Access;
use super::rules::{Denial, Rule};
use super::token::Token;
use crate::kernel::ids::{RelId, RoleId};

/// What a command drops by name: what goes with it is judged by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dropping {
    /// DROP TRIGGER.
    Trigger,
    /// DROP EXTENSION.
    Extension,
    /// Anything else, or nothing.
    #[default]
    Other,
}

/// A utility statement that runs another: EXPLAIN, COPY, DECLARE and the like.
#[derive(Clone, Debug)]
pub struct Wrapper<T> {
    /// Its text.
    pub text: T,
    /// What authorises the statement that it is about to start.
    pub token: Option<Token>,
    /// Whether the token has authorised what no executor sees: COPY of a table,
    /// TRUNCATE.
    pub used: bool,
    /// Why there is no token, although there is a preview.
    pub doubt: Option<Denial>,
    /// What was judged of COPY of a table before anybody copied it.
    pub judged: Option<Judged>,
    /// Whether the token has authorised a query that the executor runs in its place.
    pub started: bool,
}

impl<T> Wrapper<T> {
    /// Of a statement with this text, of which nothing has happened yet.
    pub fn new(text: T, token: Option<Token>, doubt: Option<Denial>) -> Wrapper<T> {
        Wrapper { text, token, used: false, doubt, judged: None, started: false }
    }

    /// Whether what it has authorised is recorded at its end. COPY that nobody has asked
    /// anything for was done by an extension.
    fn is_recorded(&self) -> bool {
        let unasked = self.judged.is_some_and(|judged| judged.previewed);
        (self.used || unasked) && !self.started
    }
}

/// COPY of a table, as it was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    pub table: RelId,
    pub access: Access,
    /// Whether its preview authorises it.
    pub previewed: bool,
    /// The state of the catalogs then.
    pub generation: u64,
}

/// What a frame stands for. `T` is a text that Postgres holds, and `N` is what a
/// utility statement has to put right at its end.
#[derive(Clone, Debug)]
pub enum Doing<T, N> {
    /// spyne itself is at work, as the bootstrap superuser, exempt from its rules.
    AtWork,
    /// Within such work, code of a user's runs: bound by the rules again.
    SteppedDown,
    /// A previewed statement is being executed.
    Running(Token),
    /// A foreign key's own statement is being executed: what starts now is called
    /// by it, by a trigger or a function.
    KeyStatement,
    /// A change fires its AFTER triggers, foreign-key actions among them.
    Finishing {
        /// The address of the change.
        query: usize,
        /// Whose change it is.
        user: RoleId,
        /// The token of its preview, and the subtransaction in which it was found
        /// that it needs one: that shows by what its foreign keys reach.
        token: Option<(Token, u32)>,
    },
    /// A utility statement.
    Utility {
        dropping: Dropping,
        /// Set where it runs another statement.
        wrapper: Option<Box<Wrapper<T>>>,
        /// What it has to put right at its end.
        notes: Vec<N>,
    },
    /// spyne reads a table of a user's by this very text, with the caller's rights.
    Reading(String),
    /// A statement is looked at; whether DEPRECATED tables may be among those
    /// that it uses.
    Looking { include_deprecated: bool },
    /// A previewed write is tried out, and undone.
    Trial(Token),
}

/// A summary of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The previewed statement that is being executed.
    pub running: Option<Token>,
    /// The token of the utility statement around.
    pub pending: Option<Token>,
    /// `RoleId::NONE` where no change fires its triggers.
    finisher: RoleId,
    flags: u32,
}

const AT_WORK: u32 = 1;
const STARTING: u32 = 2;
const WITHIN_KEY: u32 = 4;
const READING: u32 = 8;
const SOMETHING: u32 = 16;

impl Now {
    /// Nothing is going on: the state in which every rule holds.
    pub const NOTHING: Now = Now { running: None, pending: None, finisher: RoleId::NONE, flags: 0 };

    /// Whether any frame is there.
    #[inline(always)]
    pub const fn is_something(self) -> bool {
        self.flags & SOMETHING != 0
    }

    /// Whether what runs is spyne's own.
    #[inline(always)]
    pub const fn at_work(self) -> bool {
        self.flags & AT_WORK != 0
    }

    /// Whether the executor is starting a statement, and nothing else has begun
    /// since: what Postgres checks now was checked.
    #[inline(always)]
    pub const fn is_starting(self) -> bool {
        self.flags & STARTING != 0
    }

    /// The summary while the executor starts a statement.
    #[inline(always)]
    pub const fn starting(self) -> Now {
        Now { flags: self.flags | STARTING, ..self }
    }

    /// The user whose change fires its AFTER triggers: foreign-key actions act on
    /// this user's behalf.
    #[inline(always)]
    pub fn finisher(self) -> Option<RoleId> {
        (self.finisher != RoleId::NONE).then_some(self.finisher)
    }

    /// Whether what starts now was called by a foreign key's own statement.
    #[inline(always)]
    pub const fn within_key(self) -> bool {
        self.flags & WITHIN_KEY != 0
    }

    /// Whether spyne reads a table: what runs meanwhile, beside its statement,
    /// are policies and functions of whoever made the table.
    #[inline(always)]
    pub const fn reading(self) -> bool {
        self.flags & READING != 0
    }

    /// The summary once this has begun.
    fn with<T, N>(self, doing: &Doing<T, N>) -> Now {
        let mut next = self;
        next.flags = (next.flags | SOMETHING) & !STARTING;
        match doing {
            Doing::AtWork => next.flags |= AT_WORK,
            Doing::SteppedDown => next.flags &= !AT_WORK,
            Doing::Running(token) | Doing::Trial(token) => next.running = Some(*token),
            Doing::KeyStatement => next.flags |= WITHIN_KEY,
            // A key's own statement among the triggers is one again, wherever the
            // change is nested.
            Doing::Finishing { user, token, .. } => {
                next.flags &= !WITHIN_KEY;
                next.finisher = *user;
                next.running = token.map(|(token, _)| token).or(next.running);
            }
            Doing::Utility { wrapper: Some(wrapper), .. } => next.pending = wrapper.token,
            Doing::Reading(_) => next.flags |= READING,
            Doing::Utility { wrapper: None, .. } | Doing::Looking { .. } => {}
        }
        next
    }
}

struct Frame<T, N> {
    /// The subtransaction that it began in; those within it have higher numbers.
    subtransaction: u32,
    /// The summary of what is below.
    before: Now,
    doing: Doing<T, N>,
}

/// How high the stack was: what a push returns, for the pop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Depth(usize);

/// The stack, in the order in which things began.
pub struct Frames<T, N> {
    stack: Vec<Frame<T, N>>,
}

impl<T, N> Default for Frames<T, N> {
    fn default() -> Self {
        Frames::new()
    }
}

impl<T, N> Frames<T, N> {
    /// No frame.
    pub const fn new() -> Frames<T, N> {
        Frames { stack: Vec::new() }
    }

    /// How high the stack is.
    pub fn depth(&self) -> Depth {
        Depth(self.stack.len())
    }

    /// Pushes a frame: how high the stack was, and the summary from now on. None
    /// where there is no memory for it.
    #[inline(always)]
    pub fn push(
        &mut self,
        subtransaction: u32,
        before: Now,
        doing: Doing<T, N>,
    ) -> Option<(Depth, Now)> {
        if self.stack.len() == self.stack.capacity() && self.stack.try_reserve(8).is_err() {
            return None;
        }
        let depth = self.depth();
        let now = before.with(&doing);
        self.stack.push(Frame { subtransaction, before, doing });
        Some((depth, now))
    }

    /// Pops everything above `depth`, and returns the summary from now on; None
    /// where nothing is above it any more.
    #[inline(always)]
    pub fn pop(&mut self, depth: Depth) -> Option<Now> {
        let now = self.stack.get(depth.0)?.before;
        self.stack.truncate(depth.0);
        Some(now)
    }

    /// A subtransaction is undone, and with it what began in it or in those
    /// within it.
    pub fn aborted(&mut self, subtransaction: u32) -> Now {
        let first = self.stack.iter().position(|f| f.subtransaction >= subtransaction);
        self.stack.truncate(first.unwrap_or(self.stack.len()));
        for frame in &mut self.stack {
            if let Doing::Finishing { token, .. } = &mut frame.doing {
                *token = token.filter(|(_, since)| *since < subtransaction);
            }
        }
        self.worked_out()
    }

    /// Works the summaries out anew, after a change in the midst of the stack.
    fn worked_out(&mut self) -> Now {
        self.stack.iter_mut().fold(Now::NOTHING, |now, frame| {
            frame.before = now;
            now.with(&frame.doing)
        })
    }

    /// A transaction ends, and with it everything.
    pub fn clear(&mut self) -> Now {
        self.stack.clear();
        Now::NOTHING
    }

    fn innermost<R>(&self, wanted: impl Fn(&Doing<T, N>) -> Option<R>) -> Option<R> {
        self.stack.iter().rev().find_map(|frame| wanted(&frame.doing))
    }

    /// What the running command drops by name.
    pub fn dropping(&self) -> Dropping {
        let of = |doing: &Doing<T, N>| match doing {
            Doing::Utility { dropping, .. } => Some(*dropping),
            _ => None,
        };
        self.innermost(of).unwrap_or_default()
    }

    /// Whether what is looked at may include DEPRECATED tables.
    pub fn include_deprecated(&self) -> bool {
        let of = |doing: &Doing<T, N>| match doing {
            Doing::Looking { include_deprecated } => Some(*include_deprecated),
            _ => None,
        };
        self.innermost(of).unwrap_or_default()
    }

    /// Whether a text is the one that spyne reads by now.
    pub fn reads_by(&self, text: &[u8]) -> bool {
        let of = |doing: &Doing<T, N>| match doing {
            Doing::Reading(kept) => Some(kept.as_bytes() == text),
            _ => None,
        };
        self.innermost(of).unwrap_or_default()
    }

    /// The address of the change that fires its AFTER triggers now.
    pub fn finishing(&self) -> Option<usize> {
        self.innermost(|doing| match doing {
            Doing::Finishing { query, .. } => Some(*query),
            _ => None,
        })
    }

    /// The change that fires its AFTER triggers now is found to have a preview.
    pub fn authorise_change(&mut self, found: Token, subtransaction: u32) -> Now {
        let change = self.stack.iter_mut().rev().find_map(|frame| match &mut frame.doing {
            Doing::Finishing { token, .. } => Some(token),
            _ => None,
        });
        if let Some(token) = change {
            *token = Some((found, subtransaction));
        }
        self.worked_out()
    }

    fn wrapper(&self) -> Option<&Wrapper<T>> {
        self.stack.iter().rev().find_map(|frame| match &frame.doing {
            Doing::Utility { wrapper, .. } => wrapper.as_deref(),
            _ => None,
        })
    }

    /// The text of the utility statement that runs another, where there is one.
    pub fn wrapper_text(&self) -> Option<T>
    where
        T: Copy,
    {
        self.wrapper().map(|wrapper| wrapper.text)
    }

    /// The rule by which the preview of the utility statement around does not
    /// authorise it.
    pub fn doubted(&self) -> Option<Rule> {
        self.wrapper().and_then(|wrapper| wrapper.doubt.as_ref()).map(|denial| denial.rule)
    }

    /// The same, in words.
    pub fn doubt(&self) -> Option<Denial> {
        self.wrapper().and_then(|wrapper| wrapper.doubt.clone())
    }

    /// The token of the utility statement around authorises what no executor
    /// sees.
    pub fn use_pending(&mut self) {
        if let Some(wrapper) = self.wrapper_mut() {
            wrapper.used = true;
        }
    }

    /// The token of the utility statement around authorises a query that the executor runs in
    /// its place, and that is recorded.
    pub fn start_pending(&mut self) {
        if let Some(wrapper) = self.wrapper_mut() {
            wrapper.started = true;
        }
    }

    /// COPY, the utility statement around, was judged.
    pub fn judge(&mut self, judged: Judged) {
        if let Some(wrapper) = self.wrapper_mut() {
            wrapper.judged = Some(judged);
        }
    }

    /// How the utility statement around was judged, where it is COPY of a table.
    pub fn judged(&self) -> Option<Judged> {
        self.wrapper().and_then(|wrapper| wrapper.judged)
    }

    fn wrapper_mut(&mut self) -> Option<&mut Wrapper<T>> {
        self.stack.iter_mut().rev().find_map(|frame| match &mut frame.doing {
            Doing::Utility { wrapper, .. } => wrapper.as_deref_mut(),
            _ => None,
        })
    }

    /// The token of the utility statement that began at `depth`, where it was used
    /// for what no executor sees.
    pub fn used_at(&self, depth: Depth) -> Option<Token> {
        match &self.stack.get(depth.0)?.doing {
            Doing::Utility { wrapper: Some(wrapper), .. } if wrapper.is_recorded() => wrapper.token,
            _ => None,
        }
    }

    fn notes(&mut self) -> Option<&mut Vec<N>> {
        self.stack.iter_mut().rev().find_map(|frame| match &mut frame.doing {
            Doing::Utility { notes, .. } => Some(notes),
            _ => None,
        })
    }

    /// Takes note of what the running utility statement has to put right at its
    /// end. Given back where none is running.
    pub fn note(&mut self, note: N) -> Result<(), N> {
        match self.notes() {
            Some(notes) => {
                notes.push(note);
                Ok(())
            }
            None => Err(note),
        }
    }

    /// What the running utility statement has to put right.
    pub fn take_notes(&mut self) -> Vec<N> {
        self.notes().map(std::mem::take).unwrap_or_default()
    }

    /// The tokens that frames refer to.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        self.stack.iter().filter_map(|frame| match &frame.doing {
            Doing::Running(token) | Doing::Trial(token) => Some(*token),
            Doing::Finishing { token, .. } => token.map(|(token, _)| token),
            Doing::Utility { wrapper: Some(wrapper), .. } => wrapper.token,
            _ => None,
        })
    }
}

/// Which of the statements of a portal one is: a rule makes several of one that
/// the client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub portal: usize,
    pub list: usize,
    pub index: usize,
}

impl Place {
    /// Whether `self` comes after `earlier` in the same run of the same portal.
    pub fn follows(self, earlier: Place) -> bool {
        (self.portal, self.list) == (earlier.portal, earlier.list) && self.index > earlier.index
    }
}

/// What a watched statement has done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Rows returned, or changed.
    pub rows: u64,
    /// From start to end, in milliseconds.
    pub milliseconds: f64,
    /// Whether it ran to its end: a cursor need not.
    pub complete: bool,
    /// Rows read, by the table.
    pub scanned: Vec<(RelId, f64)>,
}

/// A statement between its start and its end.
#[derive(Debug)]
struct Watched {
    /// Its address.
    query: usize,
    /// None for a foreign key's own statement, which is watched for what is
    /// nested in it.
    token: Option<Token>,
    subtransaction: u32,
    /// When it started, in microseconds.
    since: i64,
    report: Report,
}

/// What outlives frames: statements between their start and their end, which
/// cursors keep open, and which end in any order. It is dropped by the same
/// rule, with the subtransaction that it began in.
#[derive(Debug, Default)]
pub struct Lasting {
    watched: Vec<Watched>,
    /// The statement of a portal that was authorised last, its token, and when.
    last: Option<(Place, Token, u32)>,
    /// Tables that have lost something by the running command, and when.
    losses: Vec<(RelId, u32)>,
}

impl Lasting {
    /// Nothing.
    pub const fn new() -> Lasting {
        Lasting { watched: Vec::new(), last: None, losses: Vec::new() }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.watched.is_empty() && self.last.is_none() && self.losses.is_empty()
    }

    /// Whether any statement is watched.
    pub fn is_watching(&self) -> bool {
        !self.watched.is_empty()
    }

    /// Watches a statement that starts at `since` (in microseconds): one that was
    /// authorised, by its token, or a foreign key's own. False where there is no
    /// memory for it.
    pub fn watch(
        &mut self,
        query: usize,
        token: Option<Token>,
        subtransaction: u32,
        since: i64,
    ) -> bool {
        if self.watched.try_reserve(1).is_err() {
            return false;
        }
        let report = Report::default();
        self.watched.push(Watched { query, token, subtransaction, since, report });
        true
    }

    fn find(&mut self, query: usize) -> Option<&mut Watched> {
        self.watched.iter_mut().find(|watched| watched.query == query)
    }

    /// What a watched statement is, for the frame of its execution.
    pub fn doing<T, N>(&mut self, query: usize) -> Option<Doing<T, N>> {
        self.find(query).map(|watched| match watched.token {
            Some(token) => Doing::Running(token),
            None => Doing::KeyStatement,
        })
    }

    /// Adds up what a watched statement has processed; `complete` where the
    /// executor was asked for all.
    pub fn count(&mut self, query: usize, rows: u64, complete: bool) {
        if let Some(watched) = self.find(query) {
            watched.report.rows += rows;
            watched.report.complete |= complete;
        }
    }

    /// Whether a statement is watched for its report.
    pub fn is_reported(&mut self, query: usize) -> bool {
        self.find(query).is_some_and(|watched| watched.token.is_some())
    }

    /// A watched statement ends at `now` (in microseconds), and has read this.
    pub fn ends(&mut self, query: usize, now: i64, scanned: Vec<(RelId, f64)>) {
        if let Some(watched) = self.find(query) {
            watched.report.milliseconds = (now - watched.since).max(0) as f64 / 1000.0;
            watched.report.scanned = scanned;
        }
    }

    /// Stops watching a statement. Its token and report, where it has them.
    pub fn take(&mut self, query: usize) -> Option<(Token, Report)> {
        let at = self.watched.iter().position(|watched| watched.query == query)?;
        let watched = self.watched.swap_remove(at);
        watched.token.map(|token| (token, watched.report))
    }

    /// A statement that starts may stand where one stood that has ended in an
    /// error.
    pub fn forget(&mut self, query: usize) {
        self.watched.retain(|watched| watched.query != query);
    }

    /// A statement of a portal was authorised.
    pub fn authorised(&mut self, place: Option<Place>, token: Token, subtransaction: u32) {
        self.last = place.map(|place| (place, token, subtransaction));
    }

    /// The token of the statement that this one follows in its portal.
    pub fn followed_by(&self, place: Place) -> Option<Token> {
        self.last.filter(|(last, _, _)| place.follows(*last)).map(|(_, token, _)| token)
    }

    /// Takes note that a table has lost something by the running command.
    pub fn lost(&mut self, table: RelId, subtransaction: u32) {
        self.losses.push((table, subtransaction));
    }

    /// Whether any table has lost something.
    pub fn has_losses(&self) -> bool {
        !self.losses.is_empty()
    }

    /// The tables that have lost something since this was asked last.
    pub fn take_losses(&mut self) -> Vec<RelId> {
        std::mem::take(&mut self.losses).into_iter().map(|(table, _)| table).collect()
    }

    /// A subtransaction is undone, and with it what began in it.
    pub fn aborted(&mut self, subtransaction: u32) {
        self.watched.retain(|watched| watched.subtransaction < subtransaction);
        self.losses.retain(|(_, since)| *since < subtransaction);
        self.last = self.last.filter(|(_, _, since)| *since < subtransaction);
    }

    /// A transaction ends, and with it everything.
    pub fn clear(&mut self) {
        *self = Lasting::new();
    }

    /// The tokens that it refers to.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        let watched = self.watched.iter().filter_map(|watched| watched.token);
        watched.chain(self.last.map(|(_, token, _)| token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::token::Slots;

    /// A stack, its summary and what outlives it, as a back end has them.
    struct BackEnd {
        frames: Frames<&'static str, &'static str>,
        now: Now,
        lasting: Lasting,
        /// The subtransaction that this is.
        id: u32,
    }

    type Step = Doing<&'static str, &'static str>;

    impl BackEnd {
        fn new() -> BackEnd {
            let frames = Frames::new();
            BackEnd { frames, now: Now::NOTHING, lasting: Lasting::new(), id: 1 }
        }

        fn push(&mut self, doing: Step) -> Depth {
            let (depth, now) = self.frames.push(self.id, self.now, doing).unwrap();
            self.now = now;
            depth
        }

        fn pop(&mut self, depth: Depth) {
            self.now = self.frames.pop(depth).unwrap_or(self.now);
        }

        fn abort(&mut self, id: u32) {
            self.now = self.frames.aborted(id);
            self.lasting.aborted(id);
        }
    }

    fn tokens() -> (Token, Token) {
        let mut slots = Slots::new();
        (slots.insert(1).unwrap(), slots.insert(2).unwrap())
    }

    fn change(user: u32) -> Step {
        Doing::Finishing { query: 7, user: RoleId::new(user), token: None }
    }

    fn utility(text: &'static str, token: Option<Token>) -> Step {
        let wrapper = Wrapper::new(text, token, None);
        Doing::Utility {
            dropping: Dropping::Other,
            wrapper: Some(Box::new(wrapper)),
            notes: Vec::new(),
        }
    }

    fn plain(dropping: Dropping) -> Step {
        Doing::Utility { dropping, wrapper: None, notes: Vec::new() }
    }

    #[test]
    fn a_pop_gives_back_what_was() {
        let (one, two) = tokens();
        let mut b = BackEnd::new();
        let steps: [Step; 9] = [
            utility("EXPLAIN ...", Some(one)),
            Doing::Running(one),
            Doing::KeyStatement,
            change(10),
            Doing::AtWork,
            Doing::SteppedDown,
            Doing::Reading("SELECT 1".into()),
            Doing::Trial(two),
            Doing::Looking { include_deprecated: true },
        ];
        let mut before = Vec::new();
        for step in steps {
            before.push((b.now, b.push(step)));
        }
        assert_eq!((b.now.running, b.now.pending), (Some(two), Some(one)));
        assert!(b.now.reading() && !b.now.at_work() && !b.now.within_key());
        while let Some((now, depth)) = before.pop() {
            b.pop(depth);
            assert_eq!(b.now, now);
        }
        assert_eq!(b.now, Now::NOTHING);
    }

    #[test]
    fn a_pop_takes_along_what_an_error_has_left_above() {
        let mut b = BackEnd::new();
        let depth = b.push(Doing::Looking { include_deprecated: true });
        b.push(Doing::KeyStatement);
        b.push(Doing::AtWork);
        b.now = b.now.starting();
        b.pop(depth);
        assert_eq!((b.now, b.frames.depth()), (Now::NOTHING, Depth(0)));
        // Once more does nothing: a guard and the end of the transaction both pop.
        b.pop(depth);
        assert_eq!(b.now, Now::NOTHING);
    }

    #[test]
    fn what_began_in_a_subtransaction_goes_with_it() {
        let (one, two) = tokens();
        let mut b = BackEnd::new();
        b.push(Doing::Running(one));
        let kept = b.now;
        b.id = 5;
        b.push(plain(Dropping::Extension));
        b.push(Doing::Running(two));
        b.id = 6;
        b.push(Doing::AtWork);
        b.now = b.now.starting();
        b.abort(6);
        assert!(!b.now.at_work() && !b.now.is_starting());
        assert_eq!(b.now.running, Some(two));
        assert_eq!(b.frames.dropping(), Dropping::Extension);
        b.abort(5);
        assert_eq!(b.now, kept);
        assert_eq!(b.frames.dropping(), Dropping::Other);
    }

    #[test]
    fn what_executes_now_is_starting_no_more() {
        let mut b = BackEnd::new();
        b.push(plain(Dropping::Other));
        let before = b.now;
        b.now = b.now.starting();
        let inner = b.push(plain(Dropping::Other));
        assert!(!b.now.is_starting(), "a COPY inside is checked");
        b.pop(inner);
        assert!(b.now.is_starting());
        b.abort(9);
        assert_eq!(b.now, before, "an error leaves nothing of it");
    }

    #[test]
    fn the_innermost_command_says_what_is_dropped() {
        let mut b = BackEnd::new();
        b.push(plain(Dropping::Extension));
        let inner = b.push(plain(Dropping::Other));
        assert_eq!(b.frames.dropping(), Dropping::Other);
        b.pop(inner);
        assert_eq!(b.frames.dropping(), Dropping::Extension);
    }

    #[test]
    fn a_utility_statement_inside_has_no_part_in_the_token_around() {
        let (one, _) = tokens();
        let mut b = BackEnd::new();
        let outer = b.push(utility("COPY t TO STDOUT", Some(one)));
        b.push(plain(Dropping::Other));
        assert_eq!(b.now.pending, Some(one), "what runs nothing is not asked");
        let inner = b.push(utility("TRUNCATE u", None));
        assert_eq!((b.now.pending, b.frames.wrapper_text()), (None, Some("TRUNCATE u")));
        b.frames.use_pending();
        b.pop(inner);
        assert_eq!(b.frames.used_at(outer), None);
        b.frames.use_pending();
        assert_eq!(b.frames.used_at(outer), Some(one));
        assert_eq!(b.frames.wrapper_text(), Some("COPY t TO STDOUT"));
    }

    #[test]
    fn copy_is_recorded_once_whoever_carries_it_out() {
        let (one, _) = tokens();
        let judged = |previewed| Judged {
            table: RelId::new(1),
            access: Access::Read,
            previewed,
            generation: 0,
        };
        let recorded = |steps: &[fn(&mut Frames<&'static str, &'static str>)], previewed| {
            let mut b = BackEnd::new();
            let depth = b.push(utility("COPY t TO STDOUT", Some(one)));
            b.frames.judge(judged(previewed));
            steps.iter().for_each(|step| step(&mut b.frames));
            b.frames.used_at(depth)
        };
        // An extension asks for nothing; Postgres asks for privileges, and may run a query.
        assert_eq!(recorded(&[], true), Some(one));
        assert_eq!(recorded(&[Frames::use_pending], true), Some(one));
        assert_eq!(recorded(&[Frames::use_pending, Frames::start_pending], true), None);
        assert_eq!(recorded(&[Frames::start_pending], true), None);
        // Authorised by the statement around.
        assert_eq!(recorded(&[], false), None);
    }

    #[test]
    fn only_the_very_text_that_spyne_reads_by_is_exempt() {
        let mut b = BackEnd::new();
        assert!(!b.frames.reads_by(b""));
        b.push(Doing::Reading("SELECT 1".into()));
        assert!(b.frames.reads_by(b"SELECT 1") && !b.frames.reads_by(b"SELECT 12"));
        b.abort(1);
        assert!(!b.now.reading() && !b.frames.reads_by(b"SELECT 1"));
    }

    #[test]
    fn a_change_inside_another_is_that_of_its_user() {
        let mut b = BackEnd::new();
        b.push(change(10));
        b.push(Doing::KeyStatement);
        assert!(b.now.within_key());
        let inner = b.push(change(11));
        assert!(!b.now.within_key(), "a key's own statement is one again");
        assert_eq!(b.now.finisher(), Some(RoleId::new(11)));
        b.pop(inner);
        assert!(b.now.within_key());
        assert_eq!((b.now.finisher(), b.frames.finishing()), (Some(RoleId::new(10)), Some(7)));
    }

    #[test]
    fn what_authorised_a_change_is_undone_with_its_subtransaction() {
        let (one, two) = tokens();
        let mut b = BackEnd::new();
        b.push(Doing::Running(one));
        b.push(change(10));
        b.push(plain(Dropping::Other));
        b.now = b.frames.authorise_change(two, 4);
        assert_eq!(b.now.running, Some(two));
        assert_eq!(b.frames.tokens().collect::<Vec<_>>(), [one, two]);
        b.abort(4);
        assert_eq!(b.now.running, Some(one));
        b.now = b.frames.authorise_change(two, 1);
        b.abort(4);
        assert_eq!(b.now.running, Some(two));
    }

    #[test]
    fn what_a_command_has_to_put_right_goes_with_it() {
        let mut b = BackEnd::new();
        assert_eq!(b.frames.note("nowhere"), Err("nowhere"));
        b.push(plain(Dropping::Other));
        assert_eq!(b.frames.note("outer"), Ok(()));
        let inner = b.push(plain(Dropping::Other));
        assert!(b.frames.take_notes().is_empty());
        assert_eq!(b.frames.note("inner"), Ok(()));
        b.pop(inner);
        assert_eq!(b.frames.take_notes(), ["outer"]);
        assert!(b.frames.take_notes().is_empty());
    }

    #[test]
    fn statements_end_in_any_order() {
        let (one, two) = tokens();
        let mut lasting = Lasting::new();
        assert!(lasting.watch(100, Some(one), 1, 0) && lasting.watch(200, Some(two), 1, 500));
        assert!(lasting.watch(300, None, 1, 0));
        lasting.count(100, 3, false);
        lasting.count(100, 4, true);
        lasting.ends(100, 2500, vec![(RelId::new(9), 12.0)]);
        let read = vec![(RelId::new(9), 12.0)];
        let report = Report { rows: 7, milliseconds: 2.5, complete: true, scanned: read };
        assert_eq!(lasting.take(100), Some((one, report)));
        assert_eq!(lasting.take(100), None);
        assert_eq!(lasting.take(300), None, "a key's own statement has no report");
        assert!(lasting.is_watching());
        lasting.ends(200, 0, Vec::new());
        assert_eq!(lasting.take(200).map(|(_, report)| report.milliseconds), Some(0.0));
        assert!(lasting.is_empty());
    }

    #[test]
    fn what_outlives_frames_goes_with_its_subtransaction() {
        let (one, two) = tokens();
        let place = |index| Place { portal: 1, list: 2, index };
        let mut b = BackEnd::new();
        assert!(b.lasting.watch(100, Some(one), 1, 0) && b.lasting.watch(200, Some(two), 4, 0));
        b.lasting.authorised(Some(place(0)), two, 4);
        b.lasting.lost(RelId::new(9), 1);
        b.lasting.lost(RelId::new(8), 5);
        assert_eq!(b.lasting.followed_by(place(1)), Some(two));
        assert_eq!(b.lasting.followed_by(place(0)), None, "it runs again");
        assert_eq!(b.lasting.tokens().count(), 3);
        b.abort(4);
        assert_eq!(b.lasting.tokens().collect::<Vec<_>>(), [one]);
        assert_eq!(b.lasting.followed_by(place(1)), None);
        assert_eq!(b.lasting.take_losses(), [RelId::new(9)]);
        assert!(!b.lasting.has_losses());
        b.lasting.forget(100);
        assert!(b.lasting.is_empty());
    }
}
