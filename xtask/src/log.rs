//! What the parts of the suite print. Several run at once, so each line names its part.

use std::io::{self, Write};

use xtask::progress::say;

/// Where one part of the suite prints.
#[derive(Clone, Default)]
pub struct Log {
    /// The part's name, or nothing where it runs alone.
    part: Option<String>,
}

impl Log {
    pub fn of(part: &str) -> Log {
        Log { part: Some(part.to_owned()) }
    }

    /// Prints a result, of one line or several.
    pub fn print(&self, text: &str) {
        let mut output = io::stdout().lock();
        // Where nobody reads any more, there is nobody to tell.
        let _ = output.write_all(self.lines(text).as_bytes());
        let _ = output.flush();
    }

    /// Says what is about to happen.
    pub fn say(&self, text: &str) {
        match &self.part {
            Some(part) => say(format!("{part}: {text}")),
            None => say(text),
        }
    }

    fn lines(&self, text: &str) -> String {
        let line = |line: &str| match &self.part {
            Some(part) => format!("{part} | {line}\n"),
            None => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn each_line_names_its_part() {
        assert_eq!(Log::of("pg18").lines("a\nb"), "pg18 | a\npg18 | b\n");
        assert_eq!(Log::default().lines("a\nb\n"), "a\nb\n");
    }
}
