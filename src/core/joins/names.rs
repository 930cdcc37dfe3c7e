//! What names say: does a column's name speak of another table, or of its key.
//!
//! Name similarity is the feature on which all published foreign-key scorers
//! lean most (Rostin et al., "A machine learning approach to foreign key
//! discovery", WebDB 2009; Chen et al., "Fast foreign-key detection in Microsoft
//! SQL Server PowerPivot for Excel", VLDB 2014). Names are compared as words: the
//! column `l_suppkey` says "supplier" once its table's prefix, the suffix for
//! keys and the abbreviation are seen through.

use std::collections::{HashMap, HashSet};

use super::lexicon::{
    DESCRIPTIONS, ENDINGS, KEY_WORDS, MEASURE_ENDINGS, MEASURES, NO_COMPOUNDS, NOBODY, PART_ROLES,
    PEOPLE, PERSON_ROLES, PERSON_SELF_ROLES, PLACE_ROLES, PLACES, PRODUCTS, SELF_ROLES, STAFF,
    TABLE_WORDS,
};
use crate::words::{likeness, words};

/// A name, as it is compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Name {
    /// Its words, without a prefix of its table's, each as [`stem`] leaves it.
    words: Vec<String>,
    /// The words without those that say "key".
    stem: Vec<String>,
    /// All of them, written together.
    joined: String,
    stem_joined: String,
    /// Whether it says that it is a key.
    is_key: bool,
}

impl Name {
    fn of(mut words: Vec<String>) -> Name {
        // The second of two is still one of them: country2.
        if words.len() > 1 {
            words.retain(|word| !word.chars().all(|c| c.is_ascii_digit()));
        }
        let mut stem = words.clone();
        while stem.last().is_some_and(|word| KEY_WORDS.contains(&word.as_str())) {
            stem.pop();
        }
        Name {
            is_key: stem.len() < words.len(),
            joined: words.concat(),
            stem_joined: stem.concat(),
            words,
            stem,
        }
    }

    /// Whether it speaks of something: not `id`, `code` or `c1`.
    fn speaks(&self) -> bool {
        self.stem.iter().any(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1)
    }

    /// Whether it says "this is a key" in so many words: `id`, `customer_id`,
    /// `so_no`, but not `line_no` or `phone_number`.
    pub fn is_key(&self) -> bool {
        self.is_key && !self.is_numbered_measure()
    }

    /// `line_number` counts lines; a `date_id` is a key.
    fn is_numbered_measure(&self) -> bool {
        let suffix = &self.words[self.stem.len()..];
        suffix.iter().all(|w| matches!(w.as_str(), "number" | "nr" | "code"))
            && self.stem.last().is_some_and(|w| MEASURES.contains(&w.as_str()))
    }

    /// Whether it is for a measure; or, of a text, for a description.
    pub fn is_measure(&self, is_text: bool) -> bool {
        let known = if is_text { DESCRIPTIONS } else { MEASURES };
        self.words.last().is_some_and(|w| known.contains(&w.as_str()))
            || !is_text && self.is_numbered_measure()
    }
}

/// A word without its ending in the plural; the same for singular and plural,
/// and no word any more.
fn stem(word: &str) -> String {
    let word = match word {
        "people" | "persons" => "person",
        "children" => "child",
        "men" => "man",
        "women" => "woman",
        "staffs" => "staff",
        other => other,
    };
    let keeps = ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) || word.len() < 4;
    let word = if keeps { word } else { word.strip_suffix('s').unwrap_or(word) };
    if let Some(start) = word.strip_suffix("ie") {
        return format!("{start}y");
    }
    match word.strip_suffix('e') {
        Some(start) if ["x", "s", "z", "ch", "sh"].iter().any(|end| start.ends_with(end)) => {
            start.to_string()
        }
        _ => word.to_string(),
    }
}

/// The names of all tables and their columns.
pub struct Names {
    tables: Vec<Name>,
    columns: Vec<Vec<Name>>,
    /// Tables by their names written together.
    by_name: HashMap<String, Vec<usize>>,
    informative: bool,
}

/// A table's name and those of its columns.
pub struct Named<'a> {
    pub table: &'a str,
    pub columns: Vec<&'a str>,
}

