# SPDX-License-Identifier: Apache-2.0
"""The sound of tones, as samples."""

from __future__ import annotations

import numpy as np

from dwpose_ros.guidance.tones import Tone, ToneKind

RATE_HZ = 22050
LOWEST_HZ, OCTAVES = 220.0, 2.0  # the pitch of the worst framing, and how far it rises
PERIOD_S = 0.4  # from one note to the next
NOTE_S, TICK_S = 0.24, 0.06
SEARCH_S = 1.2  # from one tick to the next
GLIDE = 0.3  # of an octave, up or down
TREMBLE_HZ = 14.0
LEVEL = 0.4  # of full scale
_EDGE_S = 0.012  # fade in and out, against clicks
_TAKEN = (1.0, 1.25, 1.5)  # a major triad


def pitch_hz(framing: float) -> float:
    """Return the pitch for how good the framing is, 0..1."""
    return float(LOWEST_HZ * 2.0 ** (OCTAVES * min(max(framing, 0.0), 1.0)))


def samples(tone: Tone, volume: float = 1.0) -> np.ndarray:
    """Return a tone with the pause after it: (n, 2) int16, left and right, at RATE_HZ.

    Args:
        volume: 0..1 and louder, up to where it would clip.
    """
    if tone.kind == ToneKind.GUIDE:
        note, length_s = _note(tone), PERIOD_S
    elif tone.kind == ToneKind.HOLD:
        note, length_s = _wave(np.full(round(PERIOD_S * RATE_HZ), pitch_hz(1.0))), PERIOD_S
    elif tone.kind == ToneKind.TAKEN:
        each = np.full(round(0.12 * RATE_HZ), pitch_hz(1.0) / 2)
        note, length_s = np.concatenate([_wave(each * step) for step in _TAKEN]), PERIOD_S
    elif tone.kind == ToneKind.SEARCH:
        note, length_s = _wave(np.full(round(TICK_S * RATE_HZ), LOWEST_HZ / 2)), SEARCH_S
    else:
        note, length_s = np.zeros(0), PERIOD_S
    mono = np.zeros(max(round(length_s * RATE_HZ), len(note)))
    mono[: len(note)] = note
    angle = (np.clip(tone.aside, -1.0, 1.0) + 1.0) * np.pi / 4  # of equal power at all sides
    stereo = mono[:, None] * (np.cos(angle), np.sin(angle)) * LEVEL * np.sqrt(2.0) * volume
    return np.rint(np.clip(stereo, -1.0, 1.0) * 32767).astype("<i2")


def _note(tone: Tone) -> np.ndarray:
    t = np.arange(round(NOTE_S * RATE_HZ)) / RATE_HZ
    glide = 2.0 ** (GLIDE * np.sign(tone.depth) * (t / NOTE_S - 0.5))
    wave = _wave(pitch_hz(tone.framing) * glide)
    return wave * (0.5 - 0.5 * np.cos(2 * np.pi * TREMBLE_HZ * t)) if tone.turn else wave


def _wave(hz: np.ndarray) -> np.ndarray:
    """Return a soft tone of this pitch at each sample, faded in and out."""
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    wave = (np.sin(phase) + 0.3 * np.sin(2 * phase) + 0.1 * np.sin(3 * phase)) / 1.4
    edge = min(round(_EDGE_S * RATE_HZ), len(wave) // 2)
    ramp = np.linspace(0.0, 1.0, edge)
    wave[:edge] *= ramp
    wave[len(wave) - edge :] *= ramp[::-1]
    return wave
