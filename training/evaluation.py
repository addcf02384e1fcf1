# SPDX-License-Identifier: Apache-2.0
"""How near a network's points are to people that it has not learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from dwpose_ros.core.keypoints import GROUPS
from training.batches import Crops, batches
from training.data import Person
from training.rtmpose import RTMPose
from training.targets import decode

NEAR = 0.05  # of the crop's height: a point within it is found


def evaluate(
    model: RTMPose, people: Sequence[Person], batch: int = 64, workers: int = 0
) -> dict[str, float]:
    """Return the share of annotated points that are found, whole and by part, and `pixels`.

    Found means within 5 % of the crop's height; `pixels` is the median distance in the crop. Parts
    of which nothing is annotated are NaN.
    """
    device = next(model.parameters()).device
    size = (model.size.width, model.size.height)
    everybody = [(0, i) for i in range(len(people))]
    places = [everybody[i : i + batch] for i in range(0, len(everybody), batch)]
    distances, known = [], []
    training = model.training
    model.eval()
    with torch.no_grad():
        for images, xy, weights in batches(Crops(people, size), places, device, workers):
            points, _ = decode(*model(images))
            distances.append(torch.linalg.norm(points - xy, dim=-1).cpu().numpy())
            known.append(weights.cpu().numpy() > 0)
    model.train(training)
    return measures(np.concatenate(distances), np.concatenate(known), size[1])


def measures(distances: np.ndarray, known: np.ndarray, height: int) -> dict[str, float]:
    """Return what `evaluate` does, of distances (n, 133) px where points are known (n, 133)."""

    def found(part: slice) -> float:
        of_part = distances[:, part][known[:, part]]
        return float((of_part < NEAR * height).mean()) if len(of_part) else float("nan")

    middle = float(np.median(distances[known])) if known.any() else float("nan")
    parts = {name: found(part) for name, part in GROUPS.items()}
    return {"whole": found(slice(None)), **parts, "pixels": middle}
