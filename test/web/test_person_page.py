# SPDX-License-Identifier: Apache-2.0
"""The person's page in a real browser, with a backend of the test's own."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from web_fixtures import Network, seen, until

from dwpose_ros.guidance.phrases import CODES
from dwpose_ros.web.live import picture_message

# A browser that speaks, and notes what.
SPEAKS = """
window.said = [];
class Utterance { constructor(text) { this.text = text; } }
window.SpeechSynthesisUtterance = Utterance;
const voices = [{lang: 'en-US', name: 'a'}, {lang: 'de-DE', name: 'b'}];
Object.defineProperty(window, 'speechSynthesis', {value: {
  getVoices: () => voices, addEventListener: () => {},
  speak: (one) => { window.said.push(one.voice.lang + ': ' + one.text); window.current = one; },
  cancel: () => { const one = window.current; window.current = null; one?.onend?.(); }}});
Object.defineProperty(navigator, 'userActivation', {value: {hasBeenActive: true}});
"""
CHECKS = [["one_person", True, True], ["too_far", False, True], ["too_close", True, True]]


def jpeg(red_left: bool = True) -> bytes:
    """A picture whose left half is red, the other blue."""
    bgr = np.zeros((240, 320, 3), np.uint8)
    bgr[:, :160], bgr[:, 160:] = ((0, 0, 255), (255, 0, 0))[:: 1 if red_left else -1]
    return cv2.imencode(".jpg", bgr)[1].tobytes()


def shown(page) -> np.ndarray:
    """The pixels (h, w, 3) RGB of the picture as it is on the screen."""
    taken = page.locator("#mirror").screenshot()
    return np.asarray(Image.open(io.BytesIO(taken)).convert("RGB")).astype(int)


def send_picture(served, data: bytes, page) -> None:
    before = page.evaluate("screenStats.pictures")
    until(lambda: served.site.hub.hungry)
    served.server.call(served.site.hub.show, picture_message(1.0, data))
    seen(page, f"screenStats.pictures > {before}")


def connected(served, page, kinds=("page", "picture", "pose")):
    until(lambda: set(kinds) <= served.backend.kinds)
    seen(page, "document.documentElement.lang && document.querySelector('h1').innerText")


def test_the_device_stays_awake_also_after_the_page_was_hidden(serve, browse):
    """As on a tablet whose app was changed for a moment: the browser has ended the lock then."""
    lock = "{value: {request: async () => { window.locks += 1; }}}"
    awake = f"window.locks = 0; Object.defineProperty(navigator, 'wakeLock', {lock});"
    served = serve(camera=False)
    page = browse(served.url, before=awake)
    connected(served, page)
    shown_again = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(shown_again)
    page.click("#start")
    seen(page, "locks === 1")
    page.evaluate(shown_again)
    seen(page, "locks === 2")


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_person_sees_a_mirror(serve, browse, mirrored):
    served = serve(camera=False, mirrored=mirrored)
    page = browse(served.url)
    connected(served, page)
    send_picture(served, jpeg(), page)
    pixels = shown(page)
    height, middle = pixels.shape[0], pixels.shape[1] // 2
    left, right = pixels[height // 2, middle - 60], pixels[height // 2, middle + 60]
    red, blue = (left, right) if mirrored else (right, left)
    assert red[0] > 200 > 60 > red[2] and blue[2] > 200 > 60 > blue[0]


def test_the_skeleton_is_drawn_over_it_and_can_be_left_out(serve, browse):
    served = serve(camera=False)
    page = browse(served.url)
    connected(served, page)
    send_picture(
        served, cv2.imencode(".jpg", np.zeros((240, 320, 3), np.uint8))[1].tobytes(), page
    )
    points = [None] * 133
    points[5], points[7] = [40, 60], [40, 200]  # the left upper arm, on the image's left
    served.tell_on("pose", "pose", stamp=1.0, width=320, height=240, people=[[1, points]])
    blue = "(([r, g, b]) => b > 150 && r < 150)"
    ink = f"""(() => {{ const c = document.getElementById('skeleton');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
        for (let i = 0; i < d.length; i += 4) n += {blue}(d.slice(i, i + 3)); return n; }})()"""
    seen(page, f"{ink} > 200")
    pixels = shown(page)
    there = np.argwhere((abs(pixels - [74, 163, 255]) < 12).all(-1))
    assert len(there) and (there[:, 1] > pixels.shape[1] / 2).all()  # mirrored with the picture
    served.end("pose")  # the pose node has ended, and the camera goes on
    seen(page, f"{ink} === 0")
    served.tell_on("pose", "pose", stamp=1.0, width=320, height=240, people=[[1, points]])
    seen(page, f"{ink} > 200")
    page.click("#open-settings")
    page.uncheck("#show-skeleton")
    seen(page, f"{ink} === 0")
    until(lambda: "pose" not in served.backend.kinds)


def test_words_checks_and_countdown(serve, browse):
    served = serve(camera=False)
    page = browse(served.url)
    connected(served, page)
    served.guide("adjusting", "Take a step closer.", "move_closer", checks=CHECKS)
    page.wait_for_selector("text=Take a step closer.")
    assert page.get_attribute("#instruction", "aria-live") == "polite"
    assert page.locator("#figure svg path").count() > 3
    rows = page.locator("#checks li")
    assert [row.inner_text().split("\n")[0].split(":")[0] for row in rows.all()] == [
        "People",
        "Distance",
    ]
    assert [row.get_attribute("class") for row in rows.all()] == ["ok", ""]
    height = page.evaluate("document.getElementById('instruction').getBoundingClientRect().height")
    size = page.evaluate(
        "parseFloat(getComputedStyle(document.getElementById('instruction')).fontSize)"
    )
    assert size > 0.06 * 1280 and height < 260  # letters of 2 cm on a screen of 30 cm: from 4 m
    served.guide("holding", "Perfect, hold still.", "hold_still", hold=2.0)
    seen(page, "document.querySelector('#ring text').textContent === '2'")
    served.guide("holding", "Perfect, hold still.", "hold_still", hold=0.5)
    page.wait_for_selector("#ring:not([hidden])")
    seen(
        page,
        "document.querySelector('#ring text').textContent === '1' && "
        "Number(document.querySelector('#ring .front').style.strokeDashoffset) < 60",
    )
    served.guide("adjusting", "Come a little closer.", "move_closer")
    page.wait_for_selector("#ring", state="hidden")


def test_every_instruction_has_a_figure(serve, browse):
    page = browse(serve(camera=False).url)
    drawn = page.evaluate("""async () => {
        const {figure} = await import('/static/figures.js');
        return (codes => codes.filter((code) => figure({code, count: 3, part: 'feet'})))
    }""") or page.evaluate(
        """async (codes) => { const {figure} = await import('/static/figures.js');
        return codes.filter((code) => figure({code, count: 3, part: 'feet'})?.childElementCount) }""",
        list(CODES),
    )
    assert drawn == list(CODES)


def test_left_is_drawn_on_the_left(serve, browse):
    """As in a mirror, the person's left is on the left."""
    page = browse(serve(camera=False).url)
    tip = """async (code) => { const {figure} = await import('/static/figures.js');
        const svg = figure({code}); document.body.append(svg);
        const box = [...svg.querySelectorAll('path')].at(-1).getBBox(); svg.remove();
        return box.x + box.width / 2 }"""
    for what in ("move", "turn"):
        assert page.evaluate(tip, f"{what}_left") < 45 < 75 < page.evaluate(tip, f"{what}_right")


