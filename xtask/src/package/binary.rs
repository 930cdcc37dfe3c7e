//! The library, and apart from it what only a debugger reads.

use std::fs;
use std::path::Path;

use anyhow::Result;
use xtask::progress::capture;

use super::tool;

/// Bytes, before and after.
pub struct Sizes {
    pub built: u64,
    pub shipped: u64,
    pub symbols: u64,
}

/// Copies the library to `shipped` without its symbols, and these to `symbols`, by where a
/// debugger finds them.
pub fn split(built: &Path, shipped: &Path, symbols: &Path) -> Result<Sizes> {
    let objcopy = || tool("objcopy", "binutils");
    capture(
        objcopy()?.args(["--only-keep-debug", "--compress-debug-sections"]).arg(built).arg(symbols),
    )?;
    // What other programs link to stays: the server looks the functions up there.
    capture(objcopy()?.arg("--strip-unneeded").arg(built).arg(shipped))?;
    let size = |path: &Path| -> Result<u64> { Ok(fs::metadata(path)?.len()) };
    Ok(Sizes { built: size(built)?, shipped: size(shipped)?, symbols: size(symbols)? })
}
