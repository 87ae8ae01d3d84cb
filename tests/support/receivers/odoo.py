"""A new lead in Odoo 19 by its External JSON-2 API (odoo.com/documentation, "External JSON-2 API").

POST /json/2/MODEL/METHOD with the method's parameters by name: `create` of crm.lead takes `vals_list`. The
API key is a bearer; X-Odoo-Database is needed where a server has several databases. 200 with the ids of
the new records, or 4xx with the exception's name and message. Fields: crm.lead of the source
(addons/crm/models/crm_lead.py), where `name` is required.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    JSON,
    PHONE,
    Description,
    answer_json,
    list_of,
    members,
    one_of,
    read_json,
    text,
    whole,
)

LEAD = members(
    {"name": text()},
    {
        "contact_name": text(),
        "description": text(),
        "email_from": text(r"\S+@\S+"),
        "partner_name": text(),
        "phone": PHONE,
        "priority": one_of("0", "1", "2", "3"),
        "referred": text(),
        "team_id": whole(least=1),
        "type": one_of("lead", "opportunity"),
        "user_id": whole(least=1),
    },
)
ODOO = Description(
    target="/json/2/crm.lead/create",
    authorization=r"[Bb]earer [0-9a-f]{40}",
    read={JSON: read_json},
    check=members(
        {"vals_list": list_of(LEAD, least=1)}, {"context": members({}, {"lang": text()})}
    ),
    accepted=answer_json([42]),
    refused=lambda refused: answer_json(
        {"name": "builtins.ValueError", "message": str(refused), "arguments": [], "context": {}},
        refused.status,
    ),
)
