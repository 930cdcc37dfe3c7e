//! What a back end is doing at this moment, as one stack of frames.
//!
//! A frame is pushed when something begins during which other rules hold (elevated
//! work, a previewed statement, a utility statement), and popped when that ends. An
//! error ends it too: when a (sub)transaction is undone, [`Frames::aborted`] drops
//! every frame that was pushed in it. So no code has to pop frames after an error.
//!
//! The answers that are needed often are in [`Now`], a summary of a few words. A push
//! works the next summary out, and a pop gives the earlier one back.
//!
//! That the executor is starting a statement has no frame, because every statement
//! would pay for it. It is a flag of the summary alone, [`Now::starting`]. The code
//! that sets the flag keeps the earlier summary and puts it back. After an error the
//! summary is worked out anew from the frames, and the flag is gone.

use super::kinds::Access;
use super::rules::{Denial, Rule};
use super::token::Token;
use crate::kernel::ids::{RelId, RoleId};
use crate::statement::preview::text::normalized;

/// What a command drops by name. What is dropped along with that is judged by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dropping {
    /// DROP TRIGGER.
    Trigger,
    /// DROP EXTENSION spyne.
    Spyne,
    /// ALTER TABLE and its kin: columns of the tables that it alters.
    Columns,
    /// Anything else, or nothing.
    #[default]
    Other,
}

/// A utility statement that runs another: EXPLAIN, COPY, DECLARE and the like.
#[derive(Clone, Debug)]
pub struct WrapperFrame<T> {
    /// The text of the utility statement.
    pub text: T,
    /// The preview that authorises the statement that the utility statement is about to
    /// start.
    pub token: Option<Token>,
    /// Whether the token has authorised work that does not pass the executor: COPY of a
    /// table, TRUNCATE.
    pub used: bool,
    /// Why the preview of the utility statement does not authorise it, where there is
    /// one and `token` is None.
    pub doubt: Option<Denial>,
    /// The judgement on COPY of a table, which was made before anybody copied it.
    pub judged: Option<JudgedCopy>,
    /// Whether the token has authorised a query that the executor runs in place of the
    /// utility statement.
    pub started: bool,
}

impl<T> WrapperFrame<T> {
    /// The wrapper of a utility statement that has just begun.
    pub fn new(text: T, token: Option<Token>, doubt: Option<Denial>) -> WrapperFrame<T> {
        WrapperFrame { text, token, used: false, doubt, judged: None, started: false }
    }

    /// Whether the run is recorded when the utility statement ends. Where nobody has
    /// asked for privileges, an extension has carried COPY out.
    fn is_recorded(&self) -> bool {
        let unasked = self.judged.is_some_and(|judged| judged.previewed);
        (self.used || unasked) && !self.started
    }
}

/// COPY of a table, and how it was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JudgedCopy {
    pub table: RelId,
    pub access: Access,
    /// Whether the preview of the COPY authorises it.
    pub previewed: bool,
    /// The generation of the cache when it was judged.
    pub generation: u64,
}

/// What a frame stands for. `T` is a text in Postgres's memory, and `N` is a note of
/// something that a utility statement must put right when it ends.
#[derive(Clone, Debug)]
pub enum Doing<T, N> {
    /// spyne itself is at work, as the bootstrap superuser, exempt from its rules.
    AtWork,
    /// Within work of spyne's own, code of a user's runs. The rules bind it again.
    SteppedDown,
    /// A previewed statement is being executed.
    Running(Token),
    /// A foreign key's own statement is being executed. A statement that starts now is
    /// called by it, by way of a trigger or a function.
    KeyStatement,
    /// A change fires its AFTER triggers, foreign-key actions among them.
    Finishing {
        /// The address of the QueryDesc of the change.
        query: usize,
        /// The user who makes the change.
        user: RoleId,
        /// The token of the preview of the change, and the subtransaction in which the
        /// token was found. Whether the change needs a preview shows only by what its
        /// foreign keys reach.
        token: Option<(Token, u32)>,
    },
    /// A utility statement.
    Utility {
        dropping: Dropping,
        /// Set where the utility statement runs another statement.
        wrapper: Option<Box<WrapperFrame<T>>>,
        /// What the utility statement must put right when it ends.
        notes: Vec<N>,
    },
    /// spyne reads a table of a user's with the caller's rights, by exactly this text.
    Reading(String),
    /// A statement is being previewed or validated. `include_deprecated` says whether
    /// it may use DEPRECATED tables.
    Looking { include_deprecated: bool },
    /// A previewed write is tried in a dry run, and will be undone.
    Trial(Token),
}

