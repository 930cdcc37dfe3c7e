//! A PostgreSQL of our own, and what building an extension for it needs.
//!
//! On Debian and its kin the server, its headers and libclang are taken from the archive and
//! unpacked, not installed. Elsewhere, or where another major is wanted, a server that is already
//! there is copied: `SPYNE_PG_CONFIG` names its pg_config. Either way the extension goes into the
//! copy, and the machine's own server stays as it was.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::account;
use crate::apt::{self, PrivateApt};
use crate::place;
use crate::progress::{capture, capture_text, say};

/// Raised when what is fetched changes, so that an older copy is made anew.
const LAYOUT: &str = "layout 1";
/// What is copied of a server whose programs lie among the machine's.
const PROGRAMS: [&str; 14] = [
    "postgres",
    "pg_config",
    "initdb",
    "pg_ctl",
    "psql",
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "pg_basebackup",
    "pg_isready",
    "pg_controldata",
    "pg_resetwal",
    "createdb",
    "dropdb",
];
/// Of a copy: libraries that lay outside the server's own directories.
const STRAY_LIBRARIES: &str = "stray-libraries";
/// The majors of PostgreSQL that spyne is written for.
pub const SUPPORTED_MAJORS: [u32; 4] = [15, 16, 17, 18];

/// A complete private PostgreSQL.
#[derive(Clone, Debug)]
pub struct Toolchain {
    pub major: u32,
    root: PathBuf,
    pg_config: PathBuf,
    bindir: PathBuf,
    pkglibdir: PathBuf,
    sharedir: PathBuf,
    libraries: Vec<PathBuf>,
}

/// How to start valgrind.
pub struct Valgrind {
    pub program: PathBuf,
    pub tools: Option<PathBuf>,
}

impl Toolchain {
    /// The toolchain, made first where it is not there yet: a second call costs next to nothing.
    pub fn ensure(given: Option<&Path>) -> Result<Toolchain> {
        let home = place::open_to_server()?.join("toolchain");
        match given.map(Path::to_owned).or_else(given_by_environment) {
            Some(pg_config) => {
                let pg_config = fs::canonicalize(&pg_config)
                    .with_context(|| format!("no pg_config at {}", pg_config.display()))?;
                let name = format!("copy-{:016x}", place::fingerprint(&pg_config));
                let root = home.join(name);
                if !is_complete(&root) {
                    copy_server(&pg_config, &root)?;
                    mark_complete(&root)?;
                }
                Toolchain::open(&root, join(&root, &bindir_of(&pg_config)?).join("pg_config"))
            }
            None => {
                let root = home.join("debian");
                if !is_complete(&root) {
                    fetch_server(&home, &root)?;
                    mark_complete(&root)?;
                }
                let pg_config = find_debian_pg_config(&root)?;
                Toolchain::open(&root, pg_config)
            }
        }
    }

    fn open(root: &Path, pg_config: PathBuf) -> Result<Toolchain> {
        let ask = |what: &str| capture_text(Command::new(&pg_config).arg(what));
        let mut libraries = apt::library_directories(root);
        let libdir = PathBuf::from(ask("--libdir")?);
        if libdir.is_dir() && libdir.starts_with(root) && !libraries.contains(&libdir) {
            libraries.push(libdir);
        }
        libraries.extend(Some(root.join(STRAY_LIBRARIES)).filter(|directory| directory.is_dir()));
        let toolchain = Toolchain {
            major: major_of(&ask("--version")?)?,
            bindir: ask("--bindir")?.into(),
            pkglibdir: ask("--pkglibdir")?.into(),
            sharedir: ask("--sharedir")?.into(),
            root: root.to_owned(),
            libraries,
            pg_config: pg_config.clone(),
        };
        // A copy that still points at the original would have the extension installed there.
        for directory in [&toolchain.bindir, &toolchain.pkglibdir, &toolchain.sharedir] {
            if !fs::canonicalize(directory)?.starts_with(fs::canonicalize(root)?) {
                bail!(
                    "the PostgreSQL in {} reports {} as its own: it cannot be moved, so it \
                     cannot be used here",
                    root.display(),
                    directory.display()
                );
            }
        }
        Ok(toolchain)
    }

    /// The directories of the shared libraries that were unpacked with the server.
    pub fn libraries(&self) -> &[PathBuf] {
        &self.libraries
    }

    pub fn pg_config(&self) -> &Path {
        &self.pg_config
    }

    pub fn bindir(&self) -> &Path {
        &self.bindir
    }

    /// Where the server's loadable libraries are.
    pub fn pkglibdir(&self) -> &Path {
        &self.pkglibdir
    }

    pub fn sharedir(&self) -> &Path {
        &self.sharedir
    }

    /// Where the programs find the shared libraries that were unpacked with them.
    pub fn library_path(&self) -> PathBuf {
        library_path(&self.libraries).into()
    }

    /// The whole version, as in `PostgreSQL 15.20`.
    pub fn version(&self) -> Result<String> {
        capture_text(Command::new(&self.pg_config).arg("--version"))
    }

