-- name: list_call
-- Enter a call that has ended into the list of calls, after its journal and deliveries; what its endpoints did is found
-- in them, and found again where the call is stored again.
-- Takes: project, call, arrived_at, outcome, direction, scheme, dialled, party, ending, accounts.
WITH given (
    project, call, arrived_at, outcome, direction, scheme, dialled, party, ending, accounts
) AS (
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
)
INSERT INTO call_list (
    project, arrived_at, number, outcome, direction, scheme, dialled, party, ending, accounts,
    webhooks, failed
)
SELECT
    c.project,
    given.arrived_at,
    c.number,
    given.outcome,
    given.direction,
    given.scheme,
    given.dialled,
    given.party,
    given.ending,
    given.accounts,
    coalesce(
        (
            SELECT char(10) || group_concat(name, char(10)) || char(10)
            FROM (
                SELECT j.text AS name
                FROM journal AS j
                WHERE j.project = c.project AND j.call = c.call AND j.happening = 'asked'
                UNION
                SELECT d.webhook
                FROM deliveries AS d
                WHERE
                    d.project = c.project
                    AND d.id > c.call || '.'
                    AND d.id < c.call || '/'
                    AND d.call = c.call
            )
        ),
        ''
    ),
    coalesce(
        (
            SELECT char(10) || group_concat(name, char(10)) || char(10)
            FROM (
                SELECT json_extract(fact.value, '$[1]') AS name
                FROM journal AS j
                CROSS JOIN json_each(j.facts) AS fact
                WHERE
                    j.project = c.project
                    AND j.call = c.call
                    AND j.happening = 'ask_failed'
                    AND json_extract(fact.value, '$[0]') = 'webhook'
                UNION
                SELECT d.webhook
                FROM deliveries AS d
                WHERE
                    d.project = c.project
                    AND d.id > c.call || '.'
                    AND d.id < c.call || '/'
                    AND d.call = c.call
                    AND d.given_up = 'failed'
            )
        ),
        ''
    )
FROM given
CROSS JOIN calls AS c ON c.project = given.project AND c.call = given.call
WHERE true
ON CONFLICT (project, arrived_at, number) DO UPDATE SET
    outcome = excluded.outcome,
    webhooks = excluded.webhooks,
    failed = excluded.failed;

-- name: note_failures
-- Find again which webhooks failed of the call of a delivery that was settled after the call's end. A millisecond makes up
-- for what a time loses on its way through JSON.
-- Takes: project, delivery id.
WITH settled AS (
    SELECT c.project, c.call, c.number, json_extract(c.value, '$.arrived_at') AS arrived_at
    FROM deliveries AS d
    CROSS JOIN calls AS c ON c.project = d.project AND c.call = d.call
    WHERE d.project = ? AND d.id = ? AND c.state = 'ended' AND json_valid(c.value)
)
UPDATE call_list AS l SET failed = coalesce(
    (
        SELECT char(10) || group_concat(name, char(10)) || char(10)
        FROM (
            SELECT json_extract(fact.value, '$[1]') AS name
            FROM settled
            CROSS JOIN journal AS j ON j.project = settled.project AND j.call = settled.call
            CROSS JOIN json_each(j.facts) AS fact
            WHERE
                j.happening = 'ask_failed'
                AND json_extract(fact.value, '$[0]') = 'webhook'
            UNION
            SELECT d.webhook
            FROM settled
            CROSS JOIN deliveries AS d
                ON d.project = settled.project
                AND d.id > settled.call || '.'
                AND d.id < settled.call || '/'
                AND d.call = settled.call
            WHERE d.given_up = 'failed'
        )
    ),
    ''
)
FROM settled
WHERE
    l.project = settled.project
    AND l.arrived_at BETWEEN settled.arrived_at - 0.001 AND settled.arrived_at + 0.001
    AND l.number = settled.number;

