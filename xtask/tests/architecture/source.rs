//! The files of src/ as tokens, and what of them is not there for tests alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::lexer::{Kind, Token, tokens};

/// Each file by its path from the repository's root.
pub type Files = BTreeMap<String, Vec<Token>>;

/// Reads the files of `src/` under the directory, whole.
pub fn read(root: &Path) -> Files {
    let mut all = Files::new();
    collect(root, "src", &mut all);
    all
}

/// Every source below the directory, with the folder it lies in before its name.
fn collect(root: &Path, folder: &str, into: &mut Files) {
    for entry in fs::read_dir(root.join(folder)).expect("a readable directory") {
        let entry = entry.expect("an entry");
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(root, &name, into);
        } else if name.ends_with(".rs") {
            let source = fs::read_to_string(entry.path()).expect("a readable file");
            into.insert(name, tokens(&source));
        }
    }
}

/// The files without those that only tests declare, and without what stands under `#[cfg(test)]` in
/// the others.
pub fn without_tests(all: &Files) -> Files {
    let mut files = Files::new();
    let mut for_tests = BTreeSet::new();
    for (path, tokens) in all {
        let (kept, declared) = product(tokens);
        for_tests.extend(declared.iter().flat_map(|module| places(path, module)));
        files.insert(path.clone(), kept);
    }
    // A module of a test's is a file, or a folder.
    files.retain(|path, _| {
        !for_tests.iter().any(|place| {
            path == place || path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
        })
    });
    files
}

/// A module that stands under `#[cfg(test)]` with its contents elsewhere.
#[derive(Debug, PartialEq)]
struct Declared {
    name: String,
    /// Of its attribute `#[path]`.
    path: Option<String>,
}

/// The file or folder that a declaration in `file` may mean.
fn places(file: &str, module: &Declared) -> Vec<String> {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    match &module.path {
        Some(path) => vec![format!("{folder}/{path}")],
        None => {
            let stem = name.trim_end_matches(".rs");
            let home = match stem {
                "mod" | "lib" => folder.to_owned(),
                stem => format!("{folder}/{stem}"),
            };
            vec![format!("{home}/{}.rs", module.name), format!("{home}/{}", module.name)]
        }
    }
}

/// The tokens without the items under `#[cfg(test)]`, and the modules declared there.
fn product(all: &[Token]) -> (Vec<Token>, Vec<Declared>) {
    const GATE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut declared = Vec::new();
    let mut at = 0;
    while at < all.len() {
        let gated = GATE.iter().enumerate().all(|(ahead, part)| {
            all.get(at + ahead).is_some_and(|token| match &token.kind {
                Kind::Word(word) => word == part,
                Kind::Mark(mark) => part.starts_with(*mark),
                _ => false,
            })
        });
        if !gated {
            kept.push(all[at].clone());
            at += 1;
            continue;
        }
        let end = item_end(all, at + GATE.len());
        declared.extend(declaration(&all[at + GATE.len()..end]));
        at = end;
    }
    (kept, declared)
}

/// Where the item that starts here has ended: after its semicolon, or after its last brace.
fn item_end(all: &[Token], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in all.iter().enumerate().skip(start) {
        match token.kind {
            Kind::Mark('(' | '[' | '{') => depth += 1,
            Kind::Mark(')' | ']') => depth = depth.saturating_sub(1),
            Kind::Mark('}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            Kind::Mark(';') if depth == 0 => return at + 1,
            _ => {}
        }
    }
    all.len()
}

/// The module that an item declares, where its contents are elsewhere.
fn declaration(item: &[Token]) -> Option<Declared> {
    let module = item.iter().position(|token| token.is_word("mod"))?;
    let is_elsewhere = item.get(module + 2).is_some_and(|token| token.is_mark(';'));
    let path = item[..module].iter().find_map(|token| match &token.kind {
        Kind::Text(text) => Some(text.clone()),
        _ => None,
    });
    let name = item.get(module + 1)?.word()?.to_owned();
    is_elsewhere.then_some(Declared { name, path })
}

#[cfg(test)]
mod tests {
    use super::{Files, without_tests};
    use crate::lexer::tokens;

    #[test]
    fn what_is_there_for_tests_is_left_out() {
        let all: Files = [
            ("src/lib.rs", "mod a; #[cfg(test)] mod helper; fn kept() {}"),
            ("src/helper.rs", "use x;"),
            ("src/helper/more.rs", "use x;"),
            ("src/a.rs", "fn f() {} #[cfg(test)]\n#[path = \"a_tests.rs\"] mod tests;"),
            ("src/a_tests.rs", "use x;"),
            ("src/a/tests.rs", "fn not_the_one() {}"),
            (
                "src/b/mod.rs",
                "#[cfg(test)] use t::{u, v}; #[cfg(test)] mod tests { fn g() { } } fn h() {}",
            ),
        ]
        .map(|(path, text)| (path.to_owned(), tokens(text)))
        .into();
        let files = without_tests(&all);
        let names: Vec<&String> = files.keys().collect();
        assert_eq!(names, ["src/a.rs", "src/a/tests.rs", "src/b/mod.rs", "src/lib.rs"]);
        let words = |path: &str| -> Vec<&str> {
            files[path].iter().filter_map(|token| token.word()).collect()
        };
        assert_eq!(words("src/a.rs"), ["fn", "f"]);
        assert_eq!(words("src/b/mod.rs"), ["fn", "h"]);
        assert_eq!(words("src/lib.rs"), ["mod", "a", "fn", "kept"]);
    }
}
