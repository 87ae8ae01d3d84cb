"""A simulated caller hears prompts for as long as they last, presses keys, and leaves messages."""

from __future__ import annotations

from switchhook.domain.call import CALLER
from switchhook.drivers.simulator.driver import HUNG_UP
from switchhook.drivers.simulator.script import SimulatedCaller, answering
from switchhook.drivers.simulator.sound import SOUND
from switchhook.routing.commands import (
    AnswerCaller,
    ConnectLegs,
    EndLeg,
    Play,
    StartRecording,
    StopPlaying,
    StopRecording,
)
from switchhook.routing.events import (
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    PlaybackFinished,
    RecordingFinished,
)
from tests.drivers.simulator.test_driver import ARRIVAL, CALL, END, World, ring
from tests.support.snapshots import MARY

ANSWERED = LegAnswered(leg=CALLER, handle="simulated caller")


def play(playback: str, *sounds: str, loop: bool = False) -> Play:
    return Play(leg=CALLER, playback=playback, sounds=sounds or ("welcome",), loop=loop)


def after_the_answer(world: World) -> list[tuple[float, Event]]:
    heard = world.heard()
    assert heard[0] == (0, ANSWERED)
    return heard[1:]


def test_a_prompt_is_over_when_its_sounds_are() -> None:
    world = World()
    world.order(AnswerCaller(), AnswerCaller(), play("p1", "welcome", "to", "us"))
    assert after_the_answer(world) == [(3 * SOUND, PlaybackFinished(playback="p1"))]
    assert world.call.status == 200
    assert [type(command) for _, command in world.call.heard] == [AnswerCaller, Play]


def test_a_prompt_that_is_stopped_or_replaced_is_not_reported() -> None:
    world = World()
    world.order(AnswerCaller(), play("p1"), play("p2"), StopPlaying(playback="p1"))
    world.until(1)
    world.order(play("p3", loop=True), play("p3", loop=True))
    world.until(50)
    world.order(StopPlaying(playback="p3"), play("p4"))
    assert after_the_answer(world) == [(50 + SOUND, PlaybackFinished(playback="p4"))]


def test_keys_are_heard_once_the_caller_is_answered() -> None:
    world = World(SimulatedCaller(offered=ARRIVAL, keys=((1.0, "9"), (3.0, "4"), (3.5, "#"))))
    world.until(2)
    world.order(AnswerCaller())
    world.until(4)
    world.driver.press(CALL.id, "7")
    world.driver.press("another call", "8")
    assert world.heard() == [
        (2, ANSWERED),
        (3, DigitPressed(leg=CALLER, digit="4")),
        (3.5, DigitPressed(leg=CALLER, digit="#")),
        (4, DigitPressed(leg=CALLER, digit="7")),
    ]


def test_a_message_lasts_from_order_to_order() -> None:
    world = World()
    world.order(AnswerCaller())
    world.until(10)
    world.order(StartRecording(recording="r1", both=False))
    world.until(17)
    world.order(StopRecording(recording="r1"), StopRecording(recording="r1"))
    done = RecordingFinished(recording="r1", seconds=7, path="r1.wav")
    assert after_the_answer(world) == [(17, done)]


def test_a_recording_ends_with_its_caller() -> None:
    world = World(SimulatedCaller(offered=ARRIVAL, gives_up_after=9))
    world.order(AnswerCaller())
    world.until(5)
    world.order(StartRecording(recording="r1", both=False), play("p1", loop=True))
    assert after_the_answer(world) == [
        (9, LegEnded(leg=CALLER, cause=HUNG_UP)),
        (9, RecordingFinished(recording="r1", seconds=4, path="r1.wav")),
    ]


def test_a_recording_of_nothing_has_no_file() -> None:
    world = World()
    world.order(AnswerCaller(), StartRecording(recording="r1", both=True))
    world.order(EndLeg(leg=CALLER, cause=END))
    done = RecordingFinished(recording="r1", seconds=0, path="")
    assert (0, done) in world.heard()


def test_nothing_is_played_to_a_caller_who_is_gone() -> None:
    world = World(SimulatedCaller(offered=ARRIVAL, gives_up_after=1, keys=((2.0, "1"),)))
    world.order(AnswerCaller(), play("p1"))
    world.until(5)
    world.order(play("p2"), AnswerCaller())
    world.driver.press(CALL.id, "1")
    assert after_the_answer(world) == [(1, LegEnded(leg=CALLER, cause=HUNG_UP))]


def test_who_heard_a_prompt_is_connected_without_a_second_answer() -> None:
    world = World(SimulatedCaller(offered=ARRIVAL, gives_up_after=20), mary=answering(3, talks=30))
    world.order(AnswerCaller(), ring("b1", MARY))
    world.until(3)
    world.order(ConnectLegs(leg="b1"), ConnectLegs(leg="b1"))
    heard = [event for _, event in world.heard()]
    assert heard.count(ANSWERED) == 1
    assert world.handler.heard[-1] == (33, LegEnded(leg="b1", cause=HUNG_UP))
