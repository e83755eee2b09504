-- The same ledger in plain SQL: from a Parquet file of spans to movements, with kinds, levels and the day of the next
-- movement. It keeps the tables that a book keeps for the same questions: movements, and the flows by day.
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

CREATE OR REPLACE TABLE reference_flows AS
SELECT day, kind, sum(amount) AS amount, count(*) AS moves, sum(presence) AS presence
FROM reference_movements GROUP BY day, kind;
