//! What a person sees while something takes time: a bar or a spinner on a terminal, one plain
//! line in a log.

use std::io::IsTerminal;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

/// Says on standard error what is about to happen.
pub fn say(text: impl AsRef<str>) {
    if std::io::stderr().is_terminal() {
        eprintln!("\x1b[1;36m==>\x1b[0m {}", text.as_ref());
    } else {
        eprintln!("==> {}", text.as_ref());
    }
}

/// A spinner for work whose length is not known.
pub fn spinner(text: impl Into<String>) -> ProgressBar {
    let text = text.into();
    if !std::io::stderr().is_terminal() {
        eprintln!("    {text}");
    }
    let spinner = ProgressBar::new_spinner().with_message(text);
    let style = ProgressStyle::with_template("    {spinner} {msg} ({elapsed})");
    spinner.set_style(style.expect("the template is well formed"));
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

/// A bar that counts bytes.
pub fn byte_bar(total: u64, text: &str) -> ProgressBar {
    bar(total, text, "    {bar:30} {bytes}/{total_bytes} {msg}")
}

/// A bar that counts rows.
pub fn row_bar(total: u64, text: &str) -> ProgressBar {
    bar(total, text, "    {bar:30} {human_pos}/{human_len} rows {msg}")
}

/// A bar that counts tests.
pub fn test_bar(total: u64, text: &str) -> ProgressBar {
    bar(total, text, "    {bar:30} {human_pos}/{human_len} tests {msg} ({elapsed})")
}

fn bar(total: u64, text: &str, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        eprintln!("    {text}");
    }
    let bar = ProgressBar::new(total).with_message(text.to_owned());
    bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
    bar
}

/// Runs a command to its end and returns what it printed; a failure carries all of it.
pub fn capture(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", command.get_program().to_string_lossy()))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed ({}):\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output)
}

/// Runs a command and returns its standard output without the last line end.
pub fn capture_text(command: &mut Command) -> Result<String> {
    let output = capture(command)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Runs a command whose output the person should see as it comes.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("starting {}", command.get_program().to_string_lossy()))?;
    if !status.success() {
        bail!("{} failed ({status})", command.get_program().to_string_lossy());
    }
    Ok(())
}
