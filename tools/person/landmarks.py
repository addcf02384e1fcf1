# SPDX-License-Identifier: Apache-2.0
"""The 133 points found on the person, in any posture, and which of them a camera sees.

Runs inside Blender.
"""

import bpy
import figure
import points
from mathutils import Vector
from mathutils.bvhtree import BVHTree

SOLID = (figure.SKIN, figure.EYES, figure.HAIR, *figure.CLOTHES)


class Surfaces:
    """The meshes as they are posed now: world vertices and triangles by mesh name."""

    def __init__(self, meshes):
        graph = bpy.context.evaluated_depsgraph_get()
        self.vertices, self.triangles = {}, {}
        for name in SOLID:
            evaluated = meshes[name].evaluated_get(graph)
            mesh = evaluated.to_mesh()
            mesh.calc_loop_triangles()
            world = evaluated.matrix_world
            self.vertices[name] = [world @ v.co for v in mesh.vertices]
            self.triangles[name] = [tuple(t.vertices) for t in mesh.loop_triangles]
            evaluated.to_mesh_clear()
        self.ground = min(v.z for v in self.vertices["classic_shoes_lres"])

    def tree(self, names):
        """(tree, [(mesh name, triangle)] by the tree's own index)."""
        vertices, triangles, origin = [], [], []
        for name in names:
            first = len(vertices)
            vertices += self.vertices[name]
            triangles += [tuple(first + i for i in t) for t in self.triangles[name]]
            origin += [(name, t) for t in self.triangles[name]]
        return BVHTree.FromPolygons(vertices, triangles, all_triangles=True), origin


class Landmarks:
    """Made once in the rest pose; then asked in each posture."""

    def __init__(self, rig, meshes):
        self._rig = rig
        self._names = points.names()
        self._depth = {}
        # Joints of bones, places in triangles, and means of vertices of the skin.
        self._bones, self._anchors, self._means = {}, {}, {}
        surfaces = Surfaces(meshes)
        trees = {names: surfaces.tree(names) for names in (points.HEAD, points.SHOE)}
        for name, (where, ray) in self._rays().items():
            self._anchors[name] = _cast(surfaces, *trees[where], *ray, name)
            self._depth[name] = points.EAR_DEPTH if "ear" in name else points.SURFACE_DEPTH
        for side, letter in (("left", "L"), ("right", "R")):
            for part, (bone, depth) in points.JOINTS.items():
                self._bones[f"{side}_{part}"] = f"{bone}_{letter}"
                self._depth[f"{side}_{part}"] = depth
            self._elbow(surfaces, side, letter)
            self._hand(meshes[figure.SKIN], side, letter)
        missing = set(self._names) - set(self._depth)
        if missing:
            raise SystemExit(f"no place is given for {sorted(missing)}")

    def _rays(self):
        rays = {name: ray for name, ray in points.BODY_RAYS.items()}
        rays.update({f"face-{i}": (points.HEAD, ray) for i, ray in points.FACE_RAYS.items()})
        partner = {f"face-{a}": f"face-{b}" for a, b in points.mirrored_face().items()}
        partner.update({n: n.replace("left_", "right_") for n in rays if n.startswith("left_")})
        for name, other in partner.items():
            where, ((x, y, z), (u, v, w)) = rays[name]
            rays[other] = where, ((x, -y, z), (u, -v, w))
        return rays

    def _elbow(self, surfaces, side, letter):
        # Skin is drawn inwards where an arm is bent, and leaves the bones' joint outside: the
        # elbow is the middle of the ring of skin that lies around the joint at rest.
        name = f"{side}_elbow"
        world = self._rig.matrix_world
        joint = world @ self._rig.pose.bones[self._bones.pop(name)].head
        wrist = world @ self._rig.pose.bones[f"wrist_{letter}"].head
        axis = (wrist - joint).normalized()
        self._means[name] = [
            i
            for i, v in enumerate(surfaces.vertices[figure.SKIN])
            if (v - joint).length < points.ELBOW_RADIUS
            and abs((v - joint).dot(axis)) < points.ELBOW_RING
        ]

    def _hand(self, skin, side, letter):
        self._bones[f"{side}_hand_root"] = f"wrist_{letter}"
        self._depth[f"{side}_hand_root"] = points.JOINTS["wrist"][1]
        graph = bpy.context.evaluated_depsgraph_get()
        mesh = skin.evaluated_get(graph).to_mesh()
        for number, finger in enumerate(points.FINGERS, 1):
            for joint in (1, 2, 3):
                self._bones[f"{side}_{finger}{joint}"] = f"finger{number}-{joint}_{letter}"
            bone = f"finger{number}-3_{letter}"
            group = skin.vertex_groups[bone].index
            rest = self._rig.data.bones
            base = rest[f"finger{number}-2_{letter}"].head_local
            along = rest[bone].head_local - base
            # Of the last joint's own skin, what lies furthest along the finger.
            own = [
                (v.co.dot(along), v.index)
                for v in mesh.vertices
                if any(g.group == group and g.weight > 0.5 for g in v.groups)
            ]
            tip = sorted(own, reverse=True)[: points.TIP_VERTICES]
            self._means[f"{side}_{finger}4"] = [index for _, index in tip]
            for joint in (1, 2, 3, 4):
                self._depth[f"{side}_{finger}{joint}"] = points.FINGER_DEPTH

    def positions(self, surfaces):
        """Name -> Vector in the world, in the present posture."""
        found = {}
        for name, bone in self._bones.items():
            found[name] = self._rig.matrix_world @ self._rig.pose.bones[bone].head
        for name, (mesh, triangle, weights) in self._anchors.items():
            corners = (surfaces.vertices[mesh][i] for i in triangle)
            found[name] = sum((w * c for w, c in zip(weights, corners)), Vector())
        skin = surfaces.vertices[figure.SKIN]
        for name, vertices in self._means.items():
            found[name] = sum((skin[i] for i in vertices), Vector()) / len(vertices)
        return [found[name] for name in self._names]

    def seen(self, surfaces, tree, places, eye):
        """Whether a camera at ``eye`` sees each of the places.

        Nothing solid is before it, and the surface of which it is a place is not turned away.
        """
        answer = []
        for name, place in zip(self._names, places):
            ray = place - eye
            _, _, _, distance = tree.ray_cast(eye, ray.normalized())
            answer.append(
                (distance is None or distance > ray.length - self._depth[name])
                and self._away(surfaces, name, ray) < points.TURNED_AWAY
            )
        return answer

    def _away(self, surfaces, name, ray):
        """The cosine between the ray and the normal of the surface; -1 for joints and ears."""
        if name not in self._anchors or self._depth[name] == points.EAR_DEPTH:
            return -1.0
        mesh, triangle, _ = self._anchors[name]
        a, b, c = (surfaces.vertices[mesh][i] for i in triangle)
        return (b - a).cross(c - a).normalized().dot(ray.normalized())


def _cast(surfaces, tree, origin, start, direction, name):
    place, _, index, _ = tree.ray_cast(Vector(start), Vector(direction))
    if index is None:
        raise SystemExit(f"the ray of {name} from {start} along {direction} meets nothing")
    mesh, triangle = origin[index]
    a, b, c = (surfaces.vertices[mesh][i] for i in triangle)
    whole = (b - a).cross(c - a)
    area = whole.dot(whole)
    weights = (
        (b - place).cross(c - place).dot(whole) / area,
        (c - place).cross(a - place).dot(whole) / area,
        (a - place).cross(b - place).dot(whole) / area,
    )
    return mesh, triangle, weights
