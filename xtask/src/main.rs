//! The newcomer's commands. Each one fetches and builds what it lacks, and says so first.

mod bench;
mod callgrind;
mod cargo_tests;
mod demo;
mod drift_cost;
mod narration;
mod needs;
mod package;
mod preview_cost;
mod promotion;
mod regress;
mod suite;
mod versions;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use nix::sys::stat::{Mode, umask};
use xtask::extension::{self, Profile};
use xtask::majors::parse_major;
use xtask::toolchain::{Source, Toolchain};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Commands for trying, testing, measuring and installing spyne"
)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start a throwaway PostgreSQL with TPC-H data in it and walk through spyne
    Demo {
        /// Leave the server running and print how to connect
        #[arg(long)]
        keep: bool,
        /// Stop the server that was left running
        #[arg(long, conflicts_with = "keep")]
        stop: bool,
        #[command(flatten)]
        server: ServerChoice,
    },
    /// Run every test; ends with one line `N passed, N failed`
    Test {
        #[command(flatten)]
        selection: suite::Selection,
        #[command(flatten)]
        server: ServerChoice,
    },
    /// Type-check spyne for every major of PostgreSQL that it supports
    Check,
    /// Measure what spyne costs
    Bench {
        #[command(subcommand)]
        what: bench::Measurement,
        #[command(flatten)]
        server: ServerChoice,
    },
    /// Install spyne into the server whose pg_config is given
    Install {
        /// The server's pg_config
        #[arg(long, value_name = "PATH", env = "SPYNE_PG_CONFIG")]
        pg_config: PathBuf,
    },
    /// Make a Debian package, its debug symbols, and an archive for PGXN
    Package {
        /// Then install the package in a clean Debian tree and run the README's tour there
        #[arg(long = "try")]
        try_it: bool,
        #[command(flatten)]
        server: ServerChoice,
    },
    /// Build spyne into the private PostgreSQL, and no more
    Build {
        #[command(flatten)]
        server: ServerChoice,
    },
    /// Print the variables that cargo needs to build the extension directly:
    /// eval "$(cargo xtask env)"
    Env {
        #[command(flatten)]
        server: ServerChoice,
    },
}

#[derive(clap::Args)]
struct ServerChoice {
    /// The major of PostgreSQL: 15, 16, 17 or 18 [default: what Debian's archive has, else 18]
    #[arg(long, value_name = "N", value_parser = parse_major, conflicts_with = "pg_config")]
    pg: Option<u32>,
    /// Copy this server's PostgreSQL instead of fetching one
    #[arg(long, value_name = "PATH")]
    pg_config: Option<PathBuf>,
}

impl ServerChoice {
    fn toolchain(&self) -> Result<Toolchain> {
        Toolchain::ensure(&match (self.pg, &self.pg_config) {
            (Some(major), _) => Source::Major(major),
            (None, Some(pg_config)) => Source::Copy(pg_config.clone()),
            (None, None) => Source::from_environment()?,
        })
    }
}

fn main() -> ExitCode {
    if let Some(code) = versions::as_compiler() {
        return code;
    }
    // The server's account must be able to read what root makes.
    umask(Mode::from_bits_truncate(0o022));
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("error: {problem:#}");
            ExitCode::FAILURE
        }
    }
}

/// Carries the command out; `false` where it ran to its end but found something wrong.
fn run(task: Task) -> Result<bool> {
    match task {
        Task::Demo { stop: true, server, .. } => demo::stop(&server.toolchain()?)?,
        Task::Demo { keep, server, .. } => demo::run(&server.toolchain()?, keep)?,
        Task::Test { selection, server } => {
            return suite::run(&server.toolchain()?, &selection);
        }
        Task::Check => return suite::check_versions(),
        Task::Bench { what, server } => bench::run(&server.toolchain()?, &what)?,
        Task::Install { pg_config } => extension::install_into_server(&pg_config)?,
        Task::Package { try_it, server } => package::run(&server.toolchain()?, try_it)?,
        Task::Build { server } => {
            extension::install_into(&server.toolchain()?, Profile::Development)?;
        }
        Task::Env { server } => {
            for (name, value) in extension::build_variables(&server.toolchain()?)? {
                let value = value.to_string_lossy().replace('\'', "'\\''");
                println!("export {name}='{value}'");
            }
        }
    }
    Ok(true)
}
