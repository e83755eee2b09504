-- The same ledger in plain SQL, as one writes it by hand for this one book: from a Parquet file of the same spans to the
-- same movements, with kinds, levels and the day of the next movement, and to the same flows by day of the whole book, of
-- each plan and of each cohort. What it makes is compared with what the book makes, row by row. It converts no currency
-- and proves nothing.
CREATE OR REPLACE TABLE reference_movements AS
WITH counted AS (
    SELECT account, starts, ends, annual FROM read_parquet($spans) WHERE line = 'mrr' AND annual <> 0
), events AS (
    SELECT account, starts AS day, annual AS delta FROM counted
    UNION ALL
    SELECT account, ends, -annual FROM counted WHERE ends < DATE '9999-12-31'
), by_day AS (
    SELECT account, day, CAST(sum(delta) AS BIGINT) AS delta FROM events GROUP BY account, day HAVING sum(delta) <> 0
), stepped AS (
    SELECT account, day, delta,
           CAST(sum(delta) OVER running AS BIGINT) AS after,
           coalesce(lead(day) OVER by_account, DATE '9999-12-31') AS until,
           min(day) OVER running AS since
    FROM by_day
    WINDOW by_account AS (PARTITION BY account ORDER BY day),
           running AS (PARTITION BY account ORDER BY day ROWS UNBOUNDED PRECEDING)
)
SELECT account, day, until, after - delta AS before, after, since,
       CASE WHEN after = delta AND day = since THEN 'new'
            WHEN after = delta THEN 'reactivation'
            WHEN after = 0 THEN 'churn'
            WHEN delta > 0 THEN 'expansion'
            ELSE 'contraction' END AS kind,
       delta AS amount,
       CASE WHEN after = delta THEN 1 WHEN after = 0 THEN -1 ELSE 0 END AS presence
FROM stepped;

-- What an account moves within each plan. It enters a plan and leaves it where it does not come or go itself.
CREATE OR REPLACE TABLE reference_plan_movements AS
WITH counted AS (
    SELECT account, coalesce(nullif(plan, ''), '(none)') AS plan, starts, ends, annual
    FROM read_parquet($spans) WHERE line = 'mrr' AND annual <> 0
), events AS (
    SELECT account, plan, starts AS day, annual AS delta FROM counted
    UNION ALL
    SELECT account, plan, ends, -annual FROM counted WHERE ends < DATE '9999-12-31'
), by_day AS (
    SELECT account, plan, day, CAST(sum(delta) AS BIGINT) AS delta
    FROM events GROUP BY account, plan, day HAVING sum(delta) <> 0
), stepped AS (
    SELECT account, plan, day, delta,
           CAST(sum(delta) OVER (PARTITION BY account, plan ORDER BY day ROWS UNBOUNDED PRECEDING) AS BIGINT) AS after
    FROM by_day
)
SELECT stepped.account, stepped.plan, stepped.day,
       CASE WHEN stepped.after = delta AND own.presence = 1 THEN own.kind
            WHEN stepped.after = delta THEN 'entered'
            WHEN stepped.after = 0 AND own.presence = -1 THEN 'churn'
            WHEN stepped.after = 0 THEN 'left'
            WHEN delta > 0 THEN 'expansion'
            ELSE 'contraction' END AS kind,
       delta AS amount,
       CASE WHEN stepped.after = delta THEN 1 WHEN stepped.after = 0 THEN -1 ELSE 0 END AS presence
FROM stepped
LEFT JOIN reference_movements own ON own.account = stepped.account AND own.day = stepped.day AND own.presence <> 0;

CREATE OR REPLACE TABLE reference_cube AS
WITH cohorts AS (
    SELECT DISTINCT account, CAST(date_trunc('month', since) AS DATE)::VARCHAR AS cohort FROM reference_movements
), counted AS (
    SELECT account, coalesce(nullif(plan, ''), '(none)') AS plan, line, starts, ends, annual
    FROM read_parquet($spans) WHERE line IN ('trial', 'usage')
), beside AS (
    SELECT account, plan, line, starts AS day, annual AS amount FROM counted
    UNION ALL
    SELECT account, plan, line, ends, -annual FROM counted WHERE ends < DATE '9999-12-31'
)
SELECT 'total' AS dimension, '' AS value, day, kind, sum(amount) AS amount, count(*) AS moves, sum(presence) AS presence
FROM reference_movements GROUP BY day, kind
UNION ALL
SELECT 'cohort', CAST(date_trunc('month', since) AS DATE)::VARCHAR AS cohort, day, kind, sum(amount), count(*), sum(presence)
FROM reference_movements GROUP BY cohort, day, kind
UNION ALL
SELECT 'plan', plan, day, kind, sum(amount), count(*), sum(presence) FROM reference_plan_movements GROUP BY plan, day, kind
UNION ALL
SELECT 'total', '', day, line, sum(amount), count(*), 0 FROM beside GROUP BY day, line
UNION ALL
SELECT 'cohort', coalesce(cohort, '(none)'), day, line, sum(amount), count(*), 0
FROM beside LEFT JOIN cohorts USING (account) GROUP BY ALL
UNION ALL
SELECT 'plan', plan, day, line, sum(amount), count(*), 0 FROM beside GROUP BY plan, day, line;