    /// A server program, such as `psql`, with the libraries it needs.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bindir.join(program));
        self.prepare(&mut command);
        command
    }

    /// A server program to be run under the account that PostgreSQL accepts.
    pub fn server_command(&self, program: &str) -> Result<Command> {
        let mut command = self.command(program);
        account::run_as_server(&mut command)?;
        Ok(command)
    }

    /// PostgreSQL's own test driver: `regress/pg_regress` or `isolation/pg_isolation_regress`.
    pub fn test_driver(&self, path: &str) -> Result<Command> {
        let driver = self.pkglibdir.join("pgxs/src/test").join(path);
        if !driver.is_file() {
            bail!(
                "this PostgreSQL came without {path}: install its server development files, or \
                 point SPYNE_PG_CONFIG at one that has them"
            );
        }
        let mut command = Command::new(driver);
        self.prepare(&mut command);
        Ok(command)
    }

    /// Lets a command find the shared libraries that were unpacked with the server.
    pub fn prepare(&self, command: &mut Command) {
        command.env("LD_LIBRARY_PATH", library_path(&self.libraries));
        command.env("LC_ALL", "C");
        // Settings of the caller's own client would change what tests see.
        for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS", "PGSERVICE"] {
            command.env_remove(name);
        }
    }

    /// Whether the server can load pgaudit, after trying to fetch it.
    pub fn ensure_pgaudit(&self) -> Result<bool> {
        if self.sharedir.join("extension/pgaudit.control").is_file() {
            return Ok(true);
        }
        if !self.is_from_debian() {
            return Ok(false);
        }
        match self.fetch_more(&[format!("postgresql-{}-pgaudit", self.major)]) {
            Ok(()) => Ok(true),
            Err(problem) => {
                say(format!("pgaudit is not to be had here: {problem:#}"));
                Ok(false)
            }
        }
    }

    /// Whether the server can load a library of this name.
    pub fn has_library(&self, name: &str) -> bool {
        self.pkglibdir.join(format!("{name}.so")).is_file()
    }

    /// Fetches packages of extensions for a server that came from Debian's archive.
    pub fn fetch_extensions(&self, packages: &[String]) -> Result<()> {
        if !self.is_from_debian() {
            bail!("this server came from elsewhere, and lacks what {} have", packages.join(", "));
        }
        self.fetch_more(packages)
    }

    /// valgrind: the machine's own, or one fetched beside the server.
    pub fn ensure_valgrind(&self) -> Result<Valgrind> {
        let installed = Command::new("valgrind").arg("--version").output();
        if installed.is_ok_and(|run| run.status.success()) {
            return Ok(Valgrind { program: "valgrind".into(), tools: None });
        }
        let program = self.root.join("usr/bin/valgrind.bin");
        if !program.is_file() {
            if !PrivateApt::is_available() {
                bail!("the bench counts instructions with valgrind: install it");
            }
            self.fetch_more(&["valgrind".to_owned()])?;
        }
        Ok(Valgrind { program, tools: Some(self.root.join("usr/libexec/valgrind")) })
    }

    fn is_from_debian(&self) -> bool {
        self.root.ends_with("debian")
    }

    fn fetch_more(&self, names: &[String]) -> Result<()> {
        let home = self.root.parent().expect("the root lies inside the toolchain's home");
        let apt = PrivateApt::open(&home.join("apt"))?;
        apt.fetch(names, &self.root)
    }
}

