-- The two roles of Holdfast with the least rights that work. Run it as a superuser:
--   psql --set=physical_password=… --set=dump_password=… --file=roles.sql

-- For physical backups: a role that may replicate, and read nothing in tables. pg_hba.conf needs a line for `replication`.
CREATE ROLE holdfast_physical LOGIN REPLICATION PASSWORD :'physical_password' CONNECTION LIMIT 8;

-- For logical backups: a role that may read every table, also those with row-level security, and change nothing.
-- Its password opens all data: guard it as you guard a superuser's.
CREATE ROLE holdfast_dump LOGIN BYPASSRLS IN ROLE pg_read_all_data PASSWORD :'dump_password' CONNECTION LIMIT 8;
ALTER ROLE holdfast_dump SET default_transaction_read_only = on;
ALTER ROLE holdfast_dump SET statement_timeout = 0;
ALTER ROLE holdfast_dump SET idle_in_transaction_session_timeout = 0;
ALTER ROLE holdfast_dump SET lock_timeout = '60s';
-- pg_read_all_data does not reach large objects; this lets the role read them (its transactions are read-only).
ALTER ROLE holdfast_dump SET lo_compat_privileges = on;

-- With the password hashes of all roles (`logical.globals`) the role must read pg_authid: pg_read_all_data allows it.
-- For each database where PUBLIC may not connect:
--   GRANT CONNECT ON DATABASE … TO holdfast_physical, holdfast_dump;
