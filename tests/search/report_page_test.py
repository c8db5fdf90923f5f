"""Opens reports in headless Chromium and works in them: report_page_test.py CHROMIUM CHROMEDRIVER FOLDER.

FOLDER holds N.html, reports of N trials, and two.html, of two studies. A page must ask the network for nothing and
leave nothing in the console.
"""
import json
import os
import sys
import time
import xml.etree.ElementTree as xml

from selenium.webdriver.support.ui import Select

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from browser import Page, ended, expect, failures, start_browser  # noqa: E402: found by the line above

PICTURES = ["scatter", "progress", "curves", "parallel", "misses"]
MOST_SECONDS = 3.0  # to open 5,000 trials
MOST_OF_A_MOVE = 0.1  # seconds of CPU for a move of a brush over 5,000 trials; it takes 0.02


def shown(page):
    return int(page.text("#trials .count").split(" of ")[0].replace(",", ""))


def busy(page):
    """Seconds that the page's main thread has computed."""
    metrics = page.command("Performance.getMetrics")["metrics"]
    return next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def opens(page, folder, trials):
    page.open(os.path.join(folder, f"{trials}.html"))
    computed = busy(page)
    seconds = page.js("return (performance.timing.domComplete - performance.timing.navigationStart) / 1000")
    print(f"{trials} trials: open after {seconds:.2f} s, {computed:.2f} s of CPU")
    expect(computed < MOST_SECONDS, f"{trials} trials take {computed} s of CPU")
    # A busy machine is not the page's fault: of the time alone no more is asked than ten times the aim.
    expect(seconds < 10 * MOST_SECONDS, f"{trials} trials take {seconds} s")
    expect(shown(page) == trials, f"{trials}.html: {shown(page)} trials in the table")
    for picture in PICTURES:
        drawn = page.js("return [...document.querySelectorAll(arguments[0])].map((p) => p.getAttribute('d') || '').join('')", f"#{picture} .plot path")
        expect(len(drawn) > 20 and "NaN" not in drawn, f"{trials}.html: {picture} is not drawn")
    shapes = page.js("return [...document.querySelectorAll('#scatter .legend path')].map((p) => p.getAttribute('d'))")
    expect(len(shapes) == len(set(shapes)) and shapes, f"{trials}.html: types share a marker")
    page.close()


def points_and_clicks(page, path):
    page.open(path)
    left, top, width, height = page.middle("#scatter circle.ring")
    x, y = left + width / 2, top + height / 2
    page.mouse("mouseMoved", x, y)
    expect("int8 validation" in page.text("#card") and page.one("#card").is_displayed(), f"{page.name}: no card under the pointer")
    for picture in ["scatter", "curves", "parallel"]:
        expect(page.js("return document.querySelectorAll(arguments[0]).length", f"#{picture} .under") > 0, f"{page.name}: {picture} does not show what is pointed at")
    page.mouse("mousePressed", x, y, button="left", clickCount=1)
    page.mouse("mouseReleased", x, y, button="left", clickCount=1)
    name = page.text("#design h2")
    expect(page.one("#design").is_displayed() and name in page.text("#card"), f"{page.name}: a click opens no design")
    expect("kwsmith export" in page.text("#design"), f"{page.name}: the best design has no command to export it")
    chosen = page.js("return location.hash")
    expect("t=0." in chosen, f"{page.name}: the address does not keep the selection")
    body = page.one("body")
    body.send_keys("j")
    expect(page.js("return location.hash") != chosen, f"{page.name}: j does not go on")
    body.send_keys("k")
    expect(page.js("return location.hash") == chosen or page.text("#design h2") == name, f"{page.name}: k does not go back")
    body.send_keys("x")
    expect(not page.one("#design").is_displayed(), f"{page.name}: x does not close")
    page.close()
    page.open(path, chosen)
    expect(page.text("#design h2") == name, f"{page.name}: the address does not bring the selection back")
    page.close()


def reaches_what_lies_below(page, path):
    """Marks that cover one another are opened one by one, by clicks on the same place."""
    page.open(path, width=900)  # where an open design moves no picture
    left, top, width, height = page.middle("#curves .plot")
    # All that stopped at the first rung end at the same x.
    places = page.js("return [...document.querySelectorAll('#curves .mark.pale')].map((m) => m.getAttribute('d')).filter(Boolean)"
                     ".map((d) => { const p = document.createElementNS('http://www.w3.org/2000/svg', 'path'); p.setAttribute('d', d.split('Z')[0] + 'Z');"
                     " document.querySelector('#curves svg').append(p); const b = p.getBBox(); p.remove(); return [b.x + b.width / 2, b.y + b.height / 2]; })")
    for x, y in places:
        page.mouse("mouseMoved", left + x, top + y)
        if "more here" in page.text("#card"):
            break
    expect("more here" in page.text("#card"), f"{page.name}: the card does not tell what lies below")
    opened = []
    for _ in range(3):
        page.mouse("mousePressed", left + x, top + y, button="left", clickCount=1)
        page.mouse("mouseReleased", left + x, top + y, button="left", clickCount=1)
        opened.append(page.text("#design h2"))
    expect(opened[0] != opened[1], f"{page.name}: clicks on the same place open {opened}")
    page.close()