-- name: delete_listed
-- Take a call out of the list of calls.
DELETE FROM call_list
WHERE
    project = :project
    AND (arrived_at, number) IN (
        SELECT l.arrived_at, l.number
        FROM calls AS c
        CROSS JOIN call_list AS l
            ON l.project = c.project
            AND l.arrived_at BETWEEN
            json_extract(c.value, '$.arrived_at') - 0.001
            AND json_extract(c.value, '$.arrived_at') + 0.001
            AND l.number = c.number
        WHERE c.project = :project AND c.call = :call AND json_valid(c.value)
    );

-- name: listed_projects
-- Read the projects that have calls.
SELECT project FROM known_projects;

-- name: running_calls
-- Read one project's calls that run, newest first.
SELECT c.number, c.value
FROM calls AS c INDEXED BY calls_live
WHERE
    c.state <> 'ended'
    AND c.project = :project
    AND (
        :webhook IS NULL
        OR EXISTS (
            SELECT 1 FROM journal AS j
            WHERE
                j.project = c.project
                AND j.call = c.call
                AND j.happening = 'asked'
                AND j.text = :webhook
        )
        OR EXISTS (
            SELECT 1 FROM deliveries AS d
            WHERE
                d.project = c.project
                AND d.id > c.call || '.'
                AND d.id < c.call || '/'
                AND d.call = c.call
                AND d.webhook = :webhook
        )
    )
    AND (
        :failed IS NULL
        OR EXISTS (
            SELECT 1
            FROM journal AS j
            CROSS JOIN json_each(j.facts) AS fact
            WHERE
                j.project = c.project
                AND j.call = c.call
                AND j.happening = 'ask_failed'
                AND json_extract(fact.value, '$[0]') = 'webhook'
                AND (:webhook IS NULL OR json_extract(fact.value, '$[1]') = :webhook)
        )
        OR EXISTS (
            SELECT 1 FROM delivery_rows AS r
            WHERE
                r.project = c.project
                AND r.id > c.call || '.'
                AND r.id < c.call || '/'
                AND r.call = c.call
                AND r.state = 'failed'
                AND (:webhook IS NULL OR r.webhook = :webhook)
        )
    )
ORDER BY c.number DESC;

-- name: end_of_search
-- Find how far a search along the time goes: to the row behind the last of so many.
SELECT arrived_at, number
FROM call_list
WHERE project = :project AND (arrived_at, number) < (:at, :number) AND arrived_at >= :since
ORDER BY arrived_at DESC, number DESC
LIMIT 1 OFFSET :most;

-- name: end_of_search_failed
-- Find the same along the calls with failures.
SELECT arrived_at, number
FROM call_list INDEXED BY call_list_failed
WHERE
    project = :project
    AND (arrived_at, number) < (:at, :number)
    AND arrived_at >= :since
    AND failed <> ''
ORDER BY arrived_at DESC, number DESC
LIMIT 1 OFFSET :most;

-- name: end_of_search_unusual
-- Find the same along the calls of an outcome that few have.
SELECT arrived_at, number
FROM call_list INDEXED BY call_list_unusual
WHERE
    project = :project
    AND outcome = :outcome
    AND outcome IN ('abandoned', 'blocked', 'busy', 'failed', 'rejected', 'unreachable', 'voicemail')
    AND (arrived_at, number) < (:at, :number)
    AND arrived_at >= :since
ORDER BY arrived_at DESC, number DESC
LIMIT 1 OFFSET :most;

-- name: end_of_search_party
-- Say whether more than so many calls have a number that begins so.
SELECT arrived_at, number
FROM call_list INDEXED BY call_list_party
WHERE
    project = :project
    AND party >= :low
    AND party < :high
    AND party <> ''
    AND (arrived_at, number) < (:at, :number)
    AND arrived_at >= :since
LIMIT 1 OFFSET :most;

-- name: end_of_search_ending
-- Say whether more than so many calls have a number that ends so.
SELECT arrived_at, number
FROM call_list INDEXED BY call_list_ending
WHERE
    project = :project
    AND ending >= :low
    AND ending < :high
    AND ending <> ''
    AND (arrived_at, number) < (:at, :number)
    AND arrived_at >= :since
LIMIT 1 OFFSET :most;

