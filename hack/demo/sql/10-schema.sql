-- The shop: customers order products, stock moves, a ledger keeps what was paid.
CREATE DATABASE shop;
\connect shop

CREATE EXTENSION pgcrypto;
CREATE EXTENSION citext;
CREATE EXTENSION pg_stat_statements;

CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email citext NOT NULL UNIQUE,
  name text NOT NULL,
  address jsonb NOT NULL,
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku text NOT NULL UNIQUE,
  name text NOT NULL,
  price_cents bigint NOT NULL CHECK (price_cents > 0),
  initial_stock integer NOT NULL CHECK (initial_stock >= 0),
  -- A large object.
  photo oid
);

CREATE SEQUENCE invoice_numbers START 20260001;

CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  invoice bigint NOT NULL UNIQUE DEFAULT nextval('invoice_numbers'),
  customer_id bigint NOT NULL REFERENCES customers,
  total_cents bigint NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE order_lines (
  order_id bigint NOT NULL REFERENCES orders,
  line integer NOT NULL,
  product_id bigint NOT NULL REFERENCES products,
  quantity integer NOT NULL CHECK (quantity > 0),
  price_cents bigint NOT NULL,
  PRIMARY KEY (order_id, line)
);

CREATE TABLE stock_movements (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  product_id bigint NOT NULL REFERENCES products,
  quantity integer NOT NULL CHECK (quantity <> 0),
  order_id bigint REFERENCES orders,
  moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX stock_movements_product ON stock_movements (product_id) INCLUDE (quantity);

-- Kept by a trigger.
CREATE TABLE stock (
  product_id bigint PRIMARY KEY REFERENCES products,
  quantity integer NOT NULL CHECK (quantity >= 0)
);

-- Only ever grows. Each row knows where in the WAL and when it was written, so that a restore can be asked which commits it has.
CREATE TABLE ledger (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id bigint NOT NULL UNIQUE REFERENCES orders,
  amount_cents bigint NOT NULL,
  lsn pg_lsn NOT NULL DEFAULT pg_current_wal_insert_lsn(),
  written_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Who sees a row is decided row by row.
CREATE TABLE support_notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers,
  agent name NOT NULL DEFAULT current_user,
  note text NOT NULL
);
ALTER TABLE support_notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE support_notes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_notes ON support_notes USING (agent = current_user) WITH CHECK (agent = current_user);

CREATE FUNCTION move_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE stock SET quantity = quantity + NEW.quantity WHERE product_id = NEW.product_id;
  RETURN NEW;
END $$;
CREATE TRIGGER move_stock AFTER INSERT ON stock_movements FOR EACH ROW EXECUTE FUNCTION move_stock();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger only ever grows';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE VIEW revenue_per_hour AS
  SELECT date_trunc('hour', written_at) AS hour, count(*) AS orders, sum(amount_cents) AS cents FROM ledger GROUP BY 1;

-- What must hold after every commit, and so in every backup.
CREATE VIEW invariants AS
  SELECT 'the ledger equals the orders' AS name,
         (SELECT coalesce(sum(amount_cents), 0) FROM ledger) = (SELECT coalesce(sum(total_cents), 0) FROM orders) AS holds
  UNION ALL
  SELECT 'the orders equal their lines',
         (SELECT coalesce(sum(total_cents), 0) FROM orders) = (SELECT coalesce(sum(quantity * price_cents), 0) FROM order_lines)
  UNION ALL
  SELECT 'stock equals its movements',
         NOT EXISTS (SELECT FROM stock s JOIN products p ON p.id = s.product_id
                     WHERE s.quantity <> p.initial_stock + (SELECT coalesce(sum(m.quantity), 0) FROM stock_movements m WHERE m.product_id = s.product_id))
  UNION ALL
  SELECT 'every order is in the ledger', (SELECT count(*) FROM ledger) = (SELECT count(*) FROM orders);

-- One order: one transaction over five tables. Where the stock is low, goods come in first.
CREATE FUNCTION place_order() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
  placed bigint;
  wanted record;
BEGIN
  INSERT INTO orders (customer_id, total_cents) SELECT id, 0 FROM customers ORDER BY random() LIMIT 1 RETURNING id INTO placed;
  FOR wanted IN
    SELECT row_number() OVER () AS line, id, price_cents, 1 + floor(random() * 3)::integer AS quantity
    -- One order of locks for all, so that orders do not wait for one another in a ring.
    FROM (SELECT id, price_cents FROM products ORDER BY random() LIMIT 1 + floor(random() * 4)::integer) AS chosen ORDER BY id
  LOOP
    IF (SELECT quantity FROM stock WHERE product_id = wanted.id FOR UPDATE) < wanted.quantity THEN
      INSERT INTO stock_movements (product_id, quantity) VALUES (wanted.id, 100);
    END IF;
    INSERT INTO order_lines VALUES (placed, wanted.line, wanted.id, wanted.quantity, wanted.price_cents);
    INSERT INTO stock_movements (product_id, quantity, order_id) VALUES (wanted.id, -wanted.quantity, placed);
  END LOOP;
  UPDATE orders SET total_cents = (SELECT sum(quantity * price_cents) FROM order_lines WHERE order_id = placed) WHERE id = placed;
  INSERT INTO ledger (order_id, amount_cents) SELECT id, total_cents FROM orders WHERE id = placed;
  RETURN placed;
END $$;
REVOKE EXECUTE ON FUNCTION place_order() FROM PUBLIC;
