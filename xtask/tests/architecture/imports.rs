//! Who imports whom: the `use` lines of the files of src/, and the paths that lead to another module
//! without one.

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::{Kind, Token};
use super::source::Files;

/// The package that src/core is, as others name it.
const CORE: &str = "spyne_core";
const CORE_FOLDER: &str = "src/core";

/// A path as it is written: its segments, and the modules of the same file that it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub segments: Vec<String>,
    pub within: Vec<String>,
}

/// What one file takes from another: the names, as the file writes them.
pub type Imports = BTreeMap<(String, String), BTreeSet<String>>;

/// Every path that a file's `use` lines name, and every one that starts at a package or at a
/// relative module in the rest of it.
pub fn paths(tokens: &[Token]) -> Vec<Written> {
    let mut found = Vec::new();
    // Modules that are open, each with the number of braces around its contents.
    let mut modules: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let within = || modules.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let next_is = |ahead: usize, mark: char| {
            tokens.get(at + ahead).is_some_and(|token| token.is_mark(mark))
        };
        let mut length = 1;
        if token.is_word("use") {
            // `use<'a>` in a type is another thing.
            if !next_is(1, '<') {
                let mut tree = Tree { tokens: &tokens[at + 1..], at: 0, found: Vec::new() };
                tree.read(&[]);
                length += tree.at;
                let all = tree.found.into_iter();
                found.extend(all.map(|segments| Written { segments, within: within() }));
            }
        } else if token.is_word("mod") && next_is(2, '{') {
            let name = tokens[at + 1].word().unwrap_or_default().to_owned();
            depth += 1;
            modules.push((name, depth));
            length = 3;
        } else if token.is_mark('{') {
            depth += 1;
        } else if token.is_mark('}') {
            modules.retain(|(_, around)| *around < depth);
            depth = depth.saturating_sub(1);
        } else if starts_path(tokens, at) {
            let segments = inline(&tokens[at..]);
            length = 2 * segments.len() - 1;
            found.push(Written { segments, within: within() });
        }
        at += length;
    }
    found
}

/// Whether a path from a package or a relative module starts here, outside of `use`.
fn starts_path(tokens: &[Token], at: usize) -> bool {
    let starts = ["crate", "super", "self", CORE].iter().any(|start| tokens[at].is_word(start));
    let goes_on = tokens.get(at + 1).is_some_and(|token| token.kind == Kind::Path);
    // `$crate` in a macro, and the middle of a path.
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    let is_inside = before.is_some_and(|token| token.is_mark('$') || token.kind == Kind::Path);
    starts && goes_on && !is_inside
}

/// The segments of a path in an expression or a type.
fn inline(tokens: &[Token]) -> Vec<String> {
    let mut segments = Vec::new();
    for pair in tokens.chunks(2) {
        let Some(word) = pair[0].word() else { break };
        segments.push(word.to_owned());
        if pair.get(1).is_none_or(|token| token.kind != Kind::Path) {
            break;
        }
    }
    segments
}

/// The tree of a `use` line.
struct Tree<'t> {
    tokens: &'t [Token],
    at: usize,
    found: Vec<Vec<String>>,
}

impl Tree<'_> {
    /// Reads one branch below `before`, up to the comma, brace or semicolon that ends it.
    fn read(&mut self, before: &[String]) {
        let mut segments = before.to_vec();
        while let Some(token) = self.tokens.get(self.at) {
            match &token.kind {
                Kind::Word(word) if word == "as" => self.at += 2,
                Kind::Word(word) => {
                    segments.push(word.clone());
                    self.at += 1;
                }
                Kind::Mark('*') => {
                    segments.push("*".to_owned());
                    self.at += 1;
                }
                Kind::Mark('{') => {
                    self.at += 1;
                    while self.tokens.get(self.at).is_some_and(|token| !token.is_mark('}')) {
                        self.read(&segments);
                        self.at +=
                            usize::from(self.tokens.get(self.at).is_some_and(|t| t.is_mark(',')));
                    }
                    self.at += 1;
                    return;
                }
                Kind::Mark(',' | '}' | ';') => break,
                _ => self.at += 1,
            }
        }
        self.found.push(segments);
    }
}

/// Who takes what from whom, among the files.
pub fn imports(files: &Files) -> Imports {
    let mut found = Imports::new();
    for (file, tokens) in files {
        for written in paths(tokens) {
            if let Some((target, name)) = resolve(files, file, &written)
                && target != *file
            {
                found.entry((file.clone(), target)).or_default().insert(name);
            }
        }
    }
    found
}

