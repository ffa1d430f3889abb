/* Draws the report's charts from its JSON block.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
(function () {
    'use strict';
    const data = JSON.parse(document.getElementById('data').textContent);
    const runsBlock = document.getElementById('runs');
    const runs = runsBlock ? JSON.parse(runsBlock.textContent) : [];
    /* The same as in html.c, so that the keys in the tables are the charts' legend. */
    const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7a7a7a'];
    const marks = ['circle', 'triangle', 'rect', 'rectRot'];
    /* Of many models charts show recipes: means over seeds. */
    const series = data.pooled ? data.recipes.map(asModel) : data.models;
    const place = (model) => (data.pooled ? data.models[model].recipe : model);
    const percent = (share) => (share === null ? null : 100 * share);
    const shown = (value) => value.toFixed(1);
    /* Legible on the light page, on the dark one and on paper. */
    const soft = '#6f7782', grid = 'rgba(128, 136, 148, 0.22)';
    const fade = (colour, alpha) => colour + Math.round(255 * alpha).toString(16).padStart(2, '0');

    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 11;
    Chart.defaults.animation = false;
    Chart.defaults.maintainAspectRatio = false;
    Chart.defaults.devicePixelRatio = Math.max(2, window.devicePixelRatio);
    Chart.defaults.plugins.legend.display = false;

    function axis(title, min, max) {
        return {
            type: 'linear', min: min, max: max,
            title: {display: title !== '', text: title, color: soft, padding: 2},
            border: {display: false},
            grid: {drawTicks: false, color: grid},
            ticks: {padding: 6, color: soft, stepSize: max - min > 50 ? 25 : 10}
        };
    }

    /* The same without a range known beforehand. */
    function freeAxis(title, min, max) {
        const out = axis(title, min, max);
        delete out.ticks.stepSize;
        out.ticks.maxTicksLimit = 6;
        return out;
    }

    /* A recipe as curves take it: a standard deviation for the interval. */
    function asModel(recipe) {
        const edge = function (cell, way) {
            return cell.top1 === null ? null : cell.top1 + way * (cell.top1_sd || 0);
        };
        const cells = recipe.cells.map(function (cell) {
            return {...cell, top1_low: edge(cell, -1), top1_high: edge(cell, 1)};
        });
        return {label: recipe.name, cells: cells};
    }

    /* The same as the differences take it: gains over the baseline, seed by seed. */
    function asTest(recipe, index) {
        const of = function (kind, name) {
            const row = recipe.scopes.find((r) => r.scope === kind && r.name === name);
            return {
                difference: row.gain, difference_low: row.gain_low, difference_high: row.gain_high
            };
        };
        return {
            model: recipe.name, place: index,
            clean: of('clean', 'clean'), robust: of('robust', 'robust'),
            corruptions: data.corruptions.map((c) => of('corruption', c.name))
        };
    }

    /* Marks the canvas, so that a check of the page sees that it was drawn. */
    function draw(canvas, chart) {
        new Chart(canvas, chart);
        canvas.dataset.drawn = chart.data.datasets.length;
    }

    function cellsOf(model, corruption) {
        return model.cells.filter((cell) => cell.corruption === 'clean' || cell.corruption === corruption)
            .filter((cell) => cell.top1 !== null);
    }

    /* Three data sets a model: the band's two edges and the line. */
    function curve(model, index, corruption) {
        const colour = colours[index % colours.length], cells = cellsOf(model, corruption);
        const points = (key) => cells.map((cell) => ({x: cell.severity, y: percent(cell[key])}));
        const edge = {borderWidth: 0, pointRadius: 0, pointHitRadius: 0, isBand: true};
        return [
            {...edge, data: points('top1_low')},
            {...edge, data: points('top1_high'), fill: '-1', backgroundColor: fade(colour, 0.12)},
            {
                label: model.label, data: points('top1'), cells: cells,
                borderColor: colour, backgroundColor: colour, borderWidth: 1.8,
                borderDash: index < colours.length ? [] : [5, 3],
                pointStyle: marks[index % marks.length], pointRadius: 3.2, pointBorderWidth: 0
            }
        ];
    }

    function drawCurves(canvas) {
        const corruption = data.corruptions[Number(canvas.dataset.corruption)];
        const last = Math.max(5, ...corruption.severities);
        const scales = {x: axis('', 0, last), y: axis('', 0, 100)};
        scales.x.ticks.stepSize = 1;
        draw(canvas, {
            type: 'line',
            data: {datasets: series.flatMap((model, i) => curve(model, i, corruption.name))},
            options: {
                scales: scales, clip: 8,
                interaction: {mode: 'x', intersect: false},
                plugins: {
                    filler: {drawTime: 'beforeDatasetsDraw'},
                    tooltip: {
                        filter: (item) => !item.dataset.isBand, usePointStyle: true,
                        callbacks: {
                            title: (items) => (items.length ? 'severity ' + items[0].parsed.x : ''),
                            label: function (item) {
                                const cell = item.dataset.cells[item.dataIndex];
                                return item.dataset.label + '  ' + shown(100 * cell.top1) + '  [' +
                                    shown(100 * cell.top1_low) + ', ' + shown(100 * cell.top1_high) + ']';
                            }
                        }
                    }
                }
            }
        });
    }

    /* Intervals of the scatter as crosses, and the line where robust equals clean. */
    const crosses = {
        id: 'crosses',
        beforeDatasetsDraw: function (chart) {
            const c = chart.ctx, x = chart.scales.x, y = chart.scales.y, area = chart.chartArea;
            const line = function (x0, y0, x1, y1) {
                c.beginPath();
                c.moveTo(x.getPixelForValue(x0), y.getPixelForValue(y0));
                c.lineTo(x.getPixelForValue(x1), y.getPixelForValue(y1));
                c.stroke();
            };
            c.save();
            c.beginPath();
            c.rect(area.left, area.top, area.width, area.height);
            c.clip();
            c.strokeStyle = soft;
            c.setLineDash([4, 4]);
            line(0, 0, 100, 100);
            c.setLineDash([]);
            c.lineWidth = 1.5;
            for (const set of chart.data.datasets) {
                const m = set.model, clean = percent(m.clean), robust = percent(m.robust);
                c.strokeStyle = fade(set.borderColor, 0.55);
                line(percent(m.clean_low), robust, percent(m.clean_high), robust);
                line(clean, percent(m.robust_low), clean, percent(m.robust_high));
            }
            c.restore();
        }
    };

    function drawScatter(canvas) {
        const models = data.models.map((model, i) => ({model: model, i: i}))
            .filter((entry) => entry.model.clean !== null && entry.model.robust !== null);
        const all = models.flatMap((entry) => [entry.model.clean_low, entry.model.clean_high,
                                               entry.model.robust_low, entry.model.robust_high])
            .filter((share) => share !== null);
        if (all.length === 0)
            return;
        /* One scale both ways, on round numbers, so that the diagonal is one. */
        const most = Math.max(...models.map((entry) => entry.model.nonzeros), 1);
        const radius = (model) => Math.max(4, 11 * Math.sqrt(model.nonzeros / most));
        const low = Math.max(0, 10 * Math.floor(10 * Math.min(...all)));
        const high = Math.min(100, 10 * Math.ceil(10 * Math.max(...all)));
        draw(canvas, {
            type: 'scatter',
            data: {
                datasets: models.map((entry) => ({
                    label: entry.model.label, model: entry.model,
                    data: [{x: percent(entry.model.clean), y: percent(entry.model.robust)}],
                    borderColor: colours[place(entry.i) % colours.length],
                    backgroundColor: colours[place(entry.i) % colours.length],
                    pointStyle: marks[place(entry.i) % marks.length], pointBorderWidth: 0,
                    pointRadius: radius(entry.model), pointHoverRadius: radius(entry.model)
                }))
            },
            options: {
                scales: {x: axis('clean, %', low, high), y: axis('robust, %', low, high)},
                plugins: {
                    tooltip: {
                        usePointStyle: true,
                        callbacks: {
                            label: (item) => item.dataset.label + '  clean ' + shown(item.parsed.x) +
                                ', robust ' + shown(item.parsed.y) + ', ' +
                                item.dataset.model.nonzeros.toLocaleString('en') + ' non-zeros'
                        }
                    }
                }
            },
            plugins: [crosses]
        });
    }

    /* Differences from the baseline: rows of scopes, in each a dot and a whisker a model. */
    function drawDifferences(canvas) {
        const tests = !data.pooled ? data.tests
            : data.recipes.map(asTest).filter((test) => !data.recipes[test.place].baseline);
        const rows = ['clean', 'robust'].concat(data.corruptions.map((c) => c.name));
        const index = (test) => (data.pooled ? test.place
            : data.models.findIndex((model) => model.label === test.model));
        const at = (test, row) => (row < 2 ? test[rows[row]] : test.corruptions[row - 2]);
        const step = 0.72 / Math.max(tests.length, 1);
        const sets = tests.map(function (test, k) {
            const model = index(test), points = [];
            rows.forEach(function (name, row) {
                const found = at(test, row);
                if (found.difference !== null)
                    points.push({
                        x: percent(found.difference), y: row + step * (k - (tests.length - 1) / 2),
                        low: percent(found.difference_low), high: percent(found.difference_high)
                    });
            });
            return {
                label: test.model, data: points, borderColor: colours[model % colours.length],
                backgroundColor: colours[model % colours.length],
                pointStyle: marks[model % marks.length], pointRadius: 3.5, pointBorderWidth: 0
            };
        });
        const ends = sets.flatMap((set) => set.data.flatMap((p) => [p.x, p.low, p.high]))
            .filter((value) => value !== null).concat([0]);
        const least = Math.min(...ends), most = Math.max(...ends), unit = most - least > 20 ? 5 : 1;
        /* Where no model differs, the axis still needs two ends. */
        const x = freeAxis('points of top-1', least < 0 ? unit * Math.floor(least / unit) : -unit,
                           most > 0 ? unit * Math.ceil(most / unit) : unit);
        x.grid.color = (context) => (context.tick.value === 0 ? soft : grid);
        const y = axis('', -0.5, rows.length - 0.5);
        y.reverse = true;
        y.grid.display = false;
        y.afterBuildTicks = (scale) => {
            scale.ticks = rows.map((name, row) => ({value: row}));
        };
        y.ticks.callback = (value) => rows[value].replaceAll('_', ' ');
        y.ticks.autoSkip = false;
        draw(canvas, {
            type: 'scatter', data: {datasets: sets},
            options: {
                scales: {x: x, y: y},
                plugins: {
                    tooltip: {
                        usePointStyle: true,
                        callbacks: {
                            label: (item) => item.dataset.label + '  ' + shown(item.raw.x) +
                                (item.raw.low === null ? '' : '  [' + shown(item.raw.low) + ', ' +
                                    shown(item.raw.high) + ']')
                        }
                    }
                }
            },
            plugins: [{
                id: 'whiskers',
                beforeDatasetsDraw: function (chart) {
                    const c = chart.ctx;
                    c.save();
                    c.lineWidth = 1.5;
                    for (const set of chart.data.datasets) {
                        c.strokeStyle = fade(set.borderColor, 0.6);
                        for (const p of set.data.filter((point) => point.low !== null)) {
                            const height = chart.scales.y.getPixelForValue(p.y);
                            c.beginPath();
                            c.moveTo(chart.scales.x.getPixelForValue(p.low), height);
                            c.lineTo(chart.scales.x.getPixelForValue(p.high), height);
                            c.stroke();
                        }
                    }
                    c.restore();
                }
            }]
        });
    }

    /* --- training --------------------------------------------------------------- */

    function lines(canvas, sets, y, tip) {
        draw(canvas, {
            type: 'line', data: {datasets: sets},
            options: {
                scales: {x: freeAxis('', 0), y: y},
                interaction: {mode: 'nearest', axis: 'xy', intersect: false},
                plugins: {
                    tooltip: {
                        callbacks: {
                            title: (items) => (items.length ? 'step ' + items[0].parsed.x : ''),
                            label: (item) => item.dataset.label + '  ' + tip(item.parsed.y)
                        }
                    }
                }
            }
        });
    }

    /* All runs in one chart, a line each, in the models' colours. */
    function drawRuns(canvas) {
        const at = {density: 1, explored: 2, loss: 3, top1: 4}[canvas.dataset.all];
        const scale = at === 3 ? 1 : 100;
        const sets = runs.map(function (run) {
            const key = place(run.model), colour = colours[key % colours.length];
            return {
                label: data.models[run.model].label,
                data: run.epochs.filter((epoch) => epoch[at] !== null)
                    .map((epoch) => ({x: epoch[0], y: scale * epoch[at]})),
                borderColor: colour, backgroundColor: colour, borderWidth: 1.6,
                borderDash: key < colours.length ? [] : [5, 3],
                pointStyle: marks[key % marks.length], pointRadius: 2, pointBorderWidth: 0
            };
        });
        lines(canvas, sets, freeAxis('', at === 3 ? undefined : 0, at === 3 ? undefined : 100),
            (value) => value.toFixed(at === 3 ? 3 : 1));
    }

    /* From yellow over red to violet, all legible on light and dark pages. */
    function ramp(x) {
        const stops = [[232, 171, 40], [208, 80, 110], [94, 76, 196]];
        const from = Math.min(Math.floor(2 * x), 1), part = 2 * x - from;
        const mixed = stops[from].map((v, i) => Math.round(v + part * (stops[from + 1][i] - v)));
        return 'rgb(' + mixed.join(',') + ')';
    }

    /* One run, a line a layer. */
    function drawLayers(canvas) {
        const layers = runs[Number(canvas.dataset.run)].layers;
        const value = {
            density: (layer, u) => u[1] / layer.weights,
            grown: (layer, u) => u[2] / u[1],
            explored: (layer, u) => (u[3] === null ? null : u[3] / layer.weights)
        }[canvas.dataset.what];
        const sets = layers.map(function (layer, i) {
            const colour = ramp(layers.length > 1 ? i / (layers.length - 1) : 0);
            return {
                label: layer.name,
                data: layer.weights === null && canvas.dataset.what !== 'grown' ? []
                    : layer.updates.map((u) => ({x: u[0], y: percent(value(layer, u))})),
                borderColor: colour, backgroundColor: colour, borderWidth: 1.4, pointRadius: 0
            };
        });
        lines(canvas, sets, freeAxis('', 0, canvas.dataset.what === 'grown' ? undefined : 100),
            (y) => shown(y) + ' %');
    }

    document.querySelectorAll('canvas[data-all]').forEach(drawRuns);
    document.querySelectorAll('canvas[data-run]').forEach(drawLayers);
    document.querySelectorAll('canvas[data-corruption]').forEach(drawCurves);
    const differences = document.getElementById('differences');
    if (differences)
        drawDifferences(differences);
    const scatter = document.getElementById('scatter');
    if (scatter)
        drawScatter(scatter);

    /* Paper cannot be unfolded. */
    const folded = [];
    window.addEventListener('beforeprint', function () {
        folded.push(...document.querySelectorAll('details:not([open])'));
        folded.forEach((details) => { details.open = true; });
    });
    window.addEventListener('afterprint', function () {
        folded.splice(0).forEach((details) => { details.open = false; });
    });
}());
