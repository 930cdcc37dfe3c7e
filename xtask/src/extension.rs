//! Building the extension and putting it into a server: cargo-pgrx, pinned, does both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::{AccessFlags, access};

use crate::libclang::{self, Variables};
use crate::majors::major_of;
use crate::place;
use crate::progress::{self, capture_text, say};
use crate::script;
use crate::toolchain::Toolchain;

/// How the extension is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build, with overflow checks: for the tests and the demo.
    Development,
    /// What users run: for measurements and for installing.
    Release,
}

/// A server to build for.
struct Target {
    pg_config: PathBuf,
    major: u32,
    variables: Variables,
}

/// Builds the extension and installs it into the private server.
pub fn install_into(toolchain: &Toolchain, profile: Profile) -> Result<()> {
    say(format!("building spyne for PostgreSQL {}", toolchain.major));
    let target = Target {
        pg_config: toolchain.pg_config().to_owned(),
        major: toolchain.major,
        variables: build_variables(toolchain)?,
    };
    install(&target, profile)
}

/// Builds the extension and installs it into a server of the machine's.
pub fn install_into_server(pg_config: &Path) -> Result<()> {
    let pg_config = fs::canonicalize(pg_config)
        .with_context(|| format!("no pg_config at {}", pg_config.display()))?;
    let ask = |what: &str| capture_text(Command::new(&pg_config).arg(what));
    let version = ask("--version")?;
    let (library, share) = (ask("--pkglibdir")?, ask("--sharedir")?);
    for directory in [Path::new(&library), &Path::new(&share).join("extension")] {
        // Better now than after the minutes that the build takes.
        if access(directory, AccessFlags::W_OK).is_err() {
            bail!(
                "{} cannot be written: run this as who may (root, with sudo)",
                directory.display()
            );
        }
    }
    say(format!("for {version}: spyne.so goes into {library}, the rest into {share}/extension"));
    let target = Target {
        major: major_of(&version)?,
        variables: libclang::build_variables(&pgrx_home(&pg_config), &[])?,
        pg_config,
    };
    install(&target, Profile::Release)?;
    say("installed. Add spyne to shared_preload_libraries and restart the server, then in each \
         database: CREATE EXTENSION spyne;");
    Ok(())
}

/// The variables that building the extension for the private server needs.
pub fn build_variables(toolchain: &Toolchain) -> Result<Variables> {
    libclang::build_variables(&pgrx_home(toolchain.pg_config()), toolchain.libraries())
}

/// pgrx keeps a file that says where a server's headers are: one for each server, so that one
/// build does not undo another.
fn pgrx_home(pg_config: &Path) -> PathBuf {
    place::target().join("pgrx").join(format!("{:016x}", place::fingerprint(pg_config)))
}

fn install(target: &Target, profile: Profile) -> Result<()> {
    let cargo_pgrx = ensure_cargo_pgrx()?;
    ensure_pgrx_knows(&cargo_pgrx, target)?;
    let mut command = build_command(&cargo_pgrx, target);
    command.args(["pgrx", "install", "--package", "spyne", "--no-default-features"]);
    command.arg("--features").arg(format!("pg{}", target.major));
    command.arg("--pg-config").arg(&target.pg_config);
    if profile == Profile::Release {
        command.arg("--release");
    }
    progress::run(&mut command).context("building and installing the extension")?;
    let share = capture_text(Command::new(&target.pg_config).arg("--sharedir"))?;
    script::tidy(&Path::new(&share).join("extension").join(script_name()?))
}

/// Builds what users run, for the private server, and lays it out under `directory`: each file at
/// the path that it would have in the private server.
pub fn lay_out(toolchain: &Toolchain, directory: &Path) -> Result<()> {
    say(format!("building spyne for PostgreSQL {}, as users run it", toolchain.major));
    let target = Target {
        pg_config: toolchain.pg_config().to_owned(),
        major: toolchain.major,
        variables: build_variables(toolchain)?,
    };
    let cargo_pgrx = ensure_cargo_pgrx()?;
    ensure_pgrx_knows(&cargo_pgrx, &target)?;
    let mut command = build_command(&cargo_pgrx, &target);
    command.args(["pgrx", "package", "--package", "spyne", "--no-default-features"]);
    command.arg("--features").arg(format!("pg{}", target.major));
    command.arg("--pg-config").arg(&target.pg_config).arg("--out-dir").arg(directory);
    progress::run(&mut command).context("building the extension")?;
    let laid_out = |path: &Path| directory.join(path.strip_prefix("/").unwrap_or(path));
    script::tidy(&laid_out(toolchain.sharedir()).join("extension").join(script_name()?))
}

/// The version of the extension: that of its package.
pub fn version() -> Result<String> {
    let manifest = fs::read_to_string(place::repository().join("Cargo.toml"))?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = "));
    Ok(version.context("Cargo.toml has no version")?.trim_matches('"').to_owned())
}

/// The name of the script that CREATE EXTENSION runs.
pub fn script_name() -> Result<String> {
    Ok(format!("spyne--{}.sql", version()?))
}

/// cargo-pgrx of the version that the extension is written for: the one on the PATH if it is
/// that, else one of our own under `target/`.
fn ensure_cargo_pgrx() -> Result<PathBuf> {
    let version = pinned_pgrx_version()?;
    let home = place::target().join("tools");
    let own = home.join("bin/cargo-pgrx");
    for program in [own.clone(), PathBuf::from("cargo-pgrx")] {
        let run = Command::new(&program).args(["pgrx", "--version"]).output();
        if run.is_ok_and(|run| String::from_utf8_lossy(&run.stdout).trim().ends_with(&version)) {
            return Ok(program);
        }
    }
    say(format!("installing cargo-pgrx {version} into {} (some minutes, once)", home.display()));
    let mut command = cargo();
    command.args(["install", "cargo-pgrx", "--locked", "--force", "--version", &version]);
    // Its default features want OpenSSL's development files, for downloads that we do not use.
    command.arg("--no-default-features").arg("--root").arg(&home);
    progress::run(&mut command).context("installing cargo-pgrx")?;
    Ok(own)
}

/// The version of pgrx that the extension's manifest pins: cargo-pgrx must be of the same.
fn pinned_pgrx_version() -> Result<String> {
    let manifest = fs::read_to_string(place::repository().join("Cargo.toml"))?;
    let pinned = manifest.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let (_, version) = value.split_once("\"=")?;
        (name.trim() == "pgrx").then(|| version.split('"').next().unwrap_or_default().to_owned())
    });
    pinned.context("Cargo.toml pins no exact version of pgrx")
}

/// Tells pgrx of the server, once: its build script finds servers in a file of its home.
fn ensure_pgrx_knows(cargo_pgrx: &Path, target: &Target) -> Result<()> {
    if pgrx_home(&target.pg_config).join("config.toml").is_file() {
        return Ok(());
    }
    let mut command = build_command(cargo_pgrx, target);
    command.args(["pgrx", "init", "--no-run"]);
    command.arg(format!("--pg{}", target.major)).arg(&target.pg_config);
    progress::capture(&mut command).context("preparing pgrx")?;
    Ok(())
}

fn build_command(program: &Path, target: &Target) -> Command {
    let mut command = clean(Command::new(program));
    command.envs(target.variables.iter().cloned());
    command
}

/// cargo, without the variables that the cargo around us set for this program alone.
pub fn cargo() -> Command {
    clean(Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())))
}

/// A build must not differ with how it was started: what cargo tells a program it runs about
/// that program's own package stays out of the builds that the program starts.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.current_dir(place::repository());
    command
}