def test_a_picture_that_was_taken_flashes_and_is_shown(serve, browse, captured):
    served = serve(camera=False)
    name = captured("face", 1_700_000_000)
    page = browse(served.url)
    connected(served, page)
    served.tell("page", "capture", name=name, label="face", quality=71.0, age=0.2)
    page.wait_for_selector("#thumbs img")
    page.wait_for_selector("body.flashed")
    seen(page, "document.querySelector('#thumbs img').naturalWidth === 120")
    served.tell("page", "capture", name="old", label="face", quality=71.0, age=3000.0)
    served.guide("done", "Thank you.", "done")
    page.wait_for_selector("text=Thank you.")
    assert page.locator("#thumbs img").count() == 1


def test_start_and_stop(serve, browse):
    served = serve(camera=False)
    page = browse(served.url)
    connected(served, page)
    served.guide("idle", "", "")
    page.locator("#profiles label", has_text="Face").click()
    page.click("#start")
    until(lambda: ("start", "face", "en.yaml") in served.backend.asked)
    served.keep("goal", state="guiding", why="")
    page.click("#stop")
    until(lambda: ("cancel",) in served.backend.asked)
    served.keep("goal", state="failed", why="no picture after 300 s")
    page.wait_for_selector("text=no picture after 300 s")


def test_the_language_is_chosen_and_kept(serve, browse):
    served = serve(camera=False)
    page = browse(served.url)
    connected(served, page)
    served.guide("idle", "", "")
    page.click("#open-settings")
    page.select_option("#language", "de")
    page.wait_for_selector("html[lang=de][dir=ltr]")
    page.click("#begin")
    until(lambda: ("start", "upper_body", "de.yaml") in served.backend.asked)
    page.select_option("#language", "he") if page.is_visible("#language") else None
    page.evaluate("localStorage.setItem('language', 'he')")
    page.reload()
    page.wait_for_selector("html[lang=he][dir=rtl]")
    served.guide("adjusting", "צעד אחד קרוב יותר.", "move_closer", checks=CHECKS)
    page.wait_for_selector("text=צעד אחד")
    words, figure = (page.locator(x).bounding_box() for x in ("#instruction", "#figure"))
    assert words["x"] < figure["x"]  # from right to left


