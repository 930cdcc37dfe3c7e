//! Reads and writes SQL with sqlparser, safely.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Ident, ObjectName, OrderByExpr, SelectItem, Statement};
use sqlparser::ast::{VisitMut, VisitorMut};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::{ALL_KEYWORDS, Keyword};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Tokenizer, Word};

/// The deepest tree that is read. sqlparser bounds its own recursion while it reads,
/// but a chain such as `a AND b AND c ...` is read in a loop and then walked
/// recursively, with one stack frame or more for each link. A stack overflow would take
/// the whole server down, so the chain is bounded here: this many links fit into half
/// of the 8 MB that a server process usually has, also in a build without optimisation.
const MOST_DEPTH: usize = 300;

/// The longest text that is read. Reading more takes noticeable time, whatever its
/// form.
const MOST_BYTES: usize = 1_000_000;

type Parsed<T> = std::result::Result<T, String>;

/// The tokens of a text without spaces and comments.
fn tokens(text: &str) -> Parsed<Vec<Token>> {
    if text.len() > MOST_BYTES {
        return Err(format!("It is longer than {MOST_BYTES} bytes."));
    }
    let mut tokens = Tokenizer::new(&PostgreSqlDialect {}, text)
        .tokenize()
        .map_err(|error| format!("It cannot be read: {error}."))?;
    tokens.retain(|token| !matches!(token, Token::Whitespace(_)));
    if depth(&tokens) > MOST_DEPTH {
        return Err(format!("It chains more than {MOST_DEPTH} operators."));
    }
    Ok(tokens)
}

/// An upper bound of the depth of the tree that the tokens can make, except where
/// sqlparser bounds it itself.
fn depth(tokens: &[Token]) -> usize {
    // For each open parenthesis: the links since the last comma, and the links that
    // commas do not end.
    let mut levels = vec![(0, 0)];
    let mut deepest = 0;
    for token in tokens {
        let innermost = levels.len() - 1;
        match token {
            Token::LParen | Token::LBracket => levels.push((1, 0)),
            Token::RParen | Token::RBracket if innermost > 0 => {
                levels.pop();
                // A subscript is a link too.
                levels[innermost - 1].0 += usize::from(*token == Token::RBracket);
            }
            Token::Comma => levels[innermost].0 = 0,
            Token::Word(word) => match word.keyword {
                Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::JOIN => {
                    levels[innermost].1 += 1;
                }
                Keyword::NoKeyword
                | Keyword::SELECT
                | Keyword::FROM
                | Keyword::AS
                | Keyword::ON
                | Keyword::CASE
                | Keyword::WHEN
                | Keyword::THEN
                | Keyword::ELSE
                | Keyword::END => {}
                _ => levels[innermost].0 += 1,
            },
            Token::Period | Token::SemiColon | Token::Number(..) => {}
            Token::SingleQuotedString(_) | Token::Placeholder(_) => {}
            _ => levels[innermost].0 += 1,
        }
        deepest = deepest.max(levels.iter().map(|(links, kept)| links + kept).sum());
    }
    deepest
}

/// Reads all of `text` as one thing.
fn whole<T>(
    tokens: Vec<Token>,
    read: impl FnOnce(&mut Parser) -> std::result::Result<T, ParserError>,
) -> Parsed<T> {
    let dialect = PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect).with_tokens(tokens);
    let unreadable = |error: ParserError| match error {
        ParserError::RecursionLimitExceeded => "It is nested too deeply.".to_string(),
        // The tokens have no positions here.
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => {
            format!("It cannot be read: {}.", text.split(" at Line:").next().unwrap_or(&text))
        }
    };
    let result = read(&mut parser).map_err(unreadable)?;
    parser.expect_token(&Token::EOF).map_err(unreadable)?;
    Ok(result)
}

/// The one statement in `sql`.
pub(super) fn statement(sql: &str) -> Parsed<Statement> {
    let mut statements = whole(tokens(sql)?, |parser| parser.parse_statements())?;
    match (statements.pop(), statements.len()) {
        (Some(statement), 0) => Ok(statement),
        (None, _) => Err("There is no statement in it.".to_string()),
        (_, more) => Err(format!("It has {} statements; only one can be corrected.", more + 1)),
    }
}

/// The one statement in `sql`, if sqlparser would write it as it is. What sqlparser
/// reads but does not write would otherwise be lost silently.
pub(super) fn faithful_statement(sql: &str) -> Parsed<Statement> {
    let statement = statement(sql)?;
    match significant(sql)? == significant(&statement.to_string())? {
        true => Ok(statement),
        false => {
            Err("It has a clause that spyne's parser cannot write back as it was.".to_string())
        }
    }
}