/// A summary of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The previewed statement that is being executed.
    pub running: Option<Token>,
    /// The token of the innermost utility statement that runs another.
    pub pending: Option<Token>,
    /// The user whose change fires its AFTER triggers; `RoleId::NONE` where no change
    /// does.
    finisher: RoleId,
    flags: u32,
}

const AT_WORK: u32 = 1;
const STARTING: u32 = 2;
const WITHIN_KEY: u32 = 4;
const READING: u32 = 8;
const SOMETHING: u32 = 16;

impl Now {
    /// The summary of an empty stack: every rule holds.
    pub const NOTHING: Now = Now { running: None, pending: None, finisher: RoleId::NONE, flags: 0 };

    /// Whether there is any frame.
    #[inline(always)]
    pub const fn is_something(self) -> bool {
        self.flags & SOMETHING != 0
    }

    /// Whether spyne's own elevated work is running, which no rule binds.
    #[inline(always)]
    pub const fn at_work(self) -> bool {
        self.flags & AT_WORK != 0
    }

    /// Whether the executor is starting a statement and nothing else has begun since
    /// then. What Postgres checks at this moment, spyne has checked already.
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

    /// Whether a statement that starts now was called by a foreign key's own statement.
    #[inline(always)]
    pub const fn within_key(self) -> bool {
        self.flags & WITHIN_KEY != 0
    }

    /// Whether spyne reads a table of a user's. Policies and functions of whoever made
    /// the table run meanwhile, beside spyne's statement.
    #[inline(always)]
    pub const fn reading(self) -> bool {
        self.flags & READING != 0
    }

