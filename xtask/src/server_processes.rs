//! Ending a server's processes without asking them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Kills a process and its children, and waits until none of them runs any more.
pub fn kill_tree(parent: i32) -> Result<()> {
    // The parent is stopped first, so that it starts no more children while they are counted.
    kill(Pid::from_raw(parent), Signal::SIGSTOP)?;
    let mut processes = children_of(parent);
    processes.push(parent);
    for process in &processes {
        match kill(Pid::from_raw(*process), Signal::SIGKILL) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(problem) => return Err(problem.into()),
        }
    }
    let deadline = Instant::now() + Duration::from_secs(600);
    while processes.iter().any(|process| is_running(*process)) {
        if Instant::now() > deadline {
            bail!("the server's processes did not end when killed");
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Whether the number is taken, be it by a process that is dead and not yet collected.
pub fn is_listed(process: i32) -> bool {
    !matches!(kill(Pid::from_raw(process), None), Err(Errno::ESRCH))
}

fn is_running(process: i32) -> bool {
    is_listed(process) && stat_fields(process).is_none_or(|fields| fields.0 != 'Z')
}

fn children_of(parent: i32) -> Vec<i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .filter(|process| stat_fields(*process).is_some_and(|fields| fields.1 == parent))
        .collect()
}

/// State and parent, which follow the program's name in brackets.
fn stat_fields(process: i32) -> Option<(char, i32)> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = line.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
