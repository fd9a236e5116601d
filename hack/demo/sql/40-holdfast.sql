-- Holdfast's roles: manifests/postgresql/roles.sql as it is published.
\connect postgres
\set physical_password `cat /secrets/physical/password`
\set dump_password `cat /secrets/dump/password`
\i /roles/roles.sql
GRANT CONNECT ON DATABASE shop TO holdfast_physical, holdfast_dump;