-- name: search
-- Search ended calls along the time, newest first.
SELECT l.arrived_at, l.number
FROM call_list AS l
WHERE
    l.project = :project
    AND (l.arrived_at, l.number) < (:at, :number)
    AND (l.arrived_at, l.number) >= (:floor, :floor_number)
    AND (:outcomes IS NULL OR instr(:outcomes, ' ' || l.outcome || ' '))
    AND (:direction IS NULL OR l.direction = :direction)
    AND (:scheme IS NULL OR l.scheme = :scheme)
    AND (:dialled IS NULL OR l.dialled = :dialled)
    AND (:party_low IS NULL OR (l.party >= :party_low AND l.party < :party_high))
    AND (:ending_low IS NULL OR (l.ending >= :ending_low AND l.ending < :ending_high))
    AND (:account_line IS NULL OR instr(l.accounts, :account_line))
    AND (
        :webhook_line IS NULL
        OR instr(CASE WHEN :failed THEN l.failed ELSE l.webhooks END, :webhook_line)
    )
    AND (:failed IS NULL OR l.failed <> '')
ORDER BY l.arrived_at DESC, l.number DESC
LIMIT :limit;

-- name: search_failed
-- Search ended calls with failures, newest first.
SELECT l.arrived_at, l.number
FROM call_list AS l INDEXED BY call_list_failed
WHERE
    l.project = :project
    AND (l.arrived_at, l.number) < (:at, :number)
    AND (l.arrived_at, l.number) >= (:floor, :floor_number)
    AND l.failed <> ''
    AND (:outcomes IS NULL OR instr(:outcomes, ' ' || l.outcome || ' '))
    AND (:direction IS NULL OR l.direction = :direction)
    AND (:scheme IS NULL OR l.scheme = :scheme)
    AND (:dialled IS NULL OR l.dialled = :dialled)
    AND (:party_low IS NULL OR (l.party >= :party_low AND l.party < :party_high))
    AND (:ending_low IS NULL OR (l.ending >= :ending_low AND l.ending < :ending_high))
    AND (:account_line IS NULL OR instr(l.accounts, :account_line))
    AND (
        :webhook_line IS NULL
        OR instr(CASE WHEN :failed THEN l.failed ELSE l.webhooks END, :webhook_line)
    )
    AND (:failed IS NULL OR l.failed <> '')
ORDER BY l.arrived_at DESC, l.number DESC
LIMIT :limit;

-- name: search_unusual
-- Search ended calls of an outcome that few have, newest first.
SELECT l.arrived_at, l.number
FROM call_list AS l INDEXED BY call_list_unusual
WHERE
    l.project = :project
    AND (l.arrived_at, l.number) < (:at, :number)
    AND (l.arrived_at, l.number) >= (:floor, :floor_number)
    AND l.outcome = :outcome
    AND l.outcome IN (
        'abandoned', 'blocked', 'busy', 'failed', 'rejected', 'unreachable', 'voicemail'
    )
    AND (:outcomes IS NULL OR instr(:outcomes, ' ' || l.outcome || ' '))
    AND (:direction IS NULL OR l.direction = :direction)
    AND (:scheme IS NULL OR l.scheme = :scheme)
    AND (:dialled IS NULL OR l.dialled = :dialled)
    AND (:party_low IS NULL OR (l.party >= :party_low AND l.party < :party_high))
    AND (:ending_low IS NULL OR (l.ending >= :ending_low AND l.ending < :ending_high))
    AND (:account_line IS NULL OR instr(l.accounts, :account_line))
    AND (
        :webhook_line IS NULL
        OR instr(CASE WHEN :failed THEN l.failed ELSE l.webhooks END, :webhook_line)
    )
    AND (:failed IS NULL OR l.failed <> '')
ORDER BY l.arrived_at DESC, l.number DESC
LIMIT :limit;

-- name: search_party
-- Search ended calls whose number begins with some digits, where few have such, newest first.
SELECT l.arrived_at, l.number
FROM (
    SELECT f.arrived_at, f.number
    FROM call_list AS f INDEXED BY call_list_party
    WHERE
        f.project = :project
        AND f.party >= :low
        AND f.party < :high
        AND f.party <> ''
) AS found
CROSS JOIN call_list AS l
    ON l.project = :project
    AND l.arrived_at = found.arrived_at
    AND l.number = found.number
