"""The page of coppice live as a browser shows it (headless Chromium): the stream moves on it, and it says what the
pipeline said. Without chromium it is skipped.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import numpy as np
import PIL.Image

from common import COPPICE, check, finish


def browse(chromium, folder, port, *words):
    return subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                           "--disable-dev-shm-usage", f"--user-data-dir={folder}/browser", "--virtual-time-budget=4000",
                           "--window-size=700,700", *words, f"http://127.0.0.1:{port}/"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=300).stdout


def main():
    chromium = shutil.which("chromium")
    if not chromium:
        print("0 passed, 0 failed, 1 skipped")
        return
    with tempfile.TemporaryDirectory() as folder:
        live = subprocess.Popen([COPPICE, "live", "gst:videotestsrc is-live=true pattern=solid-color foreground-color=0xff606060 ! video/x-raw,format=I420",
                                 "--size", "320x240", "--fps", "15", "-c", "brightness", "-s", "0.001", "--http", "0"],
                                stderr=subprocess.PIPE, text=True)
        try:
            port = re.search(r"localhost:(\d+)", live.stderr.readline()).group(1)
            said = {}
            while not said:  # until the first frame is through
                time.sleep(0.1)
                said = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/said"))
            text = re.search(r"<pre id=\"said\">([^<]*)</pre>", browse(chromium, folder, port, "--dump-dom")).group(1)
            check("what the page says is what was said", int(json.loads(text) != said), 0)
            check("and that is the corruption", int(said["corruption"] != "brightness"), 0)
            browse(chromium, folder, port, f"--screenshot={folder}/page.png")
            page = np.asarray(PIL.Image.open(f"{folder}/page.png").convert("RGB")).astype(int)
            # A flat grey is one coefficient of JPEG, in steps of 5/8 of a level at quality 85; the range of
            # video and back costs a level, and so does a thousandth of a severity.
            check("the picture is there: levels from its grey", float(np.abs(page[100:400, 100:600] - 0x60).max()), 3)
            live.terminate()
            check("a signal ends it: exit code", live.wait(timeout=30), 0)
        finally:
            live.kill()
    finish()


sys.exit(main())
