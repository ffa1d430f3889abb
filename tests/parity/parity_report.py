#!/usr/bin/python3
"""The report page as a browser makes it (chromium --headless --dump-dom), its figures read out of the tables
and compared with the result file by SQLite and NumPy; every chart must have been drawn. Without chromium it is
skipped.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import collections
import html
import html.parser
import json
import math
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import numpy as np

import measures
from common import COPPICE, check, finish, run
from results import add_models, evaluate, load

CLEAN, ROBUST = ("clean", "clean"), ("robust", "robust")


class Page(html.parser.HTMLParser):
    """tables[section]: rows of cells (class, title, text); scripts by id; canvases; images and text a section."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.scripts, self.canvases, self.images, self.text = {}, {}, [], {}, {}
        self.cards, self.requests = {}, []
        self.section = self.script = self.cell = None
        self.in_card = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        self.requests += [v for k, v in attributes if k in ("src", "href") and v and not v.startswith(("data:", "#"))]
        if tag == "section":
            self.section = a.get("id")
            self.tables[self.section], self.images[self.section] = [], 0
            self.text[self.section], self.cards[self.section] = "", []
        elif tag == "table" and self.section:
            self.tables[self.section].append([])
        elif tag == "tr" and self.section:
            self.tables[self.section][-1].append([])
        elif tag in ("td", "th") and self.section:
            self.cell = [a.get("class") or "", a.get("title") or "", ""]
            self.tables[self.section][-1][-1].append(self.cell)
        elif tag == "script":
            self.script = a.get("id", "")
            self.scripts.setdefault(self.script, "")
        elif tag == "canvas":
            self.canvases.append(a)
        elif tag == "img" and self.section:
            self.images[self.section] += 1
        elif tag == "article" and self.section:
            self.cards[self.section].append("")
            self.in_card = True
        elif tag == "span" and self.cell is not None:
            self.cell[2] += "|"

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.cell = None
        elif tag == "script":
            self.script = None
        elif tag == "article":
            self.in_card = False
        elif tag == "section":
            self.section = None

    def handle_data(self, data):
        if self.script is not None:
            self.scripts[self.script] += data
        elif self.cell is not None:
            self.cell[2] += data
        if self.section and self.script is None:
            self.text[self.section] += data
            if self.in_card:
                self.cards[self.section][-1] += data + " "


class Shown:
    """Largest error of figures as they are shown, in units of half their last place."""

    def __init__(self):
        self.worst, self.n = 0.0, 0

    def add(self, text, value, scale=1.0):
        self.n += 1
        text = text.strip().replace("−", "-").replace("+", "").replace("*", "")
        if text in ("–", "-", ""):
            self.worst = self.worst if math.isnan(value) else math.inf
            return
        if math.isnan(value):
            self.worst = math.inf
            return
        places = len(text.split(".")[1]) if "." in text and "e" not in text else 0
        self.worst = max(self.worst, abs(float(text) - scale * value) / (0.5 * 10.0 ** -places))

    def report(self, what):
        check(f"{what} ({self.n} figures)", self.worst if self.n else math.inf, 1 + 1e-6)


def parts(cell):
    """"|27.4|21.3–34.2" as its strings."""
    return [p.strip() for p in cell[2].split("|") if p.strip()]


def add_interval(shown, cell, values):
    found = parts(cell)
    shown.add(found[0] if found else "", values[0], 100)
    if len(found) > 1:
        low, high = re.split("–| to ", found[1])
        shown.add(low, values[1], 100)
        shown.add(high, values[2], 100)
    elif not math.isnan(values[1]):
        shown.worst = math.inf


def check_results(page, grid, about, base):
    shown = Shown()
    for m, row in enumerate(page.tables["results"][0][1:]):
        robust, clean = grid.measures(m, ROBUST, base), grid.measures(m, CLEAN, base)
        add_interval(shown, row[2], grid.score(m, CLEAN))
        add_interval(shown, row[3], grid.score(m, ROBUST))
        for cell, key, scale in ((row[4], "rpc", 1), (row[5], "ce", 1), (row[6], "flip_rate", 100), (row[7], "ece", 100)):
            found = parts(cell)
            shown.add(found[0], robust[key], scale)
            if len(found) > 1:
                shown.add(found[1].replace("clean ", ""), clean[key], scale)
    shown.report("results")
    check("a row a model", abs(len(page.tables["results"][0]) - 1 - len(about)), 0)


