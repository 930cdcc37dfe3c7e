//! The names of all tables and their columns, each read beside the others.

use std::collections::{HashMap, HashSet};

use super::name::Name;
use super::resemblance::{resembles, resembles_column};
use super::roles::{does_something, has_role, is_one_of};
use crate::words::compounds::apart;
use crate::words::lexicon::{
    PART_ROLES, PEOPLE, PERSON_ROLES, PERSON_SELF_ROLES, PLACE_ROLES, PLACES, PRODUCTS, SELF_ROLES,
    STAFF, TABLE_WORDS,
};
use crate::words::split::{common_first, stem, without_common_first, without_first, words};

/// The names of all tables and their columns.
pub struct Names {
    tables: Vec<Name>,
    columns: Vec<Vec<Name>>,
    /// Tables by the words of their names joined together.
    by_name: HashMap<String, Vec<usize>>,
    informative: bool,
}

/// A table's name and those of its columns.
pub struct TableNames<'a> {
    pub table: &'a str,
    pub columns: Vec<&'a str>,
}

impl Names {
    pub fn new(all: &[TableNames]) -> Names {
        let mut table_words: Vec<Vec<String>> = all.iter().map(|t| words(t.table)).collect();
        without_common_first(&mut table_words);
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
            .map(|words| Name::of_table(words.iter().map(|w| stem(w)).collect()))
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

    /// Whether the names of columns say anything: not where they are c1, c2, c3.
    pub fn are_informative(&self) -> bool {
        self.informative
    }

    pub fn column(&self, table: usize, column: usize) -> &Name {
        &self.columns[table][column]
    }

    /// Whether a column is named after its own table: `customers.customer_id`, or
    /// `customers.id`.
    pub fn is_own_key(&self, table: usize, column: usize) -> bool {
        self.own_key(table, column) >= 0.65
    }

    /// How much a column is named after its own table, as its key: 0 to 1.
    pub fn own_key(&self, table: usize, column: usize) -> f64 {
        let name = self.column(table, column);
        match name.is_key() {
            true if name.stem.is_empty() => 0.95,
            true => resembles(name, &self.tables[table]),
            false => 0.0,
        }
    }

    /// Whether two columns have the same name, and not just `id`.
    pub fn are_namesakes(&self, one: (usize, usize), other: (usize, usize)) -> bool {
        resembles_column(self.column(one.0, one.1), self.column(other.0, other.1)) >= 0.95
    }

    /// Whether another column is named for the type of what this one refers to.
    pub fn has_type_beside(&self, table: usize, column: usize) -> bool {
        let name = self.column(table, column);
        name.is_key
            && !name.stem.is_empty()
            && self.columns[table].iter().any(|other| {
                matches!(other.words.split_last(), Some((last, rest))
                    if matches!(last.as_str(), "type" | "kind" | "class") && *rest == name.stem[..])
            })
    }

    /// Whether a table is a calendar, which dates refer to whatever their names are.
    pub fn is_calendar(&self, table: usize) -> bool {
        is_one_of(&self.tables[table], &["calendar", "date", "day"])
    }

    /// Whether a table is named after another: `employee_pay_history` after `employee`.
    pub fn is_akin(&self, table: usize, other: usize) -> bool {
        let (own, its) = (&self.tables[table], &self.tables[other]);
        table != other && !its.joined.is_empty() && own.joined.starts_with(&its.joined)
            || own.words.len() > its.words.len() && own.words.ends_with(&its.words)
    }

    /// How much the name of a column suggests a key of another table, or of its own: 0
    /// to 1.
    pub fn resemblance(&self, child: (usize, usize), parent: (usize, usize)) -> f64 {
        self.compared(child, parent, false)
    }

    /// As [`Names::resemblance`], for one of several columns of a key, which are named
    /// after what they refer to themselves.
    pub fn part_resemblance(&self, child: (usize, usize), parent: (usize, usize)) -> f64 {
        self.compared(child, parent, true)
    }

    fn compared(&self, child: (usize, usize), parent: (usize, usize), part: bool) -> f64 {
        let name = self.column(child.0, child.1);
        let key = self.column(parent.0, parent.1);
        let table = &self.tables[parent.0];
        let of_table = match self.by_name.get(&name.stem_joined) {
            // The column has the name of another table.
            Some(named) if !named.contains(&parent.0) => resembles(name, table).min(0.4),
            _ => resembles(name, table),
        };
        if child.0 == parent.0 {
            return self.within_table(name, key, table);
        }
        let of_column = match resembles_column(name, key) {
            // The key is named after another table, which is meant then.
            c if c > 0.0 && !part && resembles(key, table) < 0.5 => match self.named_table(key) {
                Some(other) if other != parent.0 => 0.7 * c,
                // The key is named after something that has no table here, unless it is
                // the first column.
                _ if parent.1 > 0 => 0.6 * c,
                _ => 0.95 * c,
            },
            c => c,
        };
        let by_role = self.role(name, table);
        let best = of_table.max(of_column).max(by_role);
        (best + 0.1 * of_table.min(of_column)).min(1.0)
    }

    /// How much the name of a column suggests the key of its own table. Such a column
    /// has a role, or a role with the table's name behind it, because all columns of
    /// the table may have its name in front.
    fn within_table(&self, name: &Name, key: &Name, table: &Name) -> f64 {
        let people = is_one_of(table, STAFF) || is_one_of(table, PEOPLE);
        // In a table of people, three letters of a word are enough.
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
        // readmission_of, split_from, remit_to name no table: another row of the same
        // table is meant, unless there is a table with that name.
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

    /// The table that a column is named after; None where there is none.
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

/// The names of the columns of one table.
fn column_names(columns: &[&str], table: &[String], known: &HashSet<&str>) -> Vec<Name> {
    let mut all: Vec<Vec<String>> = columns.iter().map(|c| words(c)).collect();
    // All columns may have a prefix for the table, as in TPC-H. The first word of
    // order_id and order_date is no such prefix in a table of something else.
    let every = || {
        let first = all.first().filter(|w| w.len() > 1).map(|w| w[0].clone())?;
        all.iter().all(|w| w.len() > 1 && w[0] == first).then_some(first)
    };
    let whole: String = table.iter().map(|w| stem(w)).collect();
    let common =
        common_first(&all).or_else(every).filter(|word| word.len() < 4 || stem(word) == whole);
    if let Some(common) = common {
        without_first(&mut all, &common);
    }
    all.into_iter()
        .map(|words| {
            let mut split: Vec<String> = Vec::new();
            for word in words {
                split.extend(apart(&word, known));
            }
            Name::of_column(split.iter().map(|w| stem(w)).collect())
        })
        .collect()
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
        let named: Vec<TableNames> = all
            .iter()
            .map(|(table, columns)| TableNames { table, columns: columns.to_vec() })
            .collect();
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
}
