"""Headless Chromium for tests of pages: a page must leave nothing in the console and ask for nothing but what is its
own."""
import json
import os
import sys
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

failures = []


def expect(fact, what):
    if not fact:
        failures.append(what)
        print("FAIL:", what, file=sys.stderr)


class Page:
    def __init__(self, browser, folder):
        self.browser = browser
        self.downloads = os.path.join(folder, "downloads")

    def open(self, path, address="", width=1200):
        """A file, or a URL that is served."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        self.browser.get("about:blank")
        self.drain()
        served = path.startswith("http://")
        self.name = path.split("?")[0] if served else os.path.basename(path)
        self.browser.get(path if served else "file://" + path + address)
        self.wait(self.ready, "the scripts did not come to their end", 60.0 if served else 0.1)

    def ready(self):
        return self.js("return document.documentElement.dataset.ready") == "true"

    def command(self, name, **arguments):
        return self.browser.execute_cdp_cmd(name, arguments)

    def js(self, text, *arguments):
        return self.browser.execute_script(text, *arguments)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0]).textContent", selector)

    def click(self, selector):
        self.js("document.querySelector(arguments[0]).click()", selector)

    def middle(self, selector):
        """Brings it into view and returns its box."""
        return self.js(
            "const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'});"
            "const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]", selector)

    def mouse(self, kind, x, y, **more):
        self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def wait(self, fact, what, seconds=20.0):
        end = time.time() + seconds
        while time.time() < end:
            if fact():
                return
            time.sleep(0.05)
        expect(False, f"{self.name}: {what}")

    def drain(self):
        return self.browser.get_log("browser"), self.browser.get_log("performance")

    def close(self):
        """Nothing in the console, no request but the page itself."""
        console, events = self.drain()
        expect(not console, f"{self.name}: console says {console[:3]}")
        for event in events:
            message = json.loads(event["message"])["message"]
            if message["method"] != "Network.requestWillBeSent":
                continue
            url = message["params"]["request"]["url"]
            own = url.startswith(self.name) if self.name.startswith("http:") else url.endswith(self.name)
            expect(own or url.startswith(("data:", "about:", "blob:")), f"{self.name}: asks for {url[:80]}")


def start_browser(chromium, driver):
    options = Options()
    options.binary_location = chromium
    # Tests run as root in containers, where Chromium has no sandbox.
    for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service(driver), options=options)


def ended(name):
    """The exit code of a test."""
    print("FAILED" if failures else f"{name}: all checks passed")
    return 1 if failures else 0
