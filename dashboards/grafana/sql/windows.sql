SELECT to_timestamp(start_ms / 1000) AS time, n_negative AS "negatives",
    expected AS "expected", expected_low AS "expected, low", expected_high AS "expected, high"
FROM windows
WHERE brand = ${brand:sqlstring}
    AND start_ms BETWEEN $__unixEpochFrom()::bigint * 1000
        AND $__unixEpochTo()::bigint * 1000
ORDER BY start_ms
