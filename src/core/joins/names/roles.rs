//! Names for what something does or is for: a manager, an origin, a component.

use super::name::Name;
use crate::words::lexicon::NOBODY;
use crate::words::likeness::is_short_for;
use crate::words::split::stem;

/// Whether a table is named after one of these kinds of things.
pub(super) fn is_one_of(table: &Name, kinds: &[&str]) -> bool {
    let last = table.words.last().map_or("", String::as_str);
    kinds.iter().any(|k| stem(k) == last || stem(k) == table.joined)
}

/// Whether a name is that of somebody who does something: planner, anesthetist,
/// assistant. Names of tables were recognised before.
pub(super) fn does_something(name: &Name) -> bool {
    let Some(last) = name.stem.last().filter(|w| w.len() > 4) else {
        return false;
    };
    let ends = ["er", "or", "ist", "ian", "ant", "man", "ee"].iter().any(|e| last.ends_with(e));
    ends && !NOBODY.contains(&last.as_str())
}

/// Whether a name is one of these roles, or ends in one.
pub(super) fn has_role(name: &Name, roles: &[&str]) -> bool {
    roles.iter().any(|role| {
        let role: Vec<String> = role.split(' ').map(stem).collect();
        let is_short = || match (&role[..], name.stem.last()) {
            ([role], Some(last)) => last.len() > 3 && is_short_for(last, role),
            _ => false,
        };
        name.stem.ends_with(&role)
            || name.stem.starts_with(&role) && role.len() + 1 >= name.stem.len()
            || is_short()
    })
}
