-- The shop's own roles. Passwords come from mounted Secrets, so that they stand in no file of SQL and no command line.
\connect shop
\set web_password `cat /secrets/web/password`

CREATE ROLE shop_web LOGIN PASSWORD :'web_password' CONNECTION LIMIT 20;
CREATE ROLE shop_support NOLOGIN;
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO shop_web, shop_support;
GRANT EXECUTE ON FUNCTION place_order() TO shop_web;
GRANT SELECT ON invariants, revenue_per_hour, products, orders, ledger TO shop_web;
GRANT SELECT, INSERT ON support_notes TO shop_support;
