# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from dwpose_ros.core.keypoints import BODY, FACE, INDEX, SKELETON
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.visualization import skeleton as subject


def black():
    return np.zeros((720, 1280, 3), np.uint8)


def somebody(seed=0, low=100, high=600, n=1):
    rng = np.random.default_rng(seed)
    return PersonPoses.of(
        rng.uniform(low, high, (n, 133, 2)), np.ones((n, 133)), np.zeros((n, 4)), np.ones(n)
    )


def only(*names):
    """Somebody of whom only these points are seen, in a row 100 px apart."""
    people = somebody()
    people.scores[:] = 0
    for i, name in enumerate(names):
        people.scores[0, INDEX[name]] = 0.9
        people.xy[0, INDEX[name]] = 100 + 100 * i, 300
    return people


@pytest.mark.parametrize(
    "a, b, color",
    [
        ("left_shoulder", "left_elbow", subject.LEFT),
        ("right_hip", "right_knee", subject.RIGHT),
        ("left_hip", "right_hip", subject.MIDDLE),
        ("nose", "left_eye", subject.MIDDLE),
        ("left_ankle", "left_heel", subject.LEFT_FOOT),
        ("right_ankle", "right_big_toe", subject.RIGHT_FOOT),
        ("left_hand_root", "left_thumb1", subject.LEFT_HAND_COLOR),
        ("right_pinky_finger3", "right_pinky_finger4", subject.RIGHT_HAND_COLOR),
    ],
)
def test_a_limb_is_a_line_in_its_colour(a, b, color):
    image = subject.draw_skeleton(black(), only(a, b))
    assert tuple(image[300, 150]) == color
    assert not image[330:].any() and not image[:270].any()


def test_colours_differ():
    names = [n for n in dir(subject) if n.startswith(("LEFT", "RIGHT", "MIDDLE", "FACE_"))]
    colors = [v for v in (getattr(subject, n) for n in names) if isinstance(v, tuple)]
    assert len(set(colors)) == len(colors) == 8


def test_it_draws_into_the_image_it_was_given():
    image = black()
    assert subject.draw_skeleton(image, somebody()) is image and image.any()


def test_every_limb_and_point_is_drawn():
    for a, b in SKELETON:
        people = somebody()
        people.scores[:] = 0
        people.scores[0, [a, b]] = 1
        people.xy[0, a], people.xy[0, b] = (200, 200), (400, 200)
        assert subject.draw_skeleton(black(), people)[200, 300].any(), (a, b)
    for point in [*range(FACE.start, FACE.stop), *range(BODY.start, BODY.stop)]:
        people = somebody()
        people.scores[:] = 0
        people.scores[0, point] = 1
        people.xy[0, point] = 200, 200
        assert subject.draw_skeleton(black(), people)[200, 200].any()


@pytest.mark.parametrize("score, drawn", [(0.3, False), (0.31, True), (0, False), (np.nan, False)])
def test_threshold(score, drawn):
    people = only("nose", "left_eye")
    people.scores[people.scores > 0] = score
    assert subject.draw_skeleton(black(), people).any() == drawn


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -1e9, 40_000])
def test_absurd_points_are_left_out(bad):
    people = only("left_shoulder", "left_elbow", "left_wrist")
    people.xy[0, INDEX["left_wrist"], 1] = bad
    image = subject.draw_skeleton(black(), people)
    assert image[300, 150].any() and not image[:, 310:].any()


def test_lines_are_thicker_on_larger_people():
    def thickness(scale):
        people = only("left_shoulder", "left_elbow")
        people = people.replace(xy=people.xy * np.float32([scale, 1]))
        return subject.draw_skeleton(black(), people)[:, int(150 * scale)].any(-1).sum()

    assert thickness(0.5) < thickness(5)


@pytest.mark.parametrize("low, high", [(-3000, 3000), (-9000, -8000)])
def test_partly_or_wholly_outside_the_image(low, high):
    subject.draw_skeleton(black(), somebody(low=low, high=high, n=3))


def test_nobody():
    assert not subject.draw_skeleton(black(), PersonPoses.none()).any()
