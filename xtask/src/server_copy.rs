//! A copy of a server that is already on the machine: the extension goes into the copy, and the
//! original stays as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::majors::major_of;
use crate::progress::{capture, capture_text, say};

/// What is copied of a server whose programs lie among the machine's.
const PROGRAMS: [&str; 16] = [
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
    "pg_upgrade",
    "vacuumdb",
    "createdb",
    "dropdb",
];
/// Of a copy: libraries that lay outside the server's own directories.
pub const STRAY_LIBRARIES: &str = "stray-libraries";

/// Copies the directories that make up a server, each to the same path under `root`: the
/// programs find one another by relative paths, so the copy stands by itself.
pub fn copy_server(pg_config: &Path, root: &Path) -> Result<()> {
    let version = capture_text(Command::new(pg_config).arg("--version"))?;
    major_of(&version)?;
    say(format!("copying {version} into {}; the original is not changed", root.display()));
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

pub fn bindir_of(pg_config: &Path) -> Result<PathBuf> {
    Ok(capture_text(Command::new(pg_config).arg("--bindir"))?.into())
}

/// The same absolute path, under another root.
pub fn join(root: &Path, absolute: &Path) -> PathBuf {
    root.join(absolute.strip_prefix("/").unwrap_or(absolute))
}

#[cfg(test)]
mod tests {
    use super::is_shared_with_the_system;
    use std::path::Path;

    #[test]
    fn the_machines_own_library_directory_is_not_copied() {
        assert!(is_shared_with_the_system(Path::new("/usr/lib/x86_64-linux-gnu/")));
        assert!(!is_shared_with_the_system(Path::new("/usr/lib/postgresql/15/lib")));
        assert!(!is_shared_with_the_system(Path::new("/opt/postgresql/lib")));
    }
}
