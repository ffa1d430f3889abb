#!/usr/bin/python3
"""Prints the numbers in tests/unit/test_metrics.c. Needs SciPy (Debian 12: 1.10.1); no random draws.
SPDX-License-Identifier: LGPL-2.1-or-later"""
from scipy import special, stats

for right, n in [(0, 10), (10, 10), (85, 100), (1, 2), (5000, 10000), (81, 263)]:
    interval = stats.binomtest(right, n).proportion_ci(method="wilson")
    print("wilson", right, n, repr(interval.low), repr(interval.high))
for a, b in [(5, 15), (0, 6), (1, 0), (40, 60), (400, 520), (121, 59), (2, 14)]:
    statistic = (abs(a - b) - 1) ** 2 / (a + b)
    print("mcnemar", a, b, repr(stats.binomtest(min(a, b), a + b).pvalue), repr(statistic),
          repr(stats.chi2.sf(statistic, 1)))
for p, freedom in [(.975, 1), (.975, 2), (.975, 9), (.975, 159), (.025, 30), (.995, 1e6), (.6, 3.5)]:
    print("student", p, freedom, repr(stats.t.ppf(p, freedom)))
for a, b, x in [(2, 3, .4), (.5, .5, .1), (80, .5, .99), (500, 600, .45), (1, 1, .3), (1000, 2, .5)]:
    print("beta", a, b, x, repr(special.betainc(a, b, x)))
x = [0.1, 0.4, -0.2, 0.3, 0.25]
print("mean", stats.ttest_1samp(x, 0), stats.t.interval(.95, 4, loc=stats.tmean(x), scale=stats.sem(x)))