def check_maps(page, grid):
    shown, titles = Shown(), Shown()
    severities = sorted({c[2] for c in grid.columns[1:]})
    check("a heat map a model", abs(len(page.tables["maps"]) - len(grid.models)), 0)
    for m, rows in enumerate(page.tables["maps"]):
        for corruption, row in zip(grid.corruptions, rows[1:]):
            for severity, cell in zip(severities, row[1:]):
                found = [k for k, c in enumerate(grid.columns) if c[0] == corruption and c[2] == severity]
                if not found:
                    titles.worst = titles.worst if "none" in cell[0] else math.inf
                    continue
                wanted = grid.cell(m, found[0])
                shown.add(cell[2], wanted["top1"], 100)
                value, low, high = re.search(r"([\d.]+) \[([\d.]+), ([\d.]+)\] %", cell[1]).groups()
                for text, key in ((value, "top1"), (low, "top1_low"), (high, "top1_high")):
                    titles.add(text, wanted[key], 100)
                titles.add(re.search(r"(\d+) clips", cell[1]).group(1), wanted["n"])
            shown.add(row[-1][2], grid.score(m, ("corruption", corruption))[0], 100)
    shown.report("heat maps")
    titles.report("their intervals")


def check_scopes(page, grid, about, base):
    shown = Shown()
    scopes = [s for s in grid.scopes() if s[0] in ("family", "severity")]
    rows = page.tables["slices"][0][1:]
    check("a row a family and severity", abs(len(rows) - len(scopes)), 0)
    for scope, row in zip(scopes, rows):
        for m, cell in enumerate(row[1:]):
            add_interval(shown, cell, grid.score(m, scope))
    shown.report("families and severities")
    shown = Shown()
    scopes = [CLEAN, ROBUST] + [("corruption", c) for c in grid.corruptions]
    others = [m for m in range(len(about)) if m != base]
    for scope, row in zip(scopes, page.tables["changes"][0][1:]):
        for m, cell in zip(others, row[1:]):
            value, low, high, _ = grid.difference(m, base, scope)
            add_interval(shown, cell, (value, low, high))
    shown.report("differences")


def check_seeds(page, grid, document, base):
    shown = Shown()
    labels = [m["label"] for m in document["models"]]
    rows = [(CLEAN, "top1", 100), (ROBUST, "top1", 100), (ROBUST, "rpc", 1), (ROBUST, "ce", 1)]
    rows += [(("corruption", c), "top1", 100) for c in grid.corruptions]
    check("a row a measure and corruption", abs(len(page.tables["seeds"][0]) - 1 - len(rows)), 0)
    for (scope, key, scale), row in zip(rows, page.tables["seeds"][0][1:]):
        for recipe, cell in zip(document["recipes"], row[1:]):
            members = [labels.index(label) for label in recipe["models"]]
            mean, deviation = measures.spread([grid.measures(m, scope, base)[key] for m in members])
            found = parts(cell)
            shown.add(found[0], mean, scale)
            if len(found) > 1:
                shown.add(found[1].replace("±", ""), deviation, scale)
    shown.report("means over seeds")
    members = [[labels.index(label) for label in recipe["models"]] for recipe in document["recipes"]]
    beside = next(own for own in members if base in own)
    shown, most = Shown(), 0
    for (scope, _, _), row in zip(rows[:2] + rows[4:], page.tables["seeds"][1][1:] if len(page.tables["seeds"]) > 1 else []):
        for own, cell in zip([own for own in members if own != beside], row[1:]):
            n, mean, _, low, high, p = measures.seed_gain(
                *({document["models"][m]["seed"]: grid.score(m, scope)[0] for m in side} for side in (own, beside)))
            found, most = parts(cell), max(most, n)
            shown.add(found[0], mean, 100)
            if n > 1 and not math.isnan(mean):
                for text, bound in zip(found[1].split(" to "), (low, high)):
                    shown.add(text, bound, 100)
                if "<" not in found[2]:
                    shown.add(found[2].replace("p = ", ""), p)
    if len(beside) > 1:
        check(f"seeds that the page pairs, {most}", max(0, 2 - most), 0)
        shown.report("gains over seeds")