def test_two_pages_and_one_that_reloads(serve, browse):
    served = serve(camera=False)
    pages = [browse(served.url) for _ in range(2)]
    for page in pages:
        connected(served, page)
    until(lambda: len(served.site.hub.viewers) == 2)
    for page in pages:
        send_picture(served, jpeg(), page)
    pages[0].reload()
    connected(served, pages[0])
    served.guide("adjusting", "Step back.", "move_back")
    for page in pages:
        page.wait_for_selector("text=Step back.")
        send_picture(served, jpeg(), page)
    pages[1].context.close()
    until(lambda: len(served.site.hub.viewers) == 1)


def test_it_comes_back_after_the_connection_was_cut(serve, browse):
    first = serve(camera=False)
    page = browse(first.url)
    connected(first, page)
    first.stop()
    page.wait_for_selector("text=No connection. Trying again")
    again = serve(camera=False, port=first.server.port)
    connected(again, page)
    again.guide("adjusting", "Here again.", "move_back")
    page.wait_for_selector("text=Here again.")
    first.server.stop = lambda: True


def test_a_network_that_is_cut_is_noticed_and_what_was_said_does_not_stay(serve, browse):
    served = serve(camera=False)
    url = served.url
    network = Network(served.server.port)
    page = browse(url.replace(f":{served.server.port}", f":{network.port}"))
    connected(served, page)
    served.guide("adjusting", "Step back.", "move_back")
    page.wait_for_selector("text=Step back.")
    network.cut()
    page.wait_for_selector("text=No connection. Trying again")
    assert "Step back." not in page.inner_text("body")
    network.mend()
    page.wait_for_selector("text=No connection. Trying again", state="hidden")

    def told_again() -> bool:
        served.guide("adjusting", "Here again.", "move_back")
        return "Here again." in page.inner_text("body")

    until(told_again)
    network.close()


def test_what_the_guidance_said_last_does_not_stay_when_its_node_has_ended(serve, browse):
    served = serve(camera=False)
    page = browse(served.url)
    connected(served, page)
    served.guide("adjusting", "Step back.", "move_back")
    page.wait_for_selector("text=Step back.")
    until(lambda: "Step back." in page.inner_text("body"))
    served.end("guidance")
    page.wait_for_selector("text=Step back.", state="hidden")


def test_a_page_too_many_says_so_and_comes_in_once_there_is_room(serve, browse):
    served = serve(camera=False, most_pages=1)
    first = browse(served.url)
    connected(served, first)
    second = browse(served.url)
    second.wait_for_selector("text=Too many pages are open: close one of them.")
    first.close()
    second.wait_for_selector("text=Too many pages are open", state="hidden")


def test_a_profile_that_is_no_more_is_not_chosen_any_more(serve, browse):
    """As in a page that stays open while the system is launched with other profiles."""
    first = serve(camera=False, profiles=["own", "face"], profile="own")
    page = browse(first.url)
    connected(first, page)
    first.stop()
    again = serve(camera=False, port=first.server.port, profile="face")
    connected(again, page)
    again.guide("idle", "", "")
    page.wait_for_selector("#start:visible")
    page.click("#start")
    until(lambda: ("start", "face", "en.yaml") in again.backend.asked)
    first.server.stop = lambda: True


