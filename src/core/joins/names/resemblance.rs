//! How much a name suggests a table, or a key.

use super::name::Name;
use crate::words::likeness::{in_step, is_made_of_beginnings, likeness_of_terms};

/// How much the name of a column suggests a table.
pub(super) fn resembles(name: &Name, table: &Name) -> f64 {
    let (stem, words) = (&name.stem[..], &table.words[..]);
    if stem.is_empty() || words.is_empty() || !name.speaks() && name.stem_joined.len() < 2 {
        return 0.0;
    }
    if name.stem_joined == table.joined {
        return 1.0;
    }
    let whole = in_step(stem, words);
    if whole > 0.0 {
        return 0.97 * whole;
    }
    let ends = name.stem_joined.len() > 3 && table.joined.len() > 3;
    if ends && name.stem_joined.ends_with(&table.joined) {
        // The name of another column may end like that by chance: upvotes, votes.
        return if name.is_key { 0.88 } else { 0.5 };
    }
    if stem.len() > words.len() && in_step(&stem[stem.len() - words.len()..], words) > 0.0 {
        return 0.85;
    }
    if stem.len() > 1 && is_made_of_beginnings(&stem[stem.len() - 1], words) && words.len() > 1 {
        return 0.82;
    }
    // The head of a longer table name: category for product_category.
    if words.len() > stem.len() {
        let head = in_step(&words[words.len() - stem.len()..], stem);
        if head > 0.0 {
            return 0.78 * head;
        }
        let tail = in_step(&words[..stem.len()], stem);
        if tail > 0.0 {
            return 0.66 * tail;
        }
        if stem.len() == 1 && is_made_of_beginnings(&stem[0], words) {
            return 0.85;
        }
    }
    if ends
        && (table.joined.starts_with(&name.stem_joined)
            || table.joined.ends_with(&name.stem_joined))
    {
        return 0.72;
    }
    if likeness_of_terms(&name.stem_joined, &table.joined) > 0.0 {
        return 0.7;
    }
    if stem.len() > words.len() && in_step(&stem[..words.len()], words) > 0.0 {
        return 0.5;
    }
    let shared = stem.iter().filter(|w| w.len() > 2 && words.contains(w)).count();
    if shared > 0 { 0.35 } else { 0.0 }
}

/// How much the name of a column suggests a key, by its name.
pub(super) fn resembles_column(name: &Name, key: &Name) -> f64 {
    // `id` and `code` mean nothing by themselves.
    if !key.speaks() || !name.speaks() {
        return 0.0;
    }
    if name.joined == key.joined {
        return 1.0;
    }
    if !name.stem.is_empty() && name.stem_joined == key.stem_joined {
        return 0.95;
    }
    let longer = name.joined.len() > key.joined.len();
    if longer && key.joined.len() > 4 && name.joined.ends_with(&key.joined) {
        return 0.87;
    }
    if name.stem.len() > key.stem.len()
        && in_step(&name.stem[name.stem.len() - key.stem.len()..], &key.stem) > 0.0
    {
        return 0.84;
    }
    let whole = in_step(&name.stem, &key.stem);
    if whole > 0.0 {
        return 0.9 * whole;
    }
    if key.stem.len() > name.stem.len()
        && in_step(&key.stem[key.stem.len() - name.stem.len()..], &name.stem) > 0.0
    {
        return 0.7;
    }
    0.0
}
