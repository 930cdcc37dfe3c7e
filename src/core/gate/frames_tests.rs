//! Tests of the stack of frames, and of what outlives them.

use super::frames::{Depth, Doing, Dropping, Frames, JudgedCopy, Now, WrapperFrame};
use super::kinds::Access;
use super::lasting::{Lasting, PortalPlace, RunReport};
use super::token::{Slots, Token};
use crate::kernel::ids::{RelId, RoleId};

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
    let wrapper = WrapperFrame::new(text, token, None);
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
    assert_eq!((b.now, b.frames.depth()), (Now::NOTHING, Depth::default()));
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
    b.push(plain(Dropping::Spyne));
    b.push(Doing::Running(two));
    b.id = 6;
    b.push(Doing::AtWork);
    b.now = b.now.starting();
    b.abort(6);
    assert!(!b.now.at_work() && !b.now.is_starting());
    assert_eq!(b.now.running, Some(two));
    assert_eq!(b.frames.dropping(), Dropping::Spyne);
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
    b.push(plain(Dropping::Spyne));
    let inner = b.push(plain(Dropping::Other));
    assert_eq!(b.frames.dropping(), Dropping::Other);
    assert!(b.frames.is_inner_command());
    b.pop(inner);
    assert!(!b.frames.is_inner_command());
    assert_eq!(b.frames.dropping(), Dropping::Spyne);
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
    let (table, access) = (RelId::new(1), Access::Read);
    let recorded = |steps: &[fn(&mut Frames<&'static str, &'static str>)], previewed| {
        let mut b = BackEnd::new();
        let depth = b.push(utility("COPY t TO STDOUT", Some(one)));
        b.frames.judge_copy(JudgedCopy { table, access, previewed, generation: 0 });
        steps.iter().for_each(|step| step(&mut b.frames));
        b.frames.used_at(depth)
    };
    // An extension asks for nothing; Postgres asks for privileges, and may run a query.
    assert_eq!(recorded(&[], true), Some(one));
    assert_eq!(recorded(&[Frames::use_pending], true), Some(one));
    assert_eq!(recorded(&[Frames::use_pending, Frames::start_pending], true), None);
    assert_eq!(recorded(&[Frames::start_pending], true), None);
    // The statement around it was previewed, and is what is recorded.
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
    let report = RunReport { rows: 7, milliseconds: 2.5, complete: true, scanned: read };
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
    let place = |index| PortalPlace { portal: 1, list: 2, index };
    let mut b = BackEnd::new();
    assert!(b.lasting.watch(100, Some(one), 1, 0) && b.lasting.watch(200, Some(two), 4, 0));
    b.lasting.authorised(Some(place(0)), two, 4);
    b.lasting.lost(RelId::new(9), 1);
    b.lasting.lost(RelId::new(8), 5);
    b.lasting.rewritten(RelId::new(7), 1);
    b.lasting.rewritten(RelId::new(6), 5);
    assert_eq!(b.lasting.followed_by(place(1)), Some(two));
    assert_eq!(b.lasting.followed_by(place(0)), None, "it runs again");
    assert_eq!(b.lasting.tokens().count(), 3);
    b.abort(4);
    assert_eq!(b.lasting.tokens().collect::<Vec<_>>(), [one]);
    assert_eq!(b.lasting.followed_by(place(1)), None);
    assert_eq!(b.lasting.take_losses(), [RelId::new(9)]);
    assert_eq!(b.lasting.take_rewritten(), [RelId::new(7)]);
    assert!(!b.lasting.has_losses());
    b.lasting.forget(100);
    assert!(b.lasting.is_empty());
}