/// The tokens that have a meaning, in one spelling: without noise words, keywords in
/// upper case.
fn significant(sql: &str) -> Parsed<Vec<Token>> {
    let mut tokens = tokens(sql)?;
    let limit_all: Vec<usize> = (1..tokens.len())
        .filter(|index| is(&tokens[*index], Keyword::ALL) && is(&tokens[index - 1], Keyword::LIMIT))
        .collect();
    for index in limit_all.into_iter().rev() {
        tokens.drain(index - 1..=index);
    }
    tokens.retain(|token| {
        let noise = [Keyword::AS, Keyword::OUTER, Keyword::TEMP, Keyword::TEMPORARY, Keyword::WITH];
        *token != Token::SemiColon && !noise.iter().any(|keyword| is(token, *keyword))
    });
    for token in &mut tokens {
        match token {
            // FETCH NEXT ROW and FETCH FIRST ROWS are the same.
            Token::Word(word) if word.keyword == Keyword::NEXT => *word = keyword("FIRST"),
            Token::Word(word) if word.keyword == Keyword::ROW => *word = keyword("ROWS"),
            Token::Word(word) if word.quote_style.is_none() => {
                *word = keyword(&word.value.to_ascii_uppercase());
            }
            _ => {}
        }
    }
    Ok(tokens)
}

fn keyword(name: &str) -> Word {
    Word { value: name.to_string(), quote_style: None, keyword: Keyword::NoKeyword }
}

fn is(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword)
}

/// Whether sqlparser reads the text of a statement back as the same statement.
pub(super) fn reads_back(written: &Statement) -> bool {
    statement(&written.to_string()).is_ok_and(|read| read == *written)
}

/// `text` as one expression.
pub(super) fn expression(text: &str) -> Parsed<Expr> {
    whole(tokens(text)?, |parser| parser.parse_expr())
}

/// `text` as one element of ORDER BY.
pub(super) fn ordering(text: &str) -> Parsed<OrderByExpr> {
    whole(tokens(text)?, |parser| parser.parse_order_by_expr())
}

/// `text` as one item of a SELECT list.
pub(super) fn item(text: &str) -> Parsed<SelectItem> {
    whole(tokens(text)?, |parser| parser.parse_select_item())
}

/// `text` as one element of GROUP BY; ROLLUP and the like are read only there.
pub(super) fn grouping(text: &str) -> Parsed<Expr> {
    use sqlparser::ast::GroupByExpr;
    let mut all = tokens("GROUP BY")?;
    all.extend(tokens(text)?);
    match whole(all, |parser| parser.parse_optional_group_by())? {
        Some(GroupByExpr::Expressions(mut list, with)) if list.len() == 1 && with.is_empty() => {
            Ok(list.remove(0))
        }
        _ => Err("It is not one element of GROUP BY.".to_string()),
    }
}

/// The parts of a name, folded as Postgres folds them.
pub(super) fn name(text: &str) -> Parsed<Vec<String>> {
    let name = whole(tokens(text)?, |parser| parser.parse_object_name(false))?;
    folded_name(&name).ok_or_else(|| "It is not a name.".to_string())
}

/// An identifier as Postgres stores it.
pub(super) fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

/// The parts of a name as Postgres stores them.
pub(super) fn folded_name(name: &ObjectName) -> Option<Vec<String>> {
    name.0.iter().map(|part| part.as_ident().map(folded)).collect()
}

/// An identifier that is stored as `name`, quoted only where it must be.
pub(super) fn ident(name: &str) -> Ident {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        // To Postgres, public is a name like any other.
        && (name == "public"
            || ALL_KEYWORDS.binary_search(&name.to_ascii_uppercase().as_str()).is_err());
    match plain {
        true => Ident::new(name),
        false => Ident::with_quote('"', name),
    }
}

/// An expression to look for. It is equal to others whatever the case of unquoted
/// names, and whatever parentheses that the tree implies anyway.
pub(super) struct Pattern {
    canonical: Expr,
}

impl Pattern {
    pub(super) fn new(expr: &Expr) -> Self {
        Pattern { canonical: canonical(expr) }
    }

    pub(super) fn matches(&self, expr: &Expr) -> bool {
        // Most expressions differ in kind already. To make one canonical means to read
        // it again.
        std::mem::discriminant(peeled(expr)) == std::mem::discriminant(&self.canonical)
            && canonical(expr) == self.canonical
    }
}

/// The expression without parentheses around it.
pub(super) fn peeled(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

fn canonical(expr: &Expr) -> Expr {
    // Names are in many kinds of nodes, but all of them come from tokens.
    let refolded = tokens(&expr.to_string()).and_then(|mut tokens| {
        for token in &mut tokens {
            let Token::Word(word) = token else { continue };
            match word.quote_style {
                None => word.value.make_ascii_lowercase(),
                Some(_) if ident(&word.value).quote_style.is_none() => word.quote_style = None,
                Some(_) => {}
            }
        }
        whole(tokens, |parser| parser.parse_expr())
    });
    let mut canonical = refolded.unwrap_or_else(|_| expr.clone());
    let _ = VisitMut::visit(&mut canonical, &mut Peel);
    canonical
}

/// Removes parentheses.
struct Peel;

impl VisitorMut for Peel {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        while let Expr::Nested(inner) = expr {
            *expr = std::mem::replace(inner, Expr::Identifier(Ident::new("")));
        }
        ControlFlow::Continue(())
    }
}
