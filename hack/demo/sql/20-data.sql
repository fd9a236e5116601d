-- Two thousand customers, two hundred products with photos, five thousand orders.
\connect shop
SELECT setseed(0.17);

INSERT INTO customers (email, name, address, password_hash)
SELECT 'customer' || n || '@example.org', 'Customer ' || n,
       jsonb_build_object('street', 'Street ' || n % 300, 'city', (ARRAY['Kiel', 'Brno', 'Porto', 'Turku'])[1 + n % 4], 'lines', n % 7),
       encode(digest('password' || n, 'sha256'), 'hex')
FROM generate_series(1, 2000) AS n;

INSERT INTO products (sku, name, price_cents, initial_stock, photo)
SELECT 'SKU-' || to_char(n, 'FM0000'), 'Product ' || n, 99 + floor(random() * 20000)::bigint, 500,
       CASE WHEN n <= 50 THEN lo_from_bytea(0, gen_random_bytes(1024) || convert_to(repeat('photo ' || n, 500), 'UTF8')) END
FROM generate_series(1, 200) AS n;

INSERT INTO stock SELECT id, initial_stock FROM products;
INSERT INTO support_notes (customer_id, agent, note) SELECT n, 'shop_support', 'Note ' || n FROM generate_series(1, 100) AS n;
SELECT count(place_order()) FROM generate_series(1, 5000);
ANALYZE;