impl Names {
    pub fn new(all: &[Named]) -> Names {
        let mut table_words: Vec<Vec<String>> = all.iter().map(|t| words(t.table)).collect();
        without_common_prefix(&mut table_words);
        for words in &mut table_words {
            if words.len() > 1 {
                let kept: Vec<String> =
                    words.iter().filter(|w| !TABLE_WORDS.contains(&w.as_str())).cloned().collect();
                if !kept.is_empty() {
                    *words = kept;
                }
            }
        }
        let tables: Vec<Name> = table_words
            .iter()
            .map(|words| {
                let words: Vec<String> = words.iter().map(|w| stem(w)).collect();
                let joined = words.concat();
                Name {
                    stem: words.clone(),
                    stem_joined: joined.clone(),
                    joined,
                    words,
                    is_key: false,
                }
            })
            .collect();
        let known: HashSet<&str> = tables
            .iter()
            .flat_map(|t| t.words.iter().map(String::as_str).chain([t.joined.as_str()]))
            .filter(|word| word.len() > 2)
            .collect();
        let columns: Vec<Vec<Name>> = all
            .iter()
            .zip(&table_words)
            .map(|(table, own)| column_names(&table.columns, own, &known))
            .collect();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, table) in tables.iter().enumerate() {
            by_name.entry(table.joined.clone()).or_default().push(at);
        }
        let (mut speaking, mut count) = (0, 0);
        for name in columns.iter().flatten() {
            speaking += usize::from(name.speaks() || name.is_key);
            count += 1;
        }
        Names { tables, columns, by_name, informative: speaking * 3 >= count }
    }

    /// Whether the names of columns say anything here: not where they are c1,
    /// c2, c3.
    pub fn are_informative(&self) -> bool {
        self.informative
    }

    pub fn column(&self, table: usize, column: usize) -> &Name {
        &self.columns[table][column]
    }

    /// Whether a column is called for its own table: `customers.customer_id`,
    /// or `customers.id`.
    pub fn is_own_key(&self, table: usize, column: usize) -> bool {
        self.own_key(table, column) >= 0.65
    }

    /// How much a column is called for its own table, as its key: 0 to 1.
    pub fn own_key(&self, table: usize, column: usize) -> f64 {
        let name = self.column(table, column);
        match name.is_key() {
            true if name.stem.is_empty() => 0.95,
            true => resembles(name, &self.tables[table]),
            false => 0.0,
        }
    }

    /// Whether two columns are called the same, and not just `id`.
    pub fn are_namesakes(&self, one: (usize, usize), other: (usize, usize)) -> bool {
        resembles_column(self.column(one.0, one.1), self.column(other.0, other.1)) >= 0.95
    }

    /// Whether another column is called for the type of what this one refers to.
    pub fn has_type_beside(&self, table: usize, column: usize) -> bool {
        let name = self.column(table, column);
        name.is_key
            && !name.stem.is_empty()
            && self.columns[table].iter().any(|other| {
                matches!(other.words.split_last(), Some((last, rest))
                    if matches!(last.as_str(), "type" | "kind" | "class") && *rest == name.stem[..])
            })
    }

    /// Whether a table is one of days: what dates refer to, whatever they are called.
    pub fn is_calendar(&self, table: usize) -> bool {
        is_one_of(&self.tables[table], &["calendar", "date", "day"])
    }

    /// Whether a table is called for another: `employee_pay_history` for
    /// `employee`.
    pub fn is_akin(&self, table: usize, other: usize) -> bool {
        let (own, its) = (&self.tables[table], &self.tables[other]);
        table != other && !its.joined.is_empty() && own.joined.starts_with(&its.joined)
            || own.words.len() > its.words.len() && own.words.ends_with(&its.words)
    }

    /// How much the name of a column speaks of a key of another table, or of its
    /// own: 0 to 1.
    pub fn resemblance(&self, child: (usize, usize), parent: (usize, usize)) -> f64 {
        self.compared(child, parent, false)
    }

    /// As [`Names::resemblance`], for one of several columns of a key: those are
    /// called for what they refer to themselves.
    pub fn part_resemblance(&self, child: (usize, usize), parent: (usize, usize)) -> f64 {
        self.compared(child, parent, true)
    }

    fn compared(&self, child: (usize, usize), parent: (usize, usize), part: bool) -> f64 {
        let name = self.column(child.0, child.1);
        let key = self.column(parent.0, parent.1);
        let table = &self.tables[parent.0];
        let of_table = match self.by_name.get(&name.stem_joined) {
            // It is the name of another table.
            Some(named) if !named.contains(&parent.0) => resembles(name, table).min(0.4),
            _ => resembles(name, table),
        };
        if child.0 == parent.0 {
            return self.within_table(name, key, table);
        }
        let of_column = match resembles_column(name, key) {
            // The key is named for another table: that one is meant.
            c if c > 0.0 && !part && resembles(key, table) < 0.5 => match self.named_table(key) {
                Some(other) if other != parent.0 => 0.7 * c,
                // Of something that has no table here, unless it comes first.
                _ if parent.1 > 0 => 0.6 * c,
                _ => 0.95 * c,
            },
            c => c,
        };
        let by_role = self.role(name, table);
        let best = of_table.max(of_column).max(by_role);
        (best + 0.1 * of_table.min(of_column)).min(1.0)
    }

    /// A column that refers to its own table has a role, or the table's name behind
    /// one: all its columns may be called for it.
    fn within_table(&self, name: &Name, key: &Name, table: &Name) -> f64 {
        let people = is_one_of(table, STAFF) || is_one_of(table, PEOPLE);
        // Within a table of people even three letters of a word will do.
        let begins = |role: &&str| {
            name.is_key && name.stem_joined.len() > 2 && role.starts_with(&name.stem_joined)
        };
        if has_role(name, SELF_ROLES)
            || people && (has_role(name, PERSON_SELF_ROLES) || PERSON_SELF_ROLES.iter().any(begins))
        {
            return 0.85;
        }
        let behind =
            |of: &[String]| !of.is_empty() && name.stem.len() > of.len() && name.stem.ends_with(of);
        if behind(&key.stem) || behind(&table.words) {
            return 0.75;
        }
        // readmission_of, split_from, remit_to: of or from what? Of another of them,
        // unless there is a table by that name.
        let linked = name.stem.len() > 1
            && name.stem.last().is_some_and(|w| matches!(w.as_str(), "of" | "from" | "to"));
        if linked && self.named_table(name).is_none() { 0.7 } else { 0.0 }
    }

    fn role(&self, name: &Name, table: &Name) -> f64 {
        let is = |kinds: &[&str]| is_one_of(table, kinds);
        let by = name.stem.last().is_some_and(|w| w == "by") && name.stem.len() > 1;
        let role = by || has_role(name, PERSON_ROLES);
        if role && is(STAFF) {
            return 0.69;
        }
        if role && is(PEOPLE) || does_something(name) && is(STAFF) {
            return 0.64;
        }
        if has_role(name, PART_ROLES) && is(PRODUCTS) {
            return 0.66;
        }
        if has_role(name, PLACE_ROLES) && is(PLACES) {
            return 0.66;
        }
        0.0
    }

    /// The table that a column is named for, where it is named for one.
    pub fn named_table(&self, name: &Name) -> Option<usize> {
        let by = |joined: &str| match self.by_name.get(joined).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        };
        if name.stem.is_empty() {
            return None;
        }
        (0..name.stem.len()).find_map(|from| by(&name.stem[from..].concat()))
    }
}

