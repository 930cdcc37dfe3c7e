//! The corrections METRIC and COLUMN, which change expressions of a query.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr,
};
use sqlparser::ast::{Statement, Value, VisitMut, VisitorMut, visit_expressions};

use super::parse::{self, Pattern};
use super::request::ColumnChange;
use super::substitute::{Substitute, aliases};
use super::{CorrectionRefusal, Outcome, listed, scope};

/// Replaces an aggregate expression in the outermost query or, where that does not have
/// it, in the one subquery that has it.
pub(super) fn metric(statement: &mut Statement, from: &str, to: &str) -> Outcome {
    scope::check_select(statement)?;
    let (old, new) = (aggregate(from)?, aggregate(to)?);
    let pattern = Pattern::new(&old);
    same_refused(&pattern, &new)?;
    // The first pass only counts the matches, on a copy.
    let mut counts = Vec::new();
    each_level(&mut statement.clone(), &mut |depth, select, order_by| {
        counts.push((depth, in_lists(&mut Substitute::new(&pattern, &new), select, order_by)));
    });
    let having: Vec<usize> = (0..counts.len()).filter(|level| counts[*level].1 > 0).collect();
    let outer = having.iter().find(|level| counts[**level].0 == 1);
    let target = match (outer, having.as_slice()) {
        (Some(level), _) | (None, [level]) => *level,
        (None, []) => return Err(missing_metric(statement, from)),
        (None, several) => {
            return Err(CorrectionRefusal::new(
                format!(
                    "{} subqueries have {from}, and which one is meant is not said.",
                    several.len()
                ),
                "Write the statement as it should be, and preview that.",
            ));
        }
    };
    let mut level = 0;
    each_level(statement, &mut |_, select, order_by| {
        if level == target {
            in_lists(&mut Substitute::new(&pattern, &new), select, order_by);
        }
        level += 1;
    });
    let place = match counts[target].0 {
        1 => "",
        _ => " of a subquery",
    };
    Ok(format!("Replaced {from} by {to} in {}{place}.", places(counts[target].1)))
}

fn in_lists(
    substitute: &mut Substitute,
    select: &mut Select,
    order_by: &mut Option<OrderBy>,
) -> usize {
    let aliases = aliases(select);
    substitute.projection(select);
    substitute.visit(&mut select.having);
    substitute.order_by(order_by, &aliases);
    substitute.count
}