/// The packages that a file names besides its own.
///
/// A type, whose variants may be imported too, starts with a capital; and a path may start at a name
/// that the file has from another of its `use` lines.
pub fn packages(files: &Files, file: &str) -> BTreeSet<String> {
    let all = paths(&files[file]);
    let brought_in = |name: &str| {
        let brings = |written: &Written| {
            let mut ends = written.segments.iter().skip(1).rev().skip_while(|end| *end == "self");
            ends.next().is_some_and(|end| end == name)
        };
        all.iter().any(brings)
    };
    let is_package = |first: &&String| {
        !["crate", "self", "super"].contains(&first.as_str())
            && first.starts_with(char::is_lowercase)
            && !brought_in(first)
    };
    let elsewhere = all.iter().filter(|written| resolve(files, file, written).is_none());
    elsewhere.filter_map(|written| written.segments.first()).filter(is_package).cloned().collect()
}

/// The file that a path leads to, and what it names there. Nothing for a path to another package.
fn resolve(files: &Files, file: &str, written: &Written) -> Option<(String, String)> {
    let package = root_of(file);
    let mut here = module_of(file);
    let own = here.len();
    here.extend(written.within.iter().cloned());
    let mut rest = written.segments.as_slice();
    let (root, start) = match rest.first()?.as_str() {
        "crate" => (package, Vec::new()),
        CORE => (CORE_FOLDER, Vec::new()),
        "self" | "super" => {
            while rest.get(1).is_some_and(|segment| segment == "super") {
                here.pop();
                rest = &rest[1..];
            }
            if rest[0] == "super" {
                here.pop();
            }
            (package, here)
        }
        first => {
            here.truncate(own);
            here.push(first.to_owned());
            file_of(files, package, &here)?;
            here.pop();
            (package, here)
        }
    };
    let skipped = usize::from(["crate", CORE, "self", "super"].contains(&rest[0].as_str()));
    let whole: Vec<String> = start.iter().chain(&rest[skipped..]).cloned().collect();
    // The longest part of it that is a file; what follows is a name in that.
    (0..=whole.len()).rev().find_map(|length| {
        let name = whole[length..].join("::");
        let target = file_of(files, root, &whole[..length])?;
        let shown = if name.is_empty() { "self".to_owned() } else { name };
        Some((target, shown))
    })
}

/// The root of the package that a file belongs to.
fn root_of(file: &str) -> &'static str {
    if file.starts_with("src/core/") { CORE_FOLDER } else { "src" }
}

/// The names of the modules that lead to a file.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.strip_prefix(root_of(file)).unwrap_or(file).trim_end_matches(".rs");
    let mut names: Vec<String> =
        inside.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    names.pop_if(|last| last == "mod" || (last == "lib"));
    names
}

/// The file of a module.
fn file_of(files: &Files, root: &str, module: &[String]) -> Option<String> {
    let path = std::iter::once(root).chain(module.iter().map(String::as_str));
    let path = path.collect::<Vec<_>>().join("/");
    let names = match module.is_empty() {
        true => vec![format!("{path}/lib.rs")],
        false => vec![format!("{path}.rs"), format!("{path}/mod.rs")],
    };
    names.into_iter().find(|name| files.contains_key(name))
}

/// The groups of files that import one another, be it through others: each sorted, and of more than
/// one file.
pub fn cycles(imports: &Imports) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in imports.keys() {
        next.entry(from).or_default().insert(to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|from| (*from, reach(&next, from))).collect();
    let mut groups: BTreeSet<Vec<String>> = BTreeSet::new();
    for (from, to) in &reached {
        let group: Vec<String> = to
            .iter()
            .filter(|other| reached.get(**other).is_some_and(|back| back.contains(from)))
            .map(|other| (*other).to_owned())
            .collect();
        // Itself is among them where there is a way back.
        if group.len() > 1 {
            groups.insert(group);
        }
    }
    groups.into_iter().collect()
}

