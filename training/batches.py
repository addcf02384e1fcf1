# SPDX-License-Identifier: Apache-2.0
"""Batches of crops in an order that depends on the seed and the epoch alone.

So training can go on in the middle of an epoch, with any number of worker processes, and see the
same crops with the same changes.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dwpose_ros.estimation.conventions import MEAN, STD
from training.augment import NONE, Augmentation, crop
from training.data import Person

Batch = tuple[Tensor, Tensor, Tensor]


class Crops(Dataset):
    """Crops by (epoch, index): images (3, h, w) uint8 RGB, points (133, 2) px, weights (133,)."""

    def __init__(
        self,
        people: Sequence[Person],
        size: tuple[int, int],
        augmentation: Augmentation = NONE,
        seed: int = 0,
    ) -> None:
        self._people, self._size, self._seed = people, size, seed
        self._augmentation = augmentation

    def __len__(self) -> int:
        return len(self._people)

    def __getitem__(self, place: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        epoch, index = place
        rng = np.random.default_rng((self._seed, epoch, index))
        image, xy, weights = crop(self._people[index], self._size, self._augmentation, rng)
        return image.transpose(2, 0, 1), xy, weights


def order(people: int, batch: int, seed: int, epoch: int) -> list[list[tuple[int, int]]]:
    """Return the places of an epoch's batches; what does not fill one is left out.

    If there are fewer people than fill one batch, that one batch has them all.
    """
    shuffled = np.random.default_rng((seed, epoch)).permutation(people).tolist()
    whole = max(people // batch, 1)
    return [[(epoch, i) for i in shuffled[b * batch : (b + 1) * batch]] for b in range(whole)]


def batches(
    crops: Crops, places: list[list[tuple[int, int]]], device: torch.device, workers: int
) -> Iterator[Batch]:
    """Yield normalised images, points and weights of some places, on a device."""
    loader: Any = DataLoader(
        crops,
        batch_sampler=places,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        worker_init_fn=_start,
        generator=torch.Generator(),  # its own: the random state of training stays as it is
    )
    mean, std = (torch.tensor(v, dtype=torch.float32).reshape(1, 3, 1, 1).to(device)
                 for v in (MEAN.ravel(), STD.ravel()))  # fmt: skip
    for images, xy, weights in loader:
        images, xy, weights = (t.to(device, non_blocking=True) for t in (images, xy, weights))
        normalised = (images.float() - mean) / std
        yield normalised.contiguous(memory_format=torch.channels_last), xy, weights


def _start(_: int) -> None:
    """Begin a worker; the main process alone answers an interruption."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    cv2.setNumThreads(1)