fn aggregate(text: &str) -> Result<Expr, CorrectionRefusal> {
    let hint = "Write an aggregate, such as sum(price) or count(DISTINCT customer).";
    let expr = parse::expression(text).map_err(|why| {
        CorrectionRefusal::new(format!("{text} is not an expression. {why}"), hint)
    })?;
    let calls = visit_expressions(&expr, |expr| match expr {
        Expr::Function(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    match calls.is_break() {
        true => Ok(expr),
        false => Err(CorrectionRefusal::new(format!("{text} has no aggregate."), hint)),
    }
}

fn same_refused(pattern: &Pattern, new: &Expr) -> Result<(), CorrectionRefusal> {
    match pattern.matches(new) {
        true => Err(CorrectionRefusal::new(
            format!("from and to are the same: {new}."),
            "Put the expression that is wanted into to.",
        )),
        false => Ok(()),
    }
}

fn missing_metric(statement: &mut Statement, from: &str) -> CorrectionRefusal {
    let mut known = Vec::new();
    each_level(statement, &mut |_, select, _| {
        for item in &select.projection {
            let _ = visit_expressions(item, |expr| {
                if let Expr::Function(_) = expr {
                    known.push(expr.to_string())
                }
                ControlFlow::<()>::Continue(())
            });
        }
    });
    let hint = match known.is_empty() {
        true => {
            r#"No SELECT list has an aggregate. Add one: {"type": "COLUMN", "action": "add", ...}"#
                .to_string()
        }
        false => format!("The functions in SELECT lists are: {}", listed(&known)),
    };
    CorrectionRefusal::new(format!("No SELECT list, HAVING or ORDER BY has {from}."), hint)
}

type EachLevel<'a> = dyn FnMut(usize, &mut Select, &mut Option<OrderBy>) + 'a;

/// Calls `each` for every SELECT with its depth, 1 being the outermost, and its ORDER BY.
fn each_level(statement: &mut Statement, each: &mut EachLevel) {
    struct Levels<'a, 'b> {
        depth: usize,
        each: &'a mut EachLevel<'b>,
    }
    impl Levels<'_, '_> {
        fn body(&mut self, body: &mut SetExpr, order_by: &mut Option<OrderBy>) {
            match body {
                SetExpr::Select(select) => (self.each)(self.depth, select, order_by),
                SetExpr::SetOperation { left, right, .. } => {
                    self.body(left, &mut None);
                    self.body(right, &mut None);
                }
                _ => {}
            }
        }
    }
    impl VisitorMut for Levels<'_, '_> {
        type Break = ();

        fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
            // Parentheses around a whole query make no subquery.
            self.depth += usize::from(!matches!(*query.body, SetExpr::Query(_)));
            self.body(&mut query.body, &mut query.order_by);
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
            self.depth -= usize::from(!matches!(*query.body, SetExpr::Query(_)));
            ControlFlow::Continue(())
        }
    }
    let _ = VisitMut::visit(statement, &mut Levels { depth: 0, each });
}

/// Changes a column of the outermost query.
pub(super) fn column(statement: &mut Statement, change: &ColumnChange) -> Outcome {
    let query = scope::query(statement)?;
    match change {
        ColumnChange::Replace { from, to } => replace(query, from, to),
        ColumnChange::Add(column) => add(scope::select(&mut query.body)?, column),
        ColumnChange::Remove(column) => remove(query, column),
    }
}

fn replace(query: &mut Query, from: &str, to: &str) -> Outcome {
    let select = scope::select(&mut query.body)?;
    let (old, new) = (column_expression(from)?, column_expression(to)?);
    let pattern = Pattern::new(&old);
    same_refused(&pattern, &new)?;
    let before = items(select);
    let mut substitute = Substitute::new(&pattern, &new);
    let aliases = aliases(select);
    substitute.projection(select);
    // The SELECT list is finished, and must not be searched for what was just put
    // there.
    let projection = std::mem::take(&mut select.projection);
    substitute.visit(select);
    select.projection = projection;
    substitute.order_by(&mut query.order_by, &aliases);
    match substitute.count {
        0 => Err(CorrectionRefusal::new(
            format!("The outermost query does not use {from}; subqueries are not searched."),
            format!("Its SELECT list is: {}", listed(&before)),
        )),
        count => Ok(format!("Replaced {from} by {to} in {}.", places(count))),
    }
}

fn column_expression(text: &str) -> Result<Expr, CorrectionRefusal> {
    parse::expression(text).map_err(|why| {
        CorrectionRefusal::new(
            format!("{text} is not a column or expression. {why}"),
            "Write it as it would stand in a SELECT list, without AS.",
        )
    })
}

fn places(count: usize) -> String {
    match count {
        1 => "1 place".to_string(),
        count => format!("{count} places"),
    }
}

fn items(select: &Select) -> Vec<String> {
    select.projection.iter().map(ToString::to_string).collect()
}

fn read_item(text: &str) -> Result<SelectItem, CorrectionRefusal> {
    parse::item(text).map_err(|why| {
        CorrectionRefusal::new(
            format!("{text} is not an item of a SELECT list. {why}"),
            "Write it as it would stand there, such as price * amount AS total.",
        )
    })
}

fn add(select: &mut Select, text: &str) -> Outcome {
    let item = read_item(text)?;
    let known = items(select);
    if position(select, text, &item)
        .iter()
        .any(|index| same_item(&select.projection[*index], &item))
    {
        return Err(CorrectionRefusal::new(
            format!("{text} is in the SELECT list already."),
            format!("The SELECT list is: {}", listed(&known)),
        ));
    }
    select.projection.push(item);
    Ok(format!("Added {text} to the SELECT list."))
}

fn same_item(one: &SelectItem, other: &SelectItem) -> bool {
    match (one, other) {
        (
            SelectItem::ExprWithAlias { alias: one, .. },
            SelectItem::ExprWithAlias { alias: other, .. },
        ) => parse::folded(one) == parse::folded(other),
        (SelectItem::ExprWithAlias { .. }, _) | (_, SelectItem::ExprWithAlias { .. }) => false,
        _ => true,
    }
}

/// The positions in the SELECT list of an expression, alias or whole item.
fn position(select: &Select, text: &str, wanted: &SelectItem) -> Vec<usize> {
    let pattern = match wanted {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            Some(Pattern::new(expr))
        }
        _ => None,
    };
    let named = |alias: &Ident| parse::name(text).is_ok_and(|name| name == [parse::folded(alias)]);
    let is = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) => pattern.as_ref().is_some_and(|p| p.matches(expr)),
        SelectItem::ExprWithAlias { expr, alias } => {
            named(alias) || pattern.as_ref().is_some_and(|p| p.matches(expr))
        }
        other => other == wanted,
    };
    (0..select.projection.len()).filter(|index| is(&select.projection[*index])).collect()
}

fn remove(query: &mut Query, text: &str) -> Outcome {
    let select = scope::select(&mut query.body)?;
    let hint = format!("The SELECT list is: {}", listed(&items(select)));
    let refused = |detail: String| Err(CorrectionRefusal::new(detail, hint.clone()));
    let index = match position(select, text, &read_item(text)?).as_slice() {
        [index] => *index,
        [] => return refused(format!("The SELECT list of the outermost query has no {text}.")),
        several => return refused(format!("The SELECT list has {text} {} times.", several.len())),
    };
    if select.projection.len() == 1 {
        return refused(format!("{text} is the whole SELECT list."));
    }
    let stars = select.projection[..index]
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    let removed = select.projection.remove(index);
    let alias = match &removed {
        SelectItem::ExprWithAlias { alias, .. } => Some(parse::folded(alias)),
        _ => None,
    };
    let mut used: Vec<&mut Expr> = Vec::new();
    if let GroupByExpr::Expressions(list, _) = &mut select.group_by {
        used.extend(list);
    }
    if let Some(OrderBy { kind: OrderByKind::Expressions(list), .. }) = &mut query.order_by {
        used.extend(list.iter_mut().map(|element| &mut element.expr));
    }
    for expr in used {
        let by_name = matches!((&*expr, &alias), (Expr::Identifier(ident), Some(alias))
            if parse::folded(ident) == *alias);
        let ordinal = ordinal(expr);
        if by_name || ordinal == Some(index + 1) || (stars && ordinal.is_some()) {
            return refused(format!("GROUP BY or ORDER BY refers to it: {expr}."));
        }
        // The numbers of items after the removed one go down by one.
        if let Some(later) = ordinal.filter(|number| *number > index + 1) {
            *expr = Expr::Value(Value::Number((later - 1).to_string(), false).into());
        }
    }
    Ok(format!("Removed {removed} from the SELECT list."))
}

/// The number of an item of the SELECT list.
fn ordinal(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}
