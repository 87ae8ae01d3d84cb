"""`switchhook visit` and `switchhook amend`: what is known of a visit to the website, and what becomes known of a call."""

from typing import Annotated

from cyclopts import Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.options import Config, DataDir, Json, OfProject, data_dir_of, named_values
from switchhook.cli.output import print_json, stdout
from switchhook.operations.intake.visits import SHOWN_SECONDS, PostedVisit
from switchhook.views.text import one_line


def visit(
    visit_id: Annotated[str, Parameter(help="Id of the visit, as the website has it.")],
    /,
    *,
    attributes: Annotated[
        list[str] | None,
        Parameter(
            help="What is known of it as NAME=VALUE, such as source=google; given again, another."
            " It is put in place of what was.",
            name="--attribute",
            negative=(),
        ),
    ] = None,
    number: Annotated[
        str, Parameter(help="Number of the project that the visitor sees.", name="--number")
    ] = "",
    seconds: Annotated[
        float, Parameter(help="How long it is the visitor's.", name="--seconds")
    ] = SHOWN_SECONDS,
    call: Annotated[str, Parameter(help="Running call that is the visitor's.", name="--call")] = "",
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Tell of a visit to the website: what is known of it, and which number or running call is its."""
    from switchhook.operations.intake.acts import TellVisit  # noqa: PLC0415 (it brings in all that acts need)

    posted = PostedVisit(
        attributes=named_values("--attribute", attributes),
        number=number,
        seconds=seconds,
        call=call,
    )
    where = data_dir_of(config, data_dir)
    told = change(where, TellVisit(project=project, visit=visit_id, posted=posted, by=operator()))
    if json:
        print_json(
            {
                "visit": told.visit,
                "attributes": told.attributes,
                "number": told.number,
                "call": told.call,
            }
        )
        return 0
    stdout().print(one_line(f"visit {told.visit} has {len(told.attributes)} attributes"))
    if told.number:
        stdout().print(f"who calls {told.number} within {seconds:g} s is its visitor")
    return 0


def amend(
    call: Annotated[str, Parameter(help="Id of the call; it may have ended.")],
    /,
    *,
    facts: Annotated[
        list[str] | None,
        Parameter(
            help="What became known as NAME=VALUE, such as source=google; given again, another.",
            name="--fact",
            negative=(),
        ),
    ] = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Tell what became known of a call late, such as where its caller came from."""
    from switchhook.operations.intake.acts import TellFacts  # noqa: PLC0415 (it brings in all that acts need)

    act = TellFacts(call=call, facts=named_values("--fact", facts), by=operator())
    told = change(data_dir_of(config, data_dir), act)
    if json:
        print_json({"call": told.call, "facts": told.facts})
    else:
        stdout().print(one_line(f"call {told.call}: {', '.join(told.facts) or 'nothing'} told"))
    return 0
