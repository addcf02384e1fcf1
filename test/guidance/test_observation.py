# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from dwpose_ros.core.anthropometry import STATURE_M
from dwpose_ros.core.keypoints import NAMES
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.observation import TargetSelector


def look(selector, people: dict, time_s: float = 0.0):
    """One frame with {id: person} in view; gives the id of the followed person, 0 for nobody."""
    if not people:
        empty = np.empty((0, 133, 2)), np.empty((0, 133)), np.empty((0, 4))
        observation = selector.look(PersonPoses.of(*empty, ids=[]), 1280, 720, time_s)
        assert observation is None
        return 0
    stacked = [np.stack([p[i] for p in people.values()]) for i in range(3)]
    assert selector.look(PersonPoses.of(*stacked, ids=list(people)), 1280, 720, time_s) is not None
    return selector.person_id


@pytest.fixture
def selector(profile):
    return TargetSelector(profile("full_body"))


def test_the_largest_is_followed(selector, person):
    assert look(selector, {7: person(0.5, x=0.3), 8: person(0.9, x=0.7)}) == 8


def test_nobody(selector):
    assert look(selector, {}) == 0
    assert selector.choose([], np.empty((0, 4))) is None


@pytest.mark.parametrize("other, followed", [(0.6, 1), (0.7, 1), (0.74, 2), (0.9, 2)])
def test_another_must_be_much_larger_to_be_followed(selector, person, other, followed):
    """1.5 times the area: heights of 0.6 and 0.735 of the image."""
    first = person(0.6, x=0.3)
    assert look(selector, {1: first}) == 1
    assert look(selector, {2: person(other, x=0.7), 1: first}) == followed


def test_two_of_one_size_who_sway_do_not_take_turns(selector, person):
    sizes = 0.7 + 0.05 * np.sin(np.arange(50))
    assert {
        look(selector, {1: person(s, x=0.3), 2: person(1.4 - s, x=0.7)}, t * 0.1)
        for t, s in enumerate(sizes)
    } == {1}


def test_who_stays_is_followed_when_the_first_leaves(selector, person):
    small = person(0.4, x=0.7)
    assert look(selector, {1: person(x=0.3), 2: small}, 0.0) == 1
    assert look(selector, {2: small}, 0.1) == 2
    assert look(selector, {}, 0.2) == 0
    assert look(selector, {1: person(x=0.3), 2: small}, 0.3) == 1  # much larger


def test_who_is_found_again_at_once_is_no_newcomer(selector, person):
    one, large = person(0.5, x=0.3), person(0.9, x=0.7)
    newcomers = []
    for now, people in (
        (0.0, {1: one}),
        (0.1, {1: one}),
        (0.2, {}),
        (0.9, {2: one}),
        (1.0, {3: one}),
        (1.1, {3: one, 4: large}),
        (1.2, {}),
        (2.3, {5: one}),
        (1.0, {6: one}),
    ):
        look(selector, people, now)
        newcomers.append(selector.newcomer)
    # The first, one who is followed instead, who comes later, and before, as the clock has it.
    assert newcomers == [True, False, False, False, False, True, False, True, True]


def test_a_box_that_is_no_place_does_not_lose_the_person(selector, person):
    first, second = person(0.7, x=0.3), person(0.6, x=0.7)
    assert look(selector, {1: first, 2: second}) == 1
    for bad in (math.nan, math.inf, 1e30):
        broken = first._replace(box=np.full(4, bad, np.float32))
        assert look(selector, {1: broken, 2: second}) == 1


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e30])
def test_a_box_that_is_no_place_is_not_the_largest(selector, person, bad):
    """Where neither points nor box say where somebody is, others are followed."""
    nowhere = person()
    nowhere.xy[:], nowhere.box[:] = math.nan, bad
    assert look(selector, {1: nowhere, 2: person(0.3)}) == 2


@pytest.mark.parametrize("height, others", [(0.3, 0), (0.5, 1), (0.78, 1)])
def test_company_counts_from_half_the_size(selector, person, height, others):
    people = person(0.8, x=0.3), person(height, x=0.7)
    observation = selector.look(
        PersonPoses.of(*(np.stack([p[i] for p in people]) for i in range(3)), ids=[1, 2]),
        1280,
        720,
        0.0,
    )
    assert (selector.person_id, observation.others) == (1, others)


