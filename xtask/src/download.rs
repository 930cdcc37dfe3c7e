//! Files from the network, with a program that the machine surely has: apt's own helper on Debian
//! and its kin, curl elsewhere.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::progress;

const APT_HELPER: &str = "/usr/lib/apt/apt-helper";

/// Fetches one file. Proxies and certificates are those that the environment names, as for other
/// programs: `HTTPS_PROXY`, `HTTP_PROXY`, `SSL_CERT_FILE`.
pub fn fetch(url: &str, into: &Path) -> Result<()> {
    let mut command = if Path::new(APT_HELPER).is_file() {
        with_apt(url, into)
    } else if Command::new("curl").arg("--version").output().is_ok() {
        with_curl(url, into)
    } else {
        bail!("neither {APT_HELPER} nor curl is there to fetch {url} with: install curl");
    };
    progress::capture(&mut command).map(drop).with_context(|| format!("fetching {url}"))
}

fn with_apt(url: &str, into: &Path) -> Command {
    let mut command = Command::new(APT_HELPER);
    let mut option = |name: &str, value: &str| {
        command.arg("-o").arg(format!("{name}={value}"));
    };
    // The account that apt otherwise changes to cannot write where the file goes.
    option("APT::Sandbox::User", "root");
    option("Acquire::Retries", "3");
    for scheme in ["http", "https"] {
        if let Some(proxy) = variable(&format!("{scheme}_proxy")) {
            option(&format!("Acquire::{scheme}::Proxy"), &proxy);
        }
    }
    if let Some(certificates) = variable("ssl_cert_file") {
        option("Acquire::https::CAInfo", &certificates);
    }
    command.args(["-qq", "download-file", url]).arg(into);
    command
}

fn with_curl(url: &str, into: &Path) -> Command {
    let mut command = Command::new("curl");
    command.args(["--fail", "--silent", "--show-error", "--location", "--retry", "3", "--output"]);
    command.arg(into).arg(url);
    command
}

/// A variable by its name in lower or upper case: programs differ in which they read.
fn variable(name: &str) -> Option<String> {
    [name.to_owned(), name.to_uppercase()]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))
}
