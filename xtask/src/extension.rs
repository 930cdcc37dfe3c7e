//! Building the extension and putting it into a server.

use std::env::consts::DLL_EXTENSION;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::unistd::{AccessFlags, access};
use serde::Deserialize;

use crate::extension_files::{self, Directories, NAME};
pub use crate::extension_files::{script_name, version};
use crate::libclang::{self, Variables};
use crate::majors::major_of;
use crate::place;
use crate::progress::{capture_text, say};
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
    let ask = |what: &str| capture_text(Command::new(&target.pg_config).arg(what));
    let directories = Directories {
        library: ask("--pkglibdir")?.into(),
        scripts: Path::new(&ask("--sharedir")?).join("extension"),
    };
    extension_files::put(&build(target, profile)?, &directories)
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
    let laid_out = |path: &Path| directory.join(path.strip_prefix("/").unwrap_or(path));
    let directories = Directories {
        library: laid_out(toolchain.pkglibdir()),
        scripts: laid_out(toolchain.sharedir()).join("extension"),
    };
    extension_files::put(&build(&target, Profile::Release)?, &directories)
}

/// Builds the library and returns where it is.
fn build(target: &Target, profile: Profile) -> Result<PathBuf> {
    tell_pgrx(target)?;
    let mut command = cargo();
    command.envs(target.variables.iter().cloned());
    command.args(["rustc", "--lib", "--package", NAME, "--no-default-features"]);
    command.arg("--features").arg(format!("pg{}", target.major));
    command.arg("--message-format=json-render-diagnostics");
    if profile == Profile::Release {
        command.arg("--release");
    }
    if !cfg!(target_os = "macos") {
        // Nothing refers to pgrx's descriptions of the SQL objects: a linker that drops what is
        // not referred to would drop them.
        command.args(["--", "-C", "link-arg=-Wl,--no-gc-sections"]);
    }
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().context("starting cargo")?;
    if !output.status.success() {
        bail!("building the extension failed ({})", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let library = messages.lines().find_map(library_in);
    library.context("cargo has built the extension, and does not say where the library is")
}

/// The path of the library in one of cargo's messages, if the message is about it.
fn library_in(message: &str) -> Option<PathBuf> {
    let message: Message = serde_json::from_str(message).ok()?;
    let is_library = message.target.name == NAME && message.target.kind.contains(&"cdylib".into());
    let ending = Some(OsStr::new(DLL_EXTENSION));
    message.filenames.into_iter().find(|file| is_library && file.extension() == ending)
}

/// One of cargo's messages: something was built.
#[derive(Deserialize)]
struct Message {
    target: BuiltTarget,
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct BuiltTarget {
    name: String,
    kind: Vec<String>,
}

/// Tells pgrx of the server: its build script finds servers in a file of its home.
fn tell_pgrx(target: &Target) -> Result<()> {
    let home = pgrx_home(&target.pg_config);
    let file = home.join("config.toml");
    let path = serde_json::to_string(&target.pg_config)?;
    let text = format!("[configs]\npg{} = {path}\n", target.major);
    if fs::read_to_string(&file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::create_dir_all(&home)?;
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
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

#[cfg(test)]
mod tests {
    use super::library_in;
    use std::path::PathBuf;

    #[test]
    fn the_library_is_found_among_cargos_messages() {
        let message = |name: &str, kind: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"{name}","kind":["{kind}"]}},
                    "filenames":["/t/libspyne.rmeta","/t/libspyne.so"]}}"#
            )
        };
        let library = library_in(&message("spyne", "cdylib"));
        assert_eq!(library, Some(PathBuf::from("/t/libspyne.so")));
        assert_eq!(library_in(&message("spyne", "bin")), None);
        assert_eq!(library_in(&message("spyne-core", "cdylib")), None);
        assert_eq!(library_in(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
