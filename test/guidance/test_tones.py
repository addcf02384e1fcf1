# SPDX-License-Identifier: Apache-2.0
"""What tones say, how they sound, and which sentences they replace."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.decision import Decision, State
from dwpose_ros.guidance.phrases import CODES
from dwpose_ros.guidance.tone_sound import (
    LOWEST_HZ,
    OCTAVES,
    PERIOD_S,
    RATE_HZ,
    pitch_hz,
    samples,
)
from dwpose_ros.guidance.tones import Tone, ToneKind, said_by_tones, tone_of
from dwpose_ros.guidance.voice import Voice

SOMEBODY = CheckResult("somebody", True, 1.0, 1.0)


def told(code: str = "", state: State = State.ADJUSTING) -> Decision:
    return Decision(state, code, "", 0.0, 0.0, False, False)


def tone(*results: CheckResult) -> Tone:
    return tone_of(told(), [SOMEBODY, *results])


def far(size: float) -> CheckResult:
    return CheckResult("too_far", size >= 0.4, size, 0.4, math.nan, "1", "move_closer")


def beside(offset: float) -> CheckResult:
    code = "move_left" if offset < 0 else "move_right"
    return CheckResult("centred", abs(offset) <= 0.15, offset, -0.15, 0.15, "1", code)


def turned(deg: float, code: str = "turn_left") -> CheckResult:
    return CheckResult("facing", abs(deg) <= 20, deg, -20.0, 20.0, "deg", code)


@pytest.mark.parametrize(
    "result, aside, depth, turn",
    [
        (far(0.2), 0, 1, False),
        (CheckResult("too_close", False, 0.9, math.nan, 0.8, "1", "move_back"), 0, -1, False),
        (CheckResult("too_close", False, 0.9, math.nan, 0.8, "1", "roll_back"), 0, -1, False),
        (beside(-0.3), -1, 0, False),
        (beside(0.3), 1, 0, False),
        (turned(40), -1, 0, True),
        (turned(-40, "turn_right"), 1, 0, True),
        (turned(180, "turn_around"), 1, 0, True),
        (CheckResult("looking", False, 30, -9, 9, "deg", "look_at_camera"), 1, 0, True),
        (CheckResult("light", False, 0.05, 0.1, 0.9, "1", "more_light"), 0, 0, False),
    ],
)
def test_a_tone_says_where_to_go(result, aside, depth, turn):
    found = tone(result)
    assert found.kind == ToneKind.GUIDE and 0 < found.framing < 1
    assert (np.sign(found.aside), found.depth, found.turn) == (aside, depth, turn)
    assert not aside or abs(found.aside) >= 0.5  # clearly on that side


@pytest.mark.parametrize(
    "results",
    [
        [far(size) for size in (0.05, 0.1, 0.2, 0.3, 0.39)],
        [beside(offset) for offset in (-0.5, 0.4, -0.3, 0.2)],
        [turned(deg) for deg in (170, -120, 90, 45, -25)],
    ],
)
def test_the_pitch_rises_as_it_gets_better(results):
    framings = [tone(result).framing for result in results]
    assert framings == sorted(framings) and framings[-1] - framings[0] > 0.3


def test_several_faults_are_lower_than_each_alone():
    alone = min(tone(far(0.2)).framing, tone(beside(0.3)).framing)
    both = tone(far(0.2), beside(0.3))
    assert both.framing < alone and (np.sign(both.aside), both.depth) == (1, 1)


def test_one_side_at_a_time():
    assert not tone(beside(-0.3), turned(-30, "turn_right")).turn  # first before the camera
    away = tone(beside(-0.3), turned(-150, "turn_right"))
    assert away.turn and away.aside > 0  # but not from behind


def test_the_states_have_notes_of_their_own():
    nobody = [CheckResult("somebody", False, 0.0, 1.0, code="step_into_view")]
    assert tone_of(told("step_into_view", State.SEARCHING), nobody).kind == ToneKind.SEARCH
    assert tone_of(told("no_pose", State.SEARCHING), []).kind == ToneKind.SILENCE
    assert tone_of(told("hold_still", State.HOLDING), [SOMEBODY]).kind == ToneKind.HOLD
    for taken in (told("done", State.CAPTURED), told("done", State.DONE), told("next_step")):
        assert tone_of(taken, [SOMEBODY]).kind == ToneKind.TAKEN


def test_which_sentences_tones_replace():
    spoken = {code for code in CODES if not said_by_tones(code)}
    assert {"notice", "show_hands", "arms_away", "more_light", "one_person", "done"} <= spoken
    assert not spoken & {"move_left", "roll_closer", "turn_around", "look_at_camera"}
    assert not spoken & {"hold_still", "countdown", "step_into_view"}
    # There is no tone for ahead and behind of somebody who stands sideways.
    assert {"move_forward", "move_backward"} <= spoken


@pytest.mark.parametrize("cues, said", [("speech", 2), ("both", 2), ("tones", 1)])
def test_with_tones_alone_only_the_rest_is_spoken(cues, said):
    heard: list[str] = []
    voice = Voice(heard.append, cues)
    voice.say("Take a step back.", 1.0, "move_back")
    assert voice.busy(1.1) == (cues != "tones")
    voice.say("Show me your open hands.", 5.0, "show_hands")
    assert len(heard) == said and heard[-1] == "Show me your open hands."


# --- Sound


def spectrum_hz(wave: np.ndarray) -> float:
    """The strongest frequency."""
    power = abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 17))
    return float(np.argmax(power) * RATE_HZ / (1 << 17))


@pytest.mark.parametrize("framing", [0.0, 0.3, 0.7, 1.0])
def test_the_pitch_is_heard(framing):
    sound = samples(Tone(ToneKind.GUIDE, framing)).astype(float).sum(1)
    hz = LOWEST_HZ * 2 ** (OCTAVES * framing)
    assert pitch_hz(framing) == pytest.approx(hz)
    assert spectrum_hz(sound) == pytest.approx(hz, rel=0.02)


@pytest.mark.parametrize("aside, louder", [(-1.0, 0), (-0.5, 0), (0.5, 1), (1.0, 1)])
def test_sides_are_heard(aside, louder):
    left, right = (samples(Tone(ToneKind.GUIDE, 0.5, aside)).astype(float) ** 2).mean(0) ** 0.5
    loud, soft = (left, right) if louder == 0 else (right, left)
    assert loud > 2 * soft
    middle = (samples(Tone(ToneKind.GUIDE, 0.5)).astype(float) ** 2).mean(0) ** 0.5
    assert middle[0] == pytest.approx(middle[1], rel=0.01)
    assert math.hypot(left, right) == pytest.approx(math.hypot(*middle), rel=0.02)


def test_glides_and_trembling_are_heard():
    def ends(depth: float) -> tuple[float, float]:
        sound = samples(Tone(ToneKind.GUIDE, 0.5, depth=depth)).astype(float)[:, 0]
        note = round(0.24 * RATE_HZ)
        return spectrum_hz(sound[: note // 3]), spectrum_hz(sound[2 * note // 3 : note])

    begin, end = ends(1.0)
    assert end > 1.1 * begin
    begin, end = ends(-1.0)
    assert begin > 1.1 * end
    plain, trembling = (
        samples(Tone(ToneKind.GUIDE, 0.5, turn=turn)).astype(float)[:, 0] for turn in (False, True)
    )
    frame = round(0.02 * RATE_HZ)
    level = [
        [np.sqrt((x[i : i + frame] ** 2).mean()) for i in range(frame, 10 * frame, frame)]
        for x in (plain, trembling)
    ]
    assert min(level[0]) > 0.8 * max(level[0]) and min(level[1]) < 0.3 * max(level[1])


@pytest.mark.parametrize("kind", ToneKind)
def test_every_kind_is_whole_notes_that_begin_and_end_softly(kind):
    sound = samples(Tone(kind, 1.0, 1.0, 1.0, True), volume=4.0)
    assert sound.dtype == np.dtype("<i2") and sound.ndim == 2 and len(sound) >= PERIOD_S * RATE_HZ
    assert abs(sound[[0, -1]]).max() < 400  # no clicks
    assert abs(sound).max() > 20000 if kind != ToneKind.SILENCE else not sound.any()