def test_the_view_is_of_the_followed_person(selector, person):
    people = person(0.4, x=0.3), person(0.8, x=0.7)
    observation = selector.look(
        PersonPoses.of(*(np.stack([p[i] for p in people]) for i in range(3)), ids=[1, 2]),
        1280,
        720,
        0.0,
    )
    assert np.array_equal(observation.xy, people[1].xy) and np.array_equal(
        observation.box, people[1].box
    )
    assert (observation.width, observation.height) == (1280, 720)


def walk(selector, person, speed: float, seconds: float = 3.0, fps: float = 15.0, **kwargs):
    """Somebody 576 px high goes to one side, `speed` heights of the wanted parts a second."""
    observation = None
    for i in range(int(seconds * fps)):
        x = 0.4 + speed * i / fps * 0.8 * (0.985 - 0.064) * 720 / 1280
        one = person(0.8, x=x, **kwargs)
        observation = selector.look(
            PersonPoses.of(one.xy[None], one.scores[None], one.box[None], ids=[1]),
            1280,
            720,
            i / fps,
        )
    return observation.speed


@pytest.mark.parametrize("speed", [0.0, 0.1, 0.25])
@pytest.mark.parametrize("fps", [1.0, 5.0, 30.0])
@pytest.mark.parametrize("hidden", [(), ("shoulders",)])
def test_speed_is_in_heights_a_second_at_any_frame_rate(selector, person, speed, fps, hidden):
    assert walk(selector, person, speed, fps=fps, hidden=hidden) == pytest.approx(speed, abs=0.01)


def test_speed_is_unknown_at_first_and_after_a_gap(selector, person):
    one = person()

    def speed(time_s: float) -> float:
        return selector.look(
            PersonPoses.of(one.xy[None], one.scores[None], one.box[None], ids=[1]),
            1280,
            720,
            time_s,
        ).speed

    assert math.isnan(speed(0.0))
    assert speed(0.1) == 0.0
    assert math.isnan(speed(5.0))  # nobody knows what they did meanwhile
    assert speed(5.1) == 0.0
    assert math.isnan(speed(1.0))  # the clock jumped back
    assert speed(1.1) == 0.0


@pytest.mark.parametrize(
    "gap_s, speed", [(0.5, 0.2), (1.0, 0.1), (1.5, 0.1), (2.0, 0.1), (2.1, math.nan)]
)
def test_between_slow_frames_all_movement_counts_as_of_one_second(selector, person, gap_s, speed):
    """Somebody who has moved by 0.1 of their height; after more than 2 s nobody knows how."""
    height = 0.8 * (0.985 - 0.064) * 720 / 1280
    for i, x in enumerate((0.4, 0.4 + 0.1 * height)):
        one = person(0.8, x=x)
        observation = selector.look(
            PersonPoses.of(one.xy[None], one.scores[None], one.box[None], ids=[1]),
            1280,
            720,
            i * gap_s,
        )
    assert observation.speed == pytest.approx(speed, abs=1e-3, nan_ok=True)


WHOLE = ("head", "shoulders", "hips", "knees", "feet")


def watch(selector, people, gap_s: float = 0.1):
    """The last view of somebody, frame by frame; None is a frame without anybody."""
    observation = None
    for i, one in enumerate(people):
        stacked = (
            [np.empty((0, *x)) for x in ((133, 2), (133,), (4,))]
            if one is None
            else [part[None] for part in one[:3]]
        )
        observation = selector.look(
            PersonPoses.of(*stacked, ids=[1] * len(stacked[0])), 1280, 720, i * gap_s
        )
    return observation


@pytest.mark.parametrize(
    "hidden, known",
    [(WHOLE, False), (("knees", "feet", "hips"), False), (("feet",), True), ((), True)],
)
def test_half_of_the_points_tell_a_speed(selector, person, hidden, known):
    """Fewer do not tell how large all would be: for long, since a moment is bridged."""
    observation = watch(selector, [person(hidden=hidden) for _ in range(4)])
    assert math.isnan(observation.speed) != known


@pytest.mark.parametrize("gone_s, there", [(0.1, True), (0.24, True), (0.26, False), (1.0, False)])
def test_points_that_are_lost_for_a_moment_are_still_there(selector, person, gone_s, there):
    known = person(x=0.4)
    observation = watch(selector, [known, person(x=0.42, hidden=("feet", "face"))], gone_s)
    feet = known.points("feet")
    assert (observation.scores[feet] > 0.3).all() == there
    assert np.array_equal(observation.xy[feet], known.xy[feet]) == there
    seen = known.points("shoulders")  # what is seen is where it is now
    assert np.array_equal(observation.xy[seen], person(x=0.42).xy[seen])
    again = person(x=0.44)
    now = selector.look(
        PersonPoses.of(*(part[None] for part in again[:3]), ids=[1]), 1280, 720, gone_s + 0.1
    )
    assert np.array_equal(now.xy, again.xy)


