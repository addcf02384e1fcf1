# SPDX-License-Identifier: Apache-2.0
"""The gallery, the operator's page and what is told of pictures, in a real browser; and that all
pages can be used by everybody.
"""

from __future__ import annotations

import json
import zipfile
from types import SimpleNamespace

import pytest
from web_fixtures import seen, until

from dwpose_ros.ros.screen_messages import status_message  # its form is what is tested

T = 1_700_000_000
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1366, "height": 768}


def status(name: str, level: int, message: str, **values: object):
    pairs = [SimpleNamespace(key=k, value=str(v)) for k, v in values.items()]
    return SimpleNamespace(name=name, level=level, message=message, values=pairs)


def tell_status(served, rate: float) -> None:
    values = {"in /image_raw (Hz)": rate, "out /wholebody_pose age p95 (ms)": 61.0}
    nodes = {
        "left/pose": (status("left/pose", 0, "running", **values), 9.0),
        "camera": (status("camera", 2, "the camera may be unplugged"), 9.5),
        "guidance": (status("guidance", 0, "running"), 0.0),
    }
    served.server.call(served.site.hub.tell, "status", "status", status_message(nodes, 10.0))


def violations(page) -> list:
    """What axe-core finds, by the rules of WCAG 2.2 A and AA."""
    from axe_playwright_python.sync_playwright import Axe

    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in found.response["violations"]
    ]


def test_the_gallery(serve, browse, captured, tmp_path):
    captured("turnaround_front", T)
    name = captured("face", T + 30)
    served = serve()
    page = browse(served.url + "captures")
    page.wait_for_selector(".session")
    assert page.locator(".session").count() == 1 and page.locator(".tiles li").count() == 2
    page.locator(".tiles button").first.click()
    view = page.locator("#one")
    assert "eyes open" in view.inner_text() and "97" in view.inner_text()
    assert "Quality 71" in view.inner_text()
    assert "-0.20 s: cut_off 0.8, at least 1" in view.inner_text()
    for words, ending in (
        ("Download", ".png"),
        ("Pose (JSON)", ".json"),
        ("OpenPose (JSON)", "_openpose.json"),
    ):
        with page.expect_download() as got:
            view.get_by_text(words, exact=True).click()
        assert got.value.suggested_filename == name + ending
        content = got.value.path().read_bytes()
        assert json.loads(content) if ending.endswith("json") else content[1:4] == b"PNG"
    page.check("#one input")
    seen(page, "document.querySelector('#one img').src.endsWith('/overlay')")
    view.get_by_text("Close", exact=True).click()
    with page.expect_download() as got:
        page.click("text=Download all (zip)")
    assert len(zipfile.ZipFile(got.value.path()).namelist()) == 6

    page.locator(".tiles button").first.click()
    view.get_by_text("Delete", exact=True).click()
    page.click("#no")
    assert len(list((tmp_path / "captures").iterdir())) == 6
    page.locator(".tiles button").first.click()
    view.get_by_text("Delete", exact=True).click()
    page.click("#yes")
    until(lambda: len(list((tmp_path / "captures").iterdir())) == 3)
    until(lambda: page.locator(".tiles li").count() == 1)


def test_the_gallery_without_a_folder(serve, browse):
    page = browse(serve().url + "captures")
    page.wait_for_selector("text=no picture was taken yet")


@pytest.mark.parametrize("name, date", [("pt_BR", "14 de nov. de 2023"), ("my words", "2023")])
def test_dates_in_the_gallery_in_a_language_of_the_users_own(serve, browse, captured, name, date):
    captured("face", 1_700_000_000)
    chosen = f"localStorage.setItem('language', '{name}')"
    texts = {"en": {"language_name": "English"}, name: {"language_name": "Own"}}
    page = browse(serve(texts=texts, language=name).url + "captures", before=chosen)
    page.wait_for_selector(f".session h2:has-text('{date}')")


def test_what_is_told_of_pictures(serve, browse, tmp_path):
    page = browse(serve().url + "privacy")
    page.wait_for_selector(f"text=kept in {tmp_path / 'captures'}, until somebody deletes them")
    served = serve(keep_hours=24.0)
    page = browse(served.url + "privacy", locale="de-DE")
    page.wait_for_selector("text=24 Stunden lang")
    served.backend.hours = 2.0  # the capture node's, which an operator has changed
    page.reload()
    page.wait_for_selector("text=2 Stunden lang")


def test_the_operators_page(serve, browse):
    served = serve()
    page = browse(served.url + "status")
    until(lambda: served.backend.kinds == {"status"})
    for rate in (15.0, 7.5):
        tell_status(served, rate)
        page.wait_for_selector(f"text={rate:.1f} Hz")
    assert page.inner_text("#summary") == "2 of 3 nodes need attention"
    assert page.locator(".node.error").inner_text().startswith("camera")
    assert "Nothing was heard of it for 10 s" in page.locator(".node.stale").inner_text()
    assert "L" in page.locator(".plot path").first.get_attribute("d")

    page.click("[aria-label='Parameters of left/pose']")
    page.fill("#parameter-max_age", "2")
    page.press("#parameter-max_age", "Tab")
    until(lambda: ("set", "left/pose", "max_age", 2.0) in served.backend.asked)
    page.fill("#parameter-max_age", "8")
    page.press("#parameter-max_age", "Tab")
    page.wait_for_selector("text=it is too much")
    assert page.input_value("#parameter-max_age") == "2"
    assert page.locator("#rows input").count() == 1  # the other one never changes
    page.fill("#parameter-max_age", "")
    page.press("#parameter-max_age", "Tab")
    seen(page, "document.getElementById('parameter-max_age').value === '2'")
    assert ("set", "left/pose", "max_age", 0.0) not in served.backend.asked
    page.click("#close")
    page.click("[aria-label='Parameters of camera']")
    page.wait_for_selector("text=no node 'camera'")


@pytest.mark.parametrize(
    "size, scheme", [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"]
)
def test_everybody_can_use_the_pages(serve, browse, captured, size, scheme):
    captured("face", T)
    served = serve(camera=True)
    page = browse(served.url, viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_selector("#use-camera")
    assert violations(page) == []
    served.server.call(setattr, served.site.camera, "connected", True)
    served.server.call(served.site.tell_camera)
    served.guide("idle", "", "")
    page.wait_for_selector("#profiles label")
    assert violations(page) == []
    checks = [["one_person", True, True], ["too_far", False, True]]

    def told() -> bool:  # not once: the page may connect anew after it was examined for so long
        served.guide("adjusting", "Take a step closer.", "move_closer", checks=checks)
        return "Take a step closer." in page.inner_text("body")

    until(told)
    assert violations(page) == []
    page.click("#open-settings")
    assert violations(page) == []
    for path, opener in (
        ("captures", ".tiles button"),
        ("privacy", "#kept"),
        ("status", "[aria-label='Parameters of left/pose']"),
    ):
        page.goto(served.url + path)
        if path == "status":
            until(lambda: served.backend.kinds == {"status"})
            tell_status(served, 15.0)
        page.wait_for_selector(opener)
        assert violations(page) == []
        page.click(opener)
        seen(page, "document.readyState === 'complete'")
        assert violations(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"]  # nothing to scroll sideways
