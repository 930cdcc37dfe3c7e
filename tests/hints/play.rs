//! Plays a script: provokes refusals and remedies, and runs the SQL in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use postgres::error::DbError;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};
use spyne_tests::fixture::{connect, empty_database, run};
use spyne_tests::pasted::pasted;
use spyne_tests::{SUPERUSER, Server};

use crate::names::Names;

/// Columns of results whose text is to be pasted.
const PASTED: [&str; 3] = ["remedy", "statement", "hint"];

/// Something that cannot be pasted.
pub struct Fault {
    /// The HINT or remedy.
    pub about: String,
    /// The part of it that was run.
    pub sql: String,
    /// The server's error.
    pub why: String,
    /// The line of the script that provoked it.
    scene: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "scene: {}\n text: {}\n  sql: {}\n  why: {}",
            self.scene, self.about, self.sql, self.why
        )
    }
}

/// A play in its database.
pub struct Play<'a> {
    server: &'a Server,
    names: &'a Names,
    /// The session that runs the pasted SQL.
    paster: Client,
    sessions: BTreeMap<String, Client>,
    notices: Arc<Mutex<Vec<DbError>>>,
    /// Values that the script has kept, by name.
    kept: BTreeMap<String, String>,
    seen: BTreeSet<String>,
    pub ran: BTreeSet<String>,
    pub faults: Vec<Fault>,
}

