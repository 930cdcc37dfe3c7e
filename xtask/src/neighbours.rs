//! Other extensions that hook the same places as spyne, to be tested beside it.

use anyhow::{Context, Result, bail};

use crate::toolchain::Toolchain;

/// An extension that is preloaded beside spyne.
#[derive(Debug)]
pub struct Neighbour {
    /// As `shared_preload_libraries` names it.
    pub library: &'static str,
    /// What `CREATE EXTENSION` makes of it, where there is something to create.
    pub extension: Option<&'static str>,
    /// Debian's package, behind `postgresql-NN-`; `None` for what comes with the server.
    package: Option<&'static str>,
    /// What makes it do more than nothing, and what keeps it out of the tests' results.
    settings: &'static [(&'static str, &'static str)],
}

/// Each hooks something that spyne hooks too: the executor, utility statements, object access or
/// planning. pg_cron and pg_partman bring background workers that connect to the database.
const NEIGHBOURS: [Neighbour; 8] = [
    Neighbour {
        library: "pg_stat_statements",
        extension: Some("pg_stat_statements"),
        package: None,
        settings: &[("pg_stat_statements.track", "all")],
    },
    Neighbour {
        library: "auto_explain",
        extension: None,
        package: None,
        settings: &[
            ("auto_explain.log_min_duration", "0"),
            ("auto_explain.log_analyze", "on"),
            ("auto_explain.log_nested_statements", "on"),
        ],
    },
    Neighbour {
        library: "pgaudit",
        extension: Some("pgaudit"),
        package: Some("pgaudit"),
        settings: &[("pgaudit.log", "all"), ("pgaudit.log_relation", "on")],
    },
    Neighbour {
        library: "set_user",
        extension: Some("set_user"),
        package: Some("set-user"),
        // It blocks nothing before somebody calls set_user().
        settings: &[],
    },
    Neighbour {
        library: "hypopg",
        extension: Some("hypopg"),
        package: Some("hypopg"),
        settings: &[],
    },
    Neighbour {
        library: "pg_partman_bgw",
        extension: Some("pg_partman"),
        package: Some("partman"),
        settings: &[("pg_partman_bgw.interval", "1"), ("pg_partman_bgw.dbname", "{database}")],
    },
    Neighbour {
        library: "pg_cron",
        extension: Some("pg_cron"),
        package: Some("cron"),
        settings: &[("cron.database_name", "{database}")],
    },
    Neighbour {
        library: "plpgsql_check",
        extension: Some("plpgsql_check"),
        package: Some("plpgsql-check"),
        // It checks a function when asked to. Checking each one as it starts, it would refuse
        // those that find their tables at run time, and its profiler evaluates the text of an
        // EXECUTE once more when that has run (in 2.3.0): both change results without spyne too.
        settings: &[],
    },
];

impl Neighbour {
    /// Its settings, where it works on a database of this name.
    pub fn settings(&self, database: &str) -> Vec<(&'static str, String)> {
        let named = |value: &str| value.replace("{database}", database);
        self.settings.iter().map(|(name, value)| (*name, named(value))).collect()
    }
}

/// Those that the server has, fetched first where it lacks them. One that should be to be had and
/// is not is an error: tests that were left out would pass.
pub fn ensure(toolchain: &Toolchain) -> Result<Vec<&'static Neighbour>> {
    let is_there = |neighbour: &&Neighbour| toolchain.has_library(neighbour.library);
    let missing: Vec<&Neighbour> = NEIGHBOURS.iter().filter(|each| !is_there(each)).collect();
    let packages: Vec<String> = missing
        .iter()
        .filter_map(|each| Some(format!("postgresql-{}-{}", toolchain.major, each.package?)))
        .collect();
    if !packages.is_empty() {
        toolchain.fetch_extensions(&packages).context("fetching extensions to test beside")?;
    }
    match NEIGHBOURS.iter().find(|each| !is_there(each)) {
        Some(missing) => bail!("PostgreSQL {} has no {}", toolchain.major, missing.library),
        None => Ok(NEIGHBOURS.iter().collect()),
    }
}
