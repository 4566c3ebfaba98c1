SELECT bundle, lang AS "language", count(*) AS "labels",
    count(*) FILTER (WHERE predicted AND NOT "right") AS "false positives",
    count(*) FILTER (WHERE NOT predicted AND "right") AS "false negatives"
FROM feedback
WHERE predicted IS NOT NULL
    AND at_ms BETWEEN $__unixEpochFrom()::bigint * 1000
        AND $__unixEpochTo()::bigint * 1000
GROUP BY bundle, lang ORDER BY "labels" DESC
