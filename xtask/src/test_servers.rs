//! Which servers the tests run on.

use std::path::PathBuf;

use anyhow::Result;
use xtask::majors::{SUPPORTED_MAJORS, parse_major};
use xtask::toolchain::{Source, Toolchain};

use crate::suite::{Extent, Stage};

/// What runs on which majors where no server is named. The default major comes first: on Debian 12
/// that is 15, the oldest.
const PROGRAM: [(Option<u32>, Extent); 4] = [
    (None, Extent::Whole),
    (Some(18), Extent::Whole),
    (Some(16), Extent::Sql),
    (Some(17), Extent::Sql),
];

#[derive(clap::Args)]
pub struct TestServers {
    /// The major of PostgreSQL to run every part on, 15, 16, 17 or 18, or `all` of them
    #[arg(long, value_name = "N", value_parser = parse_majors, conflicts_with = "pg_config")]
    pg: Option<Majors>,
    /// Copy this server's PostgreSQL instead of fetching one
    #[arg(long, value_name = "PATH")]
    pg_config: Option<PathBuf>,
}

/// What `--pg` names.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Majors {
    All,
    One(u32),
}

fn parse_majors(text: &str) -> Result<Majors> {
    match text {
        "all" => Ok(Majors::All),
        major => Ok(Majors::One(parse_major(major)?)),
    }
}

impl TestServers {
    /// The servers, fetched or copied first where they are not there yet.
    pub fn stages(&self) -> Result<Vec<Stage>> {
        let mut stages: Vec<Stage> = Vec::new();
        for (source, extent) in self.sources(Source::from_environment()?) {
            let toolchain = Toolchain::ensure(&source)?;
            // The default major may be one that is named, too.
            if stages.iter().all(|stage| stage.toolchain.major != toolchain.major) {
                stages.push(Stage { toolchain, extent });
            }
        }
        Ok(stages)
    }

    /// The servers that the arguments ask for or, without arguments, the environment.
    fn sources(&self, from_environment: Source) -> Vec<(Source, Extent)> {
        let whole = |source| vec![(source, Extent::Whole)];
        match (self.pg, &self.pg_config) {
            (Some(Majors::One(major)), _) => whole(Source::Major(major)),
            (Some(Majors::All), _) => {
                SUPPORTED_MAJORS.map(|major| (Source::Major(major), Extent::Whole)).into()
            }
            (None, Some(pg_config)) => whole(Source::Copy(pg_config.clone())),
            (None, None) if from_environment != Source::Default => whole(from_environment),
            (None, None) => {
                let source = |major: Option<u32>| major.map_or(Source::Default, Source::Major);
                PROGRAM.iter().map(|(major, extent)| (source(*major), *extent)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Majors, TestServers, parse_majors};
    use crate::suite::Extent;
    use xtask::toolchain::Source;

    fn asked(pg: Option<&str>, environment: Source) -> Vec<(Source, Extent)> {
        let pg = pg.map(|text| parse_majors(text).unwrap());
        TestServers { pg, pg_config: None }.sources(environment)
    }

    #[test]
    fn arguments_go_before_the_environment() {
        let whole = |major| (Source::Major(major), Extent::Whole);
        assert_eq!(asked(Some("18"), Source::Major(16)), [whole(18)]);
        assert_eq!(asked(None, Source::Major(16)), [whole(16)]);
        assert_eq!(asked(Some("all"), Source::Default), [15, 16, 17, 18].map(whole));
        assert_eq!(asked(None, Source::Default)[0], (Source::Default, Extent::Whole));
    }

    #[test]
    fn all_is_a_word_and_a_major_is_a_number() {
        assert_eq!(parse_majors("all").unwrap(), Majors::All);
        assert_eq!(parse_majors("17").unwrap(), Majors::One(17));
        assert!(parse_majors("every").is_err());
    }
}