impl<'a> Play<'a> {
    /// Makes the database, and roles with odd names in it.
    pub fn new(server: &'a Server, names: &'a Names) -> Play<'a> {
        let database = names.database();
        let mut admin = empty_database(server, &database);
        run(&mut admin, "CREATE EXTENSION spyne");
        for (role, member) in [
            ("outsider", ""),
            ("viewer", "IN ROLE spyne_viewer"),
            ("analyst", "IN ROLE spyne_analyst"),
            ("engineer", "IN ROLE spyne_engineer"),
            ("admin", "IN ROLE spyne_admin"),
        ] {
            run(&mut admin, &names.fill(&format!("CREATE ROLE {{@{role}}} LOGIN {member}")));
        }
        Play {
            server,
            names,
            paster: connect(server, &database, SUPERUSER),
            sessions: BTreeMap::new(),
            notices: Arc::default(),
            kept: BTreeMap::new(),
            seen: BTreeSet::new(),
            ran: BTreeSet::new(),
            faults: Vec::new(),
        }
    }

    /// Plays every line: `> sql` is run by the superuser and succeeds; `role ! sql` is refused, and
    /// its HINT run; `role ? sql` succeeds, and what its columns and notices say is run, in the order
    /// of the rows, each where the ones before have been run; `role * sql` likewise, each alone;
    /// `name = sql` keeps one value, for `$name` in later lines.
    pub fn all(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        let (who, rest) = line.split_once(' ').unwrap_or_else(|| panic!("no statement: {line}"));
        if who == ">" {
            let sql = self.filled(rest);
            if let Err(error) = self.session("postgres").batch_execute(&sql) {
                self.fault("", &sql, &sql, said(&error));
            }
            return;
        }
        let (mark, sql) = rest.split_once(' ').unwrap_or_else(|| panic!("no statement: {line}"));
        let sql = self.filled(sql);
        match mark {
            "=" => self.keep(who, &sql),
            "!" => self.refused(who, &sql),
            "?" => self.shown(who, &sql, true),
            "*" => self.shown(who, &sql, false),
            _ => panic!("what is {mark}? {line}"),
        }
    }

    /// Keeps the first value of a result.
    fn keep(&mut self, name: &str, sql: &str) {
        let messages = match self.session("postgres").simple_query(sql) {
            Ok(messages) => messages,
            Err(error) => return self.fault("", sql, sql, said(&error)),
        };
        let value = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_string),
            _ => None,
        });
        match value {
            Some(value) => drop(self.kept.insert(name.to_string(), value)),
            None => self.fault("", sql, sql, "it has no value".to_string()),
        }
    }

    fn filled(&self, sql: &str) -> String {
        let mut sql = self.names.fill(sql);
        for (name, value) in &self.kept {
            sql = sql.replace(&format!("${name}"), value);
        }
        sql
    }

    fn session(&mut self, who: &str) -> &mut Client {
        let (server, names, notices) = (self.server, self.names, self.notices.clone());
        self.sessions.entry(who.to_string()).or_insert_with(|| {
            let user = if who == "postgres" { SUPERUSER.to_string() } else { names.role(who) };
            let mut client = Config::new()
                .host_path(server.socket_directory())
                .dbname(&names.database())
                .user(&user)
                .notice_callback(move |notice| notices.lock().expect("notices").push(notice))
                .connect(NoTls)
                .expect("a connection");
            run(&mut client, "SET statement_timeout = '60s'");
            client
        })
    }

    fn refused(&mut self, who: &str, sql: &str) {
        let result = self.session(who).simple_query(sql);
        let _ = self.session(who).batch_execute("ROLLBACK");
        self.told(sql);
        match result {
            Ok(_) => self.fault("", sql, sql, format!("it went through, as {who}")),
            Err(error) => match error.as_db_error() {
                Some(error) => {
                    let hint = error.hint().unwrap_or_default().to_string();
                    self.paste(&hint, sql);
                    // Blockers are listed in the DETAIL, with their remedies.
                    if error.message().contains("blocker") {
                        for line in error.detail().unwrap_or_default().lines() {
                            self.paste(line, sql);
                        }
                    }
                }
                None => panic!("{error:?}: {sql}"),
            },
        }
    }

    fn shown(&mut self, who: &str, sql: &str, in_order: bool) {
        let messages = match self.session(who).simple_query(sql) {
            Ok(messages) => messages,
            Err(error) => return self.fault("", sql, sql, said(&error)),
        };
        self.told(sql);
        let mut texts = Vec::new();
        for message in &messages {
            let SimpleQueryMessage::Row(row) = message else { continue };
            let kind =
                row.columns().iter().position(|c| c.name() == "kind").and_then(|at| row.get(at));
            // spyne itself carries a step out, so its statement is not for pasting.
            if kind == Some("step") {
                continue;
            }
            let pasted =
                row.columns().iter().enumerate().filter(|(_, c)| PASTED.contains(&c.name()));
            texts.extend(pasted.filter_map(|(at, _)| row.get(at)).map(str::to_string));
        }
        match in_order {
            true => self.paste_all(&texts, sql),
            false => texts.iter().for_each(|text| self.paste(text, sql)),
        }
    }

    /// The HINTs of warnings.
    fn told(&mut self, sql: &str) {
        let notices = std::mem::take(&mut *self.notices.lock().expect("notices"));
        for notice in notices {
            self.paste(notice.hint().unwrap_or_default(), sql);
        }
    }

    fn paste(&mut self, text: &str, scene: &str) {
        if !self.seen.contains(text) {
            self.paste_all(&[text.to_string()], scene);
        }
    }

    /// Runs the SQL of several texts, one after the other, and undoes all of it.
    fn paste_all(&mut self, texts: &[String], scene: &str) {
        run(&mut self.paster, "BEGIN");
        for text in texts {
            let found = pasted(text);
            if self.seen.insert(text.clone()) {
                for fragment in &found.fragments {
                    self.fault(text, fragment, scene, "it is no whole statement".to_string());
                }
            }
            for statement in &found.statements {
                if statement.contains("...") {
                    self.fault(text, statement, scene, "something is left out".to_string());
                }
                self.run_pasted(statement, text, scene);
            }
        }
        run(&mut self.paster, "ROLLBACK");
    }

    fn run_pasted(&mut self, statement: &str, text: &str, scene: &str) {
        run(&mut self.paster, "SAVEPOINT pasted");
        match self.paster.batch_execute(statement) {
            Ok(()) => {
                self.ran.insert(statement.to_string());
            }
            Err(error) => {
                if self.names.are_in(statement) || !is_only_an_example(&error) {
                    self.fault(text, statement, scene, said(&error));
                }
                run(&mut self.paster, "ROLLBACK TO pasted");
            }
        }
    }

    fn fault(&mut self, about: &str, sql: &str, scene: &str, why: String) {
        let [about, sql, scene] = [about, sql, scene].map(str::to_string);
        self.faults.push(Fault { about, sql, why, scene });
    }
}

/// Whether an example of a call, on tables that need not be there, is right all the same.
fn is_only_an_example(error: &postgres::Error) -> bool {
    // There is no such table or number, or it is in another state.
    let of_the_example = ["42P01", "22023", "55000"];
    error.as_db_error().is_some_and(|e| of_the_example.contains(&e.code().code()))
}

fn said(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(e) => {
            let detail = e.detail().unwrap_or_default();
            format!("{} {}: {detail}", e.code().code(), e.message())
        }
        None => error.to_string(),
    }
}
