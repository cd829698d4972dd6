/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Moments of the calendar as people and files have them: UTC, to the second (RFC 3339). */
#pragma once

#include <stdint.h>

#define DATE_TEXT_MAX sizeof("9999-12-31T23:59:59Z")

/* Of seconds since 1970, until the year 9999. Writes into the buffer and returns it. */
const char *date_format(uint64_t seconds, char text[static DATE_TEXT_MAX]);

/* What date_format writes, and nothing else: *ret is seconds since 1970. 0 or -EINVAL. */
int date_parse(const char *text, uint64_t *ret);
