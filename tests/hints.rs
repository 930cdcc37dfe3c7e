//! Every HINT and every remedy can be pasted: the SQL in it is run as it stands, on tables, columns,
//! schemas and roles whose names need quotes of every kind.
//!
//! The scenes in tests/hints/scenes.txt provoke refusals and remedies of all kinds.
//! They are played once for each of the names, in a database of its own. Whatever SQL a
//! HINT or a remedy shows is run at once, by a superuser, and undone.

#[path = "hints/extraction.rs"]
mod extraction;
#[path = "hints/names.rs"]
mod names;
#[path = "hints/play.rs"]
mod play;

use std::collections::BTreeSet;

use names::Names;
use play::Play;
use spyne_core::kernel::names::plain;
use spyne_tests::fixture::{connect, rows};
use spyne_tests::{SUPERUSER, bare_server, default_server};

/// The least number of HINTs and remedies with an odd name in them that must have been
/// run.
const AT_LEAST: usize = 150;

/// Names in need of quotes, and what of each shows that a statement has it: both quotes, a blank
/// and capitals, a dot, as many bytes as fit with no ASCII in them, a key word, a backslash.
const ODD: [(&str, &str); 6] = [
    (r#"O'Brien "x""#, "Brien"),
    ("Order Lines", "Order Lines"),
    ("v1.5", "v1.5"),
    ("ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß", "ßß"),
    ("select", "\"select"),
    (r"a\b", r"a\"),
];

const SCENES: &str = include_str!("hints/scenes.txt");

/// Fragments that people are meant to complete. A HINT may end in one of these; nothing
/// else that looks like SQL may be left over.
const FRAGMENTS: &[&str] = &[
    // Arguments, told in a sentence.
    "include_deprecated => true",
    "accept_breaking => true.",
    "dependents => 'repoint' to move it",
    "dry_run => true works here",
    "with dry_run => true.",
    "target_schema => '...' or target_name => '...'",
    // Where only the user can know which.
    "REPLICA IDENTITY USING INDEX ...",
    "SELECT * FROM spyne_propose_join(...) makes it a candidate",
    "reason => '...');",
    "preview that: SELECT * FROM spyne_preview('...');",
];

/// The beginnings of messages by which the SQL of a HINT may be refused. The documents
/// name each of these refusals.
const DOCUMENTED: &[&str] = &[
    // A promotion that has blockers lists them.
    "55000 cannot promote",
    // A name that has nothing in use says so.
    "has only DEPRECATED versions",
    "has only SHADOW versions",
    // An object that somebody has planted has to be dropped before the table can be
    // registered.
    "exists, and is none of spyne's",
];

#[test]
fn what_a_hint_or_a_remedy_says_can_be_pasted() {
    let server = default_server("hints").start().expect("a server");
    let mut ran = BTreeSet::new();
    let mut faults = Vec::new();
    for (number, (base, mark)) in ODD.iter().enumerate() {
        let names = Names::new(base, mark, number);
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

/// A name that the server would quote in SQL is quoted for people, too. Another version may have a
/// key word more, and it is quoted all the same.
#[test]
fn names_are_quoted_where_the_server_quotes_them() {
    let server = bare_server("quoting").start().expect("a server");
    let mut client = connect(&server, "postgres", SUPERUSER);
    let words = rows(&mut client, "SELECT word FROM pg_get_keywords()");
    assert!(words.lines().count() > 400);
    for name in words.lines().chain(ODD.map(|(name, _)| name)) {
        let quoted: String =
            client.query_one("SELECT quote_ident($1)", &[&name]).expect("a name").get(0);
        let shown = plain(name);
        assert!(shown == quoted || shown == format!("\"{name}\"") && quoted == name, "{shown}");
    }
}