def test_points_are_bridged_from_when_they_were_last_seen(selector, person):
    """However often they are missed in between; and not those of somebody else."""
    hidden = person(hidden=("feet",))
    feet = hidden.points("feet")
    there = [
        (watch(selector, [person(), *[hidden] * n]).scores[feet] > 0.3).all()
        for n in (1, 2, 3, 4)
        if selector.reset() is None
    ]
    assert there == [True, True, False, False]
    look(selector, {1: person()}, 9.0)
    other = person(hidden=("feet",))
    observation = selector.look(
        PersonPoses.of(*(part[None] for part in other[:3]), ids=[2]), 1280, 720, 9.1
    )
    assert (observation.scores[feet] < 0.3).all()


def test_a_clock_that_jumps_back_bridges_nothing(selector, person):
    look(selector, {1: person()}, 100.0)
    hidden = person(hidden=("feet",))
    observation = selector.look(
        PersonPoses.of(*(part[None] for part in hidden[:3]), ids=[1]), 1280, 720, 50.0
    )
    assert (observation.scores[hidden.points("feet")] < 0.3).all()


def approach(
    person,
    start_m: float,
    end_m: float,
    frames: int = 30,
    x_m: float = 0.0,
    end_x_m: float | None = None,
    **more,
):
    """Frames of somebody who walks before a camera that sees all of them from 3 m on."""
    for share in np.linspace(0, 1, frames):
        distance_m = start_m * (end_m / start_m) ** share
        x = x_m + ((x_m if end_x_m is None else end_x_m) - x_m) * share
        yield person(
            height=2.63 / distance_m,
            x=0.5 + 0.87 * x / distance_m,
            top=0.5 - 0.4 * 2.63 / distance_m,
            **more,
        )


@pytest.mark.parametrize(
    "start_m, end_m", [(3.5, 3.5), (3.5, 4.5), (4.5, 3.5), (3.5, 1.2), (1.2, 3.5), (1.2, 0.8)]
)
@pytest.mark.parametrize("x_m", [0.0, 0.3])
def test_nearer_is_the_true_scale_whatever_comes_into_view(selector, person, start_m, end_m, x_m):
    """Walking back from 1.2 m legs come into view, and make the seen parts twice as high."""
    observation = watch(selector, approach(person, start_m, end_m, x_m=x_m))
    assert observation.nearer == pytest.approx(math.log(start_m / end_m), abs=0.03)
    # Straight towards the camera they do not go aside, though they do in the image.
    assert observation.aside == pytest.approx(0, abs=0.04)


@pytest.mark.parametrize("distance_m", [1.2, 3.5])
@pytest.mark.parametrize("x_m", [-0.3, 0.3])
def test_aside_is_in_statures(selector, person, distance_m, x_m):
    observation = watch(selector, approach(person, distance_m, distance_m, end_x_m=x_m))
    # Whatever the border cuts off.
    assert observation.aside == pytest.approx(x_m / STATURE_M, abs=0.02)
    assert observation.nearer == pytest.approx(0, abs=0.01)


def test_who_they_were_does_not_count(selector, person):
    """Nor whether nobody was seen for a moment; but another person begins anew."""
    frames = list(approach(person, 4.0, 3.0, frames=6))
    gone = [*frames[:3], None, None, *frames[3:]]
    assert watch(selector, gone).nearer == pytest.approx(math.log(4 / 3), abs=0.02)
    small, large = frames[0], person(0.9)
    observation = selector.look(
        PersonPoses.of(*(np.stack([p[i] for p in (small, large)]) for i in range(3)), ids=[1, 2]),
        1280,
        720,
        2.0,
    )
    assert (selector.person_id, observation.nearer, observation.aside) == (2, 0.0, 0.0)


def test_a_new_id_alone_is_no_movement(selector, person):
    """It would look like a step."""
    look(selector, {1: person(0.5)}, 0.0)
    look(selector, {1: person(0.6)}, 0.1)
    look(selector, {2: person(0.6)}, 0.2)
    observation = selector.look(
        PersonPoses.of(*(part[None] for part in person(0.6)[:3]), ids=[2]), 1280, 720, 0.3
    )
    assert observation.nearer == pytest.approx(math.log(0.6 / 0.5), abs=0.01)


