# SPDX-License-Identifier: Apache-2.0
"""The person of human_rig.blend made ready for Cycles: materials, light, smooth skin, no walk.

Runs inside Blender (``bpy``), which brings its own Python.
"""

import math

import bpy

RIG = "HumanSkeleton"
SKIN, EYES, HAIR = "male1591", "eyes", "mhair02"
CLOTHES = ("tshirt02", "jeans01", "classic_shoes_lres")
# The file is older than Blender's node materials, and its old texture slots are lost: what was
# in them, and how dull it is.
TEXTURES = {
    SKIN: ("young_lightskinned_male_diffuse.png", 0.55),
    EYES: ("brown_eye.png", 0.15),
    HAIR: ("male02_diffuse_black.png", 0.6),
    "tshirt02": ("tshirt02_texture.png", 0.9),
    "jeans01": ("jeans_basic_diffuse.png", 0.9),
    "classic_shoes_lres": ("classicshoes_texture_diffuse.png", 0.4),
}
# Suns at (azimuth, elevation) in degrees as seen from the camera, their strength, their colour.
# They go round with the camera, so that a person who turns stays lit from the same side.
SUNS = (
    ((-35, 40), 1.7, (1.0, 0.97, 0.93)),
    ((50, 25), 0.8, (0.93, 0.97, 1.0)),
    ((160, 50), 0.7, (1.0, 1.0, 1.0)),
)
SUN_DEG = 12.0  # the suns' own size: how soft their shadows are
AMBIENT = 0.6
SHIRT_M = 0.008  # by which the shirt is wider than in the file


def objects():
    """Name as in TEXTURES -> mesh object."""
    found = {}
    for name in TEXTURES:
        ends = [o for o in bpy.data.objects if o.type == "MESH" and o.name.endswith("-" + name)]
        if len(ends) != 1:
            raise SystemExit(
                f"the blend file has {len(ends)} meshes named ...-{name}, wanted 1: "
                "is it human_rig.blend of morse-simulator-data 1.4?"
            )
        found[name] = ends[0]
    return found


def prepare(smooth):
    """Leave nothing but the person, at rest, textured; gives (rig, meshes by name)."""
    rig, meshes = bpy.data.objects[RIG], objects()
    for other in list(bpy.data.objects):
        if other is not rig and other not in meshes.values() and other is not rig.parent:
            bpy.data.objects.remove(other)
    rig.animation_data_clear()
    for bone in rig.pose.bones:
        for constraint in list(bone.constraints):
            bone.constraints.remove(constraint)
        bone.matrix_basis.identity()
        for lock in (bone.lock_location, bone.lock_rotation, bone.lock_scale):
            lock[:] = (False, False, False)
    for name, mesh in meshes.items():
        _texture(mesh, *TEXTURES[name], see_through=name == HAIR)
        for polygon in mesh.data.polygons:
            polygon.use_smooth = True
        if name == "tshirt02":  # or an arm that is moved forward comes through the sleeve
            modifier = mesh.modifiers.new("wide", "DISPLACE")
            modifier.strength, modifier.mid_level = SHIRT_M, 0.0
        if smooth and name not in (HAIR, EYES):
            modifier = mesh.modifiers.new("smooth", "SUBSURF")
            modifier.levels = modifier.render_levels = smooth
    return rig, meshes


def _texture(mesh, image, roughness, see_through):
    material = mesh.material_slots[0].material
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    shader = nodes.new("ShaderNodeBsdfPrincipled")
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Specular"].default_value = 0.25
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = bpy.data.images[image]
    links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    if see_through:
        links.new(texture.outputs["Alpha"], shader.inputs["Alpha"])
    output = nodes.new("ShaderNodeOutputMaterial")
    links.new(shader.outputs["BSDF"], output.inputs["Surface"])


def light():
    """The suns, on a pivot that is to be turned with the camera; gives the pivot."""
    pivot = bpy.data.objects.new("pivot", None)
    bpy.context.collection.objects.link(pivot)
    for i, ((azimuth, elevation), strength, color) in enumerate(SUNS):
        data = bpy.data.lights.new(f"sun{i}", "SUN")
        data.energy, data.color, data.angle = strength, color, math.radians(SUN_DEG)
        sun = bpy.data.objects.new(f"sun{i}", data)
        # A sun shines along its own -z; the camera stands on the pivot's +x side.
        sun.rotation_euler = (0, math.radians(90 - elevation), math.radians(azimuth))
        sun.parent = pivot
        bpy.context.collection.objects.link(sun)
    world = bpy.data.worlds.new("ambient")
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (1, 1, 1, 1)
    background.inputs["Strength"].default_value = AMBIENT
    bpy.context.scene.world = world
    return pivot


def cycles(samples):
    """Settings of the renderer: transparent background, sRGB as it is, the same noise each run."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = True
    scene.cycles.adaptive_threshold = 0.03
    scene.cycles.max_bounces = 2
    scene.cycles.transparent_max_bounces = 8
    scene.cycles.seed = 1
    try:
        scene.cycles.use_denoising = True
        scene.cycles.denoiser = "OPENIMAGEDENOISE"
    except TypeError:  # built without it, as Debian's is
        scene.cycles.use_denoising = False
    scene.render.use_persistent_data = True
    scene.render.film_transparent = True
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.resolution_percentage = 100
