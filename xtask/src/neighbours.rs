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
    pub package: Option<&'static str>,
    /// What makes it do more than nothing, and what keeps it out of the tests' results.
    pub settings: &'static [(&'static str, &'static str)],
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

/// The suites of Debian with the extensions of a major. 16 has been in none.
const SUITES: [(u32, &str); 3] = [(15, "bookworm"), (17, "trixie"), (18, "sid")];

/// What stands beside spyne on a server, and what does not.
#[derive(Debug)]
pub struct Found {
    pub present: Vec<&'static Neighbour>,
    /// Why each of the others is left out, in words.
    pub absent: Vec<String>,
}

/// The extensions that the server has, fetched first where it lacks them. On a major that Debian
/// has extensions for, one that is missing is an error: tests that were left out would pass. Only
/// the machine itself may be too old for it.
pub fn ensure(toolchain: &Toolchain) -> Result<Found> {
    let suite = SUITES.iter().find(|(major, _)| *major == toolchain.major).map(|(_, suite)| *suite);
    let packages: Vec<String> = NEIGHBOURS
        .iter()
        .filter(|neighbour| !toolchain.has_library(neighbour.library))
        .filter_map(|neighbour| neighbour.package)
        .map(|package| format!("postgresql-{}-{package}", toolchain.major))
        .collect();
    if let (Some(suite), false) = (suite, packages.is_empty()) {
        toolchain
            .fetch_extensions(&packages, suite)
            .with_context(|| format!("fetching {} to test beside", packages.join(", ")))?;
    }
    let mut found = Found { present: Vec::new(), absent: Vec::new() };
    for neighbour in &NEIGHBOURS {
        let Neighbour { library, .. } = neighbour;
        if toolchain.has_library(library) {
            let wanted = toolchain.wanted_by(library)?;
            if wanted.is_empty() {
                found.present.push(neighbour);
            } else {
                let wanted = wanted.join(" and ");
                found.absent.push(format!("{library} needs {wanted}, which this machine lacks"));
            }
        } else if suite.is_some() {
            bail!("this PostgreSQL {} has no {library}", toolchain.major);
        } else {
            found
                .absent
                .push(format!("Debian has no {library} for PostgreSQL {}", toolchain.major));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::NEIGHBOURS;

    #[test]
    fn settings_name_the_database() {
        let of = |library: &str| {
            NEIGHBOURS.iter().find(|each| each.library == library).unwrap().settings("shop")
        };
        assert_eq!(of("pg_cron"), [("cron.database_name", "shop".to_owned())]);
        assert_eq!(of("pgaudit")[0], ("pgaudit.log", "all".to_owned()));
    }
}
