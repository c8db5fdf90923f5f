"""Works in the page of `kwsmith design`: design_page_test.py CHROMIUM CHROMEDRIVER URL KWSMITH FILE.

URL is served with --board nrf52840 --out FILE. What the page shows must be what KWSMITH cost says of the file it saves.
"""
import json
import os
import subprocess
import sys

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from browser import Page, ended, expect, failures, start_browser  # noqa: E402: found by the line above

BOARD = "nrf52840"
PICTURES = ["landmarks", "arena"]


def settled(page):
    page.wait(page.ready, "the page does not come to rest")


def tiles(page):
    return page.js("return Object.fromEntries([...document.querySelectorAll('[data-need]')].map((e) => [e.dataset.need, e.textContent]))")


def number(text):
    return float(text.replace(",", "").replace(" %", ""))


def shows_the_truth(page, kwsmith, file, what):
    """Saves the design, and asks the terminal what it takes."""
    if os.path.exists(file):
        os.remove(file)
    page.click("#save")
    page.wait(lambda: os.path.exists(file), f"{what}: nothing is saved")
    if not os.path.exists(file):
        return {}
    settled(page)
    board = page.js("return document.querySelector('#board').value")
    hop = page.js("return document.querySelector('#hop').value")
    words = [kwsmith, "cost", file, "--json"] + (["--board", board] if board else []) + (["--hop-ms", hop] if hop else [])
    words += ["--carry-state"] if page.js("return document.querySelector('#carry').checked") else []
    cost = json.loads(subprocess.run(words, capture_output=True, text=True).stdout)["designs"][0]
    shown = tiles(page)
    wanted = {"memory_bytes": cost["hello_edge"]["memory_bytes"], "ops": cost["hello_edge"]["ops"]}
    if board:
        use = cost["board"]
        wanted |= {"flash_bytes": use["flash_bytes"], "ram_bytes": use["ram_bytes"], "ops_per_second": use["ops_per_second"], "ms": round(use["ms"][1], 2), "load": round(100 * use["load"][1], 2)}
    else:
        wanted |= {name: cost["firmware"][name] for name in ("flash_bytes", "ram_bytes", "ops_per_second")}
    expect(set(shown) == set(wanted), f"{what}: tiles {sorted(shown)} instead of {sorted(wanted)}")
    for name, value in wanted.items():
        text = shown.get(name, "nan")
        expect(abs(number(text) - value) < 0.0101, f"{what}: {name} is {text} on the page, {value} in the terminal")
    expect(page.js("return document.querySelector('#hop').placeholder") == str(cost["firmware"]["hop_ms"]), f"{what}: the page says another time between decisions than the terminal, {cost['firmware']['hop_ms']} ms")
    fits = cost["hello_edge"]["fits"]
    kept = page.js("return [...document.querySelectorAll('[data-budget][data-keeps=yes]')].map((e) => e.dataset.budget)")
    expect([b for b in kept if b != board] == fits, f"{what}: keeps {kept} on the page, {fits} in the terminal")
    if board:
        expect((board in kept) == cost["board"]["fits"], f"{what}: fits the board: {board in kept} on the page")
    rows = page.js("return [...document.querySelectorAll('#layers tbody tr')].length")
    expect(rows == len(cost["layers"]), f"{what}: {rows} layers on the page, {len(cost['layers'])} in the terminal")
    for picture in PICTURES:
        drawn = page.js("return document.querySelector(arguments[0]).outerHTML", f"#{picture} .plot")
        expect("NaN" not in drawn and len(drawn) > 500, f"{what}: {picture} is not drawn")
    return cost


def turns_dials(page, kwsmith, file):
    first = shows_the_truth(page, kwsmith, file, "at the start")
    dials = page.js("return [...document.querySelectorAll('#dials input[type=range]')].length")
    expect(dials > 3, f"{dials} sliders")
    # By the keyboard, as a user without a mouse.
    slider = page.one("#dials .dial input[type=range]")
    before = tiles(page)
    slider.send_keys(Keys.ARROW_UP)
    page.wait(lambda: page.ready() and tiles(page) != before, "a slider changes nothing")
    expect(page.js("return document.activeElement.type") == "range", "the slider loses the focus")
    changed = shows_the_truth(page, kwsmith, file, "after a slider")
    expect(changed.get("name") == first.get("name", "") + "_changed", f"the changed design is called {changed.get('name')}")
    page.click("#undo")
    page.wait(lambda: page.ready() and tiles(page) == before, "undo does not bring the figures back")


def goes_through_types(page, kwsmith, file):
    for name in page.js("return [...document.querySelector('#type').options].map((o) => o.value)"):
        Select(page.one("#type")).select_by_value(name)
        page.wait(lambda: page.ready() and json.loads(page.js("return document.querySelector('#file').value"))["network"]["type"] == name, f"type {name} is not taken")
        settled(page)
        # The last dial that is a number goes one up or one down.
        page.js(
            "const all = [...document.querySelectorAll('#dials [data-dial][type=number]')].filter((e) => e.closest('#dials > div:nth-of-type(1)'));"
            "const e = all[all.length - 1]; e.value = Number(e.value) < Number(e.max) ? Number(e.value) + 1 : Number(e.value) - 1;"
            "e.dispatchEvent(new Event('input', {bubbles: true}))")
        settled(page)
        expect(not page.one("#trouble").is_displayed(), f"{name}: {page.text('#trouble')}")
        shows_the_truth(page, kwsmith, file, name)