    /// The summary after a frame of this kind was pushed.
    fn with<T, N>(self, doing: &Doing<T, N>) -> Now {
        let mut next = self;
        next.flags = (next.flags | SOMETHING) & !STARTING;
        match doing {
            Doing::AtWork => next.flags |= AT_WORK,
            Doing::SteppedDown => next.flags &= !AT_WORK,
            Doing::Running(token) | Doing::Trial(token) => next.running = Some(*token),
            Doing::KeyStatement => next.flags |= WITHIN_KEY,
            // The triggers of a change are not within the key's statement that made the
            // change: a key's own statement among them is recognised as one, however
            // deeply the change is nested.
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
    /// The subtransaction in which the frame was pushed. Subtransactions within it have
    /// higher numbers.
    subtransaction: u32,
    /// The summary of the frames below this one.
    before: Now,
    doing: Doing<T, N>,
}

/// The height of the stack before a push: what the push returns, for the pop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Depth(usize);

/// The stack of frames, the innermost last.
pub struct Frames<T, N> {
    stack: Vec<Frame<T, N>>,
}

impl<T, N> Default for Frames<T, N> {
    fn default() -> Self {
        Frames::new()
    }
}

impl<T, N> Frames<T, N> {
    /// An empty stack.
    pub const fn new() -> Frames<T, N> {
        Frames { stack: Vec::new() }
    }

    /// How high the stack is.
    pub fn depth(&self) -> Depth {
        Depth(self.stack.len())
    }

    /// Pushes a frame. Returns the height of the stack before, and the summary from now
    /// on; None where there is no memory for the frame.
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

    /// Pops all frames above `depth`, and returns the summary from now on; None where
    /// no frame is above `depth` any more.
    #[inline(always)]
    pub fn pop(&mut self, depth: Depth) -> Option<Now> {
        let now = self.stack.get(depth.0)?.before;
        self.stack.truncate(depth.0);
        Some(now)
    }

    /// Drops all frames that were pushed in a subtransaction that is undone, or in one
    /// within it. Returns the summary from now on.
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

    /// Drops all frames, when a transaction ends.
    pub fn clear(&mut self) -> Now {
        self.stack.clear();
        Now::NOTHING
    }

    fn innermost<R>(&self, wanted: impl Fn(&Doing<T, N>) -> Option<R>) -> Option<R> {
        self.stack.iter().rev().find_map(|frame| wanted(&frame.doing))
    }

    /// What the innermost utility statement drops by name.
    pub fn dropping(&self) -> Dropping {
        let of = |doing: &Doing<T, N>| match doing {
            Doing::Utility { dropping, .. } => Some(*dropping),
            _ => None,
        };
        self.innermost(of).unwrap_or_default()
    }

    /// Whether the running utility statement runs inside another, which has not ended.
    pub fn is_inner_command(&self) -> bool {
        let commands = self.stack.iter().filter(|f| matches!(f.doing, Doing::Utility { .. }));
        commands.count() > 1
    }

    /// Whether the statement that is being previewed may use DEPRECATED tables.
    pub fn include_deprecated(&self) -> bool {
        let of = |doing: &Doing<T, N>| match doing {
            Doing::Looking { include_deprecated } => Some(*include_deprecated),
            _ => None,
        };
        self.innermost(of).unwrap_or_default()
    }

    /// Whether `text` is the statement by which spyne is reading a table of a user's.
    pub fn reads_by(&self, text: &[u8]) -> bool {
        let of = |doing: &Doing<T, N>| match doing {
            Doing::Reading(kept) => {
                Some(std::str::from_utf8(text).is_ok_and(|t| normalized(t) == normalized(kept)))
            }
            _ => None,
        };
        self.innermost(of).unwrap_or_default()
    }

    /// The address of the QueryDesc of the change that fires its AFTER triggers now.
    pub fn finishing(&self) -> Option<usize> {
        self.innermost(|doing| match doing {
            Doing::Finishing { query, .. } => Some(*query),
            _ => None,
        })
    }

    /// Notes that the change that fires its AFTER triggers now has a preview, whose
    /// token is `found`. Returns the summary from now on.
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

    fn wrapper(&self) -> Option<&WrapperFrame<T>> {
        self.stack.iter().rev().find_map(|frame| match &frame.doing {
            Doing::Utility { wrapper, .. } => wrapper.as_deref(),
            _ => None,
        })
    }

    /// The text of the innermost utility statement that runs another, if there is one.
    pub fn wrapper_text(&self) -> Option<T>
    where
        T: Copy,
    {
        self.wrapper().map(|wrapper| wrapper.text)
    }

    /// The rule by which the preview of the innermost utility statement does not
    /// authorise it.
    pub fn doubted(&self) -> Option<Rule> {
        self.wrapper().and_then(|wrapper| wrapper.doubt.as_ref()).map(|denial| denial.rule)
    }

    /// The refusal of the innermost utility statement, where its preview does not
    /// authorise it.
    pub fn doubt(&self) -> Option<Denial> {
        self.wrapper().and_then(|wrapper| wrapper.doubt.clone())
    }

    /// Notes that the token of the innermost utility statement has authorised work that
    /// does not pass the executor.
    pub fn use_pending(&mut self) {
        if let Some(wrapper) = self.wrapper_mut() {
            wrapper.used = true;
        }
    }

    /// Notes that the token of the innermost utility statement has authorised a query that
    /// the executor runs in place of the statement, and whose run is recorded by itself.
    pub fn start_pending(&mut self) {
        if let Some(wrapper) = self.wrapper_mut() {
            wrapper.started = true;
        }
    }

    /// Notes how the innermost utility statement, which is COPY, was judged.
    pub fn judge_copy(&mut self, judged: JudgedCopy) {
        if let Some(wrapper) = self.wrapper_mut() {
            wrapper.judged = Some(judged);
        }
    }

    /// How the innermost utility statement was judged, where it is COPY of a table.
    pub fn judged_copy(&self) -> Option<JudgedCopy> {
        self.wrapper().and_then(|wrapper| wrapper.judged)
    }

    fn wrapper_mut(&mut self) -> Option<&mut WrapperFrame<T>> {
        self.stack.iter_mut().rev().find_map(|frame| match &mut frame.doing {
            Doing::Utility { wrapper, .. } => wrapper.as_deref_mut(),
            _ => None,
        })
    }

    /// The token of the utility statement whose frame was pushed at `depth`, where the
    /// token has authorised work that does not pass the executor.
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

    /// Notes what the innermost utility statement must put right when it ends. Gives
    /// the note back as an error where no utility statement is running.
    pub fn note(&mut self, note: N) -> Result<(), N> {
        match self.notes() {
            Some(notes) => {
                notes.push(note);
                Ok(())
            }
            None => Err(note),
        }
    }

    /// Takes the notes of what the innermost utility statement must put right.
    pub fn take_notes(&mut self) -> Vec<N> {
        self.notes().map(std::mem::take).unwrap_or_default()
    }

    /// The tokens that some frame refers to.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        self.stack.iter().filter_map(|frame| match &frame.doing {
            Doing::Running(token) | Doing::Trial(token) => Some(*token),
            Doing::Finishing { token, .. } => token.map(|(token, _)| token),
            Doing::Utility { wrapper: Some(wrapper), .. } => wrapper.token,
            _ => None,
        })
    }
}