@pytest.mark.parametrize("seen, told", [(4, False), (5, True)])
def test_few_points_tell_no_way(selector, person, seen, told):
    people = [person(x=x, hidden=tuple(NAMES[seen:23]) + ("face", "hands")) for x in (0.4, 0.5)]
    assert (watch(selector, people, 0.3).aside > 0.1) == told


def test_points_that_come_and_go_are_no_way(selector, person):
    hidden = ("shoulders", "feet")
    observation = watch(selector, [person(hidden=hidden if i % 2 else ()) for i in range(30)], 0.3)
    assert (observation.nearer, observation.aside) == (
        pytest.approx(0, abs=1e-6),
        pytest.approx(0, abs=1e-6),
    )


def test_company_stays_until_it_is_clearly_smaller(selector, person):
    def others(height: float) -> int:
        people = person(0.8, x=0.3), person(height, x=0.7)
        return selector.look(
            PersonPoses.of(*(np.stack([p[i] for p in people]) for i in range(3)), ids=[1, 2]),
            1280,
            720,
            0.0,
        ).others

    assert [others(h) for h in (0.35, 0.41, 0.35, 0.31, 0.35)] == [0, 1, 1, 0, 0]
    others(0.41)
    selector.reset()
    assert others(0.35) == 0


def test_the_next_step_is_of_the_same_person(selector, person, profile):
    assert look(selector, {1: person(0.6, x=0.3)}, 0.0) == 1
    selector.use(profile("face"))
    assert look(selector, {1: person(0.6, x=0.3), 2: person(0.7, x=0.7)}, 0.1) == 1
    one = person(0.6, x=0.3)
    for time_s, known in ((0.2, True), (0.3, True)):
        observation = selector.look(
            PersonPoses.of(one.xy[None], one.scores[None], one.box[None], ids=[1]),
            1280,
            720,
            time_s,
        )
        assert math.isnan(observation.speed) != known
    selector.use(profile("full_body"))  # other points: their speed is not known yet
    observation = selector.look(
        PersonPoses.of(one.xy[None], one.scores[None], one.box[None], ids=[1]), 1280, 720, 0.4
    )
    assert math.isnan(observation.speed) and selector.person_id == 1


def test_light_and_sharpness_are_unknown_until_somebody_measures_them(person):
    observation = person().view()
    assert math.isnan(observation.brightness) and math.isnan(observation.sharpness)


def test_speed_is_not_that_between_two_people(selector, person):
    look(selector, {1: person(x=0.2)}, 0.0)
    look(selector, {2: person(x=0.8)}, 0.1)
    assert selector.person_id == 2
    other = person(x=0.8)
    observation = selector.look(
        PersonPoses.of(other.xy[None], other.scores[None], other.box[None], ids=[2]),
        1280,
        720,
        0.2,
    )
    assert observation.speed == 0.0


@pytest.mark.parametrize("mirrored", [False, True])
def test_from_the_side_it_is_that_of_the_near_points(person, custom, mirrored):
    """Which in a mirrored image are called the other side's."""
    selector = TargetSelector(custom(side="left", parts=("shoulders", "hips", "knees")), mirrored)
    hidden = ("right_shoulder", "right_hip", "right_knee")
    one = person(yaw=-90, mirrored=mirrored, hidden=hidden)
    assert watch(selector, [one] * 3).speed == 0.0


def test_ears_that_hardly_move_do_not(person, custom):
    """They have no height that a speed could be measured in."""
    random, people = np.random.default_rng(0), []
    for _ in range(20):
        one = person(yaw=180)
        one.xy[:] += random.normal(0, 0.3, one.xy.shape)  # px
        people.append(one)
    assert watch(TargetSelector(custom(parts=("head",), side="back")), people).speed < 0.2


def test_one_jump_of_the_estimator_is_no_movement(selector, person):
    speeds = []
    for i in range(40):
        one = person(x=0.53 if i == 10 else 0.5)
        speeds.append(
            selector.look(
                PersonPoses.of(one.xy[None], one.scores[None], one.box[None], ids=[1]),
                1280,
                720,
                i / 30,
            ).speed
        )
    assert max(speeds[1:]) < 0.25  # there and back in 33 ms is over 2 heights a second
    assert speeds[39] == 0
