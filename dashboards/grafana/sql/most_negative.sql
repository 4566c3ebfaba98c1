SELECT to_timestamp(created_ms / 1000) AS "written", score, text, n_retweets AS "retweets",
    url
FROM sample
WHERE brand = ${brand:sqlstring} AND NOT removed AND negative
    AND created_ms BETWEEN $__unixEpochFrom()::bigint * 1000
        AND $__unixEpochTo()::bigint * 1000
ORDER BY score DESC, created_ms DESC LIMIT 50