/// All that a file leads to.
fn reach<'f>(next: &BTreeMap<&'f str, BTreeSet<&'f str>>, from: &str) -> BTreeSet<&'f str> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<&str> = next.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = waiting.pop() {
        if seen.insert(file) {
            waiting.extend(next.get(file).into_iter().flatten());
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::{Imports, cycles, imports, packages, paths};
    use crate::lexer::tokens;
    use crate::source::Files;

    fn written(source: &str) -> Vec<String> {
        paths(&tokens(source))
            .into_iter()
            .map(|path| {
                let within = path.within.join("/");
                let path = path.segments.join("::");
                if within.is_empty() { path } else { format!("{within}: {path}") }
            })
            .collect()
    }

    #[test]
    fn use_lines_are_read_whole() {
        assert_eq!(written("use std::fs;"), ["std::fs"]);
        assert_eq!(
            written("pub(crate) use a::{b, c::{d, e as f}, self, g::*};"),
            ["a::b", "a::c::d", "a::c::e", "a::self", "a::g::*"]
        );
        assert_eq!(
            written("use ::std::fmt as _; use super::super::x;"),
            ["std::fmt", "super::super::x"]
        );
        assert_eq!(written("use {a::b, c,};"), ["a::b", "c"]);
        assert_eq!(written("fn f() -> impl Fn() + use<'a> { use x::y; }"), ["x::y"]);
    }

    #[test]
    fn paths_without_a_use_line_are_read_too() {
        assert_eq!(
            written("fn f(x: crate::a::B) { super::g(spyne_core::c::D::new()) }"),
            ["crate::a::B", "super::g", "spyne_core::c::D::new"]
        );
        assert_eq!(
            written("macro_rules! m { () => { $crate::a::b() } } x::self::y; self.z"),
            [""; 0]
        );
    }

    #[test]
    fn modules_in_a_file_are_followed() {
        assert_eq!(
            written("mod a { use x::y; fn f() {} mod b { use z; } use v; } use w;"),
            ["a: x::y", "a/b: z", "a: v", "w"]
        );
    }

    fn files(sources: &[(&str, &str)]) -> Files {
        sources.iter().map(|(path, text)| ((*path).to_owned(), tokens(text))).collect()
    }

    fn shown(imports: &Imports) -> Vec<String> {
        let show = |names: &std::collections::BTreeSet<String>| {
            names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        imports
            .iter()
            .map(|((from, to), names)| format!("{from} -> {to} ({})", show(names)))
            .collect()
    }

    #[test]
    fn a_path_leads_to_the_file_that_holds_its_name() {
        let files = files(&[
            ("src/lib.rs", "mod api; mod pg; use pg::hooks;"),
            ("src/api/mod.rs", "mod states; mod joins;"),
            (
                "src/api/states.rs",
                "use super::joins::{self, find}; use super::Shared; use crate::pg::run;",
            ),
            (
                "src/api/joins.rs",
                "use spyne_core::kernel::names::{quoted}; mod inner { use super::Own; use super::super::states::S; }",
            ),
            ("src/pg/mod.rs", "pub mod hooks; fn f() { hooks::g(); self::hooks::h(); }"),
            ("src/pg/hooks.rs", "use crate::report::raise; use std::fmt;"),
            ("src/core/lib.rs", "pub mod kernel;"),
            ("src/core/kernel/mod.rs", "pub mod names;"),
            (
                "src/core/kernel/names.rs",
                "use crate::kernel::state::State; use serde::Serialize; use serde_json::value::{self, Map}; use value::Index; use Kind::*;",
            ),
        ]);
        assert_eq!(
            shown(&imports(&files)),
            [
                "src/api/joins.rs -> src/api/states.rs (S)",
                "src/api/joins.rs -> src/core/kernel/names.rs (quoted)",
                "src/api/states.rs -> src/api/joins.rs (find, self)",
                "src/api/states.rs -> src/api/mod.rs (Shared)",
                "src/api/states.rs -> src/pg/mod.rs (run)",
                "src/core/kernel/names.rs -> src/core/kernel/mod.rs (state::State)",
                "src/lib.rs -> src/pg/hooks.rs (self)",
                "src/pg/hooks.rs -> src/lib.rs (report::raise)",
                "src/pg/mod.rs -> src/pg/hooks.rs (h)",
            ]
        );
        let others: Vec<String> =
            packages(&files, "src/core/kernel/names.rs").into_iter().collect();
        assert_eq!(others, ["serde", "serde_json"]);
    }

    #[test]
    fn cycles_of_any_length_are_found() {
        let edges = |list: &[(&str, &str)]| -> Imports {
            list.iter()
                .map(|(a, b)| (((*a).to_owned(), (*b).to_owned()), Default::default()))
                .collect()
        };
        assert!(cycles(&edges(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
        let found = cycles(&edges(&[
            ("a", "b"),
            ("b", "a"),
            ("c", "d"),
            ("d", "e"),
            ("e", "c"),
            ("a", "c"),
        ]));
        assert_eq!(found, [vec!["a", "b"], vec!["c", "d", "e"]]);
    }
}