/// Whether a table is called for one of these kinds of things.
fn is_one_of(table: &Name, kinds: &[&str]) -> bool {
    let last = table.words.last().map_or("", String::as_str);
    kinds.iter().any(|k| stem(k) == last || stem(k) == table.joined)
}

/// Takes away a first word that most have: `tbl_`, or the name of a module.
fn without_common_prefix(all: &mut [Vec<String>]) {
    let Some(common) = common_first(all) else {
        return;
    };
    for words in all.iter_mut().filter(|w| w.len() > 1 && w[0] == common) {
        words.remove(0);
    }
}

fn common_first(all: &[Vec<String>]) -> Option<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for first in all.iter().filter(|w| w.len() > 1).filter_map(|w| w.first()) {
        *counts.entry(first.as_str()).or_default() += 1;
    }
    let (word, times) = counts.into_iter().max_by_key(|(word, times)| (*times, *word))?;
    (times >= 3 && times * 3 >= all.len() * 2).then(|| word.to_string())
}

/// The names of the columns of one table.
fn column_names(columns: &[&str], table: &[String], known: &HashSet<&str>) -> Vec<Name> {
    let mut all: Vec<Vec<String>> = columns.iter().map(|c| words(c)).collect();
    // A prefix for the table, as in TPC-H; the first word of an order_id and an
    // order_date is none in a table of something else.
    let every = || {
        let first = all.first().filter(|w| w.len() > 1).map(|w| w[0].clone())?;
        all.iter().all(|w| w.len() > 1 && w[0] == first).then_some(first)
    };
    let whole: String = table.iter().map(|w| stem(w)).collect();
    let common =
        common_first(&all).or_else(every).filter(|word| word.len() < 4 || stem(word) == whole);
    if let Some(common) = common {
        for words in all.iter_mut().filter(|w| w.len() > 1 && w[0] == common) {
            words.remove(0);
        }
    }
    all.into_iter()
        .map(|words| {
            let mut split: Vec<String> = Vec::new();
            for word in words {
                split.extend(without_separator(&word, known));
            }
            Name::of(split.iter().map(|w| stem(w)).collect())
        })
        .collect()
}

