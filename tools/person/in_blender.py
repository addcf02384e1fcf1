# SPDX-License-Identifier: Apache-2.0
"""Renders the postures at the yaws of a plan and writes where the 133 points are.

Run by render_person.py: ``blender -b human_rig.blend -P in_blender.py -- plan.json folder``.
Pictures that are in the folder already are not rendered again, but their points are found anew.
The plan is a list of {name, posture, yaw, distance, height, ppm, left, right, bottom, top}: the
camera stands ``distance`` metres before the person's axis at ``height``, looks level, and takes
``ppm`` pixels a metre of the upright plane through that axis, from left to right and bottom to top
(metres).
"""

import json
import math
import os
import sys

import bpy
from mathutils import Vector

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import figure  # noqa: E402
import landmarks  # noqa: E402
import points  # noqa: E402
import postures  # noqa: E402

SENSOR_MM = 36.0


def main(plan_path, folder, samples, smooth):
    with open(plan_path, encoding="utf-8") as file:
        plan = json.load(file)
    rig, meshes = figure.prepare(smooth)
    pivot = figure.light()
    figure.cycles(samples)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    bpy.context.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    bpy.context.view_layer.update()
    marks = landmarks.Landmarks(rig, meshes)
    poser = postures.Poser(rig)
    result = {"names": points.names(), "postures": {}, "views": []}
    upright = landmarks.Surfaces(meshes)
    result["stature"] = max(v.z for v in upright.vertices[figure.SKIN]) - upright.ground
    present = None
    for number, view in enumerate(plan):
        if view["posture"] != present:
            present = view["posture"]
            poser.take(present)
            rig.parent.location = (0, 0, 0)
            bpy.context.view_layer.update()
            surfaces = landmarks.Surfaces(meshes)
            # Feet on the ground, the middle between head and hips over the origin.
            places = marks.positions(surfaces)
            rig.parent.location = (-_axis_x(places), 0, -surfaces.ground)
            bpy.context.view_layer.update()
            surfaces = landmarks.Surfaces(meshes)
            tree, _ = surfaces.tree(landmarks.SOLID)
            places = marks.positions(surfaces)
            result["postures"][present] = [list(p) for p in places]
        eye, xy = _point_camera(camera, pivot, view, places)
        result["views"].append(
            {**view, "xy": xy, "visible": marks.seen(surfaces, tree, places, eye)}
        )
        picture = os.path.join(folder, view["name"] + ".png")
        if not os.path.exists(picture):
            bpy.context.scene.render.filepath = picture
            bpy.ops.render.render(write_still=True)
        print(f"PROGRESS {number + 1}/{len(plan)} {view['name']}", flush=True)
    with open(os.path.join(folder, "views.json"), "w", encoding="utf-8") as file:
        json.dump(result, file)


def _axis_x(places):
    names = points.names()
    hips = [places[names.index(f"{side}_hip")].x for side in ("left", "right")]
    return sum(hips) / 2 + 0.02


def _point_camera(camera, pivot, view, places):
    """Set the camera; gives its place and the points in pixels of the image."""
    angle = math.radians(-view["yaw"])  # a person turning left sees the camera go right
    distance, height, ppm = view["distance"], view["height"], view["ppm"]
    width = round((view["right"] - view["left"]) * ppm)
    tall = round((view["top"] - view["bottom"]) * ppm)
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y = width, tall
    ahead = Vector((math.cos(angle), math.sin(angle), 0))
    eye = ahead * distance + Vector((0, 0, height))
    camera.location, camera.rotation_euler = eye, (math.pi / 2, 0, angle + math.pi / 2)
    focal = ppm * distance
    camera.data.sensor_fit, camera.data.sensor_width = "HORIZONTAL", SENSOR_MM
    camera.data.lens = SENSOR_MM * focal / width
    camera.data.shift_x = (view["left"] + view["right"]) / 2 * ppm / width
    camera.data.shift_y = ((view["bottom"] + view["top"]) / 2 - height) * ppm / width
    pivot.rotation_euler = (0, 0, angle)
    right = Vector((-math.sin(angle), math.cos(angle), 0))
    xy = []
    for place in places:
        depth = distance - place.dot(ahead)
        x = focal * place.dot(right) / depth - view["left"] * ppm
        y = (view["top"] - height) * ppm - focal * (place.z - height) / depth
        xy.append((x - 0.5, y - 0.5))  # the middle of the first pixel is (0, 0)
    return eye, xy


if __name__ == "__main__":
    arguments = sys.argv[sys.argv.index("--") + 1 :]
    main(arguments[0], arguments[1], int(arguments[2]), int(arguments[3]))
