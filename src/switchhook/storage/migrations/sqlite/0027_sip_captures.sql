-- The SIP messages of calls, packed and without secrets; gone with the call.
CREATE TABLE sip_captures (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (project, call)
) STRICT;
