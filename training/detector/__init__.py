# SPDX-License-Identifier: Apache-2.0
"""Training of a person detector that is small: taught by an RTMDet and by exact boxes."""
