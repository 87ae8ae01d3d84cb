-- name: add_shadow_ask
-- Write what an endpoint and its shadow said to an ask; one that is there already stays.
INSERT INTO shadow_asks (
    project, call, ask, webhook, at, first, shadow, first_seconds, shadow_seconds
)
VALUES (
    :project, :call, :ask, :webhook, :at, :first, :shadow, :first_seconds, :shadow_seconds
)
ON CONFLICT (project, call, ask) DO NOTHING;

-- name: shadow_asks
-- Read a project's shadow asks since a moment, newest first: of one webhook or all, those that differ or all.
SELECT project, call, ask, webhook, at, first, shadow, first_seconds, shadow_seconds
FROM shadow_asks
WHERE
    project = :project
    AND at >= :since
    AND (:webhook IS NULL OR webhook = :webhook)
    AND (:all OR first <> shadow)
ORDER BY at DESC, call DESC, ask DESC
LIMIT :limit;

-- name: shadow_counts
-- Read how the shadows of a project did since a moment, by webhook.
SELECT
    webhook,
    count(*) AS asks,
    total(first <> shadow) AS different,
    avg(first_seconds) AS first_seconds,
    avg(shadow_seconds) AS shadow_seconds
FROM shadow_asks
WHERE project = :project AND at >= :since
GROUP BY webhook
ORDER BY webhook;

-- name: delete_shadow_asks
-- Delete a call's shadow asks.
DELETE FROM shadow_asks WHERE project = :project AND call = :call;
