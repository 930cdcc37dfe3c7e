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

use super::rules::{Denial, Rule};
use super::token::Token;
use crate::kernel::ids::RoleId;

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
        let wrapper = self.stack.iter_mut().rev().find_map(|frame| match &mut frame.doing {
            Doing::Utility { wrapper, .. } => wrapper.as_deref_mut(),
            _ => None,
        });
        if let Some(wrapper) = wrapper {
            wrapper.used = true;
        }
    }

    /// The token of the utility statement that began at `depth`, where it was used
    /// for what no executor sees.
    pub fn used_at(&self, depth: Depth) -> Option<Token> {
        match &self.stack.get(depth.0)?.doing {
            Doing::Utility { wrapper: Some(wrapper), .. } if wrapper.used => wrapper.token,
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
