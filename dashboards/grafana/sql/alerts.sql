SELECT to_timestamp(alerts.opened_ms / 1000) AS "opened", alerts.brand, alerts.severity,
    alerts.phase, alerts.peak_score AS "peak",
    coalesce(alerts.acknowledged_by, '') AS "acknowledged by",
    (alerts.acknowledged_ms - alerts.opened_ms) / 1000 AS "acknowledged after",
    coalesce(ruling.verdict, '') AS "ruling"
FROM alerts
LEFT JOIN LATERAL (
    SELECT verdict FROM rulings WHERE alert_id = alerts.id ORDER BY number DESC LIMIT 1
) AS ruling ON true
WHERE alerts.opened_ms BETWEEN $__unixEpochFrom()::bigint * 1000
        AND $__unixEpochTo()::bigint * 1000
ORDER BY alerts.opened_ms DESC LIMIT 200
