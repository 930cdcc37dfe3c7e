//! One name, as it is compared.

use crate::words::lexicon::{DESCRIPTIONS, KEY_WORDS, MEASURES};

/// A name, as it is compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Name {
    /// The words of the name, without the table's prefix, each as
    /// [`stem`](crate::words::split::stem) leaves it.
    pub(super) words: Vec<String>,
    /// The words without those that say "key".
    pub(super) stem: Vec<String>,
    /// All words joined together.
    pub(super) joined: String,
    pub(super) stem_joined: String,
    /// Whether the name says that it is a key.
    pub(super) is_key: bool,
}

impl Name {
    /// The name of a column, by its words.
    pub(super) fn of_column(mut words: Vec<String>) -> Name {
        // The second of two of a kind is one of them: country2.
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

    /// The name of a table, by its words.
    pub(super) fn of_table(words: Vec<String>) -> Name {
        let joined = words.concat();
        Name { stem: words.clone(), stem_joined: joined.clone(), joined, words, is_key: false }
    }

    /// Whether the name means something: not `id`, `code` or `c1`.
    pub(super) fn speaks(&self) -> bool {
        self.stem.iter().any(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1)
    }

    /// Whether the name says "this is a key": `id`, `customer_id`, `so_no`, but not
    /// `line_no` or `phone_number`.
    pub fn is_key(&self) -> bool {
        self.is_key && !self.is_numbered_measure()
    }

    /// Whether the name is for a number that counts, such as `line_number`. A `date_id`
    /// is a key.
    fn is_numbered_measure(&self) -> bool {
        let suffix = &self.words[self.stem.len()..];
        suffix.iter().all(|w| matches!(w.as_str(), "number" | "nr" | "code"))
            && self.stem.last().is_some_and(|w| MEASURES.contains(&w.as_str()))
    }

    /// Whether the name is that of a measure; for a text, that of a description.
    pub fn is_measure(&self, is_text: bool) -> bool {
        let known = if is_text { DESCRIPTIONS } else { MEASURES };
        self.words.last().is_some_and(|w| known.contains(&w.as_str()))
            || !is_text && self.is_numbered_measure()
    }
}
