//! Every HINT and every remedy can be pasted: the SQL in it is run as it stands, on tables, columns,
//! schemas and roles whose names need quotes of every kind.
//!
//! The scenes are in tests/hints/scenes.txt. They are played once for each of the names, in a
//! database of its own, and provoke refusals and remedies of all kinds. Whatever SQL one of them
//! shows is run at once, by a superuser, and undone.

#[path = "hints/extraction.rs"]
mod extraction;
#[path = "hints/names.rs"]
mod names;
#[path = "hints/play.rs"]
mod play;

use std::collections::BTreeSet;

use names::Names;
use play::Play;
use spyne_tests::default_server;

/// As many HINTs and remedies with an odd name in them must have been run.
const AT_LEAST: usize = 150;

/// Names in need of quotes: both quotes, a blank and capitals, a dot, as many bytes as fit with no
/// ASCII in them, a key word, a backslash.
const ODD: [&str; 6] =
    [r#"O'Brien "x""#, "Order Lines", "v1.5", "ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß", "select", r"a\b"];

const SCENES: &str = include_str!("hints/scenes.txt");

/// Fragments that are meant to be completed by a person: a HINT ends in one of these, and nothing
/// else that looks like SQL may be left over.
const FRAGMENTS: &[&str] = &[
    // Arguments, told in a sentence.
    "include_deprecated => true",
    "accept_breaking => true.",
    "dependents => 'repoint' to move it",
    "dry_run => true works here",
    "with dry_run => true.",
    "target_schema => '...' or target_name => '...'",
    // Where only a person knows which.
    "REPLICA IDENTITY USING INDEX ...",
    "SELECT * FROM spyne_propose_join(...) makes it a candidate",
    "reason => '...');",
    "preview that: SELECT * FROM spyne_preview('...');",
];

/// Refusals of what a HINT says, each of which the documents name: the beginning of the message.
const DOCUMENTED: &[&str] = &[
    // A promotion that has blockers lists them.
    "55000 cannot promote",
    // A name that has nothing in use says so.
    "has only DEPRECATED versions",
    "has only SHADOW versions",
    // What was planted has to go before the table can be registered.
    "exists, and is none of spyne's",
];

#[test]
fn what_a_hint_or_a_remedy_says_can_be_pasted() {
    let server = default_server("hints").start().expect("a server");
    let mut ran = BTreeSet::new();
    let mut faults = Vec::new();
    for (number, base) in ODD.iter().enumerate() {
        let names = Names::new(base, number);
        let mut play = Play::new(&server, &names);
        play.all(SCENES);
        ran.extend(play.ran.into_iter().filter(|sql| names.are_in(sql)));
        faults.extend(play.faults);
    }
    faults.retain(|fault| {
        let text = &fault.about;
        !FRAGMENTS.iter().any(|known| text.contains(known))
            && !DOCUMENTED.iter().any(|known| fault.why.contains(known))
    });
    println!("{} distinct HINTs and remedies on odd names were run", ran.len());
    for fault in &faults {
        println!("{fault}\n");
    }
    assert!(faults.is_empty(), "{} cannot be pasted", faults.len());
    assert!(ran.len() >= AT_LEAST, "only {} were met", ran.len());
}