def check_pooled(page, grid, document):
    """Maps of recipes: means over seeds and, in titles, deviations."""
    shown, titles = Shown(), Shown()
    labels = [m["label"] for m in document["models"]]
    check("a map a recipe", abs(len(page.tables["maps"]) - len(document["recipes"])), 0)
    for recipe, rows in zip(document["recipes"], page.tables["maps"]):
        members = [labels.index(label) for label in recipe["models"]]
        for corruption, row in zip(grid.corruptions, rows[1:]):
            columns = [k for k, c in enumerate(grid.columns) if c[0] == corruption]
            for k, cell in zip(columns, [cell for cell in row[1:-1] if cell[2]]):
                whole = all(grid.models[m].done[k].all() for m in members)
                mean, deviation = measures.spread([grid.cell(m, k)["top1"] if whole else math.nan for m in members])
                shown.add(cell[2], mean, 100)
                found = re.search(r"± (\S+) %, (\d+) seeds", cell[1])
                if found:
                    titles.add(found.group(1), deviation, 100)
            mean = np.mean([grid.score(m, ("corruption", corruption))[0] for m in members])
            shown.add(row[-1][2], mean, 100)
    shown.report("maps of recipes")
    titles.report("their deviations")
    names = [cell[2].split("|")[-1].strip() for cell in page.tables["slices"][0][0][1:]]
    check("recipes above families", int(names != [r["name"] for r in document["recipes"]]), 0)


def check_hard(page, grid, frames):
    """Counts of the first card by SQL's rows; three frames a card where the clips are there."""
    wrong = [sum(int(not grid.right(m, k)[i]) for m in range(len(grid.models)) for k in range(1, len(grid.columns))
                 if grid.models[m].done[k][i]) for i in range(len(grid.labels))]
    all_of = [sum(int(grid.models[m].done[k][i]) for m in range(len(grid.models)) for k in range(1, len(grid.columns)))
              for i in range(len(grid.labels))]
    share = [w / n if label >= 0 else -1 for w, n, label in zip(wrong, all_of, grid.labels)]
    worst = max(range(len(share)), key=lambda i: (share[i], -i))
    cards = page.cards["hard"]
    found = re.search(r"Wrong, corrupted\s*(\d+) of (\d+)", cards[0])
    check("the hardest clip's count", abs(int(found.group(1)) - wrong[worst]) + abs(int(found.group(2)) - all_of[worst]), 0)
    there = sum("unknown" not in card for card in cards)  # clips that add_models() made up have no file
    check("frames of hard clips", abs(page.images["hard"] - (3 * there if frames else 0)), 0)


def check_provenance(page, path, document):
    db = sqlite3.connect(path)
    for command, config, folder in db.execute("SELECT command, config_hash, folder FROM run"):
        for text in (command, config, folder):
            check("the record of the run is shown", int(text not in page.text["provenance"]), 0)
    for model in document["models"]:
        check("the hash of a model is shown", int(model["sha256"] not in page.text["provenance"]), 0)
    skipped = db.execute("SELECT path, reason FROM skip JOIN clip ON clip.id = clip").fetchall()
    rows = [tuple(cell[2] for cell in row) for row in page.tables.get("skipped", [[[]]])[0][1:]]
    check("skipped clips", int(rows != skipped), 0)


def browse(chromium, folder, page, *words):
    return subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                           "--disable-dev-shm-usage", f"--user-data-dir={folder}/browser", "--virtual-time-budget=10000",
                           *words, f"file://{page}"], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, timeout=300).stdout


def dump(chromium, folder, page):
    return browse(chromium, folder, page, "--dump-dom")


# In a frame as wide as a phone: what sticks out of the page and scrolls in no box of its own, text too small
# to be read, sections that are not there, the charts' widths and their dots in a model's or layer's colour.
PHONE = """<script>addEventListener("load", () => setTimeout(() => {
  document.querySelectorAll("details").forEach(e => { e.open = true; });
  const d = document.documentElement, name = e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 30);
  const scrolls = e => e && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const out = [...document.body.querySelectorAll("*")].filter(
    e => (e.getBoundingClientRect().right > innerWidth + 0.5 || (e.clientWidth && e.scrollWidth > e.clientWidth + 1))
      && !scrolls(e));
  const ink = canvas => {
    const dots = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let n = 0;
    for (let i = 0; i < dots.length; i += 4)
      n += dots[i + 3] > 99 && Math.max(dots[i], dots[i + 1], dots[i + 2]) - Math.min(dots[i], dots[i + 1], dots[i + 2]) > 60;
    return n;
  };
  const boxes = [...document.querySelectorAll("*")].filter(
    e => scrolls(e) && e.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(e.parentElement));
  const small = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let t; (t = texts.nextNode());)
    if (t.data.trim() && t.parentElement.getClientRects().length && parseFloat(getComputedStyle(t.parentElement).fontSize) < 11)
      small.push(name(t.parentElement));
  parent.postMessage({
    width: innerWidth, scroll: d.scrollWidth, out: [...out, ...boxes].map(name), small: small,
    hidden: [...document.querySelectorAll("section, figure")].filter(e => e.offsetHeight < 20).map(name),
    charts: [...document.querySelectorAll("canvas")].map(e => e.clientWidth),
    ink: [...document.querySelectorAll("canvas")].map(ink)
  }, "*");
}, 100));</script>"""
FRAME = """<iframe src="phone.html" width="400" height="860" style="border: 0"></iframe><script>
addEventListener("message", e => { document.body.dataset.phone = JSON.stringify(e.data); });</script>"""


