//! What README.md and docs/ show is what really happens.
//!
//! Every block marked `sql` runs, statement by statement, in a database and a server of its
//! document's own. A statement that must fail says so behind its semicolon: `-- ERROR 25006`.
//! A block marked `text` right after it is what psql prints, times aside. With
//! `SPYNE_BLESS_DOCS=1`, those blocks are rewritten to what was printed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use postgres::Client;
use spyne_tests::{SUPERUSER, Server, default_server};
use xtask::document::{self, Run};
use xtask::place;

/// The database that the documents speak of.
const DATABASE: &str = "shop";

#[test]
fn every_statement_does_what_the_documents_say() {
    let mut problems = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).expect("a readable document");
        let server = started();
        let run = run(&server, &text).expect("the document runs");
        let mut found = run.problems;
        match std::env::var_os("SPYNE_BLESS_DOCS") {
            Some(_) => fs::write(&path, &run.blessed).expect("a writable document"),
            None => found.extend(run.outdated),
        }
        problems.extend(found.iter().map(|problem| format!("{}:{problem}", short(&path))));
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn what_a_document_says_wrongly_is_noticed() {
    let document = "\
```sql
SELECT 1 / 0;
SELECT 1; -- ERROR 22012
SELECT 1 / 0; -- ERROR 25006
SELECT 1 / 0; -- ERROR 22012
```

```sql
SELECT 'it''s; one' AS a, $$two; -- three$$ AS b;
```

```text
wrong
```

```rust
```

```sql
SELECT 2
```
";
    let run = run(&started(), document).expect("psql runs");
    let lines = |problems: &[String]| -> Vec<String> {
        problems.iter().filter_map(|p| p.split(':').next()).map(str::to_owned).collect()
    };
    assert_eq!(lines(&run.problems), ["16", "19", "2", "3", "4"], "\n{}", run.problems.join("\n"));
    assert_eq!(lines(&run.outdated), ["12"], "\n{}", run.outdated.join("\n"));
    assert!(run.blessed.contains("\n it's; one | two; -- three\n"), "{}", run.blessed);
}

#[test]
fn every_name_in_the_documents_exists() {
    let server = started();
    let known = Inventory::read(&mut installed(&server)).expect("a catalog").all();
    let mut problems = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).expect("a readable document");
        for (number, line) in text.lines().enumerate() {
            for name in names(line).into_iter().filter(|name| !known.contains(name)) {
                problems.push(format!("{}:{}: there is no {name}", short(&path), number + 1));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn everything_that_exists_is_documented() {
    let server = started();
    let inventory = Inventory::read(&mut installed(&server)).expect("a catalog");
    let text: String = documents()
        .iter()
        .filter(|path| !path.ends_with("README.md"))
        .map(|path| fs::read_to_string(path).expect("a readable document"))
        .collect();
    let named: BTreeSet<String> = names(&text).into_iter().collect();
    let mut problems: Vec<String> = inventory
        .public()
        .filter(|name| !named.contains(*name))
        .map(|name| format!("{name} is not documented"))
        .collect();
    let gaps = inventory.gaps.iter().filter(|gap| !text.contains(&format!("| {gap} |")));
    problems.extend(gaps.map(|gap| format!("the gap {gap} is not documented")));
    for function in &inventory.functions {
        let Some(section) = section_of(&text, &function.name) else {
            problems.push(format!("no heading names {}", function.name));
            continue;
        };
        let words: BTreeSet<&str> = section.split(|c: char| !is_word(c)).collect();
        for argument in function.arguments.iter().filter(|a| !words.contains(a.as_str())) {
            problems.push(format!("the section on {} lacks {argument}", function.name));
        }
    }
    assert!(!inventory.gaps.is_empty() && !inventory.settings.is_empty());
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut problems = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).expect("a readable document");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            if file.contains("://") {
                continue;
            }
            let linked = match file {
                "" => path.clone(),
                file => path.parent().expect("a document has a directory").join(file),
            };
            let found = match fs::read_to_string(&linked) {
                Ok(text) => anchor.is_empty() || headings(&text).any(|(_, h)| slug(h) == anchor),
                Err(_) => linked.is_dir(),
            };
            if !found {
                problems.push(format!("{}: {target} leads nowhere", short(&path)));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// README.md and the files in docs/.
fn documents() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(place::repository().join("docs"))
        .expect("docs/")
        .map(|entry| entry.expect("an entry of docs/").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    found.sort();
    found.insert(0, place::repository().join("README.md"));
    found
}

fn short(path: &Path) -> String {
    path.strip_prefix(place::repository()).unwrap_or(path).display().to_string()
}

/// A server with the documents' empty database.
fn started() -> Server {
    let server = default_server("docs").start().expect("a server");
    let mut client = server.connect("postgres", SUPERUSER).expect("a connection");
    client.batch_execute(&format!("CREATE DATABASE {DATABASE}")).expect("a database");
    server
}

fn run(server: &Server, text: &str) -> Result<Run> {
    document::run(server.client_command("psql", DATABASE, SUPERUSER), text)
}

fn installed(server: &Server) -> Client {
    let mut client = server.connect(DATABASE, SUPERUSER).expect("a connection");
    client.batch_execute("CREATE EXTENSION spyne").expect("the extension");
    client
}

// -------------------------------------------------------------------- names

/// A function of spyne's, with the names of its arguments and of the columns it returns.
struct Function {
    name: String,
    arguments: Vec<String>,
}

/// The names of what an installation consists of.
struct Inventory {
    /// The functions called `spyne_...`, which people call.
    functions: Vec<Function>,
    /// `spyne.name`, of settings.
    settings: Vec<String>,
    /// `spyne.name`, of tables and views.
    relations: Vec<String>,
    /// Roles, schemas, triggers, and what is in schema spyne: functions and types of rows.
    others: Vec<String>,
    /// What spyne_coverage can find.
    gaps: Vec<String>,
}

impl Inventory {
    fn read(client: &mut Client) -> Result<Inventory> {
        let mut list = |query: &str| -> Result<Vec<String>> {
            let rows = client.query(query, &[])?;
            Ok(rows.iter().map(|row| row.get(0)).collect())
        };
        let settings = list("SELECT name FROM pg_settings WHERE name LIKE 'spyne.%'")?;
        let relations = list(
            "SELECT 'spyne.' || relname FROM pg_class
             WHERE relnamespace = 'spyne'::regnamespace AND relkind IN ('r', 'v')",
        )?;
        let others = list(
            "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'spyne%'
             UNION SELECT nspname FROM pg_namespace WHERE nspname LIKE 'spyne%'
             UNION SELECT evtname FROM pg_event_trigger
             UNION SELECT unnest(ARRAY['spyne_guard', 'spyne_guard_truncate', 'spyne_guard_row'])
             UNION SELECT 'spyne.' || proname FROM pg_proc WHERE pronamespace = 'spyne'::regnamespace
             UNION SELECT 'spyne.' || relname FROM pg_class WHERE relnamespace = 'spyne'::regnamespace AND relkind = 'c'",
        )?;
        let gaps = list(
            "SELECT DISTINCT m[1] FROM pg_proc, regexp_matches(prosrc,
                 $$'(?:critical|high|medium|low)'(?: END)?,\\s*'([^']+)'$$, 'g') m
             WHERE oid = 'spyne.find_gaps()'::regprocedure",
        )?;
        let rows = client.query(
            "SELECT p.proname::text, coalesce(p.proargnames, '{}') || ARRAY(
                 SELECT a.attname::text FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid
                 WHERE t.oid = p.prorettype AND a.attnum > 0 AND NOT a.attisdropped)
             FROM pg_proc p WHERE p.proname LIKE 'spyne\\_%' ORDER BY 1",
            &[],
        )?;
        let functions =
            rows.iter().map(|r| Function { name: r.get(0), arguments: r.get(1) }).collect();
        Ok(Inventory { functions, settings, relations, others, gaps })
    }

    /// The names that people call, set and read.
    fn public(&self) -> impl Iterator<Item = &String> {
        let functions = self.functions.iter().map(|function| &function.name);
        functions.chain(&self.settings).chain(&self.relations)
    }

    fn all(&self) -> BTreeSet<String> {
        let arguments = self.functions.iter().flat_map(|function| &function.arguments);
        self.public().chain(&self.others).chain(arguments).cloned().collect()
    }
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// The names of spyne's in a text: `spyne_name`, and `spyne.name` unless that is a file.
fn names(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("spyne") {
        let behind = text[..at].chars().next_back();
        let rest = &text[at + "spyne".len()..];
        let length = rest[1.min(rest.len())..].chars().take_while(|c| is_word(*c)).count();
        let is_name = rest.starts_with(['_', '.']) && length > 0;
        let name = &text[at..at + "spyne".len() + if is_name { 1 + length } else { 0 }];
        let is_part = behind.is_some_and(|c| is_word(c) || c == '.' && rest.starts_with('.'));
        if is_name && !is_part && !["spyne.so", "spyne.control"].contains(&name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// Headings with the byte they begin at; lines of code that begin with `#` are none.
fn headings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    let mut in_block = false;
    text.split_inclusive('\n').filter_map(move |line| {
        let begins = at;
        at += line.len();
        in_block ^= line.starts_with("```");
        (!in_block && line.starts_with('#')).then(|| (begins, line.trim_end()))
    })
}

/// What GitHub makes of a heading, for links.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| is_word(*c) || matches!(c, '-' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// From the heading that names something to the next one.
fn section_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut all = headings(text);
    let (begins, _) = all.find(|(_, heading)| names(heading).iter().any(|n| n == name))?;
    let ends = all.next().map_or(text.len(), |(at, _)| at);
    Some(&text[begins..ends])
}
