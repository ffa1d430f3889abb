/* Elementary functions that give the same double on every machine.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_PORTABLE_MATH_H
#define COP_CORE_PORTABLE_MATH_H

#define COP_PI 3.14159265358979323846

/* libm may round differently from version to version, and a picture's bytes must not
 * hang on that. These use + - * / of IEEE doubles and exact scaling only. Relative
 * errors are below 1e-15 (exp, log) and absolute ones below 1e-15 (sine, cosine). */
double cop_exp(double x); /* 0 below -700, capped at exp(700) */
double cop_log(double x); /* x > 0 */

/* Of an angle in radians, |x| < 1e6. */
void cop_sin_cos(double x, double *sine, double *cosine);

/* x^y for x >= 0 */
double cop_pow(double x, double y);

#endif
