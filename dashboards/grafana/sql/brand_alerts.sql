SELECT to_timestamp(opened_ms / 1000) AS "opened", severity, phase,
    peak_score AS "peak", coalesce(acknowledged_by, '') AS "acknowledged by"
FROM alerts
WHERE brand = ${brand:sqlstring}
    AND opened_ms BETWEEN $__unixEpochFrom()::bigint * 1000
        AND $__unixEpochTo()::bigint * 1000
ORDER BY opened_ms DESC LIMIT 100
