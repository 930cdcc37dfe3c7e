//! The installation script, as it is shipped: without what its generator says of the sources.
//!
//! The generator writes file, line and dependencies above each statement. They say nothing to a
//! server, and would change the script with every line that moves in a source.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "/* <begin connected objects> */";
const END: &str = "/* </end connected objects> */";

/// Rewrites the script in place.
///
/// # Errors
/// Where it cannot be read or written.
pub fn tidy(path: &Path) -> Result<()> {
    let script = fs::read_to_string(path).with_context(|| format!("no {}", path.display()))?;
    fs::write(path, tidied(&script)).with_context(|| format!("writing {}", path.display()))
}

fn tidied(script: &str) -> String {
    let mut kept = String::new();
    let mut in_header = false;
    for line in script.lines() {
        if line == BEGIN || line == END {
            in_header = line == BEGIN;
            continue;
        }
        in_header = in_header && is_of_generator(line);
        let repeats = line.is_empty() && (kept.is_empty() || kept.ends_with("\n\n"));
        if !in_header && !repeats {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.truncate(kept.trim_end().len());
    kept.push('\n');
    kept
}

/// A line that the generator puts above a statement. A comment of ours never begins so.
fn is_of_generator(line: &str) -> bool {
    let Some(comment) = line.strip_prefix("-- ") else {
        return line.is_empty();
    };
    ["bootstrap", "finalize", "requires:", "creates:"].contains(&comment)
        || ["src/", "spyne::", "  "].iter().any(|start| comment.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::tidied;

    #[test]
    fn what_the_generator_says_of_the_sources_goes() {
        let script = "\
/* <begin connected objects> */
-- src/lib.rs:18
-- bootstrap
-- A table.
CREATE TABLE a (b int);
/* </end connected objects> */

/* <begin connected objects> */
-- src/lib.rs:19
-- requires:
--   catalog
--   api::roles::spyne_can

-- requires: no line of the generator's.
CREATE TABLE c (d int);

-- src/ in a comment of ours
/* </end connected objects> */

";
        let kept = "\
-- A table.
CREATE TABLE a (b int);

-- requires: no line of the generator's.
CREATE TABLE c (d int);

-- src/ in a comment of ours
";
        assert_eq!(tidied(script), kept);
        assert_eq!(tidied(kept), kept);
    }
}
