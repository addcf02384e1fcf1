# SPDX-License-Identifier: Apache-2.0
"""ROS 2's environment variables for the network, translated for Cyclone DDS."""

from __future__ import annotations

import os

# Send images in few large datagrams: with many small ones, best effort loses half of the images.
# And send them to their readers alone: by multicast, which is the default for two of them, every
# process of the domain gets them, and takes 2 to 6 % of a core to drop them.
_NETWORK = (
    "<General><MaxMessageSize>65500B</MaxMessageSize><FragmentSize>65000B</FragmentSize>"
    "<AllowMulticast>spdp</AllowMulticast>"
    '</General><Internal><SocketReceiveBufferSize min="0B" max="32MB"/></Internal>'
)
# Name the loopback interface: Cyclone DDS ignores what arrives through an unnamed one.
_LOCALHOST = (
    '<General><Interfaces><NetworkInterface address="127.0.0.1"/></Interfaces>'
    "<AllowMulticast>false</AllowMulticast></General><Discovery>"
    "<ParticipantIndex>auto</ParticipantIndex>"
    "<MaxAutoParticipantIndex>99</MaxAutoParticipantIndex>"
    '<Peers><Peer address="localhost"/></Peers></Discovery>'
)


def domain_id_from_environment() -> int:
    """Return ROS_DOMAIN_ID, or 0 if it is not set.

    Raises ValueError unless it is a whole number from 0 to 232.
    """
    text = os.environ.get("ROS_DOMAIN_ID", "") or "0"
    if not text.isdigit() or int(text) > 232:
        raise ValueError(f"ROS_DOMAIN_ID is {text!r}; it must be a whole number from 0 to 232")
    return int(text)


def configuration() -> str:
    """Return Cyclone DDS's configuration; CYCLONEDDS_URI overrides ROS 2's variables.

    Raises ValueError if a variable asks for something that rosless does not have.
    """
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "") or "SUBNET"
    if os.environ.get("ROS_LOCALHOST_ONLY") == "1":
        reach = "LOCALHOST"
    if reach.upper() not in ("SUBNET", "LOCALHOST", "SYSTEM_DEFAULT"):
        raise ValueError(
            f"ROS_AUTOMATIC_DISCOVERY_RANGE is {reach!r}; rosless knows SUBNET, "
            "LOCALHOST and SYSTEM_DEFAULT"
        )
    if os.environ.get("ROS_STATIC_PEERS"):
        raise ValueError("rosless has no ROS_STATIC_PEERS: name peers in CYCLONEDDS_URI")
    parts = [_NETWORK, _LOCALHOST if reach.upper() == "LOCALHOST" else ""]
    own = ",".join(f"<CycloneDDS><Domain>{p}</Domain></CycloneDDS>" for p in parts if p)
    return ",".join(filter(None, [own, os.environ.get("CYCLONEDDS_URI", "")]))
