//! libclang, which reads PostgreSQL's headers for the build, and the variables that lead to it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::apt::{self, PrivateApt};
use crate::place;

const VERSIONS: [u32; 6] = [14, 15, 16, 17, 18, 19];

/// Environment variables, for a build.
pub type Variables = Vec<(&'static str, OsString)>;

/// What a build of the extension needs to know.
///
/// On Debian and its kin libclang is fetched where it is not there yet; elsewhere the build
/// looks for the machine's own.
pub fn build_variables(pgrx_home: &Path, libraries: &[PathBuf]) -> Result<Variables> {
    let root = place::open_to_server()?.join("toolchain/libclang");
    if find(&root).is_none() && PrivateApt::is_available() {
        fetch(&root)?;
    }
    let mut directories = libraries.to_vec();
    let mut variables: Variables = vec![
        ("PGRX_HOME", pgrx_home.into()),
        // A backtrace would end up in the DETAIL of an error.
        ("RUST_BACKTRACE", "0".into()),
    ];
    if let Some(llvm) = find(&root) {
        directories.extend(apt::library_directories(&root));
        // Debian keeps the compiler's own headers where libclang, being elsewhere, looks not.
        let mut headers = fs::read_dir(llvm.join("clang")).into_iter().flatten().flatten();
        if let Some(headers) = headers.next() {
            let argument = format!("-resource-dir \"{}\"", headers.path().display());
            variables.push(("BINDGEN_EXTRA_CLANG_ARGS", argument.into()));
            variables.push(("PGRX_BINDGEN_NO_DETECT_INCLUDES", "1".into()));
        }
        variables.push(("LIBCLANG_PATH", llvm.into()));
    }
    if !directories.is_empty() {
        variables.push(("LD_LIBRARY_PATH", env::join_paths(directories)?));
    }
    Ok(variables)
}

fn find(root: &Path) -> Option<PathBuf> {
    VERSIONS
        .iter()
        .map(|version| root.join(format!("usr/lib/llvm-{version}/lib")))
        .find(|directory| directory.join("clang").is_dir() && has_library(directory))
}

/// The link is there as soon as one package is unpacked; what it leads to, only at the end.
fn has_library(directory: &Path) -> bool {
    directory.join("libclang.so.1").exists()
}

fn fetch(root: &Path) -> Result<()> {
    let apt = PrivateApt::open(&place::open_to_server()?.join("toolchain/apt"))?;
    let names = VERSIONS
        .iter()
        .map(|version| [format!("libclang1-{version}"), format!("libclang-common-{version}-dev")])
        .find(|names| names.iter().all(|name| apt.has(name)));
    match names {
        Some(names) => apt.fetch(&names, root),
        None => Ok(()),
    }
}