def moves_front_ends_and_boards(page, kwsmith, file):
    Select(page.one("[data-dial=kind]")).select_by_value("log_mel")
    settled(page)
    cost = shows_the_truth(page, kwsmith, file, "log_mel")
    page.js("const e = document.querySelector('[data-dial=stride_ms]'); e.value = 40; e.dispatchEvent(new Event('input', {bubbles: true}))")
    settled(page)
    longer = shows_the_truth(page, kwsmith, file, "a longer stride")
    expect(longer.get("macs", 0) < cost.get("macs", 0), "a longer stride saves nothing")
    for board in ["stm32f103c8", ""]:
        Select(page.one("#board")).select_by_value(board)
        settled(page)
        shows_the_truth(page, kwsmith, file, "board " + (board or "none"))
        for hop, said in [("210", "in whole frames: 200 ms"), ("200", ""), ("", "")]:
            page.js("const e = document.querySelector('#hop'); e.value = arguments[0]; e.dispatchEvent(new Event('change', {bubbles: true}))", hop)
            settled(page)
            shows_the_truth(page, kwsmith, file, f"board {board or 'none'}, a decision every {hop or '?'} ms")
            expect(page.text("#counted-hop") == said, f"a decision every {hop} ms: {page.text('#counted-hop')}")
    Select(page.one("#type")).select_by_value("gru")
    settled(page)
    whole = shows_the_truth(page, kwsmith, file, "a gru")
    page.click("#carry")
    settled(page)
    carrying = shows_the_truth(page, kwsmith, file, "a gru that carries its state")
    expect(carrying["firmware"]["cycles"]["m4"]["high"] < whole["firmware"]["cycles"]["m4"]["high"] / 2, "carrying the state saves nothing")
    page.click("#carry")
    Select(page.one("#board")).select_by_value(BOARD)
    settled(page)


def tells_what_is_wrong(page):
    before = tiles(page)
    page.js("const e = document.querySelector('[data-dial=window_ms]'); e.value = 5; e.dispatchEvent(new Event('input', {bubbles: true}))")
    settled(page)
    expect("window_ms: 5 is out of range; 10 to 64" in page.text("#trouble"), f"a wrong value: {page.text('#trouble')}")
    expect(tiles(page) == before, "a wrong value changes figures")
    page.js("document.querySelector('#file').value = '{'")
    page.click("#apply")
    settled(page)
    expect("is not JSON" in page.text("#trouble"), f"a wrong file: {page.text('#trouble')}")
    expect(page.js("return document.querySelector('#file').value") == "{", "what was written is gone when it is refused")
    expect("not applied" in page.text("#pending"), "nothing says that the text is not the design's")
    page.click("#revert")
    expect(page.js("return document.querySelector('#file').value") != "{", "put back brings nothing back")
    expect(page.text("#pending") == "", f"after put back: {page.text('#pending')}")
    # The browser notes each refusal.
    console, _ = page.drain()
    expect(all("status of 400" in line["message"] for line in console), f"console: {console[:3]}")
    page.js("const e = document.querySelector('[data-dial=window_ms]'); e.value = 30; e.dispatchEvent(new Event('input', {bubbles: true}))")
    settled(page)
    expect(not page.one("#trouble").is_displayed(), "trouble stays when it is over")


def goes_on_from_landmarks(page, kwsmith, file):
    name = page.js("const e = document.querySelector('#landmarks .spot'); e.dispatchEvent(new MouseEvent('click', {bubbles: true})); return e.getAttribute('aria-label')")
    page.wait(lambda: page.ready() and page.js("return document.querySelector('#name').value") == name.split()[-1], "a click on a landmark does nothing")
    settled(page)
    shows_the_truth(page, kwsmith, file, name)
    design = page.js("return document.querySelector('#file').value")
    page.browser.refresh()
    page.wait(page.ready, "loaded again")
    expect(page.js("return document.querySelector('#file').value") == design, "the design is lost when the page is loaded again")


def downloads(page, folder):
    os.makedirs(folder, exist_ok=True)
    page.command("Page.setDownloadBehavior", behavior="allow", downloadPath=folder)
    name = page.js("return document.querySelector('#name').value")
    wanted = [name + ".json", "landmarks.svg"]
    page.click("#download")
    page.click("#landmarks [data-save=svg]")
    page.wait(lambda: all(os.path.exists(os.path.join(folder, w)) for w in wanted), f"not downloaded: {wanted}")


def fits_the_screen(page, url):
    for width in [320, 480, 800, 1200, 1900]:
        page.open(url, width=width)
        wide = page.js("return document.documentElement.scrollWidth")
        expect(wide <= width, f"{wide} px wide on a screen of {width}")
        page.close()


def main(chromium, driver, url, kwsmith, file):
    browser = start_browser(chromium, driver)
    try:
        page = Page(browser, os.path.dirname(file))
        page.open(url)
        turns_dials(page, kwsmith, file)
        goes_through_types(page, kwsmith, file)
        moves_front_ends_and_boards(page, kwsmith, file)
        goes_on_from_landmarks(page, kwsmith, file)
        downloads(page, os.path.join(os.path.dirname(file), "downloads"))
        page.close()
        page.open(url)
        tells_what_is_wrong(page)
        fits_the_screen(page, url)
    finally:
        browser.quit()
    return ended("design_page_test")


sys.exit(main(*sys.argv[1:]))
