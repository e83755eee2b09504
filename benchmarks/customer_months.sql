-- MRR as it is commonly taught: every customer times every month, the MRR at each month's start, and a comparison with the
-- month before. From the same Parquet file of spans; each step is a table, as the tools in which it is taught keep them.
CREATE OR REPLACE TABLE customer_months AS
WITH months AS (
    SELECT CAST(month AS DATE) AS month
    FROM range(CAST($first AS TIMESTAMP), CAST($until AS TIMESTAMP), INTERVAL 1 MONTH) AS spine(month)
), terms AS (
    SELECT account, starts, ends, annual FROM read_parquet($spans) WHERE line = 'mrr' AND annual <> 0
), customers AS (
    SELECT DISTINCT account FROM terms
)
SELECT customers.account, months.month, CAST(coalesce(sum(terms.annual), 0) AS BIGINT) AS annual
FROM customers
CROSS JOIN months
LEFT JOIN terms ON terms.account = customers.account
               AND terms.starts <= months.month AND terms.ends > months.month
GROUP BY customers.account, months.month;

CREATE OR REPLACE TABLE customer_activity AS
SELECT account, month, annual, annual <> 0 AS is_active,
       min(CASE WHEN annual <> 0 THEN month END) OVER (PARTITION BY account) AS first_active,
       max(CASE WHEN annual <> 0 THEN month END) OVER (PARTITION BY account) AS last_active
FROM customer_months;

CREATE OR REPLACE TABLE customer_changes AS
WITH compared AS (
    SELECT account, month, annual, is_active, first_active,
           coalesce(lag(annual) OVER by_account, 0) AS before,
           coalesce(lag(is_active) OVER by_account, false) AS was_active
    FROM customer_activity
    WINDOW by_account AS (PARTITION BY account ORDER BY month)
)
SELECT account, month, annual, before, annual - before AS amount,
       CASE WHEN is_active AND month = first_active THEN 'new'
            WHEN is_active AND NOT was_active THEN 'reactivation'
            WHEN was_active AND NOT is_active THEN 'churn'
            WHEN annual > before THEN 'expansion'
            WHEN annual < before THEN 'contraction' END AS kind,
       least(annual, before) AS renewed
FROM compared;

CREATE OR REPLACE TABLE customer_flows AS
SELECT month, kind, sum(amount) AS amount, count(*) AS moves
FROM customer_changes WHERE kind IS NOT NULL GROUP BY month, kind;
