//! Rust source as words, texts and marks, each with its lines: as much of the language as the rules
//! of the architecture need.

/// A piece of source.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub kind: Kind,
    /// Where it starts, from 1.
    pub line: usize,
    /// Where it ends.
    pub end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A name, a keyword or a number.
    Word(String),
    /// What a string literal holds, as it is written.
    Text(String),
    /// `::`
    Path,
    /// Any other sign; a character literal is one too.
    Mark(char),
}

impl Token {
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(own) if own == word)
    }

    pub fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// The tokens of a source text, without its comments.
pub fn tokens(source: &str) -> Vec<Token> {
    let text: Vec<char> = source.chars().collect();
    let mut lexer = Lexer { text, at: 0, line: 1 };
    let mut found = Vec::new();
    while let Some(letter) = lexer.peek(0) {
        let line = lexer.line;
        if let Some(kind) = lexer.next(letter) {
            found.push(Token { kind, line, end: lexer.line });
        }
    }
    found
}

struct Lexer {
    text: Vec<char>,
    at: usize,
    line: usize,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.line += usize::from(self.peek(0) == Some('\n'));
            self.at += 1;
        }
    }

    fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, letter)| self.peek(ahead) == Some(letter))
    }

    /// The token that starts with this letter; nothing for space and comments.
    fn next(&mut self, letter: char) -> Option<Kind> {
        if letter.is_whitespace() {
            self.skip(1);
            return None;
        }
        if self.starts_with("//") {
            while self.peek(0).is_some_and(|letter| letter != '\n') {
                self.skip(1);
            }
            return None;
        }
        if self.starts_with("/*") {
            self.comment();
            return None;
        }
        if let Some((prefix, hashes)) = self.string_start() {
            return Some(self.string(prefix, hashes));
        }
        if letter.is_alphanumeric() || letter == '_' {
            return Some(Kind::Word(self.word()));
        }
        if letter == '\'' {
            self.quote();
            return Some(Kind::Mark('\''));
        }
        if self.starts_with("::") {
            self.skip(2);
            return Some(Kind::Path);
        }
        self.skip(1);
        Some(Kind::Mark(letter))
    }

    /// Comments of this kind may hold one another.
    fn comment(&mut self) {
        let mut depth = 0;
        while self.at < self.text.len() {
            if self.starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if self.starts_with("*/") {
                depth -= 1;
                self.skip(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.skip(1);
            }
        }
    }

    /// What precedes the opening quote of a string that starts here, and how many hashes close it:
    /// none where it is not raw.
    fn string_start(&self) -> Option<(usize, Option<usize>)> {
        let mut ahead = 0;
        while self.peek(ahead).is_some_and(|letter| matches!(letter, 'b' | 'c' | 'r')) && ahead < 2
        {
            ahead += 1;
        }
        let is_raw = ahead > 0 && self.peek(ahead - 1) == Some('r');
        let mut hashes = 0;
        while is_raw && self.peek(ahead + hashes) == Some('#') {
            hashes += 1;
        }
        (self.peek(ahead + hashes) == Some('"'))
            .then_some((ahead + hashes, is_raw.then_some(hashes)))
    }

    fn string(&mut self, prefix: usize, hashes: Option<usize>) -> Kind {
        self.skip(prefix + 1);
        let end = format!("\"{}", "#".repeat(hashes.unwrap_or(0)));
        let mut held = String::new();
        while let Some(letter) = self.peek(0) {
            if self.starts_with(&end) {
                self.skip(end.len());
                break;
            }
            held.push(letter);
            self.skip(1);
            if letter == '\\' && hashes.is_none() {
                held.extend(self.peek(0));
                self.skip(1);
            }
        }
        Kind::Text(held)
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(letter) = self.peek(0).filter(|l| l.is_alphanumeric() || *l == '_') {
            word.push(letter);
            self.skip(1);
        }
        word
    }

    /// A character literal, or the sign before the name of a lifetime.
    fn quote(&mut self) {
        self.skip(1);
        if self.peek(0) == Some('\\') {
            self.skip(2);
            while self.peek(0).is_some_and(|letter| letter != '\'') {
                self.skip(1);
            }
            self.skip(1);
        } else if self.peek(1) == Some('\'') {
            self.skip(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, tokens};

    fn shown(source: &str) -> Vec<String> {
        let show = |kind: &Kind| match kind {
            Kind::Word(word) => word.clone(),
            Kind::Text(text) => format!("<{text}>"),
            Kind::Path => "::".to_owned(),
            Kind::Mark(mark) => mark.to_string(),
        };
        tokens(source).iter().map(|token| show(&token.kind)).collect()
    }

    #[test]
    fn comments_are_left_out_and_strings_are_whole() {
        assert_eq!(shown("a // b \"c\"\nd /* e /* f */ g */ h"), ["a", "d", "h"]);
        assert_eq!(
            shown("x(\"use // no; \\\" {\", r#\"a \" b\"#)"),
            ["x", "(", "<use // no; \\\" {>", ",", "<a \" b>", ")"]
        );
        assert_eq!(
            shown("b\"x\" c\"y\" br\"z\" r\"\\\" raw"),
            ["<x>", "<y>", "<z>", "<\\>", "raw"]
        );
    }

    #[test]
    fn a_character_is_no_lifetime() {
        assert_eq!(shown("'a' 'b '{' '\\'' '\\u{41}' x"), ["'", "'", "b", "'", "'", "'", "x"]);
    }

    #[test]
    fn paths_are_one_sign_and_lines_are_counted() {
        assert_eq!(shown("crate::a:b"), ["crate", "::", "a", ":", "b"]);
        let all = tokens("one\n\"two\nthree\" four");
        let lines: Vec<(usize, usize)> = all.iter().map(|t| (t.line, t.end)).collect();
        assert_eq!(lines, [(1, 1), (2, 3), (3, 3)]);
    }
}