/// A word that holds several: `custkey` is customer and key, `billtoaddressid`
/// is billto, address and id.
fn without_separator(word: &str, known: &HashSet<&str>) -> Vec<String> {
    let whole = || vec![word.to_string()];
    if NO_COMPOUNDS.contains(&word) || KEY_WORDS.contains(&word) {
        return whole();
    }
    for ending in ENDINGS {
        let Some(start) = word.strip_suffix(ending).filter(|s| s.len() > 1) else {
            continue;
        };
        let written = words(start);
        let is_known = known.contains(stem(start).as_str())
            || written.concat() != start
            || (start.len() > 2 && known.iter().any(|k| k.starts_with(start)));
        let end = words(ending);
        if is_known {
            return written.into_iter().chain(end).collect();
        }
        if let Some(parts) = with_role(start, known) {
            return parts.into_iter().chain(end).collect();
        }
        // Nothing else ends like this.
        if matches!(*ending, "id" | "key" | "uuid" | "guid" | "number" | "code") && start.len() > 2
        {
            return [start.to_string()].into_iter().chain(end).collect();
        }
    }
    let measure = MEASURE_ENDINGS
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(|s| s.len() > 2).map(|s| (s, ending)));
    match measure {
        Some((start, ending)) => [start.to_string()].into_iter().chain(words(ending)).collect(),
        None => whole(),
    }
}

/// `billtoaddress` as `billto` and `address`, where there are addresses.
fn with_role(word: &str, known: &HashSet<&str>) -> Option<Vec<String>> {
    (2..word.len().saturating_sub(2))
        .filter(|at| word.is_char_boundary(*at))
        .find(|at| known.contains(stem(&word[*at..]).as_str()))
        .map(|at| vec![word[..at].to_string(), word[at..].to_string()])
}

/// Whether two words are one, with how sure that is.
fn same(a: &str, b: &str) -> f64 {
    let short = a.len().min(b.len());
    match likeness(a, b) {
        // Of three letters a beginning, not a spelling.
        l if l >= 0.8 && (short > 3 || l > 0.9 || a.starts_with(b) || b.starts_with(a)) => l,
        _ if is_short_for(a, b) || is_short_for(b, a) => 0.8,
        _ => 0.0,
    }
}

/// `whse` for `warehouse`: its letters in their order, from the first on.
fn is_short_for(short: &str, long: &str) -> bool {
    if short.len() < 3
        || short.len() + 2 > long.len()
        || short.chars().next() != long.chars().next()
    {
        return false;
    }
    if long.len() * 2 > short.len() * 5 + 2 {
        return false;
    }
    // What is cut out of a word has few vowels.
    let vowels = short.chars().skip(1).filter(|c| "aeiou".contains(*c)).count();
    if vowels > 1 {
        return false;
    }
    let mut rest = long.chars();
    short.chars().all(|c| rest.any(|l| l == c))
}

