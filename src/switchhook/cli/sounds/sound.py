"""`switchhook sound`: what callers hear."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.options import Config, DataDir, data_dir_of
from switchhook.cli.output import stderr, stdout
from switchhook.operations.sounds import read_sound

sound = App(name="sound", help="Add a sound that callers hear.")


@sound.command
def add(
    file: Annotated[Path, Parameter(help="WAV file: any rate, width and number of channels.")],
    /,
    *,
    project: Annotated[str, Parameter(help="Id of the project that may play it.")],
    name: Annotated[str, Parameter(help="Name that steps and webhooks play it by.")],
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Convert a WAV file to what telephones hear, and keep it; a running server takes it at once."""
    where = data_dir_of(config, data_dir)
    from switchhook.operations.sound_acts import KeepSound  # noqa: PLC0415 (it brings in all that acts need)

    pcm = read_sound(file)
    added = change(where, KeepSound(project=project, name=name, pcm=pcm, by=operator()))
    stdout().print(f"{added.path}: {added.seconds:.1f} s. In the project file it is:")
    stdout().print(f'[[sounds]]\nname = "{added.name}"\nfile = "{Path(added.path).name}"')
    if added.remark:
        stderr().print(f"{file}: note: {added.remark}. Listen to {added.path}")
    return 0