/// The pg_config that the environment names, if it names one.
pub fn given_by_environment() -> Option<PathBuf> {
    env::var_os("SPYNE_PG_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The major version in `PostgreSQL 15.20 (Debian ...)`, refused where spyne does not support it.
pub fn major_of(version: &str) -> Result<u32> {
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    let major = digits.parse().with_context(|| format!("no version number in {version:?}"))?;
    if !SUPPORTED_MAJORS.contains(&major) {
        bail!("spyne supports PostgreSQL 15 to 18, and this is {version}");
    }
    Ok(major)
}

fn is_complete(root: &Path) -> bool {
    fs::read_to_string(root.join("complete")).is_ok_and(|stamp| stamp == LAYOUT)
}

fn mark_complete(root: &Path) -> Result<()> {
    fs::write(root.join("complete"), LAYOUT).context("marking the toolchain complete")
}

fn fetch_server(home: &Path, root: &Path) -> Result<()> {
    if !PrivateApt::is_available() {
        bail!(
            "this machine has no apt to fetch PostgreSQL with: install PostgreSQL 15 to 18 with \
             its development files and libclang, then set SPYNE_PG_CONFIG to its pg_config (it \
             is copied, not changed)"
        );
    }
    remove_if_there(root)?;
    let apt = PrivateApt::open(&home.join("apt"))?;
    let major = SUPPORTED_MAJORS
        .into_iter()
        .find(|major| apt.has(&format!("postgresql-server-dev-{major}")))
        .context(
            "the archives that this machine's apt knows have no PostgreSQL 15 to 18: set \
             SPYNE_PG_CONFIG to the pg_config of a server that is already there",
        )?;
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

/// Copies the directories that make up a server, each to the same path under `root`: the
/// programs find one another by relative paths, so the copy stands by itself.
fn copy_server(pg_config: &Path, root: &Path) -> Result<()> {
    let version = capture_text(Command::new(pg_config).arg("--version"))?;
    major_of(&version)?;
    say(format!("copying {version} into {}; the original is not changed", root.display()));
    remove_if_there(root)?;
    fs::create_dir_all(root)?;
    let parts = [
        "--bindir",
        "--libdir",
        "--pkglibdir",
        "--sharedir",
        "--includedir",
        "--includedir-server",
    ];
    for part in parts {
        let source = PathBuf::from(capture_text(Command::new(pg_config).arg(part))?);
        let copy = join(root, &source);
        if part == "--bindir" && is_shared_with_the_system(&source) {
            copy_programs(&source, &copy)?;
            continue;
        }
        if copy.exists() || is_shared_with_the_system(&source) || !source.is_dir() {
            continue;
        }
        let parent = copy.parent().context("a server directory at the root")?;
        fs::create_dir_all(parent)?;
        capture(Command::new("cp").arg("-Rp").arg(&source).arg(parent))?;
    }
    copy_stray_libraries(&bindir_of(pg_config)?, &root.join(STRAY_LIBRARIES))
}

/// A server may find libraries by a path relative to its programs that leads out of what is
/// copied: those come along one by one.
fn copy_stray_libraries(bindir: &Path, into: &Path) -> Result<()> {
    fs::create_dir_all(into)?;
    for program in ["postgres", "psql"] {
        let Ok(output) = capture_text(Command::new("ldd").arg(bindir.join(program))) else {
            continue;
        };
        // A line reads `libpq.so.5 => /some/where/libpq.so.5 (0x00007f...)`.
        for line in output.lines() {
            let found = line.split_once("=> ").and_then(|(_, rest)| rest.split(" (").next());
            let Some(library) = found.map(Path::new).filter(|path| path.is_absolute()) else {
                continue;
            };
            let is_systems_own = library.parent().is_none_or(|directory| {
                directory.starts_with("/lib")
                    || directory.starts_with("/lib64")
                    || is_shared_with_the_system(directory)
            });
            if let (false, Some(name)) = (is_systems_own, library.file_name()) {
                fs::copy(library, into.join(name))?;
            }
        }
    }
    Ok(())
}

fn copy_programs(source: &Path, copy: &Path) -> Result<()> {
    fs::create_dir_all(copy)?;
    for program in PROGRAMS {
        // Through a link, if it is one: the program itself must lie in the copy.
        if source.join(program).is_file() {
            fs::copy(source.join(program), copy.join(program))
                .with_context(|| format!("copying {program}"))?;
        }
    }
    Ok(())
}

/// Directories that hold far more than PostgreSQL.
fn is_shared_with_the_system(directory: &Path) -> bool {
    let text = directory.to_string_lossy();
    let text = text.trim_end_matches('/');
    let shared = ["bin", "lib", "lib64", "include"]
        .into_iter()
        .flat_map(|name| ["/usr", "/usr/local"].map(|parent| format!("{parent}/{name}")));
    let is_multiarch = text.starts_with("/usr/lib/") && text.ends_with("-linux-gnu");
    is_multiarch || shared.into_iter().any(|directory| directory == text)
}

fn bindir_of(pg_config: &Path) -> Result<PathBuf> {
    Ok(capture_text(Command::new(pg_config).arg("--bindir"))?.into())
}

/// The real program: the pg_config on Debian's PATH is a script that names fixed paths.
fn find_debian_pg_config(root: &Path) -> Result<PathBuf> {
    SUPPORTED_MAJORS
        .iter()
        .map(|major| root.join(format!("usr/lib/postgresql/{major}/bin/pg_config")))
        .find(|path| path.is_file())
        .with_context(|| format!("no pg_config under {}: remove it and try again", root.display()))
}

/// The same absolute path, under another root.
fn join(root: &Path, absolute: &Path) -> PathBuf {
    root.join(absolute.strip_prefix("/").unwrap_or(absolute))
}

fn remove_if_there(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)
            .with_context(|| format!("removing {}", directory.display()))?;
    }
    Ok(())
}

fn library_path(directories: &[PathBuf]) -> OsString {
    env::join_paths(directories).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{is_shared_with_the_system, major_of};
    use std::path::Path;

    #[test]
    fn versions_name_their_major() {
        assert_eq!(major_of("PostgreSQL 15.20 (Debian 15.20-0+deb12u1)").unwrap(), 15);
        assert_eq!(major_of("PostgreSQL 18beta1").unwrap(), 18);
        assert!(major_of("PostgreSQL 9.6.24").is_err());
        assert!(major_of("").is_err());
    }

    #[test]
    fn the_machines_own_library_directory_is_not_copied() {
        assert!(is_shared_with_the_system(Path::new("/usr/lib/x86_64-linux-gnu/")));
        assert!(!is_shared_with_the_system(Path::new("/usr/lib/postgresql/15/lib")));
        assert!(!is_shared_with_the_system(Path::new("/opt/postgresql/lib")));
    }
}
