"""Answers of endpoints as scripts, CRMs and workflow tools write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.plausible import Draw
from tests.support.plausible.sip import Drawn, drawn

if TYPE_CHECKING:
    from random import Random

NUMBER = "380501112233"
SPELLINGS = [f'"{NUMBER}"', f'"+{NUMBER}"', NUMBER, f'["{NUMBER}"]', '"+380 50 111-22-33"']
ODD_SPELLINGS = [
    f'" {NUMBER} "',
    f"'{NUMBER}'",
    f'"{NUMBER},"',
    f'["{NUMBER}", ""]',
    f'"tel:+{NUMBER}"',
]
NO_SPELLINGS = ['"nobody knows"', "null", "{}", '""', "[]", "true"]
ODD_OTHERS = [
    "ok:true,",
    '"score":NaN,',
    '"a":None,"b":True,"c":undefined,',
    '"a":-Infinity,,',
    "# a remark\n",
]


def answer(chance: Random) -> Drawn:
    """Write the body of an answer that sends the call to `NUMBER`."""
    draw = Draw.of(chance, ("value", "name", "shape"))
    name = draw.pick(
        "name", ['"dst_phone"'], ["dst_phone", "'dst_phone'"], ['"dst_fax"', '"phone"']
    )
    value = draw.pick("value", SPELLINGS, ODD_SPELLINGS, NO_SPELLINGS)
    other = draw.pick("other", ["", '"ok":true,', '"score":1.5,"tags":["a"],'], ODD_OTHERS)
    comma = draw.pick("comma", [""], [","])
    colon = draw.pick("colon", [":", " : "])
    shape = draw.pick(
        "shape",
        ["{{{0}}}", "\n{{ {0} }}\n"],
        [
            "\ufeff{{{0}}}",
            "[{{{0}}}]",
            '[{{"json":{{{0}}}}}]',
            "// sent by a flow\n{{{0}}}",
            "{{{0} /* done */}}",
            "\r\n\r\n{{{0}}}\0"[:-1],
        ],
        ["<html>{0}</html>", "{{{0}", "{0}|"],
    )
    return drawn(draw, shape.format(f"{other}{name}{colon}{value}{comma}").encode())
