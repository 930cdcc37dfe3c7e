//! Names as words: what people and generators make of the same notion.

/// What some people write before a name for its type: `strName`, `dtCreated`.
const TYPE_PREFIXES: &[&str] =
    &["str", "lng", "int", "dbl", "cur", "bln", "bool", "txt", "dt", "num", "fld", "col"];

/// A name without the prefix for its type.
fn without_type(name: &str) -> &str {
    TYPE_PREFIXES
        .iter()
        .filter_map(|prefix| name.strip_prefix(prefix))
        .find(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        .unwrap_or(name)
}

/// A name as words: split where the case changes, at digits and at what is
/// neither; abbreviations written out.
pub fn words(name: &str) -> Vec<String> {
    #[derive(PartialEq, Clone, Copy)]
    enum Sort {
        Lower,
        Upper,
        Digit,
        Between,
    }
    let sort = |c: char| match c {
        c if c.is_ascii_digit() => Sort::Digit,
        c if c.is_uppercase() => Sort::Upper,
        c if c.is_alphanumeric() => Sort::Lower,
        _ => Sort::Between,
    };
    let mut words: Vec<String> = Vec::new();
    let mut last = Sort::Between;
    for c in without_type(name).chars() {
        let now = sort(c);
        let goes_on = now == last || (last == Sort::Upper && now == Sort::Lower);
        if now != Sort::Between {
            if !goes_on || words.is_empty() {
                words.push(String::new());
            }
            // HTTPStatus: the last capital begins the next word.
            if last == Sort::Upper
                && now == Sort::Lower
                && words.last().is_some_and(|w| w.chars().count() > 1)
            {
                let first = words.last_mut().and_then(String::pop).unwrap_or_default();
                words.push(first.to_string());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        last = now;
    }
    words.iter().flat_map(|word| written_out(word)).collect()
}

/// Abbreviations of the trade, and words that mean the same.
#[rustfmt::skip]
const WRITTEN_OUT: &[(&str, &str)] = &[
    ("acct", "account"), ("addr", "address"), ("amt", "amount"), ("attr", "attribute"),
    ("avg", "average"), ("bal", "balance"), ("bday", "birth date"), ("cat", "category"),
    ("cd", "code"), ("cell", "mobile"), ("cnt", "count"), ("co", "company"),
    ("comp", "company"), ("corp", "company"), ("ctry", "country"), ("cur", "currency"),
    ("curr", "currency"), ("cust", "customer"), ("dept", "department"), ("desc", "description"),
    ("descr", "description"), ("dest", "destination"), ("disc", "discount"), ("dist", "distance"),
    ("dob", "birth date"), ("doc", "document"), ("dt", "date"), ("dttm", "timestamp"),
    ("dur", "duration"), ("emp", "employee"), ("err", "error"), ("est", "estimated"),
    ("exp", "expiry"), ("ext", "extension"), ("fname", "first name"), ("firstname", "first name"),
    ("forename", "first name"), ("freq", "frequency"), ("grp", "group"), ("hq", "headquarters"),
    ("identifier", "id"), ("img", "image"), ("inv", "invoice"), ("lang", "language"),
    ("lat", "latitude"), ("lname", "last name"), ("lastname", "last name"), ("len", "length"),
    ("lng", "longitude"), ("loc", "location"), ("lon", "longitude"), ("max", "maximum"),
    ("mfg", "manufacturer"), ("mgr", "manager"), ("min", "minimum"), ("mob", "mobile"),
    ("mod", "modified"), ("msg", "message"), ("nbr", "number"), ("no", "number"),
    ("num", "number"), ("ord", "order"), ("org", "organization"), ("orig", "original"),
    ("param", "parameter"), ("pct", "percent"), ("percentage", "percent"), ("ph", "phone"),
    ("pmt", "payment"), ("pos", "position"), ("postal", "post"), ("postcode", "post code"),
    ("prev", "previous"), ("prod", "product"), ("pwd", "password"), ("qty", "quantity"),
    ("rcvd", "received"), ("ref", "reference"), ("reg", "registration"), ("req", "request"),
    ("resp", "response"), ("seq", "sequence"), ("src", "source"), ("stat", "status"),
    ("std", "standard"), ("str", "street"), ("surname", "last name"), ("tel", "phone"),
    ("telephone", "phone"), ("temp", "temperature"), ("tot", "total"), ("ts", "timestamp"),
    ("txn", "transaction"), ("trx", "transaction"), ("tx", "transaction"), ("txt", "text"),
    ("tz", "timezone"), ("uid", "user id"), ("upd", "updated"), ("usr", "user"),
    ("val", "value"), ("ver", "version"), ("vol", "volume"), ("wt", "weight"),
    ("yr", "year"), ("zip", "post"), ("zipcode", "post code"),
];

fn written_out(word: &str) -> Vec<String> {
    match WRITTEN_OUT.iter().find(|(short, _)| *short == word) {
        Some((_, long)) => long.split(' ').map(str::to_string).collect(),
        None => vec![word.to_string()],
    }
}

/// `po` for `purchase_order`.
pub fn initials(short: &[String], long: &[String]) -> bool {
    let [one] = short else {
        return false;
    };
    let first: String = long.iter().filter_map(|w| w.chars().next()).collect();
    long.len() >= 3 && *one == first
}

/// The same word, its plural, cut off or misspelt.
pub fn likeness(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let stem = |w: &str| w.strip_suffix('s').map_or_else(|| w.to_string(), str::to_string);
    if stem(a) == stem(b) {
        return 0.95;
    }
    if short.chars().count() >= 3 && long.starts_with(short) {
        return 0.85;
    }
    let vowels_away = |w: &str| -> String {
        w.chars()
            .enumerate()
            .filter(|(at, c)| *at == 0 || !"aeiou".contains(*c))
            .map(|(_, c)| c)
            .collect()
    };
    if short.chars().count() >= 3 && vowels_away(long) == vowels_away(short) {
        return 0.85;
    }
    let distance = crate::kernel::names::edit_distance(a, b);
    match (short.chars().count(), distance) {
        (5.., 1) | (8.., 2) => 0.8,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        for (name, expected) in [
            ("customerId", "customer id"),
            ("cust_id", "customer id"),
            ("HTTPStatusCode", "http status code"),
            ("address2", "address 2"),
            ("order-qty", "order quantity"),
            ("Größe", "größe"),
            ("strGuestName", "guest name"),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
    }
}
