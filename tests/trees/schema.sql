-- The tables that statements.sql is about: customers, their orders, the lines of these, and
-- their payments; three tables with and without keys; a view; what a read may call.
-- TPC-H's tables come from xtask's generator, in a schema of their own.

CREATE TABLE customer (
    id      int PRIMARY KEY,
    country text,
    credit  int NOT NULL,
    region  int
);
CREATE TABLE orders (
    id          int PRIMARY KEY,
    customer_id int NOT NULL,
    amount      int NOT NULL,
    placed_at   timestamp NOT NULL,
    seen_at     timestamptz NOT NULL,
    note        text
);
CREATE TABLE line (
    order_id int,
    number   int,
    price    int NOT NULL,
    product  int,
    PRIMARY KEY (order_id, number)
);
CREATE TABLE payment (
    id          int PRIMARY KEY,
    customer_id int,
    amount      int
);
CREATE TABLE a (id int, v int);
CREATE TABLE b (id int, a_id int);
CREATE TABLE k (id int PRIMARY KEY, v int);

CREATE VIEW worth AS SELECT id, credit FROM customer;
CREATE SEQUENCE s;
CREATE FUNCTION log_it(id int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT id';

-- A hundred rows each, none of them with a NULL: the statistics that the rules look at.
INSERT INTO customer SELECT g, 'PE', g, g FROM generate_series(1, 100) g;
INSERT INTO orders SELECT g, g, g, '2026-01-01', '2026-01-01', '-' FROM generate_series(1, 100) g;
INSERT INTO line SELECT g, 1, g, g FROM generate_series(1, 100) g;
INSERT INTO payment SELECT g, g, g FROM generate_series(1, 100) g;
INSERT INTO a SELECT g, g FROM generate_series(1, 100) g;
INSERT INTO b SELECT g, g FROM generate_series(1, 100) g;
INSERT INTO k SELECT g, g FROM generate_series(1, 100) g;
