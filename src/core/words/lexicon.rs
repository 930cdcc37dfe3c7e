//! The words by which names of tables and columns are understood: the only list of words that
//! joins, renames and previews of names read.

/// Prefixes for the type, which some people write before a name: `strName`,
/// `dtCreated`.
#[rustfmt::skip]
pub const TYPE_PREFIXES: &[&str] =
    &["str", "lng", "int", "dbl", "cur", "bln", "bool", "txt", "dt", "num", "fld", "col"];

/// Common abbreviations, and words with the same meaning.
#[rustfmt::skip]
pub const WRITTEN_OUT: &[(&str, &str)] = &[
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

/// Words that say "this is a key" and nothing else.
#[rustfmt::skip]
pub const KEY_WORDS: &[&str] = &[
    "id", "key", "code", "number", "nr", "pk", "fk", "sk", "uuid", "guid", "reference", "oid",
];

/// Endings for keys that are written without a separator, the longest first.
#[rustfmt::skip]
pub const ENDINGS: &[&str] = &[
    "number", "uuid", "guid", "code", "key", "num", "id", "no", "nr", "cd", "sk", "pk", "fk",
];

/// Words that end in one of these by chance.
#[rustfmt::skip]
pub const NO_COMPOUNDS: &[&str] = &[
    "paid", "unpaid", "prepaid", "valid", "invalid", "void", "avoid", "grid", "hybrid", "solid",
    "rapid", "fluid", "liquid", "acid", "raid", "covid", "android", "monkey", "turkey", "jockey",
    "hockey", "whiskey", "barcode", "zipcode", "postcode", "casino", "piano",
];

/// Words for kinds of tables, which say nothing about the content.
#[rustfmt::skip]
pub const TABLE_WORDS: &[&str] = &[
    "table", "tbl", "tab", "dim", "dimension", "fact", "master", "mst", "mstr", "lookup", "lkp",
    "ref", "reference", "data",
];

/// Columns whose last word is one of these measure or describe something. They refer to
/// nothing, unless all other evidence says so.
#[rustfmt::skip]
pub const MEASURES: &[&str] = &[
    "quantity", "amount", "price", "cost", "total", "count", "age", "year", "month", "day",
    "hour", "minute", "second", "week", "quarter", "size", "weight", "height", "width", "length",
    "depth", "duration", "score", "rating", "rank", "ranking", "priority", "percent", "rate",
    "ratio", "discount", "tax", "balance", "position", "sequence", "line", "version", "capacity",
    "salary", "point", "star", "floor", "latitude", "longitude", "phone", "fax", "email", "url",
    "name", "title", "description", "comment", "note", "text", "body", "date", "time",
    "timestamp", "at", "flag", "value", "level", "limit", "minimum", "maximum", "average",
    "budget", "revenue", "credit", "debit", "temperature", "dose", "stock", "step", "attempt",
    "view", "like", "vote", "distance", "speed", "volume", "population", "area", "elevation",
    "street", "zip", "post", "label", "summary", "subject", "content", "password", "hash",
    "token",
    "probability", "share", "factor", "margin", "threshold", "target", "fee", "charge", "salary",
];

/// Text columns whose last word is one of these describe something.
#[rustfmt::skip]
pub const DESCRIPTIONS: &[&str] = &[
    "name", "title", "description", "comment", "note", "text", "body", "subject", "content",
    "summary", "label", "address", "street", "phone", "mobile", "fax", "email", "url", "uri", "link",
    "password", "hash", "token", "date", "time", "remark", "caption", "message", "headline", "slug",
    "path", "file", "ip", "agent", "line", "bio", "line 1", "line 2",
];

/// Columns by these names refer to their own table.
#[rustfmt::skip]
pub const SELF_ROLES: &[&str] = &[
    "parent", "superior", "previous", "next", "root", "ancestor", "reply to", "replaced by",
    "successor", "predecessor", "superseded by", "duplicate of", "sibling", "original", "above",
    "upper", "parent of", "replacement", "prnt", "par",
];

/// Columns by these names refer to their own table, where it is one of people.
#[rustfmt::skip]
pub const PERSON_SELF_ROLES: &[&str] = &[
    "manager", "supervisor", "boss", "report to", "reportsto", "mother", "father", "spouse",
    "mentor", "referred by", "lead", "head", "chief",
];

/// Columns by these names refer to people.
#[rustfmt::skip]
pub const PERSON_ROLES: &[&str] = &[
    "manager", "author", "owner", "creator", "approver", "assignee", "assigned to", "reporter",
    "reviewer", "editor", "sender", "recipient", "receiver", "buyer", "seller", "rep",
    "representative", "agent", "instructor", "teacher", "advisor", "adviser", "physician",
    "doctor", "surgeon", "nurse", "technician", "inspector", "operator", "driver", "pilot",
    "captain", "host", "guest", "requester", "requestor", "contact", "head", "lead", "leader",
    "supervisor", "chair", "dean", "responsible", "planner", "clerk", "cashier", "coach",
    "director", "producer", "moderator", "copilot", "officer", "therapist", "attending",
    "provider", "consultant", "salesperson", "salesman", "purchaser", "picker", "packer", "first officer",
];

/// Columns by these names refer to places.
#[rustfmt::skip]
pub const PLACE_ROLES: &[&str] = &[
    "origin", "destination", "departure", "arrival", "birthplace", "hub", "orig", "ship to",
    "bill to", "sold to", "depart", "arrive", "diversion", "home base", "base",
];

/// Endings of measures that are written without a separator.
#[rustfmt::skip]
pub const MEASURE_ENDINGS: &[&str] = &[
    "quantity", "amount", "price", "count", "qty", "amt", "cost", "date", "name", "desc", "pct",
];

/// Tables of people who work somewhere, or use something.
#[rustfmt::skip]
pub const STAFF: &[&str] = &[
    "user", "employee", "staff", "person", "people", "member", "personnel", "worker", "crew",
    "human", "physician", "doctor", "provider", "staff member", "crew member",
];

/// Words that end like words for people who do something, and mean no people.
#[rustfmt::skip]
pub const NOBODY: &[&str] = &[
    "order", "number", "counter", "container", "carrier", "tier", "folder", "header", "customer",
    "manufacturer", "publisher", "parameter", "identifier", "letter", "center", "quarter", "layer",
    "register", "transfer", "tender", "offer", "voucher", "filter", "chapter", "cluster", "trigger",
    "printer", "server", "computer", "sensor", "factor", "floor", "color", "monitor", "error",
    "vector", "sector", "supplier", "vendor", "variant", "tenant", "plant", "restaurant", "grant",
    "human", "payer", "insurer", "broker", "dealer", "corridor", "author", "semester", "other",
    "weather", "paper", "trailer", "router", "adapter", "charter", "liter", "meter", "timer",
];

/// Tables of other people.
#[rustfmt::skip]
pub const PEOPLE: &[&str] = &[
    "profile", "participant", "contact", "customer", "account", "player", "student", "teacher",
    "actor",
];

/// Columns with these names refer to the parts of something.
#[rustfmt::skip]
pub const PART_ROLES: &[&str] = &[
    "component", "assembly", "material", "ingredient", "substitute", "subpart", "raw material",
];

/// Tables of products, and of parts that products are made of.
#[rustfmt::skip]
pub const PRODUCTS: &[&str] = &["product", "item", "part", "material", "article"];

/// Tables of places.
#[rustfmt::skip]
pub const PLACES: &[&str] = &[
    "airport", "city", "location", "station", "port", "address", "warehouse", "country", "place",
    "node", "stop", "site", "account", "region", "state", "area", "currency", "bin", "store",
    "branch", "plant", "customer",
];

/// Words that add little to a name: `phone` and `phone_number` mean the same.
#[rustfmt::skip]
pub const SAY_LITTLE: &[&str] = &[
    "id", "number", "code", "name", "date", "at", "on", "is", "has", "flag", "value", "text",
    "amount", "address", "timestamp", "time", "of", "the", "key", "type", "field", "col", "column",
    "data", "info", "total", "full", "utc",
];

/// Words by which columns differ whose other words are the same.
#[rustfmt::skip]
pub const APART: &[&[&str]] = &[
    &["first", "last", "middle", "full", "nick", "user", "display", "maiden"],
    &[
        "created", "updated", "deleted", "modified", "archived", "published", "expired", "expiry",
        "completed", "cancelled", "canceled", "confirmed", "approved", "rejected", "received",
        "sent", "shipped", "delivered", "paid", "ordered", "opened", "closed", "started", "ended",
        "issued", "due", "scheduled", "birth", "hired", "hire", "registered", "verified",
    ],
    &["start", "end", "begin", "stop", "finish"],
    &["minimum", "maximum", "average", "total", "median", "sum"],
    &["billing", "shipping", "home", "work", "mailing", "delivery", "invoice", "legal"],
    &["gross", "net", "tax", "discount", "fee", "tip", "shipping", "cost", "price", "sub"],
    &[
        "buyer", "seller", "sender", "receiver", "recipient", "payer", "payee", "owner", "author",
        "editor", "reviewer", "approver", "manager", "assignee", "reporter", "creator",
    ],
    &["from", "to"],
    &["source", "target", "destination", "origin"],
    &["in", "out"],
    &["input", "output"],
    &["old", "new"],
    &["before", "after"],
    &["previous", "next", "current"],
    &["open", "close", "high", "low"],
    &["debit", "credit"],
    &["parent", "child"],
    &["width", "height", "depth", "length", "weight"],
    &["latitude", "longitude"],
    &["x", "y", "z"],
    &["day", "week", "month", "quarter", "year", "hour", "minute", "second"],
    &["planned", "actual", "expected", "estimated"],
    &["left", "right", "top", "bottom"],
    &["primary", "secondary", "alternate", "backup"],
    &["public", "private"],
    &["read", "write"],
    &["email", "phone", "mobile", "fax"],
    &["city", "country", "state", "street", "region", "county"],
    &[
        "user", "customer", "product", "order", "account", "company", "vendor", "supplier",
        "employee",
    ],
    &["id", "name", "code", "description", "type", "status", "count", "date", "amount"],
    &["success", "failure", "error"],
    &["male", "female"],
    &["push", "pull"],
    &["up", "down"],
];
