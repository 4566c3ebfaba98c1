SELECT to_timestamp(alerts.opened_ms / 1000) AS "opened", term->>'term' AS "term",
    (term->>'n')::int AS "negatives", (term->>'z')::float AS "z"
FROM alerts
CROSS JOIN LATERAL (
    SELECT record::jsonb AS details FROM alert_phases
    WHERE alert_id = alerts.id AND phase <> 'resolved'
    ORDER BY window_end_ms DESC LIMIT 1
) AS newest
CROSS JOIN LATERAL jsonb_array_elements(details->'evidence'->'terms') AS term
WHERE brand = ${brand:sqlstring}
    AND opened_ms BETWEEN $__unixEpochFrom()::bigint * 1000
        AND $__unixEpochTo()::bigint * 1000
ORDER BY opened_ms DESC, "z" DESC LIMIT 40
