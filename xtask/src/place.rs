//! Where things live: the repository, its `target/`, and the part of it that the server reads.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;

use crate::account::Account;

/// The root of the repository.
pub fn repository() -> PathBuf {
    // Compiled in, and always right: cargo builds xtask anew for a repository that has moved.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies inside the repository").into()
}

/// The directory that cargo builds into.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => repository().join(directory),
        None => repository().join("target"),
    }
}

/// The directory for whatever the server's account must be able to read: PostgreSQL itself and
/// the clusters.
///
/// That is `target/`, unless root runs these commands in a directory closed to others (such as
/// its home): then it is a directory of its own beside other temporary files.
pub fn open_to_server() -> Result<PathBuf> {
    let target = target();
    fs::create_dir_all(&target).with_context(|| format!("creating {}", target.display()))?;
    let Some(account) = Account::for_server()? else {
        return Ok(target);
    };
    if account.can_enter(&target) {
        return Ok(target);
    }
    let elsewhere = env::temp_dir().join(format!("spyne-{:016x}", fingerprint(&target)));
    let created = fs::DirBuilder::new().mode(0o755).create(&elsewhere);
    if created.is_err() {
        // The name can be foreseen: trust a directory that was there before only if it is ours.
        let metadata = fs::symlink_metadata(&elsewhere)
            .with_context(|| format!("creating {}", elsewhere.display()))?;
        if !metadata.is_dir() || metadata.uid() != Uid::effective().as_raw() {
            bail!("{} belongs to someone else: remove it, or set TMPDIR", elsewhere.display());
        }
    }
    if !account.can_enter(&elsewhere) {
        bail!(
            "neither {} nor {} can be entered by the account that PostgreSQL runs under: \
             move the repository, or set TMPDIR to a directory open to others",
            target.display(),
            elsewhere.display()
        );
    }
    Ok(elsewhere)
}

/// A short stable name for a value: the same in every run on this machine.
pub fn fingerprint(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