def opens_from_the_address(page, path, thousands):
    """Pictures leave room for the design; of thousands of trials not all have their layers in the page."""
    page.open(path, "#t=0.299")
    room = "const b = document.querySelector('#scatter .canvas'); return b.clientWidth - Number(b.firstChild.getAttribute('width'))"
    page.wait(lambda: page.js(room) == 0, "pictures are drawn as if no design were open")
    expect(page.js("return document.querySelectorAll('#design .plot .curve').length") > 0, f"{page.name}: no curve of the design")
    page.close()
    page.open(thousands)
    bare = page.js("const s = JSON.parse(document.getElementById('data').textContent).studies[0].trials; return s.find((t) => !t.layers && t.rungs.length).row[0]")
    page.open(thousands, f"#t=0.{bare}")
    expect(f"{bare}' --layers" in page.text("#design"), f"{page.name}: no way to the layers of trial {bare}")
    page.close()


def brushes_filters_sorts(page, path):
    page.open(path)
    every = shown(page)
    left, top, width, height = page.middle('#parallel [data-dial="int8_validation"] .overlay')
    x = left + width / 2
    page.mouse("mousePressed", x, top + 6, button="left", clickCount=1)
    for step in range(1, 5):
        page.mouse("mouseMoved", x, top + 6 + step * height / 12, button="left", buttons=1)
    page.mouse("mouseReleased", x, top + 6 + height / 3, button="left", clickCount=1)
    # The last move may come a frame later.
    page.js("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 200))))")
    page.wait(lambda: 0 < shown(page) < every, "a brush does not filter")
    kept, chosen = shown(page), page.js("return location.hash")
    page.open(path, chosen)
    expect(shown(page) == kept, f"{page.name}: the address brings {shown(page)} trials back, not the {kept} of a brush")
    page.click("[data-reset]")
    page.wait(lambda: shown(page) == every, "brushes are not cleared")
    expect("brush" not in page.js("return location.hash"), f"{page.name}: the address keeps a brush that is gone")
    page.one("body").send_keys("/")
    expect(page.js("return document.activeElement.dataset.menu") == "q", f"{page.name}: / does not go to the filter")
    page.js("document.activeElement.blur()")
    for choice, wanted in [("type", "gru"), ("state", "stopped"), ("budget", "small")]:
        Select(page.one(f"[data-menu={choice}]")).select_by_value(wanted)
        expect(0 < shown(page) < every, f"{page.name}: {choice} {wanted} leaves {shown(page)} trials")
        expect(f"{choice}={wanted}" in page.js("return location.hash"), f"{page.name}: the address does not keep {choice}")
        Select(page.one(f"[data-menu={choice}]")).select_by_value("")
    page.one("[data-menu=q]").send_keys("out of memory")
    expect(0 < shown(page) < every, f"{page.name}: a filter by reason leaves {shown(page)} trials")
    page.one("[data-menu=q]").clear()
    page.one("[data-menu=q]").send_keys("a\b")
    rows = lambda: page.js("return [...document.querySelectorAll('#trials tbody tr')].map((r) => Number(r.dataset.trial.split('.')[1]))")
    page.click("[data-sort=trial]")
    page.wait(lambda: rows() == sorted(rows(), reverse=True), "trials are not sorted down")
    page.click("[data-sort=trial]")
    page.wait(lambda: rows() == sorted(rows()), "trials are not sorted up")
    for axis in page.js("return [...document.querySelector('[data-menu=x]').options].map((o) => o.value)"):
        Select(page.one("[data-menu=x]")).select_by_value(axis)
        drawn = page.js("return document.querySelector('#scatter .mark').getAttribute('d')")
        expect(drawn and "NaN" not in drawn, f"{page.name}: nothing is drawn against {axis}")
    page.close()


def a_brush_keeps_pace(page, path):
    """While it moves, only its own picture follows; the others once it rests, here at its end."""
    page.open(path)
    every = shown(page)
    left, top, width, height = page.middle('#parallel [data-dial="int8_validation"] .overlay')
    x, moves = left + width / 2, 12
    frame = "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    # On a busy machine a brush would rest between two moves.
    page.js("window.timer = window.setTimeout; window.setTimeout = (f, ms) => window.timer(f, ms > 100 ? 1e6 : ms)")
    page.mouse("mousePressed", x, top + 6, button="left", clickCount=1)
    before = busy(page)
    for step in range(1, moves + 1):
        page.mouse("mouseMoved", x, top + 6 + step * height / (4 * moves), button="left", buttons=1)
        page.js(frame)
    each = (busy(page) - before) / moves
    print(f"{every} trials: {each:.3f} s of CPU for a move of a brush")
    expect(each < MOST_OF_A_MOVE, f"a move of a brush over {every} trials takes {each} s of CPU")
    expect(page.js("return document.querySelectorAll('#parallel .curve.out')[0].getAttribute('d').length") > 0, "a brush leaves no line behind")
    expect(shown(page) == every, "the table follows every move of a brush")
    page.js("window.setTimeout = window.timer")
    page.mouse("mouseReleased", x, top + 6 + height / 4, button="left", clickCount=1)
    page.wait(lambda: 0 < shown(page) < every, "a brush does not filter in the end")
    page.close()


