-- Calls are searched: for each that has ended a narrow row, which lists go through.

CREATE TABLE call_list (
    project TEXT NOT NULL,
    arrived_at REAL NOT NULL,
    number INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    direction TEXT NOT NULL,
    scheme INTEGER NOT NULL,
    dialled TEXT NOT NULL,
    party TEXT NOT NULL,
    ending TEXT NOT NULL,
    accounts TEXT NOT NULL,
    webhooks TEXT NOT NULL,
    failed TEXT NOT NULL,
    PRIMARY KEY (project, arrived_at, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX call_list_party ON call_list (project, party) WHERE party <> '';

CREATE INDEX call_list_ending ON call_list (project, ending) WHERE ending <> '';

CREATE INDEX call_list_failed ON call_list (project) WHERE failed <> '';

CREATE INDEX call_list_unusual ON call_list (project, outcome)
WHERE outcome IN ('abandoned', 'blocked', 'busy', 'failed', 'rejected', 'unreachable', 'voicemail');

INSERT INTO call_list (
    project, arrived_at, number, outcome, direction, scheme, dialled, party, ending, accounts,
    webhooks, failed
)
SELECT
    c.project,
    json_extract(c.value, '$.arrived_at'),
    c.number,
    coalesce(json_extract(c.value, '$.outcome'), ''),
    json_extract(c.value, '$.direction'),
    coalesce(json_extract(c.value, '$.scheme'), 0),
    dialled_digits(json_extract(c.value, '$.callee')),
    party_digits(
        json_extract(c.value, '$.direction'),
        json_extract(c.value, '$.caller'),
        json_extract(c.value, '$.callee')
    ),
    reversed_text(
        party_digits(
            json_extract(c.value, '$.direction'),
            json_extract(c.value, '$.caller'),
            json_extract(c.value, '$.callee')
        )
    ),
    coalesce(
        (
            SELECT char(10) || group_concat(login, char(10)) || char(10)
            FROM (
                SELECT json_extract(c.value, '$.account') AS login
                UNION
                SELECT json_extract(leg.value, '$.target.value')
                FROM json_each(c.value, '$.legs') AS leg
                WHERE json_extract(leg.value, '$.target.kind') = 'account'
            )
            WHERE login <> ''
        ),
        ''
    ),
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
                SELECT r.webhook
                FROM delivery_rows AS r
                WHERE
                    r.project = c.project
                    AND r.id > c.call || '.'
                    AND r.id < c.call || '/'
                    AND r.call = c.call
                    AND r.state = 'failed'
            )
        ),
        ''
    )
FROM calls AS c
WHERE
    c.state = 'ended'
    AND json_valid(c.value)
    AND json_type(c.value, '$.arrived_at') IN ('real', 'integer')
    AND json_type(c.value, '$.direction') = 'text';