def check_phone(chromium, folder):
    text = open(f"{folder}/report.html").read()
    open(f"{folder}/phone.html", "w").write(text.replace("</body>", PHONE + "</body>"))
    open(f"{folder}/frame.html", "w").write(FRAME)
    dumped = dump(chromium, folder, f"{folder}/frame.html")
    seen = json.loads(html.unescape(re.search(r'data-phone="([^"]*)"', dumped).group(1)))
    check("phone: its width, pixels", abs(seen["width"] - 400), 0)
    check("phone: the page scrolls sideways by, pixels", seen["scroll"] - 400, 0)
    for what in ("out", "small", "hidden"):
        check(f"phone: {what} {seen[what][:3]}", len(seen[what]), 0)
    check("phone: widest chart, pixels", max(seen["charts"]), 400)
    check("phone: narrowest chart, pixels below 200", 200 - min(seen["charts"]), 0)
    check(f"phone: charts without a mark, of {len(seen['ink'])}", sum(n < 30 for n in seen["ink"]), 0)


class Paper(html.parser.HTMLParser):
    """Words of headings, captions, cells and configurations, as they are to be found on paper; pictures."""

    TAGS = ("h1", "h2", "h3", "figcaption", "caption", "td", "th", "dt", "summary", "pre")

    def __init__(self, text):
        super().__init__()
        self.words, self.pictures, self.depth = collections.Counter(), 0, 0
        self.feed(text)

    def handle_starttag(self, tag, _):
        self.depth += tag in self.TAGS
        self.pictures += tag in ("img", "canvas")

    def handle_endtag(self, tag):
        self.depth -= tag in self.TAGS

    def handle_data(self, data):
        if self.depth:
            self.words.update(word for word in data.split() if len(word) <= 12)


