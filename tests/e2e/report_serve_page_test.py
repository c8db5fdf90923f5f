"""A served report in a browser: report_serve_page_test.py CHROMIUM CHROMEDRIVER URL FLAG.

Makes the file FLAG once the page stands; then the study goes on, and the page must show one trial more. Then it makes
FLAG.seen; the server stops, and the page must say so.
"""
import os
import pathlib
import sys

from selenium.common.exceptions import WebDriverException

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from browser import Page, ended, expect, start_browser  # noqa: E402: found by the line above


def trials(page):
    try:
        return page.js("return document.querySelectorAll('#trials tbody tr').length")
    except WebDriverException:  # it is being loaded anew
        return 0


def main(chromium, driver, url, flag):
    browser = start_browser(chromium, driver)
    try:
        page = Page(browser, os.path.dirname(flag))
        page.open(url)
        expect("follows the search" in page.text("h1 + p"), f"the page says {page.text('h1 + p')}")
        before = trials(page)
        page.js("location.hash = 'x=ops'")
        pathlib.Path(flag).touch()
        page.wait(lambda: trials(page) == before + 1, "the page does not follow the search", 120.0)
        page.wait(page.ready, "the page is not whole")
        expect(page.js("return document.querySelector('[data-menu=x]').value") == "ops", "what was chosen is lost")
        page.close()
        pathlib.Path(flag + ".seen").touch()
        page.wait(lambda: page.js("return Boolean(document.querySelector('.ended'))"), "the page is silent when its server has gone", 60.0)
        expect("kwsmith report study --serve" in page.text(".ended"), "the page does not say how to see the study now")
    finally:
        browser.quit()
    return ended("report_serve_page_test")


sys.exit(main(*sys.argv[1:]))
