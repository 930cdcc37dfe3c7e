//! A PostgreSQL of our own, and what building an extension for it needs.
//!
//! There is one for each major, in a directory of its own below `target/toolchain`. The extension
//! goes into it, and the machine's own server stays as it was.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::account;
use crate::apt::{self, PrivateApt};
use crate::majors::major_of;
use crate::place;
use crate::progress::{capture_text, say};
use crate::server_copy::STRAY_LIBRARIES;
pub use crate::server_source::Source;
use crate::server_source::{Unpacked, apt_directory};

/// A complete private PostgreSQL.
#[derive(Clone, Debug)]
pub struct Toolchain {
    pub major: u32,
    source: Source,
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
    pub fn ensure(source: &Source) -> Result<Toolchain> {
        let home = place::open_to_server()?.join("toolchain");
        let source = source.settled(&home)?;
        let Unpacked { root, pg_config } = source.unpack(&home)?;
        Toolchain::open(source, &root, pg_config)
    }

    fn open(source: Source, root: &Path, pg_config: PathBuf) -> Result<Toolchain> {
        let ask = |what: &str| capture_text(Command::new(&pg_config).arg(what));
        let mut libraries = apt::library_directories(root);
        let libdir = PathBuf::from(ask("--libdir")?);
        if libdir.is_dir() && libdir.starts_with(root) && !libraries.contains(&libdir) {
            libraries.push(libdir);
        }
        libraries.extend(Some(root.join(STRAY_LIBRARIES)).filter(|directory| directory.is_dir()));
        let toolchain = Toolchain {
            source,
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

    /// Makes the programs that a command starts use this same server.
    pub fn hand_on(&self, command: &mut Command) {
        self.source.hand_on(command);
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
        self.root.join("usr/lib/postgresql").is_dir()
    }

    fn fetch_more(&self, names: &[String]) -> Result<()> {
        let home = self.root.parent().expect("the root lies inside the toolchain's home");
        let apt = PrivateApt::open(&apt_directory(home))?;
        apt.fetch(names, &self.root)
    }
}

fn library_path(directories: &[PathBuf]) -> OsString {
    env::join_paths(directories).unwrap_or_default()
}
