# SPDX-License-Identifier: Apache-2.0
"""The programs that OpenGL runs: people and things, shadows, the floor that catches them.

Colours are squared to be lit and their root is drawn, which is near enough to sRGB's curve and
cheaper. The second target is a number: what is drawn there, see `renderer`.
"""

VERTEX = """#version 330
uniform mat4 clip, shade;
in vec3 position; in vec3 normal; in vec2 uv; in float part;
out vec3 at, n, s; out vec2 t; flat out int p;
void main() {
  gl_Position = clip * vec4(position, 1); at = position; n = normal; t = uv; p = int(part);
  s = (shade * vec4(position, 1)).xyz * .5 + .5;
}"""

SHADOW = """
uniform sampler2DShadow shadow; uniform float texel;
float lit(vec3 s) {
  if (any(lessThan(s.xy, vec2(0))) || any(greaterThan(s.xy, vec2(1)))) return 1.;
  vec3 d = vec3(texel, texel, 0);
  return (texture(shadow, s + d) + texture(shadow, s - d)) / 2.;
}"""

FRAGMENT = (
    """#version 330
uniform sampler2D picture;
uniform vec3 sun, sun_color, lamp, lamp_color, ground, sky, eye, tints[8], pattern_color;
uniform float shine, cut, pattern_size; uniform int pattern, what;
in vec3 at, n, s; in vec2 t; flat in int p;
layout(location = 0) out vec4 color; layout(location = 1) out uint number;
"""
    + SHADOW
    + """
float chance(vec2 u) { return fract(sin(dot(u, vec2(12.9898, 78.233))) * 43758.5453); }
float drawn(vec2 u) {
  vec2 f = fract(u * pattern_size);
  if (pattern == 1) return step(f.x, .5);
  if (pattern == 2) return step(f.y, .5);
  if (pattern == 3) return (step(f.x, .5) + step(f.y, .5)) * .5;
  if (pattern == 4) return step(length(f - .5), .28);
  return step(f.x, .12) + step(f.y, .12);
}
void main() {
  vec4 c = texture(picture, t);
  if (c.a < cut) discard;
  if (pattern == 6 && chance(floor(t * pattern_size)) > pattern_color.r) discard;
  vec3 b = c.rgb * c.rgb * tints[p];
  vec3 other = pattern_color * (b.r + b.g + b.b) * .5;
  if (pattern > 0 && pattern < 6) b = mix(b, other, clamp(drawn(t), 0., 1.));
  vec3 m = normalize(gl_FrontFacing ? n : -n);
  vec3 v = normalize(eye - at);
  float d = dot(m, sun);
  float shadowed = d > -.3 ? lit(s) : 0.;
  vec3 direct = sun_color * shadowed;
  vec3 light = mix(ground, sky, m.y * .5 + .5) + direct * max((d + .2) / 1.2, 0.)
             + lamp_color * max(dot(m, lamp), 0.);
  float h = max(dot(m, normalize(sun + v)), 0.);
  h *= h; h *= h; h *= h; h *= h;
  float edge = 1. - max(dot(m, v), 0.);
  vec3 r = b * light + shine * (direct * h + sky * edge * edge * edge * .35);
  color = vec4(sqrt(clamp(r, 0., 1.)), 1);
  number = uint(what);
}"""
)

DEPTH_VERTEX = """#version 330
uniform mat4 clip; in vec3 position; in vec2 uv; out vec2 t;
void main() { gl_Position = clip * vec4(position, 1); t = uv; }"""

DEPTH_FRAGMENT = """#version 330
uniform sampler2D picture; uniform float cut; in vec2 t;
void main() { if (cut > 0. && texture(picture, t).a < cut) discard; }"""

FLOOR_VERTEX = """#version 330
uniform mat4 clip, shade; in vec3 position; out vec3 s; out vec3 at;
void main() { gl_Position = clip * vec4(position, 1); at = position;
              s = (shade * vec4(position, 1)).xyz * .5 + .5; }"""

FLOOR_FRAGMENT = (
    """#version 330
uniform float strength; in vec3 s; in vec3 at;
layout(location = 0) out vec4 color; layout(location = 1) out uint number;
"""
    + SHADOW
    + """
void main() { color = vec4(0, 0, 0, strength * (1. - lit(s))); number = 0u; }"""
)