def shows_confusions(page, path):
    page.open(path)
    labels = page.js("return JSON.parse(document.getElementById('data').textContent).studies[0]")
    tests = labels["tests"]
    choices = page.js("return document.querySelectorAll('#confusion option').length")
    expect(choices == len(tests), f"{page.name}: {choices} confusions of {len(tests)} tests")
    for choice in range(choices):
        Select(page.one("[data-menu=tested]")).select_by_value(str(choice))
        counts = page.js("return [...document.querySelectorAll('#confusion .matrix')].map((m) => [...m.querySelectorAll('.count')].map((t) => Number(t.textContent)))")
        expect(len(counts) == 2, f"{page.name}: {len(counts)} matrices")
        drawn = [sum(c) for c in counts]
        known = [[sum(map(sum, t["confusion"][kind])) for kind in ["int8", "float"]] for t in tests.values()]
        expect(drawn in known, f"{page.name}: matrices of {drawn} clips, not {known}")
    page.close()


def cuts_nothing(page, path):
    """No name or number lies outside of its picture, also on a phone."""
    for width in [400, 1200]:
        page.open(path, width=width)
        for picture in PICTURES + ["confusion"]:
            outside = page.js(
                "const b = document.querySelector(arguments[0] + ' .plot').getBoundingClientRect();"
                "return [...document.querySelectorAll(arguments[0] + ' .plot text')].filter((t) => { const r = t.getBoundingClientRect();"
                " return r.left < b.left - 1 || r.right > b.right + 1 || r.top < b.top - 1 || r.bottom > b.bottom + 1; }).map((t) => t.textContent)",
                "#" + picture)
            expect(not outside, f"{page.name}, {width} px: {picture} cuts {outside[:5]}")
    page.close()


def saves(page, path):
    os.makedirs(page.downloads, exist_ok=True)
    page.command("Page.setDownloadBehavior", behavior="allow", downloadPath=page.downloads)
    page.open(path)
    page.click("#trials tbody tr")
    for selector in ["#scatter [data-save=svg]", "#curves [data-save=png]", "[data-save=csv]", "[data-save=design]"]:
        page.click(selector)
        time.sleep(0.3)
    name = page.text("#design h2") + ".json"
    wanted = ["scatter.svg", "curves.png", "trials.csv", name]
    page.wait(lambda: all(os.path.exists(os.path.join(page.downloads, w)) for w in wanted), f"not saved: {wanted}")
    if failures:
        return
    read = lambda file: open(os.path.join(page.downloads, file), "rb").read()
    expect(xml.fromstring(read("scatter.svg")).tag.endswith("svg"), "scatter.svg is no SVG")
    expect(read("curves.png").startswith(b"\x89PNG"), "curves.png is no PNG")
    expect(len(read("trials.csv").splitlines()) == shown(page) + 1, "trials.csv has not all trials")
    expect(json.loads(read(name))["schema"] == "kwsmith.design/1", f"{name} is no design")
    page.close()


def fits_the_screen(page, path):
    for width in [400, 800, 1200, 1900]:
        page.open(path, width=width)
        wide = page.js("return document.documentElement.scrollWidth")
        expect(wide <= width, f"{page.name}: {wide} px wide on a screen of {width}")
        page.close()


def is_readable_without_scripts(page, path):
    page.command("Emulation.setScriptExecutionDisabled", value=True)
    page.browser.get("file://" + path)
    text = page.one("body").text
    page.command("Emulation.setScriptExecutionDisabled", value=False)
    for wanted in ["Best design of each budget", "kwsmith export", "need scripts", "Trials that have a result"]:
        expect(wanted in text, f"without scripts {wanted!r} is missing")


def compares_two(page, path):
    page.open(path)
    expect(shown(page) == 100, f"two studies show {shown(page)} trials")
    Select(page.one("[data-menu=study]")).select_by_value("1")
    expect(shown(page) == 40, f"the second study shows {shown(page)} trials")
    page.close()


def main(chromium, driver, folder):
    browser = start_browser(chromium, driver)
    try:
        page = Page(browser, folder)
        page.command("Performance.enable", timeDomain="threadTicks")
        path = os.path.join(folder, "300.html")
        for trials in [5, 300, 5000]:
            opens(page, folder, trials)
        points_and_clicks(page, path)
        brushes_filters_sorts(page, path)
        a_brush_keeps_pace(page, os.path.join(folder, "5000.html"))
        reaches_what_lies_below(page, path)
        opens_from_the_address(page, path, os.path.join(folder, "5000.html"))
        shows_confusions(page, path)
        cuts_nothing(page, path)
        cuts_nothing(page, os.path.join(folder, "two.html"))
        saves(page, path)
        fits_the_screen(page, path)
        is_readable_without_scripts(page, path)
        compares_two(page, os.path.join(folder, "two.html"))
    finally:
        browser.quit()
    return ended("report_page_test")


sys.exit(main(*sys.argv[1:]))