WHERE
    l.project = :project
    AND (l.arrived_at, l.number) < (:at, :number)
    AND (l.arrived_at, l.number) >= (:floor, :floor_number)
    AND (:outcomes IS NULL OR instr(:outcomes, ' ' || l.outcome || ' '))
    AND (:direction IS NULL OR l.direction = :direction)
    AND (:scheme IS NULL OR l.scheme = :scheme)
    AND (:dialled IS NULL OR l.dialled = :dialled)
    AND (:party_low IS NULL OR (l.party >= :party_low AND l.party < :party_high))
    AND (:ending_low IS NULL OR (l.ending >= :ending_low AND l.ending < :ending_high))
    AND (:account_line IS NULL OR instr(l.accounts, :account_line))
    AND (
        :webhook_line IS NULL
        OR instr(CASE WHEN :failed THEN l.failed ELSE l.webhooks END, :webhook_line)
    )
    AND (:failed IS NULL OR l.failed <> '')
ORDER BY l.arrived_at DESC, l.number DESC
LIMIT :limit;

-- name: search_ending
-- Search ended calls whose number ends with some digits, where few have such, newest first.
SELECT l.arrived_at, l.number
FROM (
    SELECT f.arrived_at, f.number
    FROM call_list AS f INDEXED BY call_list_ending
    WHERE
        f.project = :project
        AND f.ending >= :low
        AND f.ending < :high
        AND f.ending <> ''
) AS found
CROSS JOIN call_list AS l
    ON l.project = :project
    AND l.arrived_at = found.arrived_at
    AND l.number = found.number
WHERE
    l.project = :project
    AND (l.arrived_at, l.number) < (:at, :number)
    AND (l.arrived_at, l.number) >= (:floor, :floor_number)
    AND (:outcomes IS NULL OR instr(:outcomes, ' ' || l.outcome || ' '))
    AND (:direction IS NULL OR l.direction = :direction)
    AND (:scheme IS NULL OR l.scheme = :scheme)
    AND (:dialled IS NULL OR l.dialled = :dialled)
    AND (:party_low IS NULL OR (l.party >= :party_low AND l.party < :party_high))
    AND (:ending_low IS NULL OR (l.ending >= :ending_low AND l.ending < :ending_high))
    AND (:account_line IS NULL OR instr(l.accounts, :account_line))
    AND (
        :webhook_line IS NULL
        OR instr(CASE WHEN :failed THEN l.failed ELSE l.webhooks END, :webhook_line)
    )
    AND (:failed IS NULL OR l.failed <> '')
ORDER BY l.arrived_at DESC, l.number DESC
LIMIT :limit;

-- name: numbers_party
-- Search ended calls by nothing but a number that begins with some digits, and the time, newest first.
SELECT l.arrived_at, l.number
FROM call_list AS l INDEXED BY call_list_party
WHERE
    l.project = :project
    AND l.party >= :low
    AND l.party < :high
    AND l.party <> ''
    AND (l.arrived_at, l.number) < (:at, :number)
    AND l.arrived_at >= :since
ORDER BY l.arrived_at DESC, l.number DESC
LIMIT :limit;

-- name: numbers_ending
-- Search ended calls by nothing but a number that ends with some digits, and the time, newest first.
SELECT l.arrived_at, l.number
FROM call_list AS l INDEXED BY call_list_ending
WHERE
    l.project = :project
    AND l.ending >= :low
    AND l.ending < :high
    AND l.ending <> ''
    AND (l.arrived_at, l.number) < (:at, :number)
    AND l.arrived_at >= :since
ORDER BY l.arrived_at DESC, l.number DESC
LIMIT :limit;

-- name: calls_of_numbers
-- Read calls by their numbers, which are a list in JSON.
SELECT c.number, c.call, c.value
FROM json_each(:numbers) AS wanted
CROSS JOIN calls AS c ON c.number = wanted.value;
