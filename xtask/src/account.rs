//! The account a server runs under.
//!
//! PostgreSQL refuses to run as root. Where these commands are run by root, the server's programs
//! are started under an unprivileged account that the machine already has; anyone else runs them
//! as themselves.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use nix::unistd::{Gid, Uid, User, chown};

/// An unprivileged account that stands in for root.
#[derive(Clone, Debug)]
pub struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account to switch to, or `None` where the caller is not root and needs no switch.
    pub fn for_server() -> Result<Option<Account>> {
        static FOUND: OnceLock<Option<Account>> = OnceLock::new();
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        if let Some(found) = FOUND.get() {
            return Ok(found.clone());
        }
        // initdb looks its own user up by number, so only an account with an entry will do.
        for name in ["postgres", "nobody"] {
            if let Some(user) = User::from_name(name).context("reading the user database")? {
                let account = Account { uid: user.uid.as_raw(), gid: user.gid.as_raw() };
                return Ok(FOUND.get_or_init(|| Some(account)).clone());
            }
        }
        bail!(
            "PostgreSQL does not run as root, and this machine has neither a user `postgres` nor \
             a user `nobody` to run it under: add one, or run this command as an ordinary user"
        )
    }

    /// Whether this account can enter the directory: every directory above it must let it through.
    pub fn can_enter(&self, directory: &Path) -> bool {
        directory.ancestors().filter(|ancestor| ancestor.exists()).all(|ancestor| {
            fs::metadata(ancestor).is_ok_and(|metadata| {
                let shift = if metadata.uid() == self.uid {
                    6
                } else if metadata.gid() == self.gid {
                    3
                } else {
                    0
                };
                (metadata.mode() >> shift) & 0o1 == 0o1
            })
        })
    }
}

/// Makes the command run under the server's account, from a directory that account can enter.
pub fn run_as_server(command: &mut Command) -> Result<&mut Command> {
    if let Some(account) = Account::for_server()? {
        command.uid(account.uid).gid(account.gid);
    }
    Ok(command.current_dir("/"))
}

/// Gives a file or directory to the server's account.
pub fn give_to_server(path: &Path) -> Result<()> {
    if let Some(account) = Account::for_server()? {
        chown(path, Some(Uid::from_raw(account.uid)), Some(Gid::from_raw(account.gid)))
            .with_context(|| format!("giving {} to the server's account", path.display()))?;
    }
    Ok(())
}
