-- The whole schema, as it is after the latest migration; a new file is made from this.
-- Every key begins with the project or is the order of insertion, so that the data can be sharded.
-- Journal and attempts are only ever inserted, and deleted when their time is over. So are deliveries: the last attempt
-- settles one, and a person checks it or sends it again. An attempt that was under way is replaced by what came of it.

-- What the store knows about itself.
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Processes that share this database. `beat` grows while a node lives; who finds it standing takes its calls and
-- deliveries over. A new `incarnation` ends what the one before may write.
CREATE TABLE nodes (
    name TEXT NOT NULL PRIMARY KEY,
    incarnation INTEGER NOT NULL,
    beat INTEGER NOT NULL,
    is_up INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A project's versions. The document holds passwords, so it is encrypted (see encryption.py).
CREATE TABLE projects (
    project TEXT NOT NULL,
    version INTEGER NOT NULL,
    saved_at REAL NOT NULL,
    sealed BLOB NOT NULL,
    saved_by TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (project, version)
) STRICT, WITHOUT ROWID;

-- Drafts of projects, encrypted as versions are; `base` is the version that a draft was begun with.
CREATE TABLE drafts (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    base INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    saved_at REAL NOT NULL,
    saved_by TEXT NOT NULL,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- Where an account's telephones can be reached that registered at a node; opaque here, and gone when it is over.
CREATE TABLE registrations (
    project TEXT NOT NULL,
    account TEXT NOT NULL,
    node TEXT NOT NULL,
    telephones TEXT NOT NULL,
    PRIMARY KEY (project, account, node)
) STRICT, WITHOUT ROWID;

-- Each call as it is now: its whole value as JSON, and beside it only what is searched for.
CREATE TABLE calls (
    number INTEGER NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    state TEXT NOT NULL,
    ended_at REAL,
    value TEXT NOT NULL,
    node TEXT NOT NULL DEFAULT 'main',
    UNIQUE (project, call)
) STRICT;

-- A project's calls; SQLite orders them by `number` by itself.
CREATE INDEX calls_of_project ON calls (project);

-- What a restart takes up again.
CREATE INDEX calls_live ON calls (number) WHERE state <> 'ended';

-- What retention deletes, oldest first.
CREATE INDEX calls_ended ON calls (ended_at) WHERE state = 'ended';

-- What lists of calls go through: a narrow row for each call that has ended, by project and time of arrival. `party` are
-- the digits of who called from outside, or was called there; `ending` the same from the last digit to the first.
-- `accounts`, `webhooks` and `failed` hold names, a line break before and behind each: accounts that called, rang or
-- transferred; webhooks that were asked or told; those of them of which an ask failed or a delivery was given up.
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

-- A number by its begin and by its end; SQLite has time and `number` behind each by itself.
CREATE INDEX call_list_party ON call_list (project, party) WHERE party <> '';

CREATE INDEX call_list_ending ON call_list (project, ending) WHERE ending <> '';

-- What is rare, and so costs most calls nothing: calls with failures, and the outcomes that few calls have. All columns stand
-- here, too: such calls are far apart in the list.
CREATE INDEX call_list_failed ON call_list (
    project, arrived_at, number, outcome, direction, scheme, dialled, party, ending, accounts, webhooks, failed
) WHERE failed <> '';

CREATE INDEX call_list_unusual ON call_list (
    project, outcome, arrived_at, number, direction, scheme, dialled, party, ending, accounts, webhooks, failed
)
WHERE outcome IN ('abandoned', 'blocked', 'busy', 'failed', 'rejected', 'unreachable', 'voicemail');

-- What happened to a call, line by line.
CREATE TABLE journal (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    happening TEXT NOT NULL,
    leg TEXT NOT NULL,
    text TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (project, call, seq)
) STRICT, WITHOUT ROWID;

-- Promises. `number` is their order and is never given twice, not even after a deletion. `request` says where one goes
-- and with what, in the form of its transport: it lets in whoever knows it, so it is encrypted. `body` are the
-- bytes that are sent. `given_up` is the state of what was settled and not delivered. One that was sent again is settled
-- by an attempt behind `again_after`.
CREATE TABLE deliveries (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    webhook TEXT NOT NULL,
    occurred_at REAL NOT NULL,
    transport TEXT NOT NULL,
    request BLOB NOT NULL,
    body BLOB NOT NULL,
    success_codes TEXT NOT NULL,
    response_timeout REAL NOT NULL,
    keep_alive INTEGER NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0,
    node TEXT NOT NULL DEFAULT 'main',
    given_up TEXT,
    again_after INTEGER NOT NULL DEFAULT 0,
    checked_at REAL,
    checked_by TEXT,
    UNIQUE (project, id)
) STRICT;

-- A webhook's deliveries in their order. Event and time stand here, too: a search by them reads nothing else.
CREATE INDEX deliveries_of_webhook ON deliveries (project, webhook, number, event, occurred_at);

-- What a restart carries on, and what is listed as pending.
CREATE INDEX deliveries_unsettled ON deliveries (number) WHERE NOT settled;

-- What was given up, by webhook, and whether somebody checked it; SQLite orders each kind by `number` by itself.
CREATE INDEX deliveries_given_up
ON deliveries (project, webhook, given_up, (checked_at IS NOT NULL)) WHERE given_up IS NOT NULL;

-- The deliveries of events of each hour have numbers from `first` to `last`, and others may have some between: so a list of
-- a time begins near it. `last` is NULL while the hour is open (OpenHours in sqlite/writer.py).
CREATE TABLE delivery_hours (
    project TEXT NOT NULL,
    hour INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER,
    PRIMARY KEY (project, hour)
) STRICT, WITHOUT ROWID;

-- What the next hour closes.
CREATE INDEX delivery_hours_open ON delivery_hours (project) WHERE last IS NULL;

-- Finished attempts. `delivery` is the number of the promise; `facts` tell how the exchange went, as JSON.
CREATE TABLE attempts (
    project TEXT NOT NULL,
    delivery INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    seconds REAL NOT NULL,
    status INTEGER NOT NULL,
    failure TEXT,
    detail TEXT,
    answer BLOB NOT NULL,
    is_last INTEGER NOT NULL,
    asked REAL,
    facts TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (project, delivery, number)
) STRICT, WITHOUT ROWID;

-- Endpoints that fail, from the failure that was one too many to the next success. Where `parked_until` is set, their
-- deliveries wait until then for a probe.
CREATE TABLE incidents (
    project TEXT NOT NULL,
    webhook TEXT NOT NULL,
    since REAL NOT NULL,
    failures INTEGER NOT NULL,
    parks INTEGER NOT NULL,
    parked_for REAL NOT NULL,
    parked_until REAL,
    PRIMARY KEY (project, webhook)
) STRICT, WITHOUT ROWID;

-- An outside number and its dealings with a project.
CREATE TABLE callers (
    project TEXT NOT NULL,
    number TEXT NOT NULL,
    calls INTEGER NOT NULL,
    proper_calls INTEGER NOT NULL,
    manager TEXT NOT NULL,
    outbound_number TEXT NOT NULL,
    seen_at REAL NOT NULL,
    PRIMARY KEY (project, number)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX callers_seen ON callers (seen_at);

-- A website visitor's session: its attributes as JSON.
CREATE TABLE visits (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    attributes TEXT NOT NULL,
    seen_at REAL NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

-- What retention deletes; the newest are held in memory.
CREATE INDEX visits_seen ON visits (seen_at);

-- The numbers that visitors see, and until when.
CREATE TABLE shown_numbers (
    project TEXT NOT NULL,
    number TEXT NOT NULL,
    visit TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (project, number)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX shown_numbers_until ON shown_numbers (until);

-- The calls that belong to a visit.
CREATE TABLE visits_of_calls (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    visit TEXT NOT NULL,
    told_at REAL NOT NULL,
    PRIMARY KEY (project, call)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX visits_of_calls_told ON visits_of_calls (told_at);

-- A key of a person or program; only the digest of its secret part is kept. `person` is the id of its user, NULL for a
-- program; `role` the most that it may do, whatever its user's role.
CREATE TABLE tokens (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    user TEXT NOT NULL,
    scope TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL,
    used_at REAL,
    person TEXT,
    role TEXT NOT NULL DEFAULT 'owner',
    made_by TEXT NOT NULL DEFAULT '',
    maker TEXT,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

-- How a request's key is found.
CREATE UNIQUE INDEX tokens_digest ON tokens (digest);

-- A user's tokens, which go with their user.
CREATE INDEX tokens_person ON tokens (person) WHERE person IS NOT NULL;

-- An endpoint that asked to be told. Numbers are never given again; the URL is encrypted, since it lets in
-- whoever knows it.
CREATE TABLE subscriptions (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    user TEXT NOT NULL,
    event TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at REAL NOT NULL,
    internal INTEGER NOT NULL DEFAULT 1,
    options TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE INDEX subscriptions_of_project ON subscriptions (project);

-- Refresh tokens that token endpoints gave in place of those in project files, encrypted; `source` says whose they are.
CREATE TABLE refresh_tokens (
    project TEXT NOT NULL,
    source TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (project, source)
) STRICT;

-- Requests over the API with an Idempotency-Key, and their answers, for a day; `status` is NULL while one is under way.
CREATE TABLE keyed_requests (
    project TEXT NOT NULL,
    token TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    begun_at REAL NOT NULL,
    status INTEGER,
    body BLOB,
    PRIMARY KEY (project, token, key)
) STRICT;
CREATE INDEX keyed_requests_by_age ON keyed_requests (begun_at);

-- Running calls that an operator wants ended, until they are; `wanted_by` says who, for people.
CREATE TABLE hang_ups (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    wanted_by TEXT NOT NULL,
    wanted_at REAL NOT NULL,
    PRIMARY KEY (project, call)
) STRICT;

-- The projects that calls, foreign events and deliveries belong to, found with one look into the index for each.
-- Whoever looks up an id without its project goes through these.
CREATE VIEW known_projects (project) AS
WITH RECURSIVE
of_calls (project) AS (
    SELECT min(project) FROM calls
    UNION ALL
    SELECT (SELECT min(c.project) FROM calls AS c WHERE c.project > of_calls.project)
    FROM of_calls
    WHERE of_calls.project IS NOT NULL
),
of_events (project) AS (
    SELECT min(project) FROM foreign_events
    UNION ALL
    SELECT (SELECT min(e.project) FROM foreign_events AS e WHERE e.project > of_events.project)
    FROM of_events
    WHERE of_events.project IS NOT NULL
)
SELECT project FROM of_calls WHERE project IS NOT NULL
UNION
SELECT project FROM of_events WHERE project IS NOT NULL;

-- A delivery with its latest attempt, and the incident that it is parked for. `attempts` is that attempt's number, 0 before
-- the first.
CREATE VIEW delivery_rows AS
SELECT
    d.*,
    coalesce(a.number, 0) AS attempts,
    a.at,
    a.seconds,
    a.status,
    a.failure,
    a.detail,
    a.answer,
    a.is_last,
    a.facts,
    i.since,
    i.failures,
    i.parks,
    i.parked_for,
    i.parked_until,
    CASE
        WHEN d.given_up IS NOT NULL THEN d.given_up
        WHEN d.settled THEN 'delivered'
        WHEN i.parked_until IS NOT NULL THEN 'parked'
        ELSE 'pending'
    END AS state
FROM deliveries AS d
LEFT JOIN attempts AS a
    ON a.project = d.project
    AND a.delivery = d.number
    AND a.number = (
        SELECT max(l.number) FROM attempts AS l
        WHERE l.project = d.project AND l.delivery = d.number
    )
LEFT JOIN incidents AS i
    ON NOT d.settled
    AND i.project = d.project
    AND i.webhook = d.webhook
    AND i.parked_until IS NOT NULL;

-- What a person searches of a delivery's latest error: kind, sentence and answer.
CREATE VIEW error_texts AS
SELECT
    a.project,
    a.delivery,
    a.failure || ': ' || a.detail || ' ' || CAST(a.answer AS TEXT) AS text
FROM attempts AS a
WHERE
    a.failure IS NOT NULL
    AND a.number = (
        SELECT max(l.number) FROM attempts AS l
        WHERE l.project = a.project AND l.delivery = a.delivery
    );

-- What an account used of a day's allowance; all of the project, where the account is empty. `day` is that
-- of the project's time zone, as in ISO 8601.
CREATE TABLE outside_calls (
    project TEXT NOT NULL,
    account TEXT NOT NULL,
    day TEXT NOT NULL,
    calls INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (project, account, day)
) STRICT, WITHOUT ROWID;

-- What retention deletes, and what a start reads.
CREATE INDEX outside_calls_day ON outside_calls (day);

-- What callers dial and telephones register by, without naming a project: unique over all of them. So its
-- key begins with the name, and not with the project.
CREATE TABLE owned (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    project TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX owned_by_project ON owned (project);

-- Which version is a project's latest, without its document: asked every second.
CREATE INDEX project_versions ON projects (project, version);

-- How often each kind of thing was changed that nodes hold in memory: by this, one learns what others did.
CREATE TABLE changes (
    kind TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A project's stream. `number` is the place in it, in the order of commits: 1, 2, 3 … `body` are the bytes that every
-- reader gets.
CREATE TABLE stream_events (
    project TEXT NOT NULL,
    number INTEGER NOT NULL,
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    at REAL NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (project, number),
    UNIQUE (project, call, seq)
) STRICT, WITHOUT ROWID;

-- The highest number in a project's stream that retention deleted: numbers are never given again.
CREATE TABLE stream_ends (
    project TEXT NOT NULL PRIMARY KEY,
    deleted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The draft of each project's call-tracking scenario, and who activated the latest.
CREATE TABLE scenarios (
    project TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    draft BLOB,
    drafted_by TEXT NOT NULL,
    drafted_at REAL NOT NULL,
    activated BLOB,
    activated_by TEXT NOT NULL,
    activated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Events that are no calls, as other programs posted them: what was told of each stands in its deliveries. `call` names what
-- it is about, as a call's id does in theirs; `seq` counts the events of that.
CREATE TABLE foreign_events (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    at REAL NOT NULL,
    received_at REAL NOT NULL,
    PRIMARY KEY (project, call, seq)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX foreign_events_received ON foreign_events (received_at);

-- Calls that were made elsewhere, as they were posted together; `calls` is JSON, and of a settled one says no more than its
-- reference, its id and what became of it.
CREATE TABLE call_imports (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    posted_by TEXT NOT NULL,
    posted_at REAL NOT NULL,
    tells INTEGER NOT NULL,
    state TEXT NOT NULL,
    calls TEXT NOT NULL,
    node TEXT NOT NULL
) STRICT;

-- What a restart carries on.
CREATE INDEX call_imports_queued ON call_imports (number) WHERE state = 'queued';

-- What retention deletes.
CREATE INDEX call_imports_settled ON call_imports (posted_at) WHERE state <> 'queued';

-- Which call of ours a call of another telephone system is; gone with the call.
CREATE TABLE imported_calls (
    project TEXT NOT NULL,
    reference TEXT NOT NULL,
    call TEXT NOT NULL,
    PRIMARY KEY (project, reference)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX imported_calls_call ON imported_calls (project, call);

-- Who saw a number from when on, for calls that are brought in later.
CREATE TABLE number_shows (
    project TEXT NOT NULL,
    number TEXT NOT NULL,
    since REAL NOT NULL,
    visit TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (project, number, since)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX number_shows_until ON number_shows (until);

-- The SIP messages of calls, packed and without secrets; gone with the call.
CREATE TABLE sip_captures (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (project, call)
) STRICT;

-- What a person has done to all deliveries of a filter, from the oldest on: how far it got. `filter` is JSON.
CREATE TABLE bulk_jobs (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    act TEXT NOT NULL,
    filter TEXT NOT NULL,
    started_by TEXT NOT NULL,
    started_at REAL NOT NULL,
    up_to INTEGER NOT NULL,
    place INTEGER NOT NULL,
    done INTEGER NOT NULL,
    left_out INTEGER NOT NULL,
    why TEXT NOT NULL,
    state TEXT NOT NULL,
    ended_at REAL,
    node TEXT NOT NULL
) STRICT;

CREATE INDEX bulk_jobs_of_project ON bulk_jobs (project);

-- What a restart carries on.
CREATE INDEX bulk_jobs_running ON bulk_jobs (number) WHERE state = 'running';

-- A user of the host. `password` is a digest of argon2id, empty where none is set; `totp` the encrypted secret of one-time
-- passwords (RFC 6238), of which none counts again up to `totp_step`. Users belong to the host and not to a project: so
-- their keys begin with themselves.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL,
    password TEXT NOT NULL,
    totp BLOB,
    totp_step INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    disabled_at REAL,
    signed_in_at REAL
) STRICT, WITHOUT ROWID;

-- How whoever signs in is found.
CREATE UNIQUE INDEX users_login ON users (login);

-- A user's role in a project.
CREATE TABLE members (
    project TEXT NOT NULL,
    user TEXT NOT NULL,
    role TEXT NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (project, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_user ON members (user);

-- Where users are signed in; only the digest of a session's key is kept. One that ended by itself stays a while: its key
-- shows that its bearer signed in before.
CREATE TABLE sessions (
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at REAL NOT NULL,
    used_at REAL NOT NULL,
    ended_at REAL,
    source TEXT NOT NULL,
    agent TEXT NOT NULL,
    PRIMARY KEY (user, id)
) STRICT, WITHOUT ROWID;

-- How a session's key is found.
CREATE UNIQUE INDEX sessions_digest ON sessions (digest);

-- What retention deletes.
CREATE INDEX sessions_used ON sessions (used_at);

-- Links that let somebody in once; only the digest of a link's key is kept. An empty `user` is nobody yet: the first owner.
CREATE TABLE one_time_links (
    digest BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    user TEXT NOT NULL,
    expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX one_time_links_user ON one_time_links (user, kind);

-- What was done, or refused, and by whom: only ever inserted, and deleted when its time is over. An empty `project` is the
-- host. `facts` are what was there before and after, as JSON, without secrets.
CREATE TABLE audit (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    via TEXT NOT NULL,
    source TEXT NOT NULL,
    operation TEXT NOT NULL,
    target TEXT NOT NULL,
    result TEXT NOT NULL,
    facts TEXT NOT NULL
) STRICT;

-- A project's lines; SQLite orders them by `number` by itself.
CREATE INDEX audit_of_project ON audit (project);

-- What retention deletes.
CREATE INDEX audit_at ON audit (at);

-- What an endpoint said to an ask, and what its shadow said, which no call follows; gone with the call.
CREATE TABLE shadow_asks (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    ask TEXT NOT NULL,
    webhook TEXT NOT NULL,
    at REAL NOT NULL,
    first TEXT NOT NULL,
    shadow TEXT NOT NULL,
    first_seconds REAL NOT NULL,
    shadow_seconds REAL NOT NULL,
    PRIMARY KEY (project, call, ask)
) STRICT, WITHOUT ROWID;

CREATE INDEX shadow_asks_by_time ON shadow_asks (project, at);

-- Those that are read first, which are few.
CREATE INDEX shadow_asks_different ON shadow_asks (project, at) WHERE first <> shadow;
