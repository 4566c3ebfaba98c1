SELECT to_timestamp(at_ms / 1000) AS "when", brand, lang AS "language", text, score,
    CASE WHEN "right" THEN 'negative' ELSE 'not negative' END AS "corrected label", bundle
FROM feedback
WHERE predicted <> "right"
    AND at_ms BETWEEN $__unixEpochFrom()::bigint * 1000
        AND $__unixEpochTo()::bigint * 1000
ORDER BY at_ms DESC LIMIT 100
