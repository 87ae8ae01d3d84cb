"""Both laws code as ITU-T G.711 says, and a second coding loses nothing more."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from switchhook.sip.rtp import g711
from switchhook.sip.rtp.g711 import A_LAW, LAWS, MU_LAW, Law

CODES = bytes(range(256))
BOTH = pytest.mark.parametrize("law", [MU_LAW, A_LAW], ids=lambda law: law.name)


def _pcm(*samples: int) -> bytes:
    return array("h", samples).tobytes()


def _samples(pcm: bytes) -> list[int]:
    return list(memoryview(pcm).cast("h"))


# G.711 tables 2a and 2b: the values at the decoder output, in 14 bits; ours are four times as large.
MU_OUTPUT = {0x80: 8031, 0x8F: 4191, 0x9F: 2079, 0xAF: 1023, 0xBF: 495, 0xCF: 231, 0xDF: 99}
MU_OUTPUT |= {0xEF: 33, 0xFE: 2, 0xFF: 0}
# Tables 1a and 1b, in 13 bits of which the output is half a step: ours are eight times as large.
A_OUTPUT = {0xAA: 4032, 0xA5: 2112, 0xB5: 1056, 0x85: 528, 0x95: 264, 0xE5: 132, 0xF5: 66, 0xD5: 1}


def test_outputs_of_the_mu_law() -> None:
    decoded = _samples(MU_LAW.decode(bytes(MU_OUTPUT)))
    assert decoded == [4 * value for value in MU_OUTPUT.values()]


def test_outputs_of_the_a_law() -> None:
    decoded = _samples(A_LAW.decode(bytes(A_OUTPUT)))
    assert decoded == [8 * value for value in A_OUTPUT.values()]


@BOTH
def test_negative_mirrors_positive(law: Law) -> None:
    samples = _samples(law.decode(CODES))
    assert samples[:128] == [-sample for sample in samples[128:]]


@BOTH
def test_coding_twice_changes_nothing(law: Law) -> None:
    once = law.encode(law.decode(CODES))
    minus_zero = {0x7F: 0xFF} if law is MU_LAW else {}
    assert once == bytes(minus_zero.get(code, code) for code in CODES)


@BOTH
def test_every_sample_is_told_within_half_a_step(law: Law) -> None:
    pcm = _pcm(*range(-32768, 32768))
    for sample, told in enumerate(_samples(law.decode(law.encode(pcm))), -32768):
        clipped = max(-32635, min(32635, sample))
        assert abs(told - clipped) <= 8 + abs(clipped) / 32


@BOTH
def test_louder_is_never_told_as_softer(law: Law) -> None:
    told = _samples(law.decode(law.encode(_pcm(*range(-32768, 32768)))))
    assert told == sorted(told)


@BOTH
def test_silence(law: Law) -> None:
    assert law.encode(_pcm(0, 0)) == law.silence * 2
    assert abs(_samples(law.decode(law.silence))[0]) <= 8


def test_the_digital_milliwatt_from_law_to_law() -> None:
    # Tables 5 and 6: a period of 1 kHz at 0 dBm0 in either law.
    mu, a = bytes.fromhex("1e0b0b1e9e8b8b9e"), bytes.fromhex("34212134b4a1a1b4")
    assert MU_LAW.to(A_LAW, mu) == a
    assert A_LAW.to(MU_LAW, a) == mu
    assert MU_LAW.to(MU_LAW, mu) is mu


def test_names_and_numbers_are_those_of_session_descriptions() -> None:
    assert {name: law.payload for name, law in LAWS.items()} == {"PCMU": 0, "PCMA": 8}


def test_no_call_waits_for_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = {name: replace(law) for name, law in LAWS.items()}
    monkeypatch.setattr(g711, "LAWS", fresh)
    g711.prepare()
    assert all({"_codes", "_halves"} <= vars(law).keys() for law in fresh.values())