def test_a_page_that_sleeps_costs_nothing(serve, browse):
    """It confirms no picture, so it gets only the first few."""
    served = serve(camera=False)
    page = browse(served.url)
    page.evaluate("""() => { window.got = 0; const s = new WebSocket(
        location.origin.replace('http', 'ws') + '/live'); window.sleeper = s;
        s.onopen = () => s.send('{"kind": "want", "value": ["picture"]}');
        s.onmessage = ({data}) => { window.got += typeof data !== 'string' }; }""")
    connected(served, page)
    viewers = served.site.hub.viewers
    until(lambda: len(viewers) == 2 and viewers[1].wants)  # it has asked for pictures
    for _ in range(8):
        send_picture(served, jpeg(), page)
    sleeper = viewers[1]
    assert page.evaluate("window.got") == 3 and sleeper.dropped >= 4


def test_a_hidden_page_asks_for_no_pictures(serve, browse):
    served = serve(camera=False)
    page = browse(served.url)
    connected(served, page)
    page.evaluate("""Object.defineProperty(document, 'visibilityState', {value: 'hidden'});
        document.dispatchEvent(new Event('visibilitychange'))""")
    until(lambda: served.backend.kinds == {"page"})


def test_nothing_is_asked_of_other_servers(serve, browse, captured):
    captured("face", 1_700_000_000)
    served = serve()
    page = browse("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("", "captures", "status", "privacy"):
        page.goto(served.url + path)
        page.wait_for_selector("h1:not(:empty)", state="attached")
    assert len(asked) > 12 and all(url.startswith((served.url, "blob:")) for url in asked)


class TestVoice:
    @pytest.fixture
    def page(self, serve, browse):
        self.served = serve(camera=False)
        page = browse(self.served.url, before=SPEAKS)
        connected(self.served, page)
        until(lambda: self.served.site.hub.voice())
        return page

    def say(self, text: str, language: str = "en") -> None:
        viewer = self.served.site.hub.voice()
        from dwpose_ros.web.site import message

        self.served.server.call(
            viewer.put, "speech", message("speech", text=text, language=language)
        )

    def heard(self) -> list:
        return [asked[1] for asked in self.served.backend.asked if asked[0] == "speaking"]

    def test_it_speaks_and_says_so(self, page):
        self.say("Step back.")
        seen(page, "said.length === 1 && said[0] === 'en-US: Step back.'")
        until(lambda: self.heard() == [True])
        page.evaluate("current.onend()")
        until(lambda: self.heard() == [True, False])

    def test_a_new_sentence_takes_the_place_of_the_last(self, page):
        self.say("Step back.")
        self.say("Einen Schritt zurück.", "de")
        seen(page, "said.at(-1) === 'de-DE: Einen Schritt zurück.'")
        assert page.evaluate("current.text") == "Einen Schritt zurück."
        self.say("")
        seen(page, "current === null")
        until(lambda: self.heard()[-1] is False)

    def test_without_a_voice_it_says_so_and_nothing_else(self, page):
        self.served.keep("speaker", who="page")
        self.served.keep("language", language="ja")
        page.click("#open-settings")
        page.wait_for_selector("text=この言語の音声がありません。")
        until(lambda: self.served.site.hub.voice() is None)

    def test_a_page_that_has_no_voice_any_more_still_tells_that_it_has_ended(self, page):
        """Else everybody waits for its sentence for ever."""
        self.say("Step back.")
        until(lambda: self.heard() == [True])
        self.served.keep("language", language="ja")
        until(lambda: self.served.site.hub.voice() is None)
        page.evaluate("current.onend()")
        until(lambda: self.heard() == [True, False])

    def test_who_speaks_is_chosen(self, page):
        self.served.keep("speaker", who="speech")
        page.click("#open-settings")
        page.select_option("#speaker", "page")
        until(lambda: ("speaker", "page") in self.served.backend.asked)

    def test_a_page_that_is_closed_speaks_no_more(self, page):
        self.say("Step back.")
        until(lambda: self.heard() == [True])
        page.close()
        until(lambda: self.heard()[-1] is False)
