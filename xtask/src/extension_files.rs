//! The files that make up the extension, and where a server looks for them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::install_script;
use crate::place;
use crate::script;

/// The name of the extension: of its package, its control file and its library.
pub const NAME: &str = "spyne";

/// The directories of a server that an extension goes into.
pub struct Directories {
    pub library: PathBuf,
    /// Of control files and scripts.
    pub scripts: PathBuf,
}

/// The version of the extension: that of its package.
pub fn version() -> Result<String> {
    let manifest = fs::read_to_string(place::repository().join("Cargo.toml"))?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = "));
    Ok(version.context("Cargo.toml has no version")?.trim_matches('"').to_owned())
}

/// The name of the script that CREATE EXTENSION runs.
pub fn script_name() -> Result<String> {
    Ok(format!("{NAME}--{}.sql", version()?))
}

/// Puts a library that was built and what belongs to it into a server's directories.
pub fn put(library: &Path, into: &Directories) -> Result<()> {
    for directory in [&into.library, &into.scripts] {
        fs::create_dir_all(directory)
            .with_context(|| format!("creating {}", directory.display()))?;
    }
    let repository = place::repository();
    let version = version()?;
    let fill_in = |path: &Path| -> Result<String> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Ok(text.replace("@CARGO_VERSION@", &version))
    };
    let control_name = format!("{NAME}.control");
    let control = fill_in(&repository.join(&control_name))?;
    let script = script::tidied(&install_script::generate(library, &control, NAME)?);
    write(&into.scripts.join(control_name), &control)?;
    write(&into.scripts.join(script_name()?), &script)?;
    for entry in fs::read_dir(repository.join("sql"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_upgrade(&name) {
            write(&into.scripts.join(&*name), &fill_in(&path)?)?;
        }
    }
    replace(library, &into.library.join(library_name(library)))
}

fn library_name(library: &Path) -> String {
    let ending = library.extension().unwrap_or_default().to_string_lossy();
    format!("{NAME}.{ending}")
}

/// Whether a file is a script from one version to another: `spyne--A--B.sql`.
fn is_upgrade(file: &str) -> bool {
    let versions = file.strip_prefix(NAME).and_then(|rest| rest.strip_suffix(".sql"));
    let versions = versions.and_then(|rest| rest.strip_prefix("--")?.split_once("--"));
    versions.is_some_and(|(from, to)| !from.is_empty() && !to.is_empty())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Puts a new file in the place of the old one: written into, a library that a server runs would
/// change under it.
fn replace(source: &Path, destination: &Path) -> Result<()> {
    let making = destination.with_extension("new");
    fs::copy(source, &making)
        .and_then(|_| fs::rename(&making, destination))
        .with_context(|| format!("writing {}", destination.display()))
}

#[cfg(test)]
mod tests {
    use super::{is_upgrade, replace, script_name};
    use std::fs;
    use std::io::Read;

    #[test]
    fn upgrade_scripts_are_told_by_their_names() {
        for (name, expected) in [
            ("spyne--0.1.0--0.2.0.sql", true),
            ("spyne--0.1.0.sql", false),
            ("spyne--0.1.0--.sql", false),
            ("catalog.sql", false),
            ("spyne--0.1.0--0.2.0.md", false),
        ] {
            assert_eq!(is_upgrade(name), expected, "{name}");
        }
    }

    #[test]
    fn the_script_bears_the_packages_version() {
        let name = script_name().unwrap();
        assert!(name.starts_with("spyne--") && name.as_bytes()[7].is_ascii_digit(), "{name}");
    }

    #[test]
    fn a_library_that_is_open_stays_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let (old, new) = (directory.path().join("a.so"), directory.path().join("b.so"));
        fs::write(&old, "old").unwrap();
        fs::write(&new, "new").unwrap();
        let mut open = fs::File::open(&old).unwrap();
        replace(&new, &old).unwrap();
        let mut text = String::new();
        open.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), fs::read_to_string(&old).unwrap().as_str()), ("old", "new"));
    }
}