/// Whether a word is put together of the beginnings of others: `po` for purchase
/// order, `cdemo` for customer demographics.
fn is_made_of_beginnings(word: &str, of: &[String]) -> bool {
    let Some((first, rest)) = of.split_first() else {
        return word.is_empty();
    };
    (1..=word.len().min(first.len()))
        .filter(|at| word.is_char_boundary(*at) && first.starts_with(&word[..*at]))
        .any(|at| is_made_of_beginnings(&word[at..], rest))
}

/// How alike two lists of words are that are equally long.
fn alike(a: &[String], b: &[String]) -> f64 {
    if a.len() != b.len() || a.is_empty() {
        return 0.0;
    }
    let each: Vec<f64> = a.iter().zip(b).map(|(x, y)| same(x, y)).collect();
    match each.contains(&0.0) {
        true => 0.0,
        false => each.iter().sum::<f64>() / each.len() as f64,
    }
}

/// How much a column's name speaks of a table.
fn resembles(name: &Name, table: &Name) -> f64 {
    let (stem, words) = (&name.stem[..], &table.words[..]);
    if stem.is_empty() || words.is_empty() || !name.speaks() && name.stem_joined.len() < 2 {
        return 0.0;
    }
    if name.stem_joined == table.joined {
        return 1.0;
    }
    let whole = alike(stem, words);
    if whole > 0.0 {
        return 0.97 * whole;
    }
    let ends = name.stem_joined.len() > 3 && table.joined.len() > 3;
    if ends && name.stem_joined.ends_with(&table.joined) {
        // What is no key may end like that by chance: upvotes, votes.
        return if name.is_key { 0.88 } else { 0.5 };
    }
    if stem.len() > words.len() && alike(&stem[stem.len() - words.len()..], words) > 0.0 {
        return 0.85;
    }
    if stem.len() > 1 && is_made_of_beginnings(&stem[stem.len() - 1], words) && words.len() > 1 {
        return 0.82;
    }
    // The head of a longer table name: category for product_category.
    if words.len() > stem.len() {
        let head = alike(&words[words.len() - stem.len()..], stem);
        if head > 0.0 {
            return 0.78 * head;
        }
        let tail = alike(&words[..stem.len()], stem);
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
    if same(&name.stem_joined, &table.joined) > 0.0 {
        return 0.7;
    }
    if stem.len() > words.len() && alike(&stem[..words.len()], words) > 0.0 {
        return 0.5;
    }
    let shared = stem.iter().filter(|w| w.len() > 2 && words.contains(w)).count();
    if shared > 0 { 0.35 } else { 0.0 }
}

/// How much a column's name speaks of a key by its name.
fn resembles_column(name: &Name, key: &Name) -> f64 {
    // `id` and `code` are everybody's.
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
        && alike(&name.stem[name.stem.len() - key.stem.len()..], &key.stem) > 0.0
    {
        return 0.84;
    }
    let whole = alike(&name.stem, &key.stem);
    if whole > 0.0 {
        return 0.9 * whole;
    }
    if key.stem.len() > name.stem.len()
        && alike(&key.stem[key.stem.len() - name.stem.len()..], &name.stem) > 0.0
    {
        return 0.7;
    }
    0.0
}

/// Whether a name is for somebody who does something: planner, anesthetist,
/// assistant. Those of tables were seen before.
fn does_something(name: &Name) -> bool {
    let Some(last) = name.stem.last().filter(|w| w.len() > 4) else {
        return false;
    };
    let ends = ["er", "or", "ist", "ian", "ant", "man", "ee"].iter().any(|e| last.ends_with(e));
    ends && !NOBODY.contains(&last.as_str())
}

/// Whether a name is one of these roles, or ends in one.
fn has_role(name: &Name, roles: &[&str]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    const TPCH: &[(&str, &[&str])] = &[
        ("customer", &["c_custkey", "c_name", "c_nationkey", "c_acctbal"]),
        ("nation", &["n_nationkey", "n_name", "n_regionkey", "n_comment"]),
        ("part", &["p_partkey", "p_name", "p_size"]),
        ("supplier", &["s_suppkey", "s_name", "s_nationkey"]),
        ("partsupp", &["ps_partkey", "ps_suppkey", "ps_availqty"]),
        ("lineitem", &["l_orderkey", "l_partkey", "l_suppkey", "l_linenumber", "l_quantity"]),
        ("orders", &["o_orderkey", "o_custkey", "o_shippriority"]),
    ];

    const SHOP: &[(&str, &[&str])] = &[
        ("users", &["id", "name", "manager_id"]),
        ("product_categories", &["id", "parent_id", "title"]),
        ("addresses", &["addressid", "city"]),
        (
            "orders",
            &["id", "created_by", "category_id", "billtoaddressid", "whse_cd", "usr", "qty"],
        ),
        ("warehouses", &["whse_cd", "city"]),
    ];

    fn names(all: &[(&str, &[&str])]) -> Names {
        let named: Vec<Named> =
            all.iter().map(|(table, columns)| Named { table, columns: columns.to_vec() }).collect();
        Names::new(&named)
    }

    fn between(all: &[(&str, &[&str])], child: &str, parent: &str) -> f64 {
        let at = |path: &str| {
            let (table, column) = path.split_once('.').expect("a table and a column");
            let t = all.iter().position(|(name, _)| *name == table).expect("a table");
            (t, all[t].1.iter().position(|c| *c == column).expect("a column"))
        };
        names(all).resemblance(at(child), at(parent))
    }

    #[test]
    fn prefixes_suffixes_and_abbreviations_are_seen_through() {
        assert!(between(TPCH, "orders.o_custkey", "customer.c_custkey") > 0.95);
        assert!(between(TPCH, "lineitem.l_suppkey", "supplier.s_suppkey") > 0.95);
        assert!(between(TPCH, "lineitem.l_suppkey", "part.p_partkey") < 0.4);
        assert!(between(SHOP, "orders.billtoaddressid", "addresses.addressid") > 0.8);
        assert!(between(SHOP, "orders.whse_cd", "warehouses.whse_cd") > 0.95);
        assert!(between(SHOP, "orders.usr", "users.id") > 0.9);
        assert!(between(SHOP, "orders.category_id", "product_categories.id") > 0.7);
    }

    #[test]
    fn roles_are_known() {
        assert!(between(SHOP, "users.manager_id", "users.id") >= 0.8);
        assert!(between(SHOP, "orders.created_by", "users.id") > 0.6);
        assert!(between(SHOP, "product_categories.parent_id", "product_categories.id") >= 0.8);
        assert!(between(SHOP, "product_categories.parent_id", "users.id") < 0.3);
        let erp: &[(&str, &[&str])] = &[
            ("cust_mst", &["cust_no", "slsmn", "prnt_cust", "revision_no"]),
            ("emp_mst", &["emp_no", "sup_no", "emp_nm"]),
        ];
        assert!(between(erp, "cust_mst.slsmn", "emp_mst.emp_no") > 0.6);
        assert!(between(erp, "emp_mst.sup_no", "emp_mst.emp_no") > 0.7);
        assert!(between(erp, "cust_mst.prnt_cust", "cust_mst.cust_no") > 0.7);
        assert!(between(erp, "cust_mst.revision_no", "emp_mst.emp_no") < 0.3);
    }

    #[test]
    fn measures_and_keys_are_told_apart() {
        let shop = names(SHOP);
        assert!(shop.column(3, 6).is_measure(false));
        assert!(shop.column(3, 3).is_key() && !shop.column(3, 3).is_measure(true));
        let tpch = names(TPCH);
        assert!(!tpch.column(5, 3).is_key(), "a line number is no key");
        assert!(tpch.is_own_key(0, 0) && !tpch.is_own_key(0, 2));
    }

    #[test]
    fn names_that_say_nothing_are_recognised() {
        assert!(names(TPCH).are_informative());
        assert!(!names(&[("a", &["c1", "c2"]), ("b", &["c1", "c2", "c3"])]).are_informative());
    }

    #[test]
    fn plurals_are_stemmed_like_their_singulars() {
        for (one, many) in [
            ("category", "categories"),
            ("movie", "movies"),
            ("address", "addresses"),
            ("warehouse", "warehouses"),
            ("branch", "branches"),
            ("status", "statuses"),
            ("box", "boxes"),
            ("person", "people"),
        ] {
            assert_eq!(stem(one), stem(many));
        }
    }
}
