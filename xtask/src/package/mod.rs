//! Packages: a .deb with the extension, one with its debug symbols, and an archive for PGXN.
//!
//! They hang on the last commit and on what it is built with, not on when and where: the times in
//! them are the commit's.

mod binary;
mod deb;
mod elf;
mod meta;
mod pgxn;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use xtask::extension;
use xtask::place;
use xtask::progress::{capture, capture_text, say};
use xtask::toolchain::Toolchain;

/// What all packages say of themselves.
pub struct Release {
    pub version: String,
    /// Name and address, as META.json has them.
    pub maintainer: String,
    /// Of the last commit, in seconds since 1970.
    pub time: u64,
}

/// Makes the packages for the server's major, under `target/package`.
pub fn run(toolchain: &Toolchain, try_it: bool) -> Result<()> {
    let version = extension::version()?;
    let maintainer = meta::check_file(&version)?;
    let release = Release { version, maintainer, time: time_of_commit()? };
    let directory = place::target().join("package");
    fs::create_dir_all(&directory)?;
    let trial = match try_it {
        // Better now than after the minutes that the build takes.
        true => Some(trial::Trial::prepare(toolchain.major)?),
        false => None,
    };
    if !capture_text(&mut git(&["status", "--porcelain"]))?.is_empty() {
        say(
            "there are changes that are not committed: the .deb has them, the PGXN archive has not",
        );
    }
    let archive = pgxn::archive(&release, &directory)?;
    let stage = directory.join("stage");
    remove_if_there(&stage)?;
    extension::lay_out(toolchain, &stage)?;
    let built = Built::find(toolchain, &stage)?;
    let packages = deb::make(toolchain.major, &release, &built, &directory)?;
    println!("{}", packages.binary.display());
    println!("{}", packages.symbols.display());
    println!("{}", archive.display());
    match trial {
        Some(trial) => trial.run(&packages.binary),
        None => Ok(()),
    }
}

/// What the build has laid out.
pub struct Built {
    pub library: PathBuf,
    /// The directory with the control file and the SQL.
    pub extension: PathBuf,
}

impl Built {
    fn find(toolchain: &Toolchain, stage: &Path) -> Result<Built> {
        let below = |path: &Path| stage.join(path.strip_prefix("/").unwrap_or(path));
        let built = Built {
            library: below(toolchain.pkglibdir()).join("spyne.so"),
            extension: below(toolchain.sharedir()).join("extension"),
        };
        for path in [&built.library, &built.extension.join("spyne.control")] {
            if !path.is_file() {
                bail!("the build left no {}", path.display());
            }
        }
        Ok(built)
    }
}

fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(place::repository()).args(arguments);
    command
}

/// The time of the last commit, unless the environment gives another.
fn time_of_commit() -> Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(given) => given,
        Err(_) => capture_text(&mut git(&["log", "-1", "--format=%ct"]))
            .context("the packages are made of a git repository")?,
    };
    text.trim().parse().with_context(|| format!("{text:?} is not a time in seconds"))
}

fn remove_if_there(directory: &Path) -> Result<()> {
    match directory.exists() {
        true => fs::remove_dir_all(directory)
            .with_context(|| format!("removing {}", directory.display())),
        false => Ok(()),
    }
}

/// Runs a program of those that Debian's packages are made with, or says what it comes with.
fn tool(program: &str, comes_with: &str) -> Result<Command> {
    capture(Command::new(program).arg("--version")).with_context(|| {
        format!("{program} is missing: install the Debian package {comes_with}")
    })?;
    let mut command = Command::new(program);
    command.env("LC_ALL", "C");
    Ok(command)
}
