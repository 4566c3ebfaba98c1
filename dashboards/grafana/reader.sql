-- The database role of Grafana. It can read what the panels show, not the keys or the audit log.
-- Run this file again after each upgrade of the store. Then: \password badbuzz_grafana
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'badbuzz_grafana') THEN
    CREATE ROLE badbuzz_grafana LOGIN;
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO badbuzz_grafana', current_schema());
END
$$;
ALTER ROLE badbuzz_grafana SET default_transaction_read_only = on;
ALTER ROLE badbuzz_grafana SET statement_timeout = '15s';
GRANT SELECT ON windows, alerts, alert_phases, sample, feedback, rulings TO badbuzz_grafana;