def check_print(chromium, folder):
    """Letter paper, the smaller one, with all that is folded on the screen. Charts are drawn with letters of 22
    dots and more."""
    browse(chromium, folder, f"{folder}/report.html", f"--print-to-pdf={folder}/report.pdf", "--no-pdf-header-footer")
    wanted = Paper(dump(chromium, folder, f"{folder}/report.html"))
    text = run("pdftotext", "-bbox", f"{folder}/report.pdf", "-")
    pages = [(float(w), float(h)) for w, h in re.findall(r'<page width="([\d.]+)" height="([\d.]+)"', text)]
    words = [(*map(float, m[:4]), html.unescape(m[4])) for m in re.findall(
        r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>', text)]
    lost = wanted.words - collections.Counter(w[4] for w in words)
    check(f"print: words lost {list(lost)[:5]} of {sum(wanted.words.values())}", sum(lost.values()), 0)
    check("print: words beyond the margins", sum(w[0] < 30 or w[2] > pages[0][0] - 30 for w in words), 0)
    check("print: words below 6 points", sum(w[3] - w[1] < 6 * 1.1 for w in words), 0)
    rows = [row.split() for row in run("pdfimages", "-list", f"{folder}/report.pdf").splitlines()[2:]]
    images = [row for row in rows if row[2] == "image"]
    check("print: pictures and charts, each whole on one page", abs(len(images) - wanted.pictures), 0)
    drawn = [72 * 22 / float(row[12]) for row in images if int(row[3]) > 400]
    check("print: letters of charts, points below 5", 5 - min(drawn), 0)
    check(f"print: {len(pages)} pages, more than 2", max(0, 3 - len(pages)), 0)
    check("print: pages", len(pages), 30)


def check_page(chromium, folder, path, base, frames, *more):
    grid, about, _ = load(path)
    words = ["--baseline", about[base]["sha256"]]
    run(COPPICE, "report", path, "-o", f"{folder}/report.html", *words, *more)
    page = Page(dump(chromium, folder, f"{folder}/report.html"))
    document = json.loads(run(COPPICE, "compare", path, "--json", *words))
    check("the page's data are compare's", int(json.loads(page.scripts["data"]) != document), 0)
    check("nothing is fetched", len(page.requests), 0)
    check(f"charts that were not drawn, of {len(page.canvases)}",
          sum(int(c.get("data-drawn", 0)) < 1 for c in page.canvases), 0)
    check("a chart a corruption", abs(sum("data-corruption" in c for c in page.canvases) - len(grid.corruptions)), 0)
    check_results(page, grid, about, base)
    if document["pooled"]:
        check_pooled(page, grid, document)
    else:
        check_maps(page, grid)
        check_scopes(page, grid, about, base)
    if len(document["recipes"]) < len(about):
        check_seeds(page, grid, document, base)
    check_hard(page, grid, frames)
    check_provenance(page, path, document)
    return page


def check_training(page, folder):
    """The layers' last update, from the run's own lines."""
    lines = [json.loads(line) for line in open(f"{folder}/rigl/metrics.jsonl")]
    last, grown = {}, {}
    for line in lines:
        if "layer" in line:
            last[line["layer"]] = line
            grown[line["layer"]] = grown.get(line["layer"], 0) + line["grown"]
    shown = Shown()
    rows = {row[0][2]: row for row in page.tables["topology"][0][1:]}
    check("a row a layer", int(set(rows) != set(last)), 0)
    for name, line in last.items():
        for cell, value in zip(rows[name][3:], (line["nnz"] / line["weights"], grown[name] / line["nnz"],
                                                line["explored"] / line["weights"])):
            shown.n += 1
            shown.worst = max(shown.worst, abs(float(cell[2]) - value) / (0.005 * value + 1e-12))  # three digits
    shown.report("layers of a run")
    check("charts of runs", abs(sum("data-run" in c for c in page.canvases) - 3), 0)


def check_figures(page, folder, path):
    """Every picture of the folder that analyse made, in the section of its figure; models that it does not know."""
    figures = json.load(open(f"{folder}/analyse/figures.json"))
    for figure in figures["figures"]:
        shown = page.images.get("figure-" + figure["name"], -1)
        check(f"pictures of {figure['name']}", abs(shown - len(figure["pictures"])), 0)
        check("its caption", int(figure["caption"] not in page.text["figure-" + figure["name"]]), 0)
    rows = [[cell[2] for cell in row] for row in page.tables["figure-runs"][0][1:]]
    wanted = [[r["series"], str(r["seed"]), r["model"], r["folder"], r["sha256"]] for r in figures["runs"]]
    check("the figures' runs", int(rows != wanted), 0)
    check("a run that could not be used", int(len(figures["broken"]) != 1 or figures["broken"][0] not in
                                              page.text["figure-broken"]), 0)
    known = {r["sha256"] for r in figures["runs"]}
    lacking = [m["label"] for m in json.loads(run(COPPICE, "compare", path, "--json"))["models"] if m["sha256"] not in known]
    found = re.search(r"Models that the figures lack: (.*)\.", page.text["figures"])
    check(f"{len(lacking)} models that they lack", int((found.group(1) if found else "") != ", ".join(lacking)), 0)


def main():
    chromium = shutil.which("chromium")
    if not chromium:
        print("skipped: chromium is not installed")
        print("0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    with tempfile.TemporaryDirectory() as folder:
        path = evaluate(folder)
        broken = f"{folder}/a_run_whose_model_is_cut_in_the_middle"  # its name is wider than a phone
        shutil.copytree(f"{folder}/rigl", broken)
        os.truncate(f"{broken}/model.safetensors", 1000)
        run(COPPICE, "analyse", f"{folder}/dense", f"{folder}/rigl", broken, "-o", f"{folder}/analyse", "--db", path,
            "--grid", 2)
        page = check_page(chromium, folder, path, 0, True)
        check_figures(page, folder, path)
        check_training(page, folder)
        check_phone(chromium, folder)
        check_print(chromium, folder)
        many = shutil.copy(path, f"{folder}/many.db")
        add_models(path)
        shutil.move(f"{folder}/set", f"{folder}/away")  # its clips are gone: the page says so, and shows no frame
        page = check_page(chromium, folder, path, 4, False)
        check_phone(chromium, folder)
        check_print(chromium, folder)
        check_figures(page, folder, path)
        check("a remark on the frames", int("are left out" not in page.text["hard"]), 0)
        check_page(chromium, folder, path, 2, True, "--media", f"{folder}/away/videos")
        add_models(many, True)
        check_page(chromium, folder, many, 2, True, "--media", f"{folder}/away/videos")


main()
finish()
