/* Draws the report's charts from its JSON block.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
(function () {
    'use strict';
    const data = JSON.parse(document.getElementById('data').textContent);
    /* The same as in html.c, so that the keys in the tables are the charts' legend. */
    const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7a7a7a'];
    const marks = ['circle', 'triangle', 'rect', 'rectRot'];
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
        new Chart(canvas, {
            type: 'line',
            data: {datasets: data.models.flatMap((model, i) => curve(model, i, corruption.name))},
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
        const low = Math.max(0, 10 * Math.floor(10 * Math.min(...all)));
        const high = Math.min(100, 10 * Math.ceil(10 * Math.max(...all)));
        new Chart(canvas, {
            type: 'scatter',
            data: {
                datasets: models.map((entry) => ({
                    label: entry.model.label, model: entry.model,
                    data: [{x: percent(entry.model.clean), y: percent(entry.model.robust)}],
                    borderColor: colours[entry.i % colours.length],
                    backgroundColor: colours[entry.i % colours.length],
                    pointStyle: marks[entry.i % marks.length], pointRadius: 6, pointBorderWidth: 0
                }))
            },
            options: {
                scales: {x: axis('clean, %', low, high), y: axis('robust, %', low, high)},
                plugins: {
                    tooltip: {
                        usePointStyle: true,
                        callbacks: {
                            label: (item) => item.dataset.label + '  clean ' + shown(item.parsed.x) +
                                ', robust ' + shown(item.parsed.y)
                        }
                    }
                }
            },
            plugins: [crosses]
        });
    }

    document.querySelectorAll('canvas[data-corruption]').forEach(drawCurves);
    const scatter = document.getElementById('scatter');
    if (scatter)
        drawScatter(scatter);
}());
