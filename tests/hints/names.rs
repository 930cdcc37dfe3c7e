//! The names of the objects of a play.

/// The longest identifier Postgres keeps, in bytes.
const MOST_BYTES: usize = 63;

/// The odd name that a play is about, and those made of it.
pub struct Names {
    base: String,
    /// The part of the name that is in every statement with the name, in whatever form.
    mark: String,
    number: usize,
}

/// An identifier in quotes. This function and the next are not those of the project,
/// which are what is tested.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string constant.
pub fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match doubled.contains('\\') {
        true => format!("E'{}'", doubled.replace('\\', "\\\\")),
        false => format!("'{doubled}'"),
    }
}

/// A name with a suffix, cut at a character so that all fits.
fn cut(name: &str, suffix: &str) -> String {
    let mut end = name.len().min(MOST_BYTES - suffix.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &name[..end])
}

impl Names {
    /// The names of the play with this number, which is about `base`.
    pub fn new(base: &str, mark: &str, number: usize) -> Names {
        Names { base: base.to_string(), mark: mark.to_string(), number }
    }

    /// The database of the play, which has a plain name.
    pub fn database(&self) -> String {
        format!("play_{}", self.number)
    }

    /// The odd name with a suffix, cut so that all fits. `t` stands for no suffix.
    pub fn with(&self, suffix: &str) -> String {
        match suffix {
            "t" => self.base.clone(),
            other => cut(&self.base, &format!(" {other}")),
        }
    }

    /// A role: cluster-wide, and so with the play's number.
    pub fn role(&self, role: &str) -> String {
        self.with(&format!("{role} {}", self.number))
    }

    /// Puts names into a line of the script. `{x}` is the table x, qualified and quoted; `{x'}` the
    /// same as a literal, `{x#}` its bare name as a literal, `{x"}` its bare name quoted, `{x^}` and
    /// `{x^'}` its shadow, `{x_}` and `{x_'}` its version v1 where that made room; `{s}` the schema, `{@x}` a role, `{@x'}` a role as a literal, `{.x}` the
    /// text of x inside of a literal.
    pub fn fill(&self, line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            match after.split_once('}') {
                Some((token, behind)) if is_token(token) => {
                    out.push_str(&self.token(token));
                    rest = behind;
                }
                _ => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }

    fn token(&self, token: &str) -> String {
        if token == "s" {
            return quoted(&self.base);
        }
        if token == "s'" {
            return literal(&quoted(&self.base));
        }
        if let Some(role) = token.strip_prefix('@') {
            return match role.strip_suffix('\'') {
                Some(role) => literal(&quoted(&self.role(role))),
                None => quoted(&self.role(role)),
            };
        }
        if let Some(inner) = token.strip_prefix('.') {
            return self.token(inner).replace('\'', "''");
        }
        let end = token.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(token.len());
        let (object, form) = token.split_at(end);
        let name = self.with(object);
        let at = format!("{}.{}", quoted(&self.base), quoted(&name));
        let parked = cut(&name, "__v1");
        let shadow = format!("spyne_shadow.{}", quoted(&name));
        match form {
            "" => at,
            "'" => literal(&at),
            "#" => literal(&name),
            "\"" => quoted(&name),
            "^" => shadow,
            "^'" => literal(&shadow),
            "_" => format!("{}.{}", quoted(&self.base), quoted(&parked)),
            "_'" => literal(&format!("{}.{}", quoted(&self.base), quoted(&parked))),
            "_\"" => quoted(&parked),
            "$" => format!("governed.{}", quoted(&name)),
            "%" => format!("{{{}}}", quoted(&name).replace('\\', "\\\\").replace('\'', "''")),
            _ => panic!("no such form: {token}"),
        }
    }

    /// Whether a statement has the odd name in it.
    pub fn are_in(&self, sql: &str) -> bool {
        sql.contains(&self.mark)
    }
}

fn is_token(token: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "@.'#\"^$%_".contains(c);
    !token.is_empty()
        && token.chars().all(known)
        && (token.starts_with(['@', '.']) || token.starts_with(|c: char| c.is_ascii_lowercase()))
}
