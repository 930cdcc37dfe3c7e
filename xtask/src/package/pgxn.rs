//! The archive of the sources that PGXN distributes.

use std::path::{Path, PathBuf};

use anyhow::Result;
use xtask::progress::capture;

use super::{Release, git};

/// Makes `spyne-VERSION.zip` of the last commit in `directory`.
pub fn archive(release: &Release, directory: &Path) -> Result<PathBuf> {
    let name = format!("spyne-{}", release.version);
    let archive = directory.join(format!("{name}.zip"));
    let mut command = git(&["archive", "--format=zip", "HEAD"]);
    command.arg(format!("--prefix={name}/")).arg("--output").arg(&archive);
    // The times in a zip file are local ones.
    capture(command.env("TZ", "UTC"))?;
    Ok(archive)
}
